//! Parameters of the requirement. Ranges stand beside the fields and are checked by `check`.

use crate::{PPM, error::RiskError};

/// Which requirement is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Needed after adding risk or withdrawing: ES at 99 %.
    Initial,
    /// Below it an account may be liquidated: ES at 97.5 % times the maintenance factor. Never above
    /// the initial requirement, since the tail is wider and the factor is at most one.
    Maintenance,
}

/// Parameters of the requirement, in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginParams {
    /// Weight of the worst mandated stress row; 0 ..= 1,000,000.
    pub stress_weight: u64,
    /// Part of the sum of each underlying's own worst row that no offset can remove
    /// (1 - maximum credit); 0 ..= 1,000,000.
    pub retained: u64,
    /// Maintenance requirement over ES at 97.5 %; 300,000 ..= 1,000,000.
    pub maintenance_factor: u64,
    /// Oracle confidence intervals added per unit of net delta; 0 ..= 10,000,000 (ten intervals).
    pub confidence_multiple: u64,
    pub addons: AddonParams,
}

/// What the joint scenarios do not see, in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddonParams {
    /// Least requirement for one short option contract, of the index price; 0 ..= 100,000.
    pub short_option: u64,
    /// Shock to the basis of a dated instrument, of its delta: `basis_floor + basis_rate x years`, at
    /// most all of it. `basis_rate` per year; 0 ..= 1,000,000 each.
    pub basis_rate: u64,
    pub basis_floor: u64,
    /// Times volatility x root(size / daily volume): the price moved by selling the net delta within the
    /// horizon; 0 ..= 10,000,000.
    pub impact: u64,
    /// Share of open interest beyond which the impact grows in proportion to the share; 1 ..= 1,000,000.
    pub open_interest_share: u64,
    /// Times volatility x root(age of the price / horizon), initial margin only: a dead oracle liquidates
    /// nobody; 0 ..= 10,000,000.
    pub age_multiple: u64,
}

impl AddonParams {
    /// No add-on at all.
    pub const NONE: Self = Self {
        short_option: 0,
        basis_rate: 0,
        basis_floor: 0,
        impact: 0,
        open_interest_share: PPM,
        age_multiple: 0,
    };
}

impl MarginParams {
    /// What a deployment starts from; the reasons stand in docs/risk-model.md.
    pub const STANDARD: Self = Self {
        stress_weight: 250_000,
        retained: 100_000,
        maintenance_factor: 800_000,
        confidence_multiple: 1_000_000,
        addons: AddonParams {
            short_option: 5_000,
            basis_rate: 7_500,
            basis_floor: 4_000,
            impact: 1_000_000,
            open_interest_share: 50_000,
            age_multiple: 1_000_000,
        },
    };

    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        let a = &self.addons;
        if self.stress_weight > PPM
            || self.retained > PPM
            || self.maintenance_factor < 300_000
            || self.maintenance_factor > PPM
            || self.confidence_multiple > 10 * PPM
            || a.short_option > PPM / 10
            || a.basis_rate > PPM
            || a.basis_floor > PPM
            || a.impact > 10 * PPM
            || a.open_interest_share == 0
            || a.open_interest_share > PPM
            || a.age_multiple > 10 * PPM
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }
}
