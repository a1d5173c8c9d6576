use {
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    bytemuck::{Pod, Zeroable},
};

/// The one configuration of a deployment. PDA `[seeds::CONFIG]`. Written by the authority alone,
/// except `scenario_*`, which `activate_scenario_set` writes.
#[account(zero_copy)]
#[repr(C)]
pub struct RiskConfig {
    pub authority: Pubkey,
    /// The set in force; the default key before the first activation.
    pub scenario_set: Pubkey,
    /// Counts activations; books scaled under different generations may not be mixed.
    pub scenario_generation: u64,
    pub params: RiskParams,
    pub underlying_count: u8,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 5],
    pub reserved: [u8; 256],
}

/// Parameters of oracles and volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable, AnchorSerialize, AnchorDeserialize)]
#[repr(C)]
pub struct RiskParams {
    /// Oldest price that may be acted on, seconds; 1 ..= 3,600.
    pub max_price_age: u64,
    /// How far a price may be dated ahead of the cluster's clock, seconds; 0 ..= 60.
    pub max_clock_skew: u64,
    /// Widest confidence interval, parts per million of the price; 1 ..= 100,000.
    pub max_confidence: u64,
    /// Decay time of the volatility average, seconds; 1 h ..= 365 d.
    pub volatility_tau: u64,
    /// Least time between volatility samples, seconds; 1 ..= 86,400.
    pub volatility_interval: u64,
    /// Horizon of every scenario, hours; 1 ..= 240.
    pub horizon_hours: u64,
    /// Scenarios are standardised to unit variance over days measured to their extremes, which the
    /// average of realised volatility does not see: volatility is multiplied by this, parts per
    /// million; 1,000,000 ..= 2,000,000.
    pub volatility_scale: u64,
}

impl RiskParams {
    pub fn check(&self) -> Result<()> {
        let in_range = (1..=3_600).contains(&self.max_price_age)
            && self.max_clock_skew <= 60
            && (1..=100_000).contains(&self.max_confidence)
            && (3_600..=31_536_000).contains(&self.volatility_tau)
            && (1..=86_400).contains(&self.volatility_interval)
            && (1..=240).contains(&self.horizon_hours)
            && (1_000_000..=2_000_000).contains(&self.volatility_scale);
        require!(in_range, RiskEngineError::ParameterOutOfRange);
        Ok(())
    }
}

impl RiskConfig {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Holds at the end of every instruction that changes the config.
    pub fn invariant(&self) -> Result<()> {
        self.params.check()?;
        require!(
            usize::from(self.underlying_count) <= cep_risk::MAX_UNDERLYINGS,
            RiskEngineError::TooManyUnderlyings
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<RiskConfig>() == 32 + 32 + 8 + 56 + 8 + 256);
