use {
    super::{Source, SourceArgs},
    anchor_lang::prelude::*,
    cep_risk::breaker::StepLimit,
};

/// A feed of at-the-money implied volatility at one tenor, as a fraction per root year.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AtmFeed {
    /// Its `price` is the volatility last read, in 10⁻⁹.
    pub source: Source,
    /// The volatility in force, 10⁻⁹: follows the source as fast as [`ATM_STEP`] lets it.
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
