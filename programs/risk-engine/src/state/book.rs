use {
    super::{AtmFeed, Expiry, MAX_EXPIRIES, Source, Staked},
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    cep_risk::{Book, Kind, Price, ROWS, STRESS_ROWS, smile},
};

/// Oracle sources that one underlying may have.
pub const MAX_SOURCES: usize = 4;
/// Tenors at which implied volatility is fed.
pub const MAX_TENORS: usize = 4;

/// Reasons for which an underlying is in doubt, as bits of [`RiskBook::degraded`].
pub mod degraded {
    /// Fewer fresh sources than the underlying wants.
    pub const SHORTAGE: u8 = 1;
    /// Enough sources, but too few of them agree.
    pub const DISAGREEMENT: u8 = 2;
    /// The circuit breaker holds the price back; it follows in a while.
    pub const STEP_LIMITED: u8 = 4;
    /// Paused by the guardian.
    pub const PAUSED: u8 = 8;
    /// A staked token whose base is in doubt.
    pub const BASE: u8 = 16;
}

/// Everything a margin check needs of one underlying. PDA `[seeds::BOOK, symbol]`. Behind this header the account
/// holds [`super::Instrument`]s; see [`super::BookRef`].
///
/// `refresh` and `refresh_staked` write price and realised volatility, `refresh_volatility` the implied one,
/// `refresh_scenarios` the columns, `post_surface` skew, curvature and basis, `refresh_curves` the curves; anyone
/// may call them (`post_surface`: publishers).
#[account(zero_copy, discriminator = RiskBook::TAG)]
#[repr(C)]
pub struct RiskBook {
    pub config: Pubkey,
    pub symbol: [u8; 8],
    /// The column of the scenario set that moves this underlying; its symbol, but for staked tokens that
    /// of their gap.
    pub column: [u8; 8],

    // The index price.
    /// Micro-USD per whole contract; zero before the first refresh.
    pub price: u64,
    /// Micro-USD per whole contract, rounded up: what the agreeing sources report, and how far apart they are.
    pub confidence: u64,
    /// When the oldest of the agreeing sources was published, Unix seconds.
    pub publish_time: i64,
    /// The cluster's time and slot at the last refresh that found a price.
    pub refreshed_at: i64,
    pub refreshed_slot: u64,
    /// What is used up of the circuit breaker's burst, ppm.
    pub step_used: u64,
    /// Copies of the config's parameters, so that a margin check needs no config account.
    pub max_price_age: u64,
    pub dead_price_age: u64,
    pub doubt: u64,

    // Volatility. Variances are per day in Q48.
    /// Realised: an average over irregular samples.
    pub variance: u64,
    /// Scenarios never stand for less than this.
    pub variance_floor: u64,
    /// Price (a staked token: market over redemption value, Q9) and time of the last volatility sample.
    pub sample_price: u64,
    pub sample_time: i64,
    /// Implied at the money at 30 days, when a feed last said so; zero without a feed.
    pub implied_variance: u64,
    /// What scenarios are to stand for: the largest of realised, implied and floor, each with its weight.
    pub target_variance: u64,
    /// What `returns` stand for; zero before the first scaling.
    pub scaled_variance: u64,
    /// What `maintenance_returns` stand for, and realised variance and time when that was set.
    pub maintenance_variance: u64,
    pub maintenance_realised: u64,
    pub maintenance_time: i64,
    /// Volatility over the horizon that the columns stand for, Q32.
    pub sigma: u64,
    pub maintenance_sigma: u64,
    /// Seconds.
    pub horizon: u64,
    /// Contracts traded a day on all venues, millionths; zero for unknown. Set by proposal.
    pub daily_volume: u64,
    /// Generation of the scenario set that the columns were scaled from.
    pub scenario_generation: u64,

    // Options.
    /// Copies of the config's parameters for judging curves.
    pub curve_max_age: u64,
    pub curve_centre_band: u64,
    pub curve_volatility_band: u64,
    /// Spot that new curves are centred on, and when that was set. Curves of at most two centres live at a time.
    pub centre: u64,
    pub centre_time: i64,
    /// The next instrument's id. Ids start at one and are never given twice.
    pub next_instrument: u64,

    /// Smallest and largest of `returns` and of `maintenance_returns`.
    pub lowest_return: i32,
    pub highest_return: i32,
    pub maintenance_lowest: i32,
    pub maintenance_highest: i32,

    /// Bits of [`degraded`], as of the last refresh.
    pub degraded: u8,
    /// Fresh sources it takes; 1 ..= 4.
    pub min_sources: u8,
    /// 1 for a staked token.
    pub is_staked: u8,
    pub bump: u8,
    pub padding: [u8; 4],

    pub sources: [Source; MAX_SOURCES],
    pub implied: [AtmFeed; MAX_TENORS],
    pub staked: Staked,
    pub expiries: [Expiry; MAX_EXPIRIES],

    /// Simple returns of the joint draws over the horizon (Q24): for initial and for maintenance margin.
    pub returns: [i32; ROWS],
    pub maintenance_returns: [i32; ROWS],
    /// Weights and level steps of the joint draws; the same in all books of a generation.
    pub weights: [u32; ROWS],
    pub levels: [u8; ROWS],
    /// Simple returns of the mandated stress rows, Q24, and their level steps.
    pub stress: [i32; STRESS_ROWS],
    pub stress_levels: [u8; STRESS_ROWS],
    /// `variance_floor` as listing or a proposal last set it: what the guardian raises is bounded by this.
    pub governed_floor: u64,
    /// Seconds in which the price served liquidation, as of `refreshed_at`: see [`RiskBook::usable_seconds_at`]. Only grows.
    pub usable_seconds: u64,
    /// Time integral of the index price over those seconds, micro-USD x seconds: low and high word. Only grows.
    pub price_integral: [u64; 2],
    /// Until when the price serves liquidation, Unix seconds: set by the refresh that took it.
    pub usable_until: i64,
    pub reserved: [u8; 216],
}

impl RiskBook {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 2;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskBook", Self::VERSION);
    /// Without instruments.
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Whether the oracle's price is recent enough to act on.
    #[must_use]
    pub fn price_is_fresh(&self, now: i64) -> bool {
        self.age(now) <= self.max_price_age
    }

    /// Whether the price is so old that it is the last word of a dead oracle.
    #[must_use]
    pub fn price_is_dead(&self, now: i64) -> bool {
        self.age(now) >= self.dead_price_age
    }

    /// Whether this underlying is in doubt: wider margin, no new risk in it, nothing withdrawn against it.
    /// Reducing it and liquidating it go on.
    #[must_use]
    pub fn is_degraded(&self, now: i64) -> bool {
        self.degraded != 0 || !self.price_is_fresh(now)
    }

    /// Seconds since the oracle published; zero for a price dated slightly ahead.
    #[must_use]
    pub fn age(&self, now: i64) -> u64 {
        u64::try_from(now.saturating_sub(self.publish_time)).unwrap_or(0)
    }

    /// Seconds since the last refresh in which its price served liquidation: none past the moment at which it grew older
    /// than `max_price_age`.
    #[must_use]
    pub fn served(&self, now: i64) -> u64 {
        let until = self.usable_until.min(now);
        u64::try_from(until.saturating_sub(self.refreshed_at)).unwrap_or(0)
    }

    /// Seconds up to `now` in which the price served liquidation. The difference of two readings is the time in which a bid
    /// could have been accepted: gaps without a refresh do not count beyond `max_price_age`.
    #[must_use]
    pub fn usable_seconds_at(&self, now: i64) -> u64 {
        self.usable_seconds.saturating_add(self.served(now))
    }

    /// Time integral of the index price over [`Self::usable_seconds_at`], micro-USD x seconds; below 2⁷⁸. The difference of two
    /// readings over the difference of their seconds is the average price; where no second is between them there is none.
    #[must_use]
    pub fn price_integral_at(&self, now: i64) -> u128 {
        let [low, high] = self.price_integral.map(u128::from);
        // A price below 2⁴⁵ and seconds of less than 2³³.
        let since = u128::from(self.price) * u128::from(self.served(now));
        ((high << 64) | low).saturating_add(since)
    }

    /// Adds the time since the last refresh to the two counters, at the price that stood until now, and starts on the time
    /// after it. Called by a refresh that takes a price, before it does; `published` is that price's time.
    pub fn count_time(&mut self, published: i64, now: i64) {
        let integral = self.price_integral_at(now);
        self.usable_seconds = self.usable_seconds_at(now);
        let low = u64::try_from(integral & u128::from(u64::MAX)).unwrap_or(0);
        self.price_integral = [low, u64::try_from(integral >> 64).unwrap_or(u64::MAX)];
        // A print dated ahead of the clock serves no longer than one of now.
        let from = published.min(now);
        self.usable_until = from.saturating_add_unsigned(self.max_price_age);
        self.refreshed_at = now;
    }

    /// Whether it has a price and scenarios: from the first refresh of both on, for good.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.price != 0 && self.scenario_generation != 0
    }

    /// Whether the columns still stand for the current volatility: not more than 10 % too low
    /// (21 % in variance). Columns that are too high only ask for more.
    #[must_use]
    pub fn scenarios_cover_volatility(&self) -> bool {
        let scaled = u128::from(self.scaled_variance) * 121 / 100;
        u128::from(self.target_variance) <= scaled
    }

    /// Volatility now, realised or implied, over its floor: parts per million, rounded down.
    #[must_use]
    pub fn volatility_over_floor(&self) -> u64 {
        let now = self.variance.max(self.implied_variance);
        // The ratio of variances in 2⁻²⁰, and so of volatilities in 2⁻¹⁰. A floor below 2⁻²⁸ a day is none.
        let Some(ratio) = now.checked_div(self.variance_floor >> 20) else {
            return cep_risk::PPM;
        };
        // Below 2³² x 2²⁰.
        (ratio.isqrt() * cep_risk::PPM) >> 10
    }

    /// Whether a staked token trades so far below its redemption value that no more of it is taken in.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.is_staked != 0 && self.staked.gap > u64::from(self.staked.gap_band)
    }

    /// The book as `cep-risk` reads it. `open_interest` in millionths of contracts, zero for unknown.
    pub fn as_book(&self, kind: Kind, now: i64, open_interest: u64) -> Result<Book<'_>> {
        require!(
            self.scenario_generation != 0,
            RiskEngineError::ScenarioSetNotActive
        );
        let (returns, extremes, sigma) = match kind {
            Kind::Initial => (
                &self.returns,
                (self.lowest_return, self.highest_return),
                self.sigma,
            ),
            Kind::Maintenance => (
                &self.maintenance_returns,
                (self.maintenance_lowest, self.maintenance_highest),
                self.maintenance_sigma,
            ),
        };
        Ok(Book {
            price: self.index_price()?,
            confidence: self.confidence,
            age: self.age(now),
            sigma,
            horizon: self.horizon,
            daily_volume: self.daily_volume,
            open_interest,
            returns,
            extremes,
            weights: &self.weights,
            levels: &self.levels,
            stress: &self.stress,
            stress_levels: &self.stress_levels,
            scenario_set: self.scenario_generation,
            doubt: if self.is_degraded(now) { self.doubt } else { 0 },
        })
    }

    pub fn index_price(&self) -> Result<Price> {
        require!(self.price != 0, RiskEngineError::BookNotPriced);
        Price::new(self.price).map_err(|e| RiskEngineError::from(e).into())
    }

    /// The slot of a live expiry.
    pub fn expiry_slot(&self, expiry: i64) -> Result<usize> {
        self.expiries
            .iter()
            .position(|e| !e.is_free() && e.expiry == expiry)
            .ok_or_else(|| RiskEngineError::UnknownExpiry.into())
    }

    /// Forward of an expiry at the index price, rounded down; the index price itself once it is reached.
    pub fn forward(&self, expiry: &Expiry, now: i64) -> Result<Price> {
        let seconds = u64::try_from(expiry.expiry.saturating_sub(now)).unwrap_or(0);
        let ratio = smile::forward_ratio(expiry.basis, seconds).map_err(RiskEngineError::from)?;
        smile::forward(self.index_price()?, ratio).map_err(|e| RiskEngineError::from(e).into())
    }

    /// Holds at the end of every instruction that changes a book.
    pub fn invariant(&self) -> Result<()> {
        require!(
            self.price <= cep_risk::units::MAX_PRICE,
            RiskEngineError::PriceOutOfRange
        );
        let variances = [
            self.variance,
            self.variance_floor,
            self.implied_variance,
            self.target_variance,
            self.scaled_variance,
            self.maintenance_variance,
        ];
        require!(
            variances.iter().all(|v| *v <= cep_risk::ewma::VARIANCE_MAX),
            RiskEngineError::ParameterOutOfRange
        );
        // Maintenance margin never stands for more than initial margin does.
        require!(
            self.lowest_return <= self.highest_return
                && self.maintenance_lowest <= self.maintenance_highest
                && self.maintenance_variance <= self.scaled_variance,
            RiskEngineError::ScenarioOutOfBounds
        );
        Ok(())
    }
}

const _: () = assert!(
    size_of::<RiskBook>()
        == 32
            + 16
            + 9 * 8
            + 15 * 8
            + 6 * 8
            + 16
            + 8
            + MAX_SOURCES * size_of::<Source>()
            + MAX_TENORS * size_of::<AtmFeed>()
            + size_of::<Staked>()
            + MAX_EXPIRIES * size_of::<Expiry>()
            + 512 * 13
            + 80
            + 8
            + 32
            + 216
);
// A derived address is created with at most 10 KiB.
const _: () = assert!(RiskBook::SPACE <= 10_240);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_cover_volatility_up_to_ten_percent_above_them() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        book.scaled_variance = 10_000;
        book.target_variance = 12_100;
        assert!(book.scenarios_cover_volatility());
        book.target_variance = 12_101;
        assert!(!book.scenarios_cover_volatility());
    }

    #[test]
    fn only_time_in_which_the_price_served_is_counted_however_often_it_is_counted() {
        // SETUP: published at 990, refreshed at 1,000, good for a minute from its publication.
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        book.max_price_age = 60;
        book.count_time(990, 1_000);
        assert_eq!((book.usable_seconds, book.price_integral), (0, [0; 2]));
        book.price = 1 << 44;
        // CHECK: up to 1,050 and no further; a clock that runs backwards adds nothing.
        for (now, seconds) in [(990, 0), (1_000, 0), (1_030, 30), (1_050, 50), (9_999, 50)] {
            assert_eq!(book.usable_seconds_at(now), seconds);
            assert_eq!(book.price_integral_at(now), u128::from(seconds) << 44);
        }
        // The same by one refresh or by many at the same price.
        for now in [1_001, 1_017, 1_030] {
            book.count_time(990, now);
        }
        assert_eq!(book.usable_seconds_at(9_999), 50);
        assert_eq!(book.price_integral_at(9_999), 50 << 44);
        // A print dated ahead of the clock serves no longer than one of now.
        book.count_time(1_100, 1_030);
        assert_eq!(book.usable_seconds_at(9_999), 90);
        // Two words hold what one does not.
        book.price_integral = [u64::MAX, 7];
        book.count_time(1_031, 1_031);
        assert_eq!(book.price_integral, [(1 << 44) - 1, 8]);
    }

    #[test]
    fn age_counts_from_publication_and_never_underflows() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        book.publish_time = 1_000;
        book.max_price_age = 60;
        book.dead_price_age = 300;
        assert!(
            book.price_is_fresh(990) && book.price_is_fresh(1_060) && !book.price_is_fresh(1_061)
        );
        assert!(!book.price_is_dead(1_299) && book.price_is_dead(1_300));
        assert!(!book.is_degraded(1_060) && book.is_degraded(1_061));
        book.degraded = degraded::PAUSED;
        assert!(book.is_degraded(1_000));
    }
}
