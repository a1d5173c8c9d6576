//! Options in the half hour whose average their expiry settles at, and on the last day before it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use {
    cep_risk::{
        Curve, Dated, Price, Struck,
        black76::{Inputs, OptionKind, Terms, price as black76},
        curve::{CurveBuilder, CurveTerms, NODES, Slope},
        settling::Settling,
        twap::{Twap, WINDOW},
    },
    proptest::prelude::*,
};

const EXPIRY: i64 = 1_800_000_000;
const CENTRE: u64 = 120_000_000_000;
const ONE: u64 = 1 << 32;
/// A place is known to 2⁻¹⁴ of its gap, which is up to a 32nd of the centre.
const UNIT: u64 = CENTRE >> 19;

fn price(micro: u64) -> Price {
    Price::new(micro).unwrap()
}

fn terms(strike: u64, put: bool, seconds: u64) -> CurveTerms {
    CurveTerms {
        terms: Terms {
            kind: if put {
                OptionKind::Put
            } else {
                OptionKind::Call
            },
            strike: price(strike),
        },
        seconds,
        volatility: ONE / 2,
        rate: 0,
        forward_ratio: ONE,
        response: 1_000_000,
    }
}

fn values(strike: u64, put: bool, seconds: u64) -> Box<[u32; NODES]> {
    let mut values = Box::new([0; NODES]);
    let builder = CurveBuilder::new(terms(strike, put, seconds), price(CENTRE)).unwrap();
    builder.fill(&mut values).unwrap();
    values
}

/// `known` seconds at `average`, the rest to come.
fn dated(known: u64, average: u64) -> Dated {
    let now = EXPIRY - (WINDOW - known) as i64;
    let twap = Twap {
        sum: known * average,
        covered: known,
        last_time: now,
    };
    match Dated::at(twap, EXPIRY, (average, true), now, 60) {
        Settling::Open(dated) => dated,
        Settling::Decided(_) => panic!("decided"),
    }
}

prop_compose! {
    fn options()(
        strike in 90u64..=110, exact: bool, within in 0u64..1_000_000_000, put: bool, spot in 88u64..=115, average in 85u64..=115,
    ) -> (u64, bool, u64, u64) {
        let strike = CENTRE / 100 * strike + if exact { 0 } else { within };
        (strike, put, CENTRE / 100 * spot + within / 3, CENTRE / 100 * average)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A second that passes at the price of the moment moves an option by a second's part of its time value; at the window's
    /// start it is its curve, at the end its payoff.
    #[test]
    fn an_option_passes_from_its_curve_into_its_payoff_without_a_jump((strike, put, spot, average) in options()) {
        let values = values(strike, put, 1_800);
        let curve = Curve { centre: price(CENTRE), values: &values };
        let struck = Struck { strike: price(strike), put };
        let first = curve.settling_value(price(spot), &dated(0, 0), &struck);
        prop_assert_eq!(first, curve.value(price(spot)));
        // The half hour's average changes by what stands in it: from the start at one price, then at another.
        let at = |known: u64| {
            let sum = known.min(900) * average + known.saturating_sub(900) * spot;
            let now = EXPIRY - (WINDOW - known) as i64;
            let twap = Twap { sum, covered: known, last_time: now };
            let stood = if known < 900 { average } else { spot };
            match Dated::at(twap, EXPIRY, (stood, true), now, 60) {
                Settling::Open(dated) => (curve.settling_value(price(stood), &dated, &struck), stood),
                Settling::Decided(settled) => (struck.payoff(settled), stood),
            }
        };
        // Time value, the chord's own excess included, is at most half a gap of the grid and what is left of it.
        let time_value = CENTRE / 64;
        let mut last = at(1);
        for known in 2..=WINDOW {
            let now = at(known);
            let moved = now.0.abs_diff(last.0);
            if now.1 == last.1 {
                prop_assert!(moved <= time_value / WINDOW * 2 + 2 * UNIT, "{moved} at {known}");
            }
            last = now;
        }
        let settled = (900 * average + 900 * spot) / WINDOW;
        prop_assert!(last.0.abs_diff(struck.payoff(settled)) <= UNIT, "{last:?}");
    }

    /// A move of spot moves an option by no more than its share of the average, and the slope that margin uses says so.
    #[test]
    fn moves_are_scaled_by_what_is_to_come((strike, put, spot, average) in options(), known in 1u64..WINDOW, to in 88u64..=115) {
        let values = values(strike, put, 1_800);
        let curve = Curve { centre: price(CENTRE), values: &values };
        let struck = Struck { strike: price(strike), put };
        let dated = dated(known, average);
        let other = CENTRE / 100 * to;
        let value = |spot| curve.settling_value(price(spot), &dated, &struck);
        let moved = value(other).abs_diff(value(spot));
        let share = dated.moving(other.abs_diff(spot));
        prop_assert!(moved <= share + 4 * UNIT, "{moved} {share}");
        let slope = Slope::at(price(spot), price(CENTRE));
        let delta = curve.settling_delta_q24(&slope, &dated, &struck);
        prop_assert!(delta.abs() <= dated.delta_q24() + (1 << 11), "{delta}");
        // Never below the payoff of what is expected, and convex: the chord lies above.
        let payoff = struck.payoff(dated.expected(spot));
        prop_assert!(value(spot) + 2 * UNIT >= payoff, "{} {payoff}", value(spot));
    }

    /// The bound that ARCHITECTURE.md states for marks near expiry: a chord of the grid lies above the model by less than a
    /// quarter of a gap, 0.4 % of the centre within 9 % of it, and by no less than nothing.
    #[test]
    fn a_chord_overstates_an_option_by_less_than_a_quarter_of_a_gap(
        (strike, put, spot, _) in options(), seconds in 0u64..=86_400,
    ) {
        prop_assume!(spot.abs_diff(CENTRE) < CENTRE / 100 * 9);
        let values = values(strike, put, seconds);
        let curve = Curve { centre: price(CENTRE), values: &values };
        let inputs = Inputs::new(price(spot), seconds, ONE / 2, 0).unwrap();
        let model = black76(&terms(strike, put, seconds).terms, &inputs).unwrap();
        let model = model.floor_micro_usd().unsigned_abs();
        let mark = curve.value(price(spot));
        prop_assert!(mark + 2 * UNIT >= model, "{mark} {model}");
        prop_assert!(mark <= model + CENTRE / 256 + 2 * UNIT, "{mark} {model}");
    }
}
