use {
    super::{AtmFeedArgs, MAX_PUBLISHERS, NEW_RISK_AGE, RiskParams, SourceArgs, StakedArgs},
    crate::{
        error::RiskEngineError,
        instructions::add_underlying::{feeds_of, sources_of},
    },
    anchor_lang::prelude::*,
    cep_risk::{ewma::VARIANCE_MAX, volatility::VARIANCE_MIN},
};

/// What may be changed, after a timelock that everybody can watch.
#[derive(Clone, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub enum Change {
    /// All parameters of the config.
    Params(RiskParams),
    /// Where a book's price comes from. The price in force stays, what the old sources last said is dropped.
    Sources {
        book: Pubkey,
        sources: Vec<SourceArgs>,
        min_sources: u8,
    },
    /// Where a book's implied volatility comes from. At a tenor that stays, the volatility in force stays; without
    /// any feed implied volatility counts no more.
    ImpliedFeeds {
        book: Pubkey,
        feeds: Vec<AtmFeedArgs>,
    },
    /// Variance per day that scenarios never go below, Q48, 2⁴⁸ / 10⁶ ..= 4 x 2⁴⁸; contracts traded a day,
    /// millionths, zero for unknown; oldest price that new risk is taken at, seconds, 2 ..= 30.
    Underlying {
        book: Pubkey,
        variance_floor: u64,
        daily_volume: u64,
        new_risk_age: u64,
    },
    /// How a staked token's redemption rate is known. The rate in force and the base book stay.
    Staked { book: Pubkey, args: StakedArgs },
    /// The committee; default keys are empty seats, and no key has two.
    Publishers([Pubkey; MAX_PUBLISHERS]),
    /// The default key: no guardian.
    Guardian(Pubkey),
    /// Names the next authority, which must sign `accept_authority`. The default key withdraws a nomination.
    Authority(Pubkey),
    /// Ends what `pause_book` began.
    Unpause { book: Pubkey },
    /// Seals an uploaded set and puts it in force.
    ScenarioSet { set: Pubkey, hash: [u8; 32] },
}

impl Change {
    /// [`RiskEngineError::ParameterOutOfRange`] outside the ranges beside the fields. Asked when a change is
    /// proposed, and again when it is executed.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Params(params) => params.check(),
            Self::Sources {
                sources,
                min_sources,
                ..
            } => sources_of(sources, *min_sources).map(|_| ()),
            Self::ImpliedFeeds { feeds, .. } => feeds_of(feeds).map(|_| ()),
            Self::Underlying {
                variance_floor,
                new_risk_age,
                ..
            } => {
                require!(
                    (VARIANCE_MIN..=VARIANCE_MAX).contains(variance_floor)
                        && NEW_RISK_AGE.contains(new_risk_age),
                    RiskEngineError::ParameterOutOfRange
                );
                Ok(())
            }
            Self::Staked { args, .. } => args.build(Pubkey::default()).map(|_| ()),
            Self::Publishers(seats) => check_publishers(seats),
            Self::Guardian(_)
            | Self::Authority(_)
            | Self::Unpause { .. }
            | Self::ScenarioSet { .. } => Ok(()),
        }
    }

    /// The book that it changes.
    #[must_use]
    pub const fn book(&self) -> Option<Pubkey> {
        match self {
            Self::Sources { book, .. }
            | Self::ImpliedFeeds { book, .. }
            | Self::Underlying { book, .. }
            | Self::Staked { book, .. }
            | Self::Unpause { book } => Some(*book),
            _ => None,
        }
    }

    /// The scenario set that it puts in force.
    #[must_use]
    pub const fn scenario_set(&self) -> Option<Pubkey> {
        match self {
            Self::ScenarioSet { set, .. } => Some(*set),
            _ => None,
        }
    }
}

/// A key with two seats would count as two opinions.
pub(crate) fn check_publishers(seats: &[Pubkey]) -> Result<()> {
    let twice = seats.iter().enumerate().any(|(at, seat)| {
        let mut later = seats.iter().skip(at).skip(1);
        *seat != Pubkey::default() && later.any(|other| other == seat)
    });
    require!(!twice, RiskEngineError::ParameterOutOfRange);
    Ok(())
}
