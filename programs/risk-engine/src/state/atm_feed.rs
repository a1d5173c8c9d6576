use {
    super::{Source, SourceArgs},
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    cep_risk::{breaker::StepLimit, feed::variance_per_day, volatility::AtmPoint},
};

/// A feed of at-the-money implied volatility at one tenor, as a fraction per root year.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AtmFeed {
    /// Its `price` is the volatility last read, in 10⁻⁹.
    pub source: Source,
    /// The volatility in force, 10⁻⁹: follows the source as fast as [`ATM_STEP`] lets it, and what the other tenors say of
    /// this one once its own word stands no longer.
    pub volatility: u64,
    /// The same as variance per day, Q48.
    pub variance: u64,
    /// What is used up of the step limit's burst, ppm, and when, Unix seconds.
    pub step_used: u64,
    pub step_time: i64,
    /// Seconds to expiry that the feed speaks of; zero: no feed.
    pub tenor: u32,
    pub padding: [u8; 4],
}

impl AtmFeed {
    /// Whether there is a feed here that ever said anything.
    #[must_use]
    pub const fn speaks(&self) -> bool {
        self.tenor != 0 && self.volatility != 0
    }

    /// Whether its last word still stands: until `max_age` seconds after it was published.
    #[must_use]
    pub fn stands(&self, now: i64, max_age: u64) -> bool {
        let age = now.saturating_sub(self.source.publish_time);
        u64::try_from(age).unwrap_or(0) <= max_age
    }

    #[must_use]
    pub const fn point(&self) -> AtmPoint {
        AtmPoint {
            tenor: self.tenor,
            variance: self.variance,
        }
    }

    /// Moves the volatility in force toward `target`, 10⁻⁹, as fast as [`ATM_STEP`] lets it.
    pub fn follow(&mut self, target: u64, now: i64) -> Result<()> {
        let elapsed = u64::try_from(now.saturating_sub(self.step_time)).unwrap_or(0);
        let step = ATM_STEP.step(self.volatility, target, self.step_used, elapsed);
        self.volatility = step.price;
        self.step_used = step.used;
        self.step_time = now;
        // At most 10¹⁰ x 2³² < 2⁶⁶.
        let q32 = (u128::from(step.price) << 32) / 1_000_000_000;
        let q32 = u64::try_from(q32).map_err(|_| RiskEngineError::Overflow)?;
        self.variance = variance_per_day(q32);
        Ok(())
    }
}

/// What is configured of an [`AtmFeed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct AtmFeedArgs {
    /// Seconds; a day to two years.
    pub tenor: u32,
    pub source: SourceArgs,
}

/// How fast an implied volatility may move: a quarter at once, then a third an hour. Option marks enter equity, so a
/// single wrong feed must not move them at once; on 5 February 2026 BTC's 30-day volatility rose by 60 % in a day.
pub const ATM_STEP: StepLimit = StepLimit {
    burst: 250_000,
    rate: 100,
};
/// Decimals of a volatility, and the range that is believed: 5 to 1,000 %.
pub const VOLATILITY_DECIMALS: u32 = 9;
pub const VOLATILITY_RANGE: core::ops::RangeInclusive<u64> = 50_000_000..=10_000_000_000;
