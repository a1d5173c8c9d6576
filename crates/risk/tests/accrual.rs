//! What accrues with time accrues the same however often it is looked at: one property for every accrual of the
//! library, each with the bound of its rounding. docs/accrual.md lists them all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::{
        Price,
        ewma::{Samples, Sampling, VARIANCE_ONE},
        funding::{AVERAGE_BITS, FundingParams},
        interest::{Indices, InterestParams},
        volatility::{MAX_RISE_SECONDS, MaintenanceStep, VARIANCE_MIN, VolatilityParams},
    },
    proptest::prelude::*,
};

const HOUR: u64 = 3_600;
const BEGIN: u64 = 1_760_000_000;

/// Instants at which somebody looks, in order, up to some days after [`BEGIN`]; the last is the end.
fn looks() -> impl Strategy<Value = Vec<u64>> {
    (
        prop_oneof![1..600u64, 1..8 * HOUR, 1..240 * HOUR],
        prop::collection::vec(0.0..1.0f64, 0..200),
    )
        .prop_map(|(length, parts)| {
            let at = |part: f64| BEGIN + (part * length as f64) as u64;
            let mut looks: Vec<u64> = parts.into_iter().map(at).collect();
            looks.push(BEGIN + length);
            looks.sort_unstable();
            looks
        })
}

fn funding_params() -> impl Strategy<Value = FundingParams> {
    (3_600u64..=604_800, 60u64..=604_800).prop_map(|(period, time_constant)| FundingParams {
        period,
        time_constant,
        clip: 5_000,
        depth: 100_000,
    })
}

proptest! {
    #[test]
    fn funding_at_a_standing_price(
        params in funding_params(), looks in looks(), premium in -5_000_000i64..=5_000_000, sample in -5_000_000i64..=5_000_000,
        price in 1u64 << 20..1 << 40,
    ) {
        let traded = (sample * 100_000, 100_000);
        let start = premium << AVERAGE_BITS;
        let end = *looks.last().unwrap();
        let price = Price::new(price).unwrap();
        let once = params.over(start, traded, BEGIN, end);
        let index_once = params.growth(price, once.area).unwrap();

        let (mut average, mut traded, mut at, mut index) = (start, traded, BEGIN, 0i64);
        for look in &looks {
            let span = params.over(average, traded, at, *look);
            index += params.growth(price, span.area).unwrap();
            (average, at) = (span.average, *look);
            if span.window_ended {
                traded = (0, 0);
            }
        }

        let n = looks.len() as i64;
        prop_assert!((average - once.average).abs() <= 2 * n, "{average} {}", once.average);
        // A unit of the index for each look, and what two roundings of the area come to.
        let area = i128::from(4 * n) * i128::from(params.time_constant + 60);
        let bound = n + 2 + params.growth(price, area).unwrap();
        prop_assert!((index - index_once).abs() <= bound, "{index} {index_once} {bound}");
        // In money: less than a millionth of a dollar a look, at any price below a million dollars and a time constant below a day.
        if params.time_constant < 86_400 {
            prop_assert!(bound <= n << 20);
        }
    }

    #[test]
    fn interest_indices_while_what_is_lent_stands(
        looks in looks(), lent in 1u64..1 << 50, part in 0.0..1.0f64, rate_full in 80_000u64..=10_000_000,
    ) {
        let params = InterestParams { rate_zero: 0, rate_optimal: 80_000, rate_full, optimal: 800_000, fee: 100_000 };
        let borrowed = (lent as f64 * part) as u64;
        let once = Indices::default().after(&params, (lent, borrowed), looks.last().unwrap() - BEGIN).unwrap();
        let (mut indices, mut at) = (Indices::default(), BEGIN);
        for look in &looks {
            indices = indices.after(&params, (lent, borrowed), look - at).unwrap();
            at = *look;
        }
        let n = looks.len() as i64;
        // Rounded down by less than a unit of 2⁻⁴⁸ at each look, the lenders' by a second one.
        prop_assert!((0..=n).contains(&(once.borrowers - indices.borrowers)));
        prop_assert!((-1..=2 * n).contains(&(once.lenders - indices.lenders)));
    }

    #[test]
    fn realised_variance_at_a_standing_price(
        looks in looks(), before in prop::collection::vec((1u64 << 20..1 << 21, 1u64..2_000), 1..20),
        interval in 1u64..=3_600, tau in 100u64..1_000,
    ) {
        let by = Sampling { interval, tau: tau * interval.max(36) };
        let mut samples = Samples { variance: VARIANCE_ONE / 600, ..Samples::default() };
        let mut at = BEGIN - before.iter().map(|(_, gap)| gap).sum::<u64>();
        for (price, gap) in &before {
            samples.observe(&by, *price, at).unwrap();
            at += gap;
        }
        let mut many = samples;
        // The most that it comes to, once the returns that are still to come are in.
        let most = [0, 1, 2].map(|n| {
            let mut soon = samples;
            soon.observe(&by, soon.value, BEGIN + n * interval).unwrap();
            soon.variance
        });
        let most = most.into_iter().fold(samples.variance, u64::max) as f64;
        samples.observe(&by, samples.value, *looks.last().unwrap()).unwrap();
        for look in &looks {
            many.observe(&by, many.value, *look).unwrap();
        }
        // Buckets and their averages to the bit.
        prop_assert_eq!(Samples { variance: 0, ..samples }, Samples { variance: 0, ..many });
        // The exponential's error, 2⁻²⁸ of what was there, and a unit, for each time that buckets ended.
        let bound = (looks.len() as f64 + 3.0) * (most * 2f64.powi(-26) + 2.0);
        let apart = (samples.variance as f64 - many.variance as f64).abs();
        prop_assert!(apart <= bound, "{apart} {bound} of {most}, {} {}", samples.variance, many.variance);
    }

    /// Rises count a day of any one gap at most, so that updates held back buy no more than a day's rise.
    #[test]
    fn maintenance_variance_on_its_way_to_a_standing_target(
        looks in looks(), rise_per_hour in 1_000u64..=80_000, start in VARIANCE_ONE / 100_000..VARIANCE_ONE / 100,
        target in VARIANCE_MIN..VARIANCE_ONE,
    ) {
        let params = VolatilityParams { realised_scale: 1_000_000, implied_weight: 0, floor: VARIANCE_MIN, rise_per_hour };
        let step = |previous, elapsed| params.maintenance_variance(&MaintenanceStep {
            previous, target, elapsed, realised_before: 0, realised_now: 0,
        });
        let mut looks = looks;
        if target > start {
            looks.retain(|look| look - BEGIN <= MAX_RISE_SECONDS);
        }
        let length = looks.last().map_or(0, |last| last - BEGIN);
        let once = step(start, length);
        let (mut many, mut at) = (start, BEGIN);
        for look in &looks {
            many = step(many, look - at);
            at = *look;
        }
        let bound = once.max(many) as f64 * (looks.len() as f64 + 1.0) * 2f64.powi(-25) + looks.len() as f64;
        let bound = bound + start as f64 * looks.len() as f64 * 2f64.powi(-27);
        prop_assert!((once as f64 - many as f64).abs() <= bound, "{once} {many}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two keepers refresh the same price at instants of their own, a minute apart at most: realised variance is nearly
    /// the same, and near the truth. An exact bound there is not; on some days of a random walk it is a few per cent.
    #[test]
    fn realised_variance_of_one_path_by_different_keepers(seed in any::<u64>(), gaps in prop::array::uniform2(1u64..60)) {
        let by = Sampling { interval: 300, tau: 2 * 86_400 };
        let mut random = seed | 1;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        // 0.02 % up or down every 5 seconds: 2.63 % a day.
        let truth = 4e-8 * 17_280.0;
        let start = Samples { variance: (truth * VARIANCE_ONE as f64) as u64, ..Samples::default() };
        let (mut keepers, mut due) = ([start; 2], [BEGIN; 2]);
        let mut price = 1e11;
        for now in (BEGIN..BEGIN + 6 * 86_400).step_by(5) {
            price *= if next() >> 63 == 1 { 1.0002 } else { 1.0 / 1.0002 };
            for ((keeper, due), gap) in keepers.iter_mut().zip(&mut due).zip(gaps) {
                if now >= *due {
                    keeper.observe(&by, price as u64, now).unwrap();
                    *due = now + 1 + next() % gap;
                }
            }
        }
        let [a, b] = keepers.map(|k| k.variance as f64 / VARIANCE_ONE as f64 / truth);
        prop_assert!((a / b - 1.0).abs() < 0.06, "{a} {b}");
        prop_assert!((0.6..1.5).contains(&a), "{a}");
    }
}

#[test]
fn a_jump_enters_by_exactly_its_square_wherever_in_a_bucket_it_is_seen() {
    let by = Sampling {
        interval: 300,
        tau: 31_536_000,
    };
    let seen = |at: u64| {
        let mut samples = Samples::default();
        for (now, price) in [(0, 1_000_000), (900 + at, 1_050_000), (3_000, 1_050_000)] {
            samples.observe(&by, price, BEGIN + now).unwrap();
        }
        samples.variance as f64 / VARIANCE_ONE as f64
    };
    let want = 1.05f64.ln().powi(2) * 86_400.0 / 31_536_000.0;
    for at in (0..300).step_by(7) {
        let got = seen(at);
        // Averages of prices, and returns of logarithms.
        assert!((got / want - 1.0).abs() < 0.03, "{at}: {got} {want}");
    }
}
