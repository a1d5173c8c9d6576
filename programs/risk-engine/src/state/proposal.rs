use {super::Change, crate::error::RiskEngineError, anchor_lang::prelude::*};

/// Bytes that a change may take.
pub const MAX_CHANGE: usize = 768;
/// How long after `ready_at` a change may be executed, seconds. What nobody wanted for so long is not kept in a
/// drawer for the day that suits somebody.
pub const EXECUTION_WINDOW: i64 = 14 * 86_400;

/// A change that waits out its timelock. PDA `[seeds::PROPOSAL, number]`. Written by `propose`, closed to its proposer
/// by `execute_proposal` and `cancel_proposal`.
#[account(zero_copy, discriminator = Proposal::TAG)]
#[repr(C)]
pub struct Proposal {
    pub config: Pubkey,
    /// Paid its rent and gets it back.
    pub proposer: Pubkey,
    pub number: u64,
    /// Unix seconds. `ready_at` is later by the timelock in force when it was proposed: whether that is changed
    /// meanwhile does not matter.
    pub proposed_at: i64,
    pub ready_at: i64,
    /// Bytes of `change` in use.
    pub length: u16,
    pub bump: u8,
    pub padding: [u8; 5],
    /// A [`Change`] in Borsh.
    pub change: [u8; MAX_CHANGE],
    pub reserved: [u8; 64],
}

impl Proposal {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskProp", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The bytes of the change.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.change
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// What is proposed; refuses bytes that `propose` did not write.
    pub fn decode(&self) -> Result<Change> {
        Change::try_from_slice(self.bytes())
            .map_err(|_| error!(ErrorCode::AccountDidNotDeserialize))
    }

    /// Stores a checked change, and returns its bytes.
    pub(crate) fn encode(&mut self, change: &Change) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(MAX_CHANGE);
        change.serialize(&mut bytes)?;
        let room = self.change.get_mut(..bytes.len());
        let room = room.ok_or(RiskEngineError::ParameterOutOfRange)?;
        room.copy_from_slice(&bytes);
        self.length = u16::try_from(bytes.len()).map_err(|_| RiskEngineError::Overflow)?;
        Ok(bytes)
    }

    /// [`RiskEngineError::TimelockRunning`] before `ready_at`, [`RiskEngineError::ProposalExpired`] later than
    /// [`EXECUTION_WINDOW`] after it.
    pub fn check_time(&self, now: i64) -> Result<()> {
        require!(now >= self.ready_at, RiskEngineError::TimelockRunning);
        let late = now.saturating_sub(self.ready_at);
        require!(late <= EXECUTION_WINDOW, RiskEngineError::ProposalExpired);
        Ok(())
    }
}

const _: () = assert!(size_of::<Proposal>() == 64 + 24 + 8 + MAX_CHANGE + 64);

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::state::{
            AtmFeedArgs, MAX_PUBLISHERS, MAX_SOURCES, MAX_TENORS, RiskParams, SourceArgs,
            SourceKind, StakedArgs,
        },
        bytemuck::Zeroable,
    };

    fn source(n: u8) -> SourceArgs {
        SourceArgs {
            kind: SourceKind::Switchboard,
            feed: [n; 32],
            max_age: 60,
            max_slots: 150,
            max_confidence: 20_000,
            min_samples: 3,
        }
    }

    /// One of each, every list at its longest.
    fn changes() -> Vec<Change> {
        let book = Pubkey::new_unique();
        let key = Pubkey::new_unique;
        vec![
            Change::Params(RiskParams {
                timelock: 7,
                ..RiskParams::zeroed()
            }),
            Change::Sources {
                book,
                sources: (1..=4).map(source).collect(),
                min_sources: 4,
            },
            Change::ImpliedFeeds {
                book,
                feeds: (1..=4)
                    .map(|n| AtmFeedArgs {
                        tenor: 86_400 * u32::from(n),
                        source: source(n),
                    })
                    .collect(),
            },
            Change::Underlying {
                book,
                variance_floor: 1 << 40,
                daily_volume: 9,
                new_risk_age: 10,
            },
            Change::Staked {
                book,
                args: StakedArgs {
                    mint: key(),
                    stake_pool: Pubkey::default(),
                    rate_source: Some(source(9)),
                    max_growth: 500,
                    gap_band: 20_000,
                },
            },
            Change::Publishers([key(), key(), key(), key(), key()]),
            Change::Guardian(key()),
            Change::Authority(key()),
            Change::Unpause { book },
            Change::ScenarioSet {
                set: key(),
                hash: [3; 32],
            },
        ]
    }

    #[test]
    fn every_change_at_its_longest_fits_and_comes_back_as_it_went_in() {
        assert_eq!((MAX_SOURCES, MAX_TENORS, MAX_PUBLISHERS), (4, 4, 5));
        for change in changes() {
            let mut proposal: Box<Proposal> = bytemuck::zeroed_box();
            let bytes = proposal.encode(&change).unwrap();
            assert_eq!(proposal.bytes(), bytes);
            assert_eq!(proposal.decode().unwrap(), change);
        }
    }

    #[test]
    fn a_change_that_is_too_long_is_refused_and_not_cut() {
        let mut proposal: Box<Proposal> = bytemuck::zeroed_box();
        let change = Change::Sources {
            book: Pubkey::default(),
            sources: vec![source(1); 20],
            min_sources: 1,
        };
        assert!(change.check().is_err() && proposal.encode(&change).is_err());
    }

    #[test]
    fn bytes_that_say_no_change_are_refused() {
        let mut proposal: Box<Proposal> = bytemuck::zeroed_box();
        assert!(proposal.decode().is_err(), "no bytes");
        proposal.encode(&changes()[6]).unwrap();
        proposal.length += 1;
        assert!(proposal.decode().is_err(), "one byte too many");
        (proposal.change[0], proposal.length) = (10, 33);
        assert!(proposal.decode().is_err(), "there is no eleventh change");
    }

    #[test]
    fn a_change_is_executed_from_ready_on_for_fourteen_days() {
        let mut proposal: Box<Proposal> = bytemuck::zeroed_box();
        proposal.ready_at = 1_000;
        assert!(proposal.check_time(999).is_err() && proposal.check_time(1_000).is_ok());
        let last = 1_000 + 14 * 86_400;
        assert!(proposal.check_time(last).is_ok() && proposal.check_time(last + 1).is_err());
    }

    #[test]
    fn each_change_names_what_it_touches() {
        let touched = changes();
        let books = touched.iter().filter(|c| c.book().is_some()).count();
        let sets = touched.iter().filter(|c| c.scenario_set().is_some());
        assert_eq!((books, sets.count()), (5, 1));
    }

    #[test]
    fn no_publisher_has_two_seats_and_empty_seats_are_many() {
        let (a, b, none) = (
            Pubkey::new_unique(),
            Pubkey::new_unique(),
            Pubkey::default(),
        );
        assert!(Change::Publishers([a, b, none, none, none]).check().is_ok());
        assert!(Change::Publishers([a, b, none, none, a]).check().is_err());
    }
}
