//! One price from several oracles: the median of the fresh ones, and how far they agree.
//!
//! With three sources or more the median lies within the range of any all-but-one of them, so that one
//! wrong source decides nothing. What agrees is counted against the price chosen: an outlier neither
//! counts for the quorum nor widens the confidence interval, since one wrong feed must not raise
//! anyone's requirement.

use {
    crate::{PPM, error::RiskError, units::MAX_PRICE},
    core::cmp::{max, min},
};

/// Sources that one price is taken from.
pub const MAX_SOURCES: usize = 4;

/// What one source says, fresh at the time of asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Micro-USD per contract, 1 ..= [`MAX_PRICE`]; one outside is left out.
    pub price: u64,
    /// Half the width of the source's own confidence interval, micro-USD.
    pub confidence: u64,
    /// Unix seconds.
    pub publish_time: i64,
}

/// When sources are enough, and when they agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Sources that must be fresh and agree; 1 ..= 4. A half of four that contradicts the other half shows
    /// from three on.
    pub min_sources: u8,
    /// How far a source may lie from the price and agree with it, ppm of the price; 100 ..= 200,000.
    pub max_deviation: u64,
}

/// The price that follows, and whether to trust it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consensus {
    /// Micro-USD per contract.
    pub price: u64,
    /// Reaches over the confidence interval of every source that agrees, micro-USD; saturates.
    pub confidence: u64,
    /// Of the oldest source that agrees, unix seconds.
    pub publish_time: i64,
    /// Of the newest source that agrees, unix seconds.
    pub newest: i64,
    /// Sources within the deviation of the price, 1 ..= 4.
    pub agreeing: u8,
    /// Fewer sources are fresh than the quorum asks for.
    pub shortage: bool,
    /// Enough are fresh, but too few of them agree.
    pub disagreement: bool,
}

impl Quorum {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.min_sources == 0
            || self.min_sources > 4
            || self.max_deviation < 100
            || self.max_deviation > 200_000
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// Whether `distance` is within the deviation of `price`.
    const fn allows(&self, distance: u64, price: u64) -> bool {
        // 2⁴⁴ x 10⁶ and 2⁴⁴ x 200,000 are both below 2⁶⁴.
        distance * PPM <= price * self.max_deviation
    }
}

/// The price of the first [`MAX_SOURCES`] observations; `None` without one. `last` is the price in force,
/// zero for none.
///
/// - Odd number: the middle one.
/// - Even number: the midpoint of the middle two, rounded down, where their distance is within the
///   deviation of it. Else the one of the two nearer to `last`, the lower when both are as near or there
///   is no `last`: of two sources that contradict each other the one that moves the price less.
///
/// The confidence is the largest, over those that agree, of own confidence plus distance from the price.
/// The order of the observations does not matter.
#[must_use]
pub fn consensus(fresh: &[Observation], last: u64, quorum: &Quorum) -> Option<Consensus> {
    let valid = || {
        let first = fresh.iter().take(MAX_SOURCES);
        first.filter(|it| (1..=MAX_PRICE).contains(&it.price))
    };
    let mut sorted = [0u64; MAX_SOURCES];
    let mut count = 0u8;
    for it in valid() {
        let mut at = usize::from(count);
        while at > 0 && sorted[at - 1] > it.price {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = it.price;
        count += 1;
    }
    let price = median(sorted.get(..usize::from(count))?, last, quorum)?;
    let (mut confidence, mut agreeing) = (0, 0u8);
    let (mut publish_time, mut newest) = (i64::MAX, i64::MIN);
    for it in valid() {
        let distance = it.price.abs_diff(price);
        if quorum.allows(distance, price) {
            confidence = max(confidence, it.confidence.saturating_add(distance));
            publish_time = min(publish_time, it.publish_time);
            newest = max(newest, it.publish_time);
            agreeing += 1;
        }
    }
    let shortage = count < quorum.min_sources;
    Some(Consensus {
        price,
        confidence,
        publish_time,
        newest,
        agreeing,
        shortage,
        disagreement: !shortage && agreeing < quorum.min_sources,
    })
}

/// What a print that is dated `seconds` ahead of the cluster's clock is charged, micro-USD per contract, rounded up: what the
/// price moves by in that time, one standard deviation. The clock is late by as much, so that nobody can tell from it how old
/// the print is. `sigma` is the volatility over `horizon` seconds, Q32; at most the price itself.
#[must_use]
pub fn ahead_of_clock(price: u64, seconds: u64, sigma: u64, horizon: u64) -> u64 {
    if seconds == 0 {
        return 0;
    }
    // Q32 under the root, Q16 after it, one unit up. A volatility is below 2³⁸, the root below 2⁴⁸, a price below 2⁴⁵.
    let root = ((u128::from(seconds) << 32) / u128::from(max(horizon, 1))).isqrt() + 1;
    let moved = (root * u128::from(sigma)) >> 16;
    let charge = (u128::from(price).saturating_mul(moved) >> 32) + 1;
    u64::try_from(charge).unwrap_or(price).min(price)
}

/// Of prices in rising order.
fn median(sorted: &[u64], last: u64, quorum: &Quorum) -> Option<u64> {
    let half = sorted.len() / 2;
    let high = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        return Some(high);
    }
    let low = *sorted.get(half.checked_sub(1)?)?;
    let distance = high - low;
    let middle = low + distance / 2;
    if quorum.allows(distance, middle) {
        return Some(middle);
    }
    // Zero, for no last price, is nearer to the lower.
    let high_is_nearer = high.abs_diff(last) < low.abs_diff(last);
    Some(if high_is_nearer { high } else { low })
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const QUORUM: Quorum = Quorum {
        min_sources: 2,
        max_deviation: 10_000,
    };

    fn at(price: u64) -> Observation {
        Observation {
            price,
            confidence: 10,
            publish_time: 1_000,
        }
    }

    fn of(prices: &[u64], last: u64) -> Consensus {
        let fresh: Vec<_> = prices.iter().copied().map(at).collect();
        consensus(&fresh, last, &QUORUM).unwrap()
    }

    fn price() -> impl Strategy<Value = u64> {
        // Close together as often as anywhere.
        prop_oneof![1..=MAX_PRICE, 99_000_000u64..101_500_000]
    }

    prop_compose! {
        fn observation()(price in price(), confidence in 0u64..2_000_000, publish_time in 0i64..10_000) -> Observation {
            Observation { price, confidence, publish_time }
        }
    }

    prop_compose! {
        fn quorum()(min_sources in 1u8..=4, max_deviation in 100u64..=200_000) -> Quorum {
            Quorum { min_sources, max_deviation }
        }
    }

    proptest! {
        #[test]
        fn one_source_of_three_or_more_moves_the_price_within_the_others(
            mut fresh in prop::collection::vec(observation(), 3..=4), quorum in quorum(),
            last in prop_oneof![Just(0), price()], wrong in observation(), which in 0usize..3,
        ) {
            let before = consensus(&fresh, last, &quorum).unwrap().price;
            fresh[which] = wrong;
            let after = consensus(&fresh, last, &quorum).unwrap().price;
            fresh.remove(which);
            let low = fresh.iter().map(|it| it.price).min().unwrap();
            let high = fresh.iter().map(|it| it.price).max().unwrap();
            prop_assert!((low..=high).contains(&before));
            prop_assert!((low..=high).contains(&after));
        }

        /// The truth, sources within a third of the band of it, and one anywhere: the honest majority is a quorum, and
        /// what the wrong one says about itself reaches no further than the band.
        #[test]
        fn an_honest_majority_agrees_whatever_one_source_says(
            truth in 1_000_000u64..1 << 40, errors in prop::collection::vec(-3_300i64..3_300, 2..=3),
            wrong in observation(), last in prop_oneof![Just(0), price()],
        ) {
            let mut fresh: Vec<_> = errors.iter()
                .map(|e| at((truth as i64 + truth as i64 / 1_000_000 * e) as u64)).collect();
            fresh.push(wrong);
            let it = consensus(&fresh, last, &QUORUM).unwrap();
            prop_assert!(it.price.abs_diff(truth) <= truth / 1_000_000 * 3_300);
            prop_assert!(!it.shortage && !it.disagreement);
            let band = it.price / 100;
            let outlier = wrong.price.abs_diff(it.price) > band;
            prop_assert_eq!(usize::from(it.agreeing), errors.len() + usize::from(!outlier));
            if outlier {
                prop_assert!(it.confidence <= 10 + band);
                prop_assert_eq!(it.publish_time, 1_000);
            }
        }

        #[test]
        fn the_order_of_the_sources_does_not_matter(
            fresh in prop::collection::vec(observation(), 1..=4), quorum in quorum(),
            last in prop_oneof![Just(0), price()], by in 0usize..4,
        ) {
            let it = consensus(&fresh, last, &quorum);
            let mut turned = fresh.clone();
            turned.rotate_left(by % fresh.len());
            prop_assert_eq!(consensus(&turned, last, &quorum), it);
            turned.reverse();
            prop_assert_eq!(consensus(&turned, last, &quorum), it);
        }

        #[test]
        fn the_price_lies_among_the_sources_and_covers_what_agrees(
            fresh in prop::collection::vec(observation(), 1..=4), quorum in quorum(),
            last in prop_oneof![Just(0), price()],
        ) {
            let it = consensus(&fresh, last, &quorum).unwrap();
            prop_assert!(it.price >= fresh.iter().map(|o| o.price).min().unwrap());
            prop_assert!(it.price <= fresh.iter().map(|o| o.price).max().unwrap());
            let agreeing: Vec<_> = fresh.iter().filter(|o| {
                u128::from(o.price.abs_diff(it.price)) * 1_000_000
                    <= u128::from(it.price) * u128::from(quorum.max_deviation)
            }).collect();
            prop_assert_eq!(usize::from(it.agreeing), agreeing.len());
            prop_assert!(!agreeing.is_empty());
            prop_assert_eq!(it.publish_time, agreeing.iter().map(|o| o.publish_time).min().unwrap());
            prop_assert_eq!(it.newest, agreeing.iter().map(|o| o.publish_time).max().unwrap());
            let widest = agreeing.iter().map(|o| o.confidence + o.price.abs_diff(it.price)).max();
            prop_assert_eq!(it.confidence, widest.unwrap());
            let enough = fresh.len() >= usize::from(quorum.min_sources);
            prop_assert_eq!(it.shortage, !enough);
            prop_assert_eq!(
                it.disagreement,
                enough && agreeing.len() < usize::from(quorum.min_sources)
            );
        }
    }

    #[test]
    fn the_middle_two_are_averaged_where_they_agree() {
        // SETUP: 9,949 ppm of the midpoint apart, and 10,066.
        let near = of(&[1_000_001, 1_010_000, 3_000_000, 1], 0);
        let far = of(&[1_000_000, 1_010_117, 3_000_000, 1], 0);
        // CHECK
        assert_eq!((near.price, near.agreeing), (1_005_000, 2));
        assert_eq!(near.confidence, 10 + 5_000);
        assert_eq!((far.price, far.agreeing), (1_000_000, 1));
        assert!(far.disagreement && !far.shortage);
    }

    #[test]
    fn of_two_that_contradict_the_nearer_to_the_last_price_holds() {
        for (last, price) in [(0, 100), (100, 100), (150, 100), (151, 200), (900, 200)] {
            let it = of(&[200, 100], last);
            assert_eq!(
                (it.price, it.agreeing, it.disagreement),
                (price, 1, true),
                "{last}"
            );
        }
    }

    #[test]
    fn a_source_on_the_edge_of_the_band_counts_and_one_beyond_does_not() {
        let edge = of(&[1_000_000, 1_000_000, 1_010_000], 0);
        let beyond = of(&[1_000_000, 1_000_000, 1_010_001], 0);
        assert_eq!((edge.agreeing, edge.confidence), (3, 10_010));
        assert_eq!((beyond.agreeing, beyond.confidence), (2, 10));
    }

    #[test]
    fn too_few_sources_are_a_shortage_and_no_disagreement() {
        let one = of(&[5], 9);
        assert_eq!((one.price, one.agreeing), (5, 1));
        assert!(one.shortage && !one.disagreement);
        assert_eq!(consensus(&[], 9, &QUORUM), None);
    }

    #[test]
    fn a_price_out_of_range_and_a_fifth_source_are_left_out() {
        assert_eq!(consensus(&[at(0), at(MAX_PRICE + 1)], 9, &QUORUM), None);
        assert_eq!(
            of(&[0, 7, u64::MAX, MAX_PRICE, 100], 1),
            of(&[7, MAX_PRICE], 1)
        );
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let most = Observation {
            price: MAX_PRICE,
            confidence: u64::MAX,
            publish_time: i64::MIN,
        };
        let quorum = Quorum {
            min_sources: 4,
            max_deviation: 200_000,
        };
        let it = consensus(&[most, at(1), most, at(1)], u64::MAX, &quorum).unwrap();
        assert_eq!((it.price, it.agreeing), (MAX_PRICE, 2));
        assert_eq!((it.confidence, it.publish_time), (u64::MAX, i64::MIN));
    }

    #[test]
    fn a_print_ahead_of_the_clock_is_charged_what_the_price_moves_in_that_time() {
        // 4 % a day, 60 s: a root of 1/1,440 is 0.02635, so 0.105 % of the price.
        let sigma = (0.04 * 2f64.powi(32)) as u64;
        let charge = ahead_of_clock(100_000_000, 60, sigma, 86_400);
        assert!((105_400..105_500).contains(&charge), "{charge}");
        assert_eq!(ahead_of_clock(100_000_000, 0, sigma, 86_400), 0);
        assert_eq!(ahead_of_clock(7, u64::MAX, u64::MAX >> 26, 0), 7);
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(QUORUM.check(), Ok(()));
        for (min_sources, max_deviation) in [(0, 100), (5, 100), (1, 99), (1, 200_001)] {
            let bad = Quorum {
                min_sources,
                max_deviation,
            };
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }
}
