//! The settlement price of an expiry: the index, averaged over time in the half hour before it, like the
//! delivery price of Deribit. One print cannot be chosen or pushed to decide what every position of
//! an expiry pays; half an hour of prints would have to be.
//!
//! Anyone's refresh adds the price that stood until then, for as long as it stood: who refreshes chooses
//! neither the price nor its weight, and refreshing more often changes nothing.
//!
//! | the oracle | settlement price | when |
//! |---|---|---|
//! | usable for half of the window or more | average of what was usable in it | first refresh at or after expiry, at the latest [`CLOSING`] after it |
//! | down for more than half of it | average that goes on after expiry, until a whole window is covered | when it is covered |
//! | not back for a whole window within [`GRACE`] | average of what was covered | at the end of it |
//! | down all along | last price in force | at the end of it |
//!
//! Once an expiry is decided no refresh changes its average.

use {
    crate::units::MAX_PRICE,
    core::cmp::{max, min},
};

/// Seconds before expiry that are averaged, and seconds covered that an extended average ends with.
pub const WINDOW: u64 = 1_800;
/// Least seconds of the window that must be covered for the average to end with it.
pub const MIN_COVERED: u64 = WINDOW / 2;
/// Seconds after expiry in which the last piece of the window may still be added: a price seen before
/// expiry stood no longer.
pub const CLOSING: i64 = 600;
/// Seconds after expiry at which whatever is there decides.
pub const GRACE: i64 = 24 * 3_600;
/// [`WINDOW`] in the type of points in time.
const WINDOW_SPAN: i64 = 1_800;

/// What is accumulated for one expiry; all zero before the first refresh. Plain words: part of accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Twap {
    /// Micro-USD x seconds; at most [`MAX_PRICE`] x [`WINDOW`] < 2⁵⁵.
    pub sum: u64,
    /// Seconds in the sum; at most [`WINDOW`].
    pub covered: u64,
    /// Up to here time is accounted for, covered or not, unix seconds; zero for never. Stays at expiry when
    /// the window decides, passes it when the average goes on.
    pub last_time: i64,
}

const _: () = assert!(size_of::<Twap>() == 24 && align_of::<Twap>() == 8);

/// Where a settlement price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// At least half of the window before expiry.
    Full,
    /// Time after expiry too, since the oracle was down before it.
    Extended,
    /// No usable price from the window's start to the end of the grace period.
    LastPrice,
}

/// The answer of an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Pending,
    /// Micro-USD per contract, rounded down.
    Settled {
        price: u64,
        how: How,
    },
}

impl Twap {
    /// Accounts for the time from the last observation to `now` (unix seconds).
    ///
    /// `price` is the one in force since the last observation, `usable` whether it was fresh and not in doubt
    /// over that time; neither the price nor the doubt that this refresh brings. It counts for its first
    /// `max_gap` seconds and no longer, as far as they lie in the window: a price does not stand longer
    /// than its maximum age. The first observation only starts the clock.
    ///
    /// An interval split in two observations gives the same, unless `max_gap` binds or the decision lies
    /// between them. A `now` that is not after the last observation changes nothing, nor does any once the
    /// expiry is decided. A price outside 1 ..= [`MAX_PRICE`] is not usable.
    pub fn observe(&mut self, expiry: i64, price: u64, usable: bool, now: i64, max_gap: u64) {
        let from = self.last_time;
        if now <= from || self.is_decided(expiry, now) {
            return;
        }
        self.last_time = now;
        if from == 0 || now <= expiry.saturating_sub(WINDOW_SPAN) {
            return;
        }
        let stood = min(now, from.saturating_add_unsigned(max_gap));
        let until = if usable && (1..=MAX_PRICE).contains(&price) {
            stood
        } else {
            from
        };
        let start = max(from, expiry.saturating_sub(WINDOW_SPAN));
        self.add(price, seconds(start, min(until, expiry)));
        if now <= expiry {
            return;
        }
        if from <= expiry && self.covered >= MIN_COVERED {
            // The window decides, and this marks it.
            self.last_time = expiry;
            return;
        }
        self.add(price, seconds(max(from, expiry), until));
    }

    /// The settlement price, as soon as it is decided. `last_price` is the last index price in force, zero
    /// for none; it counts only where nothing was covered, and is then to be recorded at the first answer.
    #[must_use]
    pub fn outcome(&self, expiry: i64, now: i64, last_price: u64) -> Outcome {
        if !self.is_decided(expiry, now) {
            return Outcome::Pending;
        }
        let how = if self.last_time <= expiry && self.covered >= MIN_COVERED {
            How::Full
        } else {
            How::Extended
        };
        match self.sum.checked_div(self.covered) {
            Some(price) => Outcome::Settled { price, how },
            None if last_price == 0 => Outcome::Pending,
            None => Outcome::Settled {
                price: last_price,
                how: How::LastPrice,
            },
        }
    }

    /// Whether nothing more is added.
    const fn is_decided(&self, expiry: i64, now: i64) -> bool {
        if now < expiry {
            return false;
        }
        let half = self.covered >= MIN_COVERED;
        // Marked at expiry; or nobody came by in time to add the last piece.
        (half && self.last_time == expiry)
            || (half && self.last_time < expiry && now >= expiry.saturating_add(CLOSING))
            || (self.last_time > expiry && self.covered >= WINDOW)
            || now >= expiry.saturating_add(GRACE)
    }

    /// `seconds` of a price in range, as far as they fit the length of the window.
    fn add(&mut self, price: u64, seconds: u64) {
        let seconds = min(seconds, WINDOW.saturating_sub(self.covered));
        // 2⁴⁴ x 1,800, all calls together.
        self.sum = self.sum.saturating_add(price.saturating_mul(seconds));
        self.covered += seconds;
    }
}

/// From one point in time to another, zero when it is not later.
fn seconds(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const EXPIRY: i64 = 1_800_000_000;
    const GAP: u64 = 60;

    fn settled(price: u64, how: How) -> Outcome {
        Outcome::Settled { price, how }
    }

    /// Refreshes at one interval, `price(t)` in force up to `t`; zero for not usable.
    fn run(twap: &mut Twap, from: i64, to: i64, every: i64, price: impl Fn(i64) -> u64) {
        let mut now = EXPIRY + from;
        while now <= EXPIRY + to {
            let price = price(now - EXPIRY);
            twap.observe(EXPIRY, price, price != 0, now, GAP);
            now += every;
        }
    }

    prop_compose! {
        /// Seconds since the last one, price, usable or not (three in four).
        fn refreshes()(seed in prop::collection::vec((0i64..90, 1u64..=1_000_000, 0u8..4), 1..120), slow in 1i64..40)
            -> Vec<(i64, u64, bool)> {
            seed.into_iter().map(|(dt, price, u)| (dt * slow, price, u != 0)).collect()
        }
    }

    proptest! {
        #[test]
        fn the_average_lies_among_the_usable_prices_and_is_final(
            refreshes in refreshes(), start in -4_000i64..0, gap in 1u64..1_000, late in 0i64..200_000,
        ) {
            let (mut twap, mut now) = (Twap::default(), EXPIRY + start);
            let mut decided = None;
            let (mut low, mut high) = (u64::MAX, 0);
            for (dt, price, usable) in refreshes {
                now += dt;
                twap.observe(EXPIRY, price, usable, now, gap);
                if usable && decided.is_none() {
                    (low, high) = (low.min(price), high.max(price));
                }
                prop_assert!(twap.covered <= WINDOW);
                let outcome = twap.outcome(EXPIRY, now, 0);
                if let Some(decided) = decided {
                    prop_assert_eq!(outcome, decided);
                }
                if let Outcome::Settled { price, how } = outcome {
                    prop_assert!(now >= EXPIRY);
                    prop_assert!((low..=high).contains(&price), "{price} in {low}..={high}");
                    prop_assert!(how != How::LastPrice);
                    decided = Some(outcome);
                }
            }
            // Nor does waiting change it: what the clock decides no later refresh moves.
            let outcome = twap.outcome(EXPIRY, now + late, 0);
            if outcome != Outcome::Pending {
                twap.observe(EXPIRY, 5_000_000, true, now + late, gap);
                twap.observe(EXPIRY, 5_000_000, true, now + late + 500, gap);
                prop_assert_eq!(twap.outcome(EXPIRY, now + late + 500, 7), outcome);
                if let Some(decided) = decided {
                    prop_assert_eq!(outcome, decided);
                }
            }
        }

        #[test]
        fn splitting_an_interval_changes_nothing(
            refreshes in refreshes(), start in -4_000i64..0, cuts in prop::collection::vec(0i64..90, 120),
        ) {
            let (mut whole, mut now) = (Twap::default(), EXPIRY + start);
            whole.observe(EXPIRY, 1, true, now, 600);
            let mut split = whole;
            for ((dt, price, usable), cut) in refreshes.into_iter().zip(cuts) {
                // The gap limit does not bind, and nobody is there at the end of the grace period.
                let dt = dt % 601;
                let cut = cut * dt / 90;
                split.observe(EXPIRY, price, usable, now + cut, 600);
                now += dt;
                whole.observe(EXPIRY, price, usable, now, 600);
                split.observe(EXPIRY, price, usable, now, 600);
                prop_assert_eq!((split.sum, split.covered), (whole.sum, whole.covered));
                prop_assert_eq!(split.outcome(EXPIRY, now, 7), whole.outcome(EXPIRY, now, 7));
                prop_assert!(now < EXPIRY + GRACE);
            }
        }
    }

    #[test]
    fn a_steady_oracle_settles_at_the_average_of_the_half_hour() {
        // SETUP: 100 up to ten minutes before expiry, 400 after; far off before the window.
        let mut twap = Twap::default();
        let price = |t: i64| match t {
            ..=-1_800 => 9_000_000,
            -1_799..=-600 => 100,
            _ => 400,
        };
        // ACT
        run(&mut twap, -5_000, -20, 20, price);
        let before = twap.outcome(EXPIRY, EXPIRY - 1, 7);
        let unfinished = twap.outcome(EXPIRY, EXPIRY, 7);
        run(&mut twap, 15, 3_000, 20, |_| 400);
        // CHECK
        assert_eq!((before, unfinished), (Outcome::Pending, Outcome::Pending));
        assert_eq!(twap.covered, WINDOW);
        assert_eq!(
            twap.outcome(EXPIRY, EXPIRY + 15, 7),
            settled(200, How::Full)
        );
    }

    #[test]
    fn a_price_counts_no_longer_than_it_may_stand() {
        let mut twap = Twap::default();
        twap.observe(EXPIRY, 1, true, EXPIRY - 1_700, GAP);
        twap.observe(EXPIRY, 10, true, EXPIRY - 1_000, GAP);
        assert_eq!((twap.sum, twap.covered), (600, 60));
        // One from long before the window ended before it began.
        let mut twap = Twap::default();
        twap.observe(EXPIRY, 1, true, EXPIRY - 3_000, GAP);
        twap.observe(EXPIRY, 10, true, EXPIRY - 1_000, GAP);
        assert_eq!((twap.sum, twap.covered), (0, 0));
    }

    #[test]
    fn half_of_the_window_is_enough_and_a_second_less_is_not() {
        for (from, decided) in [(-900, true), (-899, false)] {
            // SETUP: the oracle comes up late, and after expiry its price is another.
            let mut twap = Twap::default();
            run(&mut twap, from, 0, 1, |_| 100);
            // ACT
            run(&mut twap, 1, 900, 1, |_| 400);
            // CHECK
            let outcome = twap.outcome(EXPIRY, EXPIRY + 900, 7);
            let expected = if decided {
                settled(100, How::Full)
            } else {
                Outcome::Pending
            };
            assert_eq!(outcome, expected, "{from}");
        }
    }

    #[test]
    fn without_enough_before_expiry_the_average_goes_on_to_a_whole_window() {
        // SETUP: 600 s at 100 before expiry, then an outage of an hour.
        let mut twap = Twap::default();
        run(&mut twap, -1_800, -1_200, 20, |_| 100);
        run(&mut twap, -1_180, 3_600, 20, |_| 0);
        // ACT: a second short of a window, and with it; the rest counts for nothing.
        run(&mut twap, 3_620, 4_790, 10, |_| 400);
        twap.observe(EXPIRY, 400, true, EXPIRY + 4_799, GAP);
        let short = twap.outcome(EXPIRY, EXPIRY + 4_799, 7);
        run(&mut twap, 4_810, 6_000, 10, |_| 400);
        run(&mut twap, 6_000, 9_000, 10, |_| 9_000_000);
        // CHECK
        assert_eq!(short, Outcome::Pending);
        assert_eq!(
            twap.outcome(EXPIRY, EXPIRY + 9_000, 7),
            settled(300, How::Extended)
        );
    }

    #[test]
    fn a_window_that_nobody_closes_decides_ten_minutes_later_as_it_stands() {
        // SETUP
        let mut twap = Twap::default();
        run(&mut twap, -1_800, -40, 20, |_| 100);
        let mut closed = twap;
        // ACT
        let early = twap.outcome(EXPIRY, EXPIRY + 599, 7);
        let late = twap.outcome(EXPIRY, EXPIRY + 600, 7);
        twap.observe(EXPIRY, 900, true, EXPIRY + 600, GAP);
        closed.observe(EXPIRY, 900, true, EXPIRY + 599, GAP);
        // CHECK
        assert_eq!(early, Outcome::Pending);
        assert_eq!(late, settled(100, How::Full));
        assert_eq!(twap.outcome(EXPIRY, EXPIRY + 700, 7), late);
        // In time, the last price still counts for the 40 seconds up to expiry.
        assert_eq!(
            closed.outcome(EXPIRY, EXPIRY + 599, 7),
            settled((1_760 * 100 + 40 * 900) / 1_800, How::Full)
        );
    }

    #[test]
    fn after_the_grace_period_what_is_there_decides() {
        let end = EXPIRY + GRACE;
        let mut some = Twap::default();
        run(&mut some, -100, 0, 10, |_| 100);
        assert_eq!(some.outcome(EXPIRY, end - 1, 7), Outcome::Pending);
        assert_eq!(some.outcome(EXPIRY, end, 7), settled(100, How::Extended));
        some.observe(EXPIRY, 900, true, end, GAP);
        assert_eq!(some.outcome(EXPIRY, end, 7), settled(100, How::Extended));

        let mut none = Twap::default();
        run(&mut none, -5_000, 5_000, 10, |_| 0);
        for none in [none, Twap::default()] {
            assert_eq!(none.outcome(EXPIRY, end - 1, 7), Outcome::Pending);
            assert_eq!(none.outcome(EXPIRY, end, 7), settled(7, How::LastPrice));
            assert_eq!(none.outcome(EXPIRY, end, 0), Outcome::Pending);
        }
    }

    #[test]
    fn a_price_out_of_range_and_a_clock_that_stands_count_for_nothing() {
        let mut twap = Twap::default();
        twap.observe(EXPIRY, 1, true, EXPIRY - 1_000, GAP);
        twap.observe(EXPIRY, u64::MAX, true, EXPIRY - 990, u64::MAX);
        assert_eq!((twap.sum, twap.covered), (0, 0));
        twap.observe(EXPIRY, 5, true, EXPIRY - 990, GAP);
        twap.observe(EXPIRY, 5, true, EXPIRY - 995, GAP);
        assert_eq!((twap.covered, twap.last_time), (0, EXPIRY - 990));
        twap.observe(EXPIRY, MAX_PRICE, true, EXPIRY + GRACE - 1, u64::MAX);
        assert_eq!(
            twap.outcome(EXPIRY, EXPIRY + GRACE - 1, 0),
            settled(MAX_PRICE, How::Full)
        );
    }
}
