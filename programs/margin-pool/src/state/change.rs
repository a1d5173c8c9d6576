use {
    super::{MAX_VENUES, PoolParams},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::{PPM, units::MAX_QUANTITY},
};

/// Longest time over which a weight ramps in: a year, seconds.
pub const LONGEST_RAMP: u64 = 31_536_000;
/// Largest share of its trades' fees that a venue may get, ppm.
pub const MAX_FEE_SHARE: u64 = 500_000;
/// A limit on withdrawals is counted against signed amounts; smallest unit of a token.
pub const MAX_OUTFLOW: u64 = u64::MAX >> 1;

/// What may be changed in the pool, after a timelock that everybody can watch.
#[derive(Clone, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub enum PoolChange {
    /// All parameters. Interest up to now is charged at the old rates.
    Params(PoolParams),
    /// Lists an underlying, by `list_underlying`. Limits in millionths, see [`super::Market`]; those of open interest
    /// and of an account above zero.
    Underlying {
        book: Pubkey,
        open_interest_limit: i64,
        series_limit: i64,
        account_limit: i64,
    },
    /// Lists a token as collateral, by `list_collateral`; fields as in [`super::Collateral`]. Its weight ramps in from
    /// the listing on.
    Collateral {
        mint: Pubkey,
        underlying: u8,
        cap: u64,
        account_cap: u64,
        weight: u64,
        ramp_seconds: u64,
        extensions: u8,
        outflow_limit: u64,
        dust: u64,
    },
    /// Limits of a listed underlying, millionths, 0 ..= `MAX_QUANTITY`. At zero positions are only reduced.
    MarketLimits {
        market: Pubkey,
        open_interest_limit: i64,
        series_limit: i64,
        account_limit: i64,
    },
    /// Terms of a listed collateral. A lower weight counts at once, a higher one ramps in from what counts now.
    CollateralTerms {
        mint: Pubkey,
        cap: u64,
        account_cap: u64,
        weight: u64,
        ramp_seconds: u64,
        outflow_limit: u64,
        dust: u64,
    },
    /// Withdrawals of the quote currency in a window, micro-USD. Zero: no limit.
    QuoteOutflow { limit: u64 },
    /// A slot of `Pool.venues`. All zero empties it.
    Venue {
        slot: u8,
        authority: Pubkey,
        fee_account: Pubkey,
        fee_share: u64,
    },
    /// The default key: no guardian.
    Guardian(Pubkey),
    /// Names the next authority, which must sign `accept_pool_authority`. The default key withdraws a nomination.
    Authority(Pubkey),
    /// Who may liquidate: another liquidation program's signing address.
    LiquidationAuthority(Pubkey),
    /// Takes a collateral that no account holds off the list, by `delist_collateral`.
    Delist { mint: Pubkey },
}

impl PoolChange {
    /// [`MarginPoolError::ParameterOutOfRange`] outside the ranges beside the fields. Asked when a change is proposed,
    /// and again when it is made.
    pub fn check(&self) -> Result<()> {
        let in_range = match *self {
            Self::Params(ref params) => return params.check(),
            Self::Underlying {
                open_interest_limit,
                series_limit,
                account_limit,
                ..
            } => {
                let limits = [open_interest_limit, series_limit, account_limit];
                open_interest_limit > 0 && account_limit > 0 && are_limits(limits)
            }
            Self::MarketLimits {
                open_interest_limit,
                series_limit,
                account_limit,
                ..
            } => are_limits([open_interest_limit, series_limit, account_limit]),
            Self::Collateral {
                weight,
                ramp_seconds,
                outflow_limit,
                ..
            }
            | Self::CollateralTerms {
                weight,
                ramp_seconds,
                outflow_limit,
                ..
            } => weight <= PPM && ramp_seconds <= LONGEST_RAMP && outflow_limit <= MAX_OUTFLOW,
            Self::QuoteOutflow { limit } => limit <= MAX_OUTFLOW,
            Self::Venue {
                slot,
                authority,
                fee_account,
                fee_share,
            } => {
                let empty = authority == Pubkey::default();
                let is_zero = fee_account == Pubkey::default() && fee_share == 0;
                usize::from(slot) < MAX_VENUES && fee_share <= MAX_FEE_SHARE && (!empty || is_zero)
            }
            // Without it nobody could be liquidated.
            Self::LiquidationAuthority(key) => key != Pubkey::default(),
            Self::Guardian(_) | Self::Authority(_) | Self::Delist { .. } => true,
        };
        require!(in_range, MarginPoolError::ParameterOutOfRange);
        Ok(())
    }

    /// The market that it changes.
    #[must_use]
    pub const fn market(&self) -> Option<Pubkey> {
        match self {
            Self::MarketLimits { market, .. } => Some(*market),
            _ => None,
        }
    }

    /// The margin account that a venue's fees are to go to.
    #[must_use]
    pub fn fee_account(&self) -> Option<Pubkey> {
        match self {
            Self::Venue { fee_account, .. } if *fee_account != Pubkey::default() => {
                Some(*fee_account)
            }
            _ => None,
        }
    }
}

fn are_limits(limits: [i64; 3]) -> bool {
    limits
        .iter()
        .all(|limit| (0..=MAX_QUANTITY).contains(limit))
}
