use {
    super::PoolChange, crate::error::MarginPoolError, anchor_lang::prelude::*,
    risk_engine::state::EXECUTION_WINDOW,
};

/// Bytes that a change may take.
pub const MAX_POOL_CHANGE: usize = 512;

/// A change of the pool that waits out its timelock, with the life of a [`risk_engine::state::Proposal`]. PDA
/// `[seeds::PROPOSAL, number]`. Written by `propose_pool_change`, closed to its proposer by what executes it and by
/// `cancel_pool_proposal`.
#[account(zero_copy, discriminator = PoolProposal::TAG)]
#[repr(C)]
pub struct PoolProposal {
    pub pool: Pubkey,
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
    /// A [`PoolChange`] in Borsh.
    pub change: [u8; MAX_POOL_CHANGE],
    pub reserved: [u8; 64],
}

impl PoolProposal {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"MarProp", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The bytes of the change.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let length = usize::from(self.length);
        self.change.get(..length).unwrap_or_default()
    }

    /// What is proposed; refuses bytes that `propose_pool_change` did not write.
    pub fn decode(&self) -> Result<PoolChange> {
        PoolChange::try_from_slice(self.bytes())
            .map_err(|_| error!(ErrorCode::AccountDidNotDeserialize))
    }

    /// Stores a checked change, and returns its bytes.
    pub(crate) fn encode(&mut self, change: &PoolChange) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(MAX_POOL_CHANGE);
        change.serialize(&mut bytes)?;
        let room = self.change.get_mut(..bytes.len());
        let room = room.ok_or(MarginPoolError::ParameterOutOfRange)?;
        room.copy_from_slice(&bytes);
        self.length = u16::try_from(bytes.len()).map_err(|_| MarginPoolError::Overflow)?;
        Ok(bytes)
    }

    /// What is to be done now. [`MarginPoolError::TimelockRunning`] before `ready_at`,
    /// [`MarginPoolError::ProposalExpired`] later than [`EXECUTION_WINDOW`] after it; ranges are asked again.
    pub fn due(&self, now: i64) -> Result<PoolChange> {
        require!(now >= self.ready_at, MarginPoolError::TimelockRunning);
        let late = now.saturating_sub(self.ready_at);
        require!(late <= EXECUTION_WINDOW, MarginPoolError::ProposalExpired);
        let change = self.decode()?;
        change.check()?;
        Ok(change)
    }
}

const _: () = assert!(size_of::<PoolProposal>() == 64 + 24 + 8 + MAX_POOL_CHANGE + 64);

#[cfg(test)]
mod tests {
    use {super::*, crate::state::PoolParams, bytemuck::Zeroable};

    /// The longest there is: every other is a few fields.
    fn longest() -> PoolChange {
        PoolChange::Params(PoolParams {
            timelock: 7,
            ..PoolParams::zeroed()
        })
    }

    #[test]
    fn the_longest_change_fits_and_comes_back_as_it_went_in() {
        let mut proposal: Box<PoolProposal> = bytemuck::zeroed_box();
        let bytes = proposal.encode(&longest()).unwrap();
        assert_eq!(bytes.len(), 1 + size_of::<PoolParams>());
        assert_eq!(proposal.bytes(), bytes);
        assert_eq!(proposal.decode().unwrap(), longest());
    }

    #[test]
    fn bytes_that_say_no_change_are_refused() {
        let mut proposal: Box<PoolProposal> = bytemuck::zeroed_box();
        assert!(proposal.decode().is_err(), "no bytes");
        proposal.encode(&longest()).unwrap();
        proposal.length += 1;
        assert!(proposal.decode().is_err(), "one byte too many");
        (proposal.change[0], proposal.length) = (11, 33);
        assert!(proposal.decode().is_err(), "there is no twelfth change");
    }
}
