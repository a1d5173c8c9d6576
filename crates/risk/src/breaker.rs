//! A circuit breaker on the step of a price: a leaky bucket of parts per million. It delays a move and
//! never refuses one, so that a true jump arrives a little later and a false one can be corrected first.

use {
    crate::{PPM, error::RiskError, units::MAX_PRICE},
    core::cmp::{max, min},
};

/// How far a price may move at once, and how fast beyond that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepLimit {
    /// Move that passes at once from rest, ppm of the price; 1,000 ..= 1,000,000.
    pub burst: u64,
    /// Move granted each second, ppm; 10 ..= 1,000,000.
    pub rate: u64,
}

/// The price that comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Micro-USD per contract, between the last price and the target.
    pub price: u64,
    /// What is used of the burst now, ppm; at most all of it. To be passed to the next step.
    pub used: u64,
    /// The price stops short of the target.
    pub limited: bool,
}

impl StepLimit {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.burst < 1_000 || self.burst > PPM || self.rate < 10 || self.rate > PPM {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// The step from `last` toward `target`, with `used` of the burst gone `elapsed` seconds ago.
    ///
    /// ```text
    /// level     = max(0, used - rate x elapsed)
    /// allowance = burst - level
    /// moved     = distance in ppm of last, rounded up
    /// used'     = level + moved, at most burst
    /// ```
    ///
    /// A move of at most the allowance is granted in full. Of a larger one as much as the allowance gives,
    /// rounded toward `last`, and at least one micro-USD where a second has passed: a price so small that its
    /// allowance rounds to nothing moves too. One step never exceeds the burst, however long the price stood: time
    /// without a refresh says nothing for the print that ends it.
    ///
    /// - Every call moves by at least half of `min(burst, rate x elapsed)`: toward a constant target a price that is
    ///   called at least every `burst / rate` seconds arrives within `2 x 10⁶ / rate x distance / min(last, target)`
    ///   seconds and one call. Zero seconds grant no more than what is left of the burst.
    /// - Never overshoots. Moves add up to at most the burst and the rate times the time that passed,
    ///   least moves excepted.
    /// - Both prices in 1 ..= [`MAX_PRICE`], a value outside counts as the nearer end; with `last` zero there
    ///   is no price yet, and the target is in force at once.
    #[must_use]
    pub fn step(&self, last: u64, target: u64, used: u64, elapsed: u64) -> Step {
        let target = target.clamp(1, MAX_PRICE);
        let used = min(used, self.burst);
        let leaked = self.rate.saturating_mul(elapsed);
        if last == 0 {
            return Step {
                price: target,
                used: used.saturating_sub(leaked),
                limited: false,
            };
        }
        let last = min(last, MAX_PRICE);
        let distance = target.abs_diff(last);
        let level = used.saturating_sub(leaked);
        let allowance = self.burst - level;
        // Distances are below 2⁴⁴, and 2⁴⁴ x 10⁶ < 2⁶⁴.
        let mut moved = (distance * PPM).div_ceil(last);
        let mut by = distance;
        if moved > allowance {
            // last x allowance < distance x 10⁶, so this is less than the distance.
            by = max(last * allowance / PPM, min(elapsed, 1));
            moved = (by * PPM).div_ceil(last);
        }
        let price = if target > last { last + by } else { last - by };
        Step {
            price,
            used: min(level.saturating_add(moved), self.burst),
            limited: price != target,
        }
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const LIMIT: StepLimit = StepLimit {
        burst: 100_000,
        rate: 1_000,
    };
    const USD: u64 = 1_000_000;

    fn price() -> impl Strategy<Value = u64> {
        (0u32..=44).prop_flat_map(|bits| 1..=1u64 << bits)
    }

    prop_compose! {
        fn limit()(burst in 1_000u64..=PPM, rate in prop_oneof![10u64..10_000, 10..=PPM]) -> StepLimit {
            StepLimit { burst, rate }
        }
    }

    proptest! {
        #[test]
        fn a_step_never_overshoots_and_its_use_stays_within_the_burst(
            limit in limit(), last in price(), target in price(), used: u64, elapsed: u64,
            short in 0u64..100,
        ) {
            for elapsed in [elapsed, short, 0] {
                for used in [used, used % (limit.burst + 1), limit.burst] {
                    let it = limit.step(last, target, used, elapsed);
                    prop_assert!((last.min(target)..=last.max(target)).contains(&it.price));
                    prop_assert!(it.used <= limit.burst);
                    prop_assert_eq!(it.limited, it.price != target);
                    // At least one micro-USD where a second has passed, and never more than the burst beside that.
                    let by = it.price.abs_diff(last);
                    prop_assert!(by >= elapsed.min(1).min(target.abs_diff(last)));
                    let most = u128::from(last) * u128::from(limit.burst) / 1_000_000;
                    prop_assert!(u128::from(by) <= most.max(1), "{by} of {most} after {elapsed} s");
                }
            }
        }

        #[test]
        fn zero_seconds_grant_no_more_than_what_is_left_of_the_burst(
            limit in limit(), last in price(), targets in prop::collection::vec(price(), 1..6), used: u64,
        ) {
            let start = used % (limit.burst + 1);
            let (mut at, mut used, mut moved) = (last, start, 0u128);
            for target in targets {
                let it = limit.step(at, target, used, 0);
                moved += (u128::from(it.price.abs_diff(at)) * 1_000_000).div_ceil(u128::from(at));
                prop_assert!(it.used >= used);
                (at, used) = (it.price, it.used);
            }
            prop_assert!(moved <= u128::from(limit.burst - start));
        }

        /// In whole micro-USD a second the least move is below what the rate grants: no move is a least one.
        #[test]
        fn moves_add_up_to_no_more_than_burst_and_rate(
            limit in limit(), last in 1u64 << 20..1 << 40,
            calls in prop::collection::vec((1u64 << 20..1 << 40, 0u64..30), 1..40),
        ) {
            let (mut at, mut used, mut moved, mut seconds) = (last, 0, 0u128, 0u128);
            for (target, elapsed) in calls {
                let it = limit.step(at, target, used, elapsed);
                moved += (u128::from(it.price.abs_diff(at)) * 1_000_000).div_ceil(u128::from(at));
                seconds += u128::from(elapsed);
                (at, used) = (it.price, it.used);
                prop_assert!(moved <= u128::from(limit.burst) + u128::from(limit.rate) * seconds);
            }
        }

        #[test]
        fn a_constant_target_is_reached_within_what_the_calls_grant(
            limit in limit(), last in price(), target in price(), used: u64,
            intervals in prop::collection::vec(prop_oneof![Just(1u64), 1u64..100, 1u64..100_000], 1..8),
        ) {
            let distance = u128::from(target.abs_diff(last));
            // What the calls granted, ppm: of a longer interval no more than the burst.
            let bound = 2_000_000 * distance / u128::from(last.min(target));
            let (mut at, mut used, mut seconds, mut calls) = (last, used, 0u128, 0usize);
            loop {
                let elapsed = intervals[calls % intervals.len()];
                let before = seconds;
                seconds += u128::from(elapsed.saturating_mul(limit.rate).min(limit.burst));
                calls += 1;
                let it = limit.step(at, target, used, elapsed);
                if it.price == target {
                    // The call before the last had not reached it, within the bound.
                    prop_assert!(before <= bound, "{before} ppm for {bound} ppm");
                    break;
                }
                prop_assert!(it.price != at);
                (at, used) = (it.price, it.used);
                if calls == 20_000 {
                    // Long ways are cut short; what is left must fit the bound all the same.
                    prop_assert!(seconds <= bound);
                    break;
                }
            }
        }
    }

    #[test]
    fn a_move_within_the_burst_passes_and_the_burst_leaks_at_the_rate() {
        let first = LIMIT.step(100 * USD, 106 * USD, 0, 0);
        assert_eq!(first, step(106 * USD, 60_000, false));
        // 40,000 ppm of 106 USD are left: 4.24 USD.
        let second = LIMIT.step(first.price, 120 * USD, first.used, 0);
        assert_eq!(second, step(110_240_000, 100_000, true));
        // Twenty seconds later, 20,000 ppm: 2.2048 USD.
        let third = LIMIT.step(second.price, 120 * USD, second.used, 20);
        assert_eq!(third, step(112_444_800, 100_000, true));
        let fourth = LIMIT.step(third.price, third.price, third.used, 70);
        assert_eq!(fourth, step(third.price, 30_000, false));
    }

    #[test]
    fn a_fall_is_limited_like_a_rise() {
        let it = LIMIT.step(100 * USD, 50 * USD, 100_000, 3);
        assert_eq!(it, step(99_700_000, 100_000, true));
    }

    #[test]
    fn a_move_of_exactly_the_allowance_passes_and_a_micro_usd_more_does_not() {
        assert_eq!(
            LIMIT.step(USD, 1_100_000, 0, 0),
            step(1_100_000, 100_000, false)
        );
        assert_eq!(
            LIMIT.step(USD, 1_100_001, 0, 0),
            step(1_100_000, 100_000, true)
        );
    }

    #[test]
    fn what_rounding_withholds_is_left_for_the_next_step() {
        // 1,000 ppm of 1,500 micro-USD are one and a half: one is moved and charged as 667 ppm.
        let first = LIMIT.step(1_500, 9_000, 100_000, 1);
        assert_eq!(first, step(1_501, 99_667, true));
        let second = LIMIT.step(first.price, 9_000, first.used, 1);
        assert_eq!(second, step(1_503, 100_000, true));
    }

    #[test]
    fn a_price_that_stood_long_moves_no_further_than_the_burst() {
        for elapsed in [100, 1_000, u64::MAX] {
            assert_eq!(
                LIMIT.step(USD, 2 * USD, 100_000, elapsed),
                step(1_100_000, 100_000, true)
            );
        }
    }

    #[test]
    fn the_smallest_prices_move_by_one_a_call_and_not_in_no_time() {
        // Ten parts per million of five micro-USD are nothing.
        let slow = StepLimit {
            burst: 1_000,
            rate: 10,
        };
        assert_eq!(slow.step(5, 9, 1_000, 0), step(5, 1_000, true));
        assert_eq!(slow.step(5, 9, 1_000, 1), step(6, 1_000, true));
        assert_eq!(slow.step(5, 9, 1_000, 9), step(6, 1_000, true));
        assert_eq!(slow.step(5, 1, 1_000, 3), step(4, 1_000, true));
    }

    #[test]
    fn the_first_price_is_in_force_at_once() {
        assert_eq!(LIMIT.step(0, 7, 50_000, 20), step(7, 30_000, false));
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let most = StepLimit {
            burst: PPM,
            rate: PPM,
        };
        assert_eq!(
            most.step(1, u64::MAX, u64::MAX, u64::MAX),
            step(2, PPM, true)
        );
        assert_eq!(most.step(u64::MAX, 0, 0, 0), step(1, PPM, false));
        assert_eq!(most.step(1, MAX_PRICE, 0, 1), step(2, PPM, true));
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(LIMIT.check(), Ok(()));
        for (burst, rate) in [(999, 10), (PPM + 1, 10), (PPM, 9), (PPM, PPM + 1)] {
            assert_eq!(
                StepLimit { burst, rate }.check(),
                Err(RiskError::BadParameter)
            );
        }
    }

    fn step(price: u64, used: u64, limited: bool) -> Step {
        Step {
            price,
            used,
            limited,
        }
    }
}
