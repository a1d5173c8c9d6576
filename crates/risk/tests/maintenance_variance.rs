//! How the maintenance variance may move: the published rate, the price's own move, and neither to be
//! outrun by the timing of updates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::{
        SECONDS_PER_DAY,
        ewma::{self, VARIANCE_MAX, VARIANCE_ONE},
        volatility::{
            MAX_RISE_SECONDS, MaintenanceStep, STEP_SECONDS, VARIANCE_MIN, VolatilityParams,
        },
    },
    proptest::prelude::*,
};

const PARAMS: VolatilityParams = VolatilityParams {
    realised_scale: 1_200_000,
    implied_weight: 900_000,
    floor: VARIANCE_ONE / 10_000,
    rise_per_hour: 20_000,
};

fn params() -> impl Strategy<Value = VolatilityParams> {
    (500_000u64..=3_000_000, 1_000u64..=80_000).prop_map(|(realised_scale, rise_per_hour)| {
        VolatilityParams {
            realised_scale,
            rise_per_hour,
            ..PARAMS
        }
    })
}

fn variance() -> impl Strategy<Value = u64> {
    prop_oneof![VARIANCE_MIN..VARIANCE_ONE / 100, 0..=VARIANCE_MAX]
}

/// `variance x scale^2`, rounded up.
fn scaled(variance: u64, scale: u64) -> u64 {
    (u128::from(variance) * u128::from(scale).pow(2)).div_ceil(1_000_000_000_000) as u64
}

fn quiet(previous: u64, target: u64, elapsed: u64) -> MaintenanceStep {
    MaintenanceStep {
        previous,
        target,
        elapsed,
        realised_before: 0,
        realised_now: 0,
    }
}

fn cap(p: &VolatilityParams, seconds: f64) -> f64 {
    (2.0 * p.rise_per_hour as f64 / 1e6 * seconds / 3_600.0).exp()
}

proptest! {
    #[test]
    fn many_small_steps_give_what_one_gives_and_no_more(
        p in params(), start in VARIANCE_MIN..VARIANCE_ONE / 100,
        cuts in prop::collection::vec(1u64..2_000, 1..40),
    ) {
        let total: u64 = cuts.iter().sum();
        let one = p.maintenance_variance(&quiet(start, VARIANCE_MAX, total));
        let many = cuts.iter().fold(start, |v, dt| p.maintenance_variance(&quiet(v, VARIANCE_MAX, *dt)));
        let exact = start as f64 * cap(&p, total as f64);
        prop_assert!(many as f64 <= exact && one as f64 <= exact);
        // Each step gives away at most one part in 2²⁵ and a unit.
        let slack = exact * (cuts.len() as f64 + 1.0) * (2f64.powi(-25) + 1.0 / VARIANCE_MIN as f64);
        prop_assert!((many as f64 - one as f64).abs() <= slack, "{} against {}", many, one);
    }

    #[test]
    fn updates_never_outrun_the_rate_and_the_price(
        p in params(), start in variance(),
        path in prop::collection::vec((0u64..100_000, variance(), 900u64..1_120), 1..40),
    ) {
        let (mut v, mut realised, mut price, mut time) = (start.max(VARIANCE_MIN), start, 1_000_000_000u64, 0);
        let mut highest = v as f64;
        for (dt, implied, step) in path {
            let moved = (price * step / 1_000).clamp(1_000, 1 << 43);
            let now = ewma::update(realised, price, moved, dt, 30 * SECONDS_PER_DAY).unwrap();
            let target = p.effective_variance(now, Some(implied));
            let next = p.maintenance_variance(&MaintenanceStep {
                previous: v, target, elapsed: dt, realised_before: realised, realised_now: now,
            });
            prop_assert!(next <= target.max(v) && next >= target.min(v));
            (v, realised, price) = (next, now, moved);
            time += dt.min(MAX_RISE_SECONDS);
            highest = highest.max(scaled(now, p.realised_scale) as f64);
            prop_assert!(v as f64 <= highest * cap(&p, time as f64) * (1.0 + 1e-12) + 1.0);
        }
    }

    #[test]
    fn maintenance_is_monotone_in_each_input(
        p in params(), a in prop::array::uniform4(variance()), elapsed in 0u64..200_000,
        field in 0usize..4, more in 0..VARIANCE_ONE,
    ) {
        let [previous, target, realised_before, realised_now] = a;
        let step = MaintenanceStep { previous, target, elapsed, realised_before, realised_now };
        let mut higher = step;
        match field {
            0 => higher.previous += more,
            1 => higher.target += more,
            2 => higher.realised_now += more,
            _ => higher.elapsed += more,
        }
        let (after, before) = (p.maintenance_variance(&higher), p.maintenance_variance(&step));
        // Time alone brings it nearer to the target, from whichever side.
        if field == 3 && target < previous {
            prop_assert!(after <= before);
        } else {
            prop_assert!(after >= before);
        }
    }

    #[test]
    fn it_reaches_any_target_and_never_passes_it(p in params(), start in variance(), target in VARIANCE_MIN..=VARIANCE_MAX, dt in 10u64..100_000) {
        let mut v = start;
        // From one end to the other at the slowest rate: ln(4 x 10⁶) / 0.002 hours; twice, for rounding of short steps.
        let hours = (4e6f64.ln() / (2.0 * p.rise_per_hour as f64 / 1e6)).ceil() * 2.0;
        let steps = (hours * 3_600.0 / dt.min(MAX_RISE_SECONDS) as f64) as u64 + 2;
        for _ in 0..steps {
            let next = p.maintenance_variance(&quiet(v, target, dt));
            if next == target {
                return Ok(());
            }
            prop_assert!(if target > v { v < next && next < target } else { target < next && next < v }, "{} to {} after {}", v, target, next);
            v = next;
        }
        prop_assert!(false, "{} after {} steps, on the way to {}", v, steps, target);
    }

    #[test]
    fn many_small_falls_give_what_one_gives_and_no_more(
        start in VARIANCE_ONE / 10_000..=VARIANCE_MAX, cuts in prop::collection::vec(1u64..2_000, 1..40),
    ) {
        let total: u64 = cuts.iter().sum();
        let one = PARAMS.maintenance_variance(&quiet(start, 0, total));
        let many = cuts.iter().fold(start, |v, dt| PARAMS.maintenance_variance(&quiet(v, 0, *dt)));
        let exact = start as f64 * (-0.04 * total as f64 / 3_600.0).exp();
        prop_assert!(many as f64 >= exact * (1.0 - 1e-12) && one as f64 >= exact * (1.0 - 1e-12));
        let slack = start as f64 * (cuts.len() as f64 + 1.0) * 2f64.powi(-27);
        prop_assert!((many as f64 - one as f64).abs() <= slack, "{} against {}", many, one);
    }
}

#[test]
fn a_model_update_lifts_maintenance_by_the_published_rate() {
    // 4 % a day to 8 %: at 2 % an hour of volatility, 2.02 % of itself after one hour.
    let (v, target) = (VARIANCE_ONE / 625, VARIANCE_ONE * 4 / 625);
    let hour = PARAMS.maintenance_variance(&quiet(v, target, 3_600));
    let ratio = (hour as f64 / v as f64).sqrt();
    assert!((ratio - 0.02f64.exp()).abs() < 1e-7, "{ratio}");
    // Held back for a month it rises by a day's worth.
    let month = PARAMS.maintenance_variance(&quiet(v, target, 30 * 86_400));
    assert_eq!(
        month,
        PARAMS.maintenance_variance(&quiet(v, target, 86_400))
    );
    assert!(month < target);
    assert_eq!(PARAMS.maintenance_variance(&quiet(v, target, 0)), v);
}

#[test]
fn a_price_move_lifts_maintenance_at_once_and_no_further_than_itself() {
    let v = VARIANCE_ONE / 625;
    // 20 % in an hour.
    let now = ewma::update(v, 1_000_000, 1_200_000, 3_600, 30 * SECONDS_PER_DAY).unwrap();
    let (before, after) = (
        scaled(v, PARAMS.realised_scale),
        scaled(now, PARAMS.realised_scale),
    );
    let step = |previous, target| {
        PARAMS.maintenance_variance(&MaintenanceStep {
            previous,
            target,
            elapsed: 0,
            realised_before: v,
            realised_now: now,
        })
    };
    assert!(after > before * 3 / 2);
    // In line with the price: all of it.
    assert_eq!(step(before, after), after);
    assert_eq!(step(before, VARIANCE_MAX), after);
    // Behind it by an earlier model update: the move's own part.
    assert_eq!(step(before / 2, VARIANCE_MAX), before / 2 + after - before);
    // Ahead of it already: nothing.
    assert_eq!(step(after + 5, VARIANCE_MAX), after + 5);
}

#[test]
fn a_dip_of_the_target_costs_two_per_cent_an_hour_and_no_more() {
    let v = VARIANCE_ONE / 625;
    let hour = PARAMS.maintenance_variance(&quiet(v, v / 4, 3_600));
    let ratio = (hour as f64 / v as f64).sqrt();
    assert!((ratio - (-0.02f64).exp()).abs() < 1e-7, "{ratio}");
    assert_eq!(PARAMS.maintenance_variance(&quiet(v, v / 4, 0)), v);
}

#[test]
fn updating_as_often_as_time_is_counted_slows_the_slowest_rise_by_less_than_a_thousandth() {
    let slow = VolatilityParams {
        rise_per_hour: 1_000,
        ..PARAMS
    };
    let start = VARIANCE_ONE / 625;
    let end = (0..3_600 / STEP_SECONDS).fold(start, |v, _| {
        slow.maintenance_variance(&quiet(v, VARIANCE_MAX, STEP_SECONDS))
    });
    let rise = (end as f64 / start as f64).ln() / 0.002;
    assert!((0.999..=1.0).contains(&rise), "{rise}");
}
