use {
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    bytemuck::{Pod, Zeroable},
    cep_risk::{
        PPM, breaker::StepLimit, curve::Staleness, oracle::Quorum, volatility::VolatilityParams,
    },
};

/// Parameters of oracles, volatility, surfaces and governance. The range of each stands beside it; nothing
/// outside it can be set. Changed by a proposal after the timelock, tightened at once by the guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable, AnchorSerialize, AnchorDeserialize)]
#[repr(C)]
pub struct RiskParams {
    /// Oldest price that may be acted on, seconds; 1 ..= 3,600.
    pub max_price_age: u64,
    /// From this age on anyone may announce that the oracles are silent. Seconds; `max_price_age` ..= 3,600.
    pub dead_price_age: u64,
    /// How long after that announcement liquidation goes on at the last price, unless somebody refreshed it. Seconds; 30 ..= 3,600.
    pub silence_delay: u64,
    /// How far a price may be dated ahead of the cluster's clock, seconds; 60 ..= 300. The chain's clock is an estimate that
    /// lags by minutes at times; what is ahead of it is charged, see `cep_risk::oracle::ahead_of_clock`.
    pub max_clock_skew: u64,
    /// How far a source may be from the price in force and still count as agreeing, ppm; 100 ..= 200,000.
    pub max_deviation: u64,
    /// Half width of the interval around an index price in maintenance margin, whatever its sources say of their own, and the
    /// least in initial margin; ppm of the price, 0 ..= 50,000.
    pub maintenance_interval: u64,
    /// Circuit breaker: how far a price may move at once, ppm; 1,000 ..= 1,000,000.
    pub step_burst: u64,
    /// And how fast that room comes back, ppm per second; 10 ..= 1,000,000.
    pub step_rate: u64,
    /// Part of the index price that an underlying in doubt is charged per net contract in initial margin, ppm;
    /// 100,000 ..= 1,000,000. At a million nothing can be withdrawn against it.
    pub doubt: u64,
    /// Decay time of the volatility average, seconds; 1 h ..= 365 d.
    pub volatility_tau: u64,
    /// Least time between volatility samples, seconds; 1 ..= 86,400.
    pub volatility_interval: u64,
    /// Horizon of every scenario, hours; 1 ..= 240.
    pub horizon_hours: u64,
    /// See `cep_risk::volatility::VolatilityParams` for these three and their ranges.
    pub volatility_scale: u64,
    pub implied_weight: u64,
    pub rise_per_hour: u64,
    /// How long an implied volatility feed's last value stands after it was published, whatever other tenors say meanwhile,
    /// seconds; 60 ..= 604,800.
    pub implied_max_age: u64,
    /// See `cep_risk::curve::Staleness` for these three and their ranges.
    pub curve_max_age: u64,
    pub curve_centre_band: u64,
    pub curve_volatility_band: u64,
    /// A curve that is stale for less than this serves liquidation, seconds; 1 ..= 600.
    pub curve_grace: u64,
    /// One that is stale for this long serves it too, since nobody rebuilds it; between the two it must be rebuilt first. Seconds;
    /// `curve_grace` ..= 3,600.
    pub curve_timeout: u64,
    /// Response of implied volatility to a scenario's level, ppm; 0 ..= 3,000,000.
    pub level_response: u64,
    /// How long a publisher's posting counts, seconds; 60 ..= 604,800.
    pub surface_max_age: u64,
    /// Publishers whose postings must be fresh for a surface to move; 1 ..= 5.
    pub surface_quorum: u64,
    /// How far skew, curvature and basis may each move per posting interval, ppm; 100 ..= 500,000.
    pub surface_max_step: u64,
    /// How far a new scenario set's tails may be milder or harsher than those in force, ppm; 10,000 ..= 1,000,000.
    pub scenario_max_change: u64,
    /// How long a change waits between its proposal and its execution, seconds; 0 ..= 2,592,000. Zero only while
    /// a deployment is set up: users can see it. Raised at once, lowered by proposal.
    pub timelock: u64,
}

impl RiskParams {
    pub fn check(&self) -> Result<()> {
        self.check_own()?;
        let library = self.quorum(1).check().is_ok()
            && self.step_limit().check().is_ok()
            && self
                .volatility(cep_risk::volatility::VARIANCE_MIN)
                .check()
                .is_ok()
            && self.staleness().check().is_ok();
        require!(library, RiskEngineError::ParameterOutOfRange);
        Ok(())
    }

    fn check_own(&self) -> Result<()> {
        let in_range = (1..=3_600).contains(&self.max_price_age)
            && (self.max_price_age..=3_600).contains(&self.dead_price_age)
            && (30..=3_600).contains(&self.silence_delay)
            && (60..=300).contains(&self.max_clock_skew)
            && self.maintenance_interval <= 50_000
            && (1..=600).contains(&self.curve_grace)
            && (self.curve_grace..=3_600).contains(&self.curve_timeout)
            && (PPM / 10..=PPM).contains(&self.doubt)
            && (3_600..=31_536_000).contains(&self.volatility_tau)
            && (1..=86_400).contains(&self.volatility_interval)
            && (1..=240).contains(&self.horizon_hours)
            && (60..=604_800).contains(&self.implied_max_age)
            && self.level_response <= cep_risk::curve::MAX_RESPONSE
            && (60..=604_800).contains(&self.surface_max_age)
            && (1..=5).contains(&self.surface_quorum)
            && (100..=500_000).contains(&self.surface_max_step)
            && (10_000..=PPM).contains(&self.scenario_max_change)
            && self.timelock <= 2_592_000;
        require!(in_range, RiskEngineError::ParameterOutOfRange);
        Ok(())
    }

    #[must_use]
    pub const fn quorum(&self, min_sources: u8) -> Quorum {
        Quorum {
            min_sources,
            max_deviation: self.max_deviation,
        }
    }

    #[must_use]
    pub const fn step_limit(&self) -> StepLimit {
        StepLimit {
            burst: self.step_burst,
            rate: self.step_rate,
        }
    }

    /// `floor` is the underlying's own, variance per day in Q48.
    #[must_use]
    pub const fn volatility(&self, floor: u64) -> VolatilityParams {
        VolatilityParams {
            realised_scale: self.volatility_scale,
            implied_weight: self.implied_weight,
            floor,
            rise_per_hour: self.rise_per_hour,
        }
    }

    #[must_use]
    pub const fn staleness(&self) -> Staleness {
        Staleness {
            max_age: self.curve_max_age,
            centre_band: self.curve_centre_band,
            volatility_band: self.curve_volatility_band,
        }
    }
}

const _: () = assert!(size_of::<RiskParams>() == 27 * 8);
