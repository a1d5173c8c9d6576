use {
    super::{AtmFeed, Expiry, MAX_EXPIRIES, PriceState, Source, Staked},
    crate::{curves::left, error::RiskEngineError},
    anchor_lang::prelude::*,
    cep_risk::{Book, Kind, Price, ROWS, STRESS_ROWS, smile},
};

/// Oracle sources that one underlying may have.
pub const MAX_SOURCES: usize = 4;
/// Tenors at which implied volatility is fed.
pub const MAX_TENORS: usize = 4;
/// Slots within which a book must have been refreshed for new risk, and a base for its staked token.
pub const NEW_RISK_SLOTS: u64 = 8;
/// Range of [`RiskBook::new_risk_age`], seconds.
pub const NEW_RISK_AGE: core::ops::RangeInclusive<u64> = 2..=30;

/// Steps that a surface may move by in ten minutes, one a minute.
const STEPS_IN_TEN_MINUTES: u64 = 10;

/// Reasons for which a price is [`PriceState::Uncertain`], as bits of [`RiskBook::degraded`].
pub mod degraded {
    /// Fewer fresh sources than the underlying wants.
    pub const SHORTAGE: u8 = 1;
    /// Enough sources, but too few of them agree.
    pub const DISAGREEMENT: u8 = 2;
    /// The circuit breaker holds the price back; it follows in a while.
    pub const STEP_LIMITED: u8 = 4;
    /// Paused by the guardian.
    pub const PAUSED: u8 = 8;
    /// A staked token whose base is in doubt, or was published at another time than the token.
    pub const BASE: u8 = 16;
    /// Too few sources are sure: the price rests on one whose interval is wider than it may be.
    pub const WIDE: u8 = 32;
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
    /// When the oldest of the agreeing sources was published, Unix seconds; at most the clock of the refresh that took it.
    pub publish_time: i64,
    /// The cluster's time and slot at the last refresh that found a price.
    pub refreshed_at: i64,
    pub refreshed_slot: u64,
    /// What is used up of the circuit breaker's burst, ppm.
    pub step_used: u64,
    /// Copies of the config's parameters, so that a margin check needs no config account.
    pub max_price_age: u64,
    pub dead_price_age: u64,
    pub silence_delay: u64,
    pub maintenance_interval: u64,
    pub doubt: u64,

    // Volatility. Variances are per day in Q48.
    /// Realised: see [`cep_risk::ewma::Samples`], whose fields `sample_...` are.
    pub variance: u64,
    /// Scenarios never stand for less than this.
    pub variance_floor: u64,
    /// Price (a staked token: market over redemption value, Q9) that volatility was last shown, and when, Unix seconds.
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
    pub curve_grace: u64,
    pub curve_timeout: u64,
    /// Spot that new curves are centred on, and when that was set. Curves of at most two centres live at a time.
    pub centre: u64,
    pub centre_time: i64,
    /// Since when the price is beyond the band around the centre, Unix seconds; zero while it is not.
    pub spot_left_at: i64,
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
    /// From when on liquidation may use the price of oracles that were announced to be silent, Unix seconds; zero for no
    /// announcement. Written by `announce_silence`, cleared by a refresh that finds a recent price.
    pub silent_from: i64,
    /// When the newest of the agreeing sources was published, Unix seconds; at most the clock of the refresh that took it.
    pub newest_publish_time: i64,
    /// Oldest `newest_publish_time` at which new risk is taken, seconds; 2 ..= 30. Set by the authority.
    pub new_risk_age: u64,
    /// A copy of the config's parameter: how far the basis of an expiry may move in a minute, ppm per year.
    pub surface_step: u64,
    pub reference: Reference,
    /// Begin of the present bucket of realised volatility, Unix seconds, and price x seconds in it up to `sample_time`.
    pub sample_start: u64,
    pub sample_sum: u64,
    /// Average price over the last whole bucket, and its log-return over the one before, Q32.
    pub sample_average: u64,
    pub sample_return: i64,
    pub reserved: [u8; 128],
}

/// Index prices on a fixed grid of time, so that nobody chooses the moment from which a move is counted.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Reference {
    /// The first price of the present period that was not in doubt, micro-USD per whole contract; zero before the first.
    pub price: u64,
    /// The first of the period before it that had one: moves are counted from here.
    pub before: u64,
    /// Periods since 1970.
    pub period: u32,
    /// Periods that had a price so far: what follows one of them directly, whatever the clock did.
    pub taken: u32,
}

impl Reference {
    /// Length of a period, seconds.
    pub const SECONDS: u64 = 3_600;

    /// A refresh took `price` at `now`.
    pub fn observe(&mut self, price: u64, now: i64) {
        let seconds = u64::try_from(now).unwrap_or(0);
        let period = u32::try_from(seconds / Self::SECONDS).unwrap_or(u32::MAX);
        if self.price == 0 {
            (self.before, self.price, self.period) = (price, price, period);
            self.taken = 1;
        } else if period > self.period {
            (self.before, self.price, self.period) = (self.price, price, period);
            self.taken = self.taken.saturating_add(1);
        }
    }
}

impl RiskBook {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 2;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskBook", Self::VERSION);
    /// Without instruments.
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// What the oracles say of the price: the one place where it is decided.
    #[must_use]
    pub fn price_state(&self, now: i64) -> PriceState {
        if self.price != 0 && self.age(now) <= self.max_price_age {
            return if self.degraded == 0 {
                PriceState::Fresh
            } else {
                PriceState::Uncertain
            };
        }
        if self.price != 0 && self.silent_from != 0 && now >= self.silent_from {
            PriceState::Announced
        } else {
            PriceState::Silent
        }
    }

    /// Whether the price is recent, certain or not.
    #[must_use]
    pub fn price_is_fresh(&self, now: i64) -> bool {
        !self.price_state(now).is_silent()
    }

    /// Whether the price is anything but fresh and certain: wider initial margin, no new risk in it.
    #[must_use]
    pub fn is_degraded(&self, now: i64) -> bool {
        self.price_state(now) != PriceState::Fresh
    }

    /// Whether new risk may be taken at this price: somebody refreshed it in this slot or one of the last few, and the newest
    /// source is not older than the book's own limit.
    #[must_use]
    pub fn price_bears_new_risk(&self, now: i64, slot: u64) -> bool {
        let age = u64::try_from(now.saturating_sub(self.newest_publish_time)).unwrap_or(0);
        self.price_state(now) == PriceState::Fresh
            && slot.saturating_sub(self.refreshed_slot) <= NEW_RISK_SLOTS
            && age <= self.new_risk_age
    }

    /// Half width of the interval that maintenance margin counts around the price, micro-USD per contract, rounded up: governed, so
    /// that nobody who refreshes chooses it. Initial margin counts at least as much.
    #[must_use]
    pub fn governed_interval(&self) -> u64 {
        // A price of at most 2⁴⁴ and at most 50,000 ppm.
        let ppm = self.price.saturating_mul(self.maintenance_interval);
        ppm.div_ceil(cep_risk::PPM)
    }

    /// Whether `refresh_curves` builds curves at this price: not at one that is silent, or about to change.
    #[must_use]
    pub fn curves_can_be_rebuilt(&self, now: i64) -> bool {
        let moving = self.degraded & (degraded::STEP_LIMITED | degraded::DISAGREEMENT) != 0;
        !self.price_state(now).is_silent() && !moving
    }

    /// Follows whether the price left the band around the curves' centre. Called whenever one of the two changes.
    pub fn watch_spot(&mut self, now: i64) {
        if self.centre == 0 || !left(self.centre, self.price, self.curve_centre_band) {
            self.spot_left_at = 0;
        } else if self.spot_left_at == 0 {
            self.spot_left_at = now;
        }
    }

    /// Seconds since the oracle published; zero for a price dated slightly ahead.
    #[must_use]
    pub fn age(&self, now: i64) -> u64 {
        u64::try_from(now.saturating_sub(self.publish_time)).unwrap_or(0)
    }

    /// Seconds since the last refresh in which its price served liquidation: until it grew older than `max_price_age`, and
    /// again from when its silence was announced and waited out.
    #[must_use]
    pub fn served(&self, now: i64) -> u64 {
        let span = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        let recent = span(self.refreshed_at, self.usable_until.min(now));
        let silent = if self.silent_from == 0 {
            0
        } else {
            // The announcement came after the price had ceased to serve.
            span(self.silent_from.max(self.usable_until), now)
        };
        recent.saturating_add(silent)
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
        let governed = self.governed_interval();
        Ok(Book {
            price: self.index_price()?,
            confidence: match kind {
                Kind::Initial => self.confidence.max(governed),
                Kind::Maintenance => governed,
            },
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
            basis_step: self.surface_step.saturating_mul(STEPS_IN_TEN_MINUTES),
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
            + 11 * 8
            + 15 * 8
            + 9 * 8
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
            + 24
            + 8
            + size_of::<Reference>()
            + 32
            + 128
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
        // Nor does a silence that was announced, until its delay is over; from then on the last price serves.
        book.silent_from = 1_500;
        for (now, seconds) in [(1_499, 90), (1_500, 90), (1_507, 97)] {
            assert_eq!(book.usable_seconds_at(now), seconds);
        }
        book.silent_from = 0;
        // Two words hold what one does not.
        book.price_integral = [u64::MAX, 7];
        book.count_time(1_031, 1_031);
        assert_eq!(book.price_integral, [(1 << 44) - 1, 8]);
    }

    #[test]
    fn a_move_is_counted_from_the_first_price_of_the_period_before() {
        let mut reference: Reference = bytemuck::Zeroable::zeroed();
        for (price, now, before) in [
            (50, 7_300, 50),
            (60, 7_400, 50),
            (70, 10_800, 50),
            (80, 10_900, 50),
            (90, 14_400, 70),
            // A period without a refresh leaves none.
            (95, 30_000, 90),
            (96, 29_000, 90),
        ] {
            reference.observe(price, now);
            assert_eq!(reference.before, before, "at {now}");
        }
    }

    #[test]
    fn a_price_is_fresh_uncertain_or_silent_and_a_silence_serves_once_announced_and_waited_out() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        book.publish_time = 1_000;
        book.max_price_age = 60;
        assert_eq!(book.price_state(1_000), PriceState::Silent, "no price yet");
        book.price = 1;
        // A clock before the publication is no age.
        for now in [990, 1_000, 1_060] {
            assert_eq!(book.price_state(now), PriceState::Fresh);
            assert!(!book.is_degraded(now));
        }
        assert_eq!(book.price_state(1_061), PriceState::Silent);
        book.degraded = degraded::PAUSED;
        assert_eq!(book.price_state(1_060), PriceState::Uncertain);
        assert_eq!(book.price_state(1_061), PriceState::Silent);
        book.silent_from = 1_500;
        assert_eq!(book.price_state(1_060), PriceState::Uncertain);
        assert_eq!(book.price_state(1_499), PriceState::Silent);
        assert_eq!(book.price_state(1_500), PriceState::Announced);
        assert!(book.price_is_fresh(1_060) && !book.price_is_fresh(1_500));
    }

    #[test]
    fn new_risk_needs_a_refresh_of_the_last_slots_and_a_young_source() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        (book.price, book.max_price_age, book.new_risk_age) = (1, 60, 10);
        (
            book.publish_time,
            book.newest_publish_time,
            book.refreshed_slot,
        ) = (980, 1_000, 400);
        assert!(book.price_bears_new_risk(1_010, 408));
        assert!(!book.price_bears_new_risk(1_011, 408) && !book.price_bears_new_risk(1_010, 409));
        book.degraded = degraded::SHORTAGE;
        assert!(!book.price_bears_new_risk(1_000, 400));
    }

    #[test]
    fn maintenance_counts_the_governed_interval_and_initial_margin_the_wider() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        (
            book.price,
            book.maintenance_interval,
            book.scenario_generation,
        ) = (1_000_001, 500, 1);
        for (confidence, initial) in [(0, 501), (501, 501), (400_000, 400_000)] {
            book.confidence = confidence;
            let of = |kind| book.as_book(kind, 0, 0).unwrap().confidence;
            assert_eq!((of(Kind::Initial), of(Kind::Maintenance)), (initial, 501));
        }
    }

    #[test]
    fn the_price_is_watched_as_it_leaves_the_band_of_the_curves() {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        (book.price, book.curve_centre_band) = (1_000, 50_000);
        book.watch_spot(5);
        assert_eq!(book.spot_left_at, 0, "no curves yet");
        book.centre = 1_000;
        for (price, now, since) in [
            (1_050, 6, 0),
            (1_051, 7, 7),
            (2_000, 8, 7),
            (950, 9, 0),
            (949, 10, 10),
        ] {
            book.price = price;
            book.watch_spot(now);
            assert_eq!(book.spot_left_at, since);
        }
    }
}
