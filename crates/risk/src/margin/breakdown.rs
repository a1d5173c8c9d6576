use {super::Addons, crate::PPM};

/// The answer, with what explains it. Micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Cash, collateral at the index price, unrealised profit and option marks, rounded down.
    pub equity: i64,
    /// What equity must at least be, rounded up.
    pub requirement: i64,
    /// ES at 99 % for initial, at 97.5 % for maintenance margin.
    pub expected_shortfall: i64,
    /// Weighted worst mandated row, and its position in the set.
    pub stress: i64,
    pub worst_stress_row: usize,
    /// The floor from the cross-underlying credit limit where it decides, else zero.
    pub retained: i64,
    pub addons: Addons,
}

impl Breakdown {
    /// Equity less requirement; negative means short of it. Saturates.
    #[must_use]
    pub const fn health(&self) -> i64 {
        self.equity.saturating_sub(self.requirement)
    }

    /// Equity over requirement in parts per million; `None` when nothing is required.
    #[must_use]
    pub fn health_factor_ppm(&self) -> Option<i64> {
        if self.requirement <= 0 {
            return None;
        }
        let ppm = i128::from(self.equity) * i128::from(PPM) / i128::from(self.requirement);
        Some(i64::try_from(ppm).unwrap_or(i64::MAX))
    }
}
