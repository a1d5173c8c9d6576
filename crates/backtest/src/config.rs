use {
    crate::error::BacktestError,
    cep_risk::{PPM, WEIGHT_ONE},
    cep_scenarios::{BuildParams, Symbol},
    std::collections::BTreeMap,
};

/// How requirements are computed. The default is the deployed configuration (`Parameters::standard` in `migrations`) with
/// the shipped set's build parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Confidence of ES and VaR, in (0.5, 1).
    pub confidence: f64,
    /// Horizon, hours: a whole number of the series' bars.
    pub horizon_hours: u32,
    /// Decay time of the volatility average, seconds.
    pub tau: u64,
    /// A second, faster average; the larger variance counts. The chain has none.
    pub fast_tau: Option<u64>,
    /// What multiplies the volatility, parts per million.
    pub volatility_scale: u64,
    /// Volatility per day that scenarios never go below; none for a symbol that is not here.
    pub floors: BTreeMap<Symbol, f64>,
    /// Days that start a volatility average.
    pub seed_days: u32,
    /// Days after which the scenario set is rebuilt from the history known by then.
    pub rebuild_days: u32,
    /// Rows of a set while the history is too short for those of `build`; `None` waits instead.
    pub early_rows: Option<u16>,
    /// Columns of the sets; `None` takes the book's own underlyings, which lets the walk begin earliest.
    pub columns: Option<Vec<Symbol>>,
    /// Parameters of every build.
    pub build: BuildParams,
}

impl Default for Config {
    fn default() -> Self {
        let floors = [("BTC", 0.010), ("ETH", 0.014), ("SOL", 0.018)];
        Self {
            confidence: 0.99,
            horizon_hours: 24,
            tau: 2_836_000,
            fast_tau: None,
            volatility_scale: cep_risk::scenario::TO_EXTREMES,
            floors: floors
                .into_iter()
                .filter_map(|(name, floor)| Some((Symbol::new(name)?, floor)))
                .collect(),
            seed_days: 14,
            rebuild_days: 30,
            early_rows: Some(256),
            columns: None,
            build: BuildParams::default(),
        }
    }
}

impl Config {
    /// The tail weight of the confidence, in [`WEIGHT_ONE`]ths.
    pub(crate) fn tail(&self) -> Result<u32, BacktestError> {
        if !(self.confidence > 0.5 && self.confidence < 1.0) {
            return Err(BacktestError::Confidence(self.confidence));
        }
        // At most half of 16 million.
        Ok((((1.0 - self.confidence) * f64::from(WEIGHT_ONE)).round() as u32).max(1))
    }

    /// Volatility over the horizon (Q32) from variance per day (Q48), scaled, as `refresh_scenarios` does on chain.
    pub(crate) fn sigma_q32(&self, variance: u64) -> u64 {
        cep_risk::ewma::horizon_sigma_q32(variance, self.horizon_hours)
            .saturating_mul(self.volatility_scale)
            / PPM
    }

    /// Bars of `step` seconds in the horizon.
    pub(crate) fn bars(&self, step: i64) -> Result<usize, BacktestError> {
        let seconds = i64::from(self.horizon_hours) * 3_600;
        match usize::try_from(seconds / step) {
            Ok(bars) if bars > 0 && seconds % step == 0 => Ok(bars),
            _ => Err(BacktestError::Horizon {
                hours: self.horizon_hours,
                step,
            }),
        }
    }
}
