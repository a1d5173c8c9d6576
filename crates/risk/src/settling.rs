//! What a dated instrument is worth while its settlement price is being averaged: its expected settlement.
//!
//! ```text
//! expected = (sum of the prices known, each times its seconds + seconds to come x forward) / (seconds known + to come)
//! ```
//!
//! Before the window nothing is known, and this is the forward; when nothing is to come it is the settlement price. So an
//! instrument passes from its market value to its payoff without a jump, and its scenarios move it by the part of the
//! average that is still to come: the [`Dated::moving`] part.

use crate::{
    twap::{GRACE, MIN_COVERED, Outcome, Twap, WINDOW},
    units::Price,
};

/// An expiry as an instrument is valued by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Unix seconds: instruments of one underlying with the same expiry net in the basis charge.
    pub expiry: i64,
    /// Micro-USD x seconds that are known of the settlement average; below 2⁵⁵. Of an option in spot prices, see
    /// [`Dated::at_spot`].
    sum: u64,
    /// To expiry, zero once it is reached.
    seconds: u32,
    /// Seconds that `sum` covers, and seconds that will be covered yet; 0 ..= [`WINDOW`] each. Nothing is known before the
    /// window.
    known: u16,
    left: u16,
}

/// Whether an expiry has its settlement price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// Not yet: worth its expected settlement.
    Open(Dated),
    /// Micro-USD per contract: what refreshing the average now would settle it at.
    Decided(u64),
}

/// Bits of [`Dated::share`].
pub const SHARE_BITS: u32 = 14;
/// Bits of [`Dated::delta_q24`].
const DELTA_BITS: u32 = 24;

impl Dated {
    /// An expiry of whose settlement price nothing is known yet.
    #[must_use]
    pub fn ahead(expiry: i64, seconds: u64) -> Self {
        Self {
            expiry,
            sum: 0,
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            known: 0,
            left: WINDOW_SECONDS,
        }
    }

    /// An expiry at `now` (unix seconds) whose average stands at `twap`; `price`, `usable` and `max_gap` as
    /// [`Twap::observe`] would take them now.
    ///
    /// What is known includes the price that has stood since the last observation. To come are the seconds to expiry; where
    /// half of the window cannot be covered by then, or expiry is past, the average goes on until a whole window is covered,
    /// as far as the grace period allows.
    #[must_use]
    pub fn at(
        twap: Twap,
        expiry: i64,
        (price, usable): (u64, bool),
        now: i64,
        max_gap: u64,
    ) -> Settling {
        let until = |to: i64| u64::try_from(to.saturating_sub(now)).unwrap_or(0);
        let seconds = until(expiry);
        if seconds >= WINDOW {
            return Settling::Open(Self::ahead(expiry, seconds));
        }
        let mut seen = twap;
        seen.observe(expiry, price, usable, now, max_gap);
        if let Outcome::Settled { price, .. } = seen.outcome(expiry, now, price) {
            return Settling::Decided(price);
        }
        let whole = WINDOW.saturating_sub(seen.covered);
        let left = if seconds > 0 && seen.covered + seconds >= MIN_COVERED {
            seconds.min(whole)
        } else {
            whole.min(until(expiry.saturating_add(GRACE)))
        };
        Settling::Open(Self {
            expiry,
            sum: seen.sum,
            seconds: u32::try_from(seconds).unwrap_or(0),
            known: u16::try_from(seen.covered).unwrap_or(WINDOW_SECONDS),
            left: u16::try_from(left).unwrap_or(WINDOW_SECONDS),
        })
    }

    /// Seconds to expiry, zero once it is reached.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        u64::from(self.seconds)
    }

    /// Whether part of the settlement price is known.
    #[must_use]
    pub const fn is_averaging(&self) -> bool {
        self.known != 0
    }

    /// The same with what is known in spot prices: divided by forward over spot (Q32, half to twice), rounded down. An
    /// option's curve is a function of spot.
    #[must_use]
    pub fn at_spot(mut self, forward_ratio: u64) -> Self {
        // Below 2⁵⁵ x 2³².
        let sum = (u128::from(self.sum) << 32) / u128::from(forward_ratio.max(1));
        self.sum = u64::try_from(sum).unwrap_or(u64::MAX >> 8);
        self
    }

    /// Seconds of the whole average; never zero.
    pub(crate) fn whole(&self) -> u64 {
        (u64::from(self.known) + u64::from(self.left)).max(1)
    }

    pub(crate) const fn sum(&self) -> u64 {
        self.sum
    }

    pub(crate) fn left(&self) -> u64 {
        u64::from(self.left)
    }

    /// Expected settlement at a forward price (or, [`Dated::at_spot`], its spot equivalent at a spot price), micro-USD per
    /// contract, rounded down. Of prices up to 2⁴⁸.
    #[must_use]
    pub fn expected(&self, forward: u64) -> u64 {
        if self.known == 0 {
            return forward;
        }
        // Below 2⁵⁶ and 2¹¹ x 2⁴⁸.
        self.total(forward) / self.whole()
    }

    /// The same, rounded up.
    #[must_use]
    pub fn expected_up(&self, forward: u64) -> u64 {
        if self.known == 0 {
            return forward;
        }
        self.total(forward).div_ceil(self.whole())
    }

    fn total(&self, forward: u64) -> u64 {
        self.left().saturating_mul(forward).saturating_add(self.sum)
    }

    /// The part of a price (up to 2⁵²) that still moves: x seconds to come / seconds of the whole average, rounded down.
    #[must_use]
    pub fn moving(&self, price: u64) -> u64 {
        if self.known == 0 {
            return price;
        }
        self.left().saturating_mul(price) / self.whole()
    }

    /// Delta of a contract of a future, Q24, rounded down.
    #[must_use]
    pub fn delta_q24(&self) -> i64 {
        i64::try_from(self.moving(1 << DELTA_BITS)).unwrap_or(0)
    }

    /// The part of the average that is to come, in 2⁻¹⁴, rounded down.
    #[must_use]
    pub fn share(&self) -> i64 {
        i64::try_from(self.moving(1 << SHARE_BITS)).unwrap_or(0)
    }

    /// What a contract of a future counts for at its forward: down for a long, up for a short.
    #[must_use]
    pub fn future(&self, forward: Price, short: bool) -> u64 {
        if short {
            self.expected_up(forward.micro_usd())
        } else {
            self.expected(forward.micro_usd())
        }
    }
}

/// What an option pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Micro-USD per contract.
    pub strike: Price,
    pub put: bool,
}

impl Struck {
    /// Micro-USD per contract at a settlement price.
    #[must_use]
    pub const fn payoff(&self, settlement: u64) -> u64 {
        let strike = self.strike.micro_usd();
        if self.put {
            strike.saturating_sub(settlement)
        } else {
            settlement.saturating_sub(strike)
        }
    }
}

/// [`WINDOW`] as it is stored.
const WINDOW_SECONDS: u16 = 1_800;
const _: () = assert!(WINDOW_SECONDS as u64 == WINDOW && size_of::<Dated>() == 24);

#[cfg(test)]
// A test that cannot go on stops with the reason.
#[allow(clippy::panic)]
mod tests {
    use {super::*, crate::units::MAX_PRICE, proptest::prelude::*};

    const EXPIRY: i64 = 1_800_000_000;
    const GAP: u64 = 60;

    fn at(twap: Twap, price: u64, now: i64) -> Settling {
        Dated::at(twap, EXPIRY, (price, true), now, GAP)
    }

    fn open(settling: Settling) -> Dated {
        match settling {
            Settling::Open(dated) => dated,
            Settling::Decided(price) => panic!("decided at {price}"),
        }
    }

    /// Worth of a future without carry: its settlement price once that is decided.
    fn worth(settling: Settling, price: u64) -> u64 {
        match settling {
            Settling::Open(dated) => dated.expected(price),
            Settling::Decided(price) => price,
        }
    }

    prop_compose! {
        /// Refreshes up to the expiry: seconds since the last one, price.
        fn refreshes()(seed in prop::collection::vec((1i64..=60, 1u64..=1_000_000_000_000), 80..200)) -> Vec<(i64, u64)> {
            seed
        }
    }

    proptest! {
        /// A second of time and a unit of price move the expected settlement by no more than one over what is left allows:
        /// there is no instant at which a position's value jumps.
        #[test]
        fn the_expected_settlement_has_no_jumps(refreshes in refreshes()) {
            let mut twap = Twap::default();
            let mut now = EXPIRY - 1_801 - refreshes.iter().take(10).map(|r| r.0).sum::<i64>();
            let mut price = refreshes[0].1;
            twap.observe(EXPIRY, price, true, now, GAP);
            let mut last = worth(at(twap, price, now), price);
            'all: for (dt, next) in refreshes {
                for _ in 0..dt {
                    now += 1;
                    let settling = at(twap, price, now);
                    let value = worth(settling, price);
                    // The price of the second that passed is what was expected of it.
                    prop_assert!(value.abs_diff(last) <= 1, "{value} {last} {}", now - EXPIRY);
                    last = value;
                    if now == EXPIRY {
                        break 'all;
                    }
                }
                // Refreshing does not move it either, and the new price moves it by its share of the average.
                twap.observe(EXPIRY, price, true, now, GAP);
                prop_assert_eq!(worth(at(twap, price, now), price), last);
                let dated = open(at(twap, next, now));
                let moved = dated.expected(next).abs_diff(last);
                let share = dated.moving(next.abs_diff(price));
                prop_assert!(moved.abs_diff(share) <= 1, "{moved} {share}");
                last = dated.expected(next);
                price = next;
            }
            // At expiry the value is what the expiry settles at.
            if now == EXPIRY {
                twap.observe(EXPIRY, price, true, now, GAP);
                prop_assert_eq!(at(twap, price, now), Settling::Decided(last));
                let decided = Outcome::Settled { price: last, how: crate::twap::How::Full };
                prop_assert_eq!(twap.outcome(EXPIRY, now, 0), decided);
            }
        }

        #[test]
        fn it_lies_between_what_is_known_and_the_forward(
            sum in 0u64..1 << 55, known in 0u16..=1_800, left in 0u16..=1_800, price in 1u64..=MAX_PRICE, more in 0u64..1 << 40,
        ) {
            let sum = if known == 0 { 0 } else { sum.min(u64::from(known) * MAX_PRICE) };
            let dated = Dated { expiry: 1, sum, seconds: 0, known, left };
            let (low, high) = (dated.expected(price), dated.expected_up(price));
            prop_assert!(low <= high && high - low <= 1);
            if known != 0 && left != 0 {
                let average = sum / u64::from(known);
                prop_assert!(low >= average.min(price) && high <= average.max(price) + 1);
            }
            prop_assert!(dated.expected(price + more) >= low);
            prop_assert!(dated.moving(price) <= price && dated.share() <= 1 << SHARE_BITS);
        }
    }

    #[test]
    fn before_the_window_nothing_is_known() {
        let mut twap = Twap::default();
        twap.observe(EXPIRY, 100, true, EXPIRY - 5_000, GAP);
        let dated = open(at(twap, 100, EXPIRY - 1_800));
        assert_eq!(dated, Dated::ahead(EXPIRY, 1_800));
        assert_eq!((dated.expected(77), dated.moving(77)), (77, 77));
        assert_eq!((dated.share(), dated.delta_q24()), (1 << 14, 1 << 24));
        assert!(!dated.is_averaging());
    }

    #[test]
    fn gaps_count_for_nothing_and_the_average_goes_on_where_half_cannot_be_covered() {
        // SETUP: 600 s at 100 from the start of the window, then an outage.
        let mut twap = Twap::default();
        for t in (-1_800..=-1_200).step_by(20) {
            twap.observe(EXPIRY, 100, true, EXPIRY + t, GAP);
        }
        // CHECK: it may come back in time for as long as 300 s are left.
        let in_time = open(Dated::at(twap, EXPIRY, (400, false), EXPIRY - 300, GAP));
        assert_eq!((in_time.known, in_time.left), (600, 300));
        assert_eq!(in_time.expected(400), 200);
        // A second later half cannot be covered: 1,200 s more will be needed.
        for late in [-299, 0, 3_600] {
            let extended = open(Dated::at(twap, EXPIRY, (400, false), EXPIRY + late, GAP));
            assert_eq!((extended.known, extended.left), (600, 1_200), "{late}");
            assert_eq!(extended.expected(400), 300);
        }
        // Toward the end of the grace period less can be added, until what is there decides.
        let near = open(Dated::at(
            twap,
            EXPIRY,
            (400, false),
            EXPIRY + GRACE - 300,
            GAP,
        ));
        assert_eq!((near.known, near.left, near.expected(400)), (600, 300, 200));
        let end = Dated::at(twap, EXPIRY, (400, false), EXPIRY + GRACE, GAP);
        assert_eq!(end, Settling::Decided(100));
    }

    #[test]
    fn the_price_that_stands_counts_until_its_age_ends() {
        let mut twap = Twap::default();
        twap.observe(EXPIRY, 100, true, EXPIRY - 1_800, GAP);
        let seen = open(at(twap, 100, EXPIRY - 1_780));
        assert_eq!((seen.known, seen.sum, seen.left), (20, 2_000, 1_780));
        let silent = open(at(twap, 100, EXPIRY - 1_700));
        assert_eq!((silent.known, silent.sum, silent.left), (60, 6_000, 1_700));
        // In the first second after expiry the window decides, whether or not anybody refreshes.
        for t in (-1_780..=0).step_by(20) {
            twap.observe(EXPIRY, 100, true, EXPIRY + t, GAP);
        }
        assert_eq!(at(twap, 900, EXPIRY + 5), Settling::Decided(100));
    }

    #[test]
    fn roundings_go_against_the_holder() {
        let dated = Dated {
            expiry: 1,
            sum: 1_000,
            seconds: 100,
            known: 1_700,
            left: 100,
        };
        let forward = Price::new(77).unwrap();
        assert_eq!(
            (dated.future(forward, false), dated.future(forward, true)),
            (4, 5)
        );
        let spot = dated.at_spot(3 << 31);
        assert_eq!(spot.sum, 666);
    }
}
