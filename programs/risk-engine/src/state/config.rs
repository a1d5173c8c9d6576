use {super::RiskParams, crate::error::RiskEngineError, anchor_lang::prelude::*};

/// Publishers that a committee may have.
pub const MAX_PUBLISHERS: usize = 5;

/// The one configuration of a deployment. PDA `[seeds::CONFIG]`. Written by executed proposals, by the guardian
/// (tighter only) and by `accept_authority`.
#[account(zero_copy, discriminator = RiskConfig::TAG)]
#[repr(C)]
pub struct RiskConfig {
    /// Lists underlyings and instruments, proposes and executes changes.
    pub authority: Pubkey,
    /// Named by an executed proposal; becomes the authority once it signs. The default key: none.
    pub pending_authority: Pubkey,
    /// May pause and tighten at once, and cancel proposals; nothing else. The default key: none.
    pub guardian: Pubkey,
    /// The committee that posts skew, curvature and basis; default keys are empty seats.
    pub publishers: [Pubkey; MAX_PUBLISHERS],
    /// The set in force; the default key before the first activation.
    pub scenario_set: Pubkey,
    /// Counts activations; books scaled under different generations may not be mixed.
    pub scenario_generation: u64,
    /// Proposals ever made: the next one's number.
    pub proposals: u64,
    pub params: RiskParams,
    pub underlying_count: u8,
    pub bump: u8,
    pub padding: [u8; 6],
    pub reserved: [u8; 224],
}

impl RiskConfig {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 2;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskConf", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The seat of a publisher.
    #[must_use]
    pub fn seat_of(&self, publisher: &Pubkey) -> Option<usize> {
        self.publishers
            .iter()
            .position(|seat| seat == publisher && *seat != Pubkey::default())
    }

    /// Whether `key` may pause, tighten and cancel: the guardian or the authority.
    #[must_use]
    pub fn is_guarded_by(&self, key: &Pubkey) -> bool {
        *key != Pubkey::default() && (*key == self.guardian || *key == self.authority)
    }

    /// Holds at the end of every instruction that changes the config.
    pub fn invariant(&self) -> Result<()> {
        self.params.check()?;
        super::check_publishers(&self.publishers)?;
        require!(
            usize::from(self.underlying_count) <= cep_risk::MAX_UNDERLYINGS,
            RiskEngineError::TooManyUnderlyings
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<RiskConfig>() == 9 * 32 + 16 + 27 * 8 + 8 + 224);
