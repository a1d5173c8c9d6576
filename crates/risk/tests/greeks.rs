//! Black-76 greeks against their closed forms and against differences of the price, both in arbitrary
//! precision.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod precise;

use {
    cep_risk::black76::{OptionKind, Premium, greeks},
    precise::{
        Draw, Precise,
        case::{Case, KINDS, YEAR, q32},
        f64, sub,
    },
};

/// The greeks against their closed forms in arbitrary precision.
#[test]
fn greeks_meet_their_stated_error() {
    let mut p = Precise::new();
    let mut draw = Draw(14);
    let mut worst = [0f64; 4];
    for i in 0..6_000 {
        let mut case = Case::random(&mut draw, 10);
        if i % 2 == 0 {
            case.rate = 0;
        }
        let exact = p.black76(case.f, case.k, case.seconds, case.volatility, case.rate);
        let (f, df) = (case.f as f64, f64(&exact.df));
        let got = KINDS.map(|kind| greeks(&case.terms(kind), &case.inputs()).unwrap());
        // Parity in the greeks.
        let df_q32 = got[0].delta - got[1].delta;
        assert!((df_q32 as f64 / 2f64.powi(32) - df).abs() < 2f64.powi(-31) * df.max(1.0));
        assert_eq!(got[0].gamma, got[1].gamma);
        assert_eq!(got[0].vega, got[1].vega);
        let premium = |x: Premium| x.0 as f64 / 65_536.0;
        let delta = got[0].delta as f64 / 2f64.powi(32) - f64(&exact.delta);
        worst[0] = worst[0].max(delta.abs() / df.max(1.0) * 2f64.powi(32));
        let gamma = f64(&exact.gamma);
        let off =
            |got: f64, want: f64, unit: f64| ((got - want).abs() - unit).max(0.0) / want.abs();
        worst[1] = worst[1].max(off(
            got[0].gamma as f64 / 2f64.powi(32),
            gamma,
            8.0 / 2f64.powi(32) * df.max(1.0),
        ));
        worst[2] = worst[2].max(off(
            premium(got[0].vega),
            f64(&exact.vega),
            8.0 / 65_536.0 * df.max(1.0),
        ));
        for (got, want) in got.iter().zip([&exact.theta_call, &exact.theta_put]) {
            // Two parts of opposite sign: the error is measured against the larger.
            let want = f64(want) / 365.0;
            let decay = f64(&exact.vega) * (case.volatility as f64 / 2f64.powi(32))
                / (2.0 * case.seconds as f64 / 86_400.0);
            let unit = 64.0 / 65_536.0 * df.max(1.0);
            let e = ((premium(got.theta) - want).abs() - unit).max(0.0)
                / decay.max(want.abs()).max(f * 1e-18);
            worst[3] = worst[3].max(e);
        }
    }
    println!(
        "greeks: delta {:.2} units of 2^-32, relative gamma {:.1e}, vega {:.1e}, theta {:.1e}",
        worst[0], worst[1], worst[2], worst[3]
    );
    assert!(worst[0] < 2.0);
    assert!(worst[1] < 1e-12 && worst[2] < 1e-12 && worst[3] < 1e-12);
}

/// The greeks against differences of the price itself, in arbitrary precision: no closed form is shared.
#[test]
fn greeks_equal_finite_differences_of_the_exact_price() {
    let mut p = Precise::new();
    let mut draw = Draw(15);
    for _ in 0..300 {
        let case = Case {
            f: 70_000_000_000,
            k: draw.log(40_000_000_000, 120_000_000_000),
            seconds: draw.log(86_400, 2 * YEAR),
            volatility: draw.log(q32(0.2), q32(1.5)),
            rate: draw.between(-1 << 28, 1 << 29),
        };
        for kind in KINDS {
            let value = |p: &mut Precise, c: &Case| {
                let b = p.black76(c.f, c.k, c.seconds, c.volatility, c.rate);
                if kind == OptionKind::Call {
                    b.call
                } else {
                    b.put
                }
            };
            let mut slope = |up: Case, down: Case| {
                let (up, down) = (value(&mut p, &up), value(&mut p, &down));
                f64(&sub(&up, &down))
            };
            let got = greeks(&case.terms(kind), &case.inputs()).unwrap();
            let h = 700_000;
            let delta = slope(
                Case {
                    f: case.f + h,
                    ..case
                },
                Case {
                    f: case.f - h,
                    ..case
                },
            ) / (2 * h) as f64;
            assert!(
                (got.delta as f64 / 2f64.powi(32) - delta).abs() < 1e-7,
                "{case:?}"
            );
            let v = 1 << 16;
            let up = Case {
                volatility: case.volatility + v,
                ..case
            };
            let down = Case {
                volatility: case.volatility - v,
                ..case
            };
            let vega = slope(up, down) / (2.0 * v as f64 / 2f64.powi(32));
            assert!(
                (got.vega.0 as f64 / 65_536.0 - vega).abs() < 1e-6 * vega + 1.0,
                "{case:?}"
            );
            let t = 30;
            let sooner = Case {
                seconds: case.seconds - t,
                ..case
            };
            let later = Case {
                seconds: case.seconds + t,
                ..case
            };
            let theta = slope(sooner, later) / (2 * t) as f64 * 86_400.0;
            assert!(
                (got.theta.0 as f64 / 65_536.0 - theta).abs() < 1e-5 * theta.abs() + 10.0,
                "{case:?} {theta}"
            );
            // Gamma from the code's own delta, whose error is a unit or two of 2⁻³².
            let h = case.f / 1_000;
            let shifted = |f| {
                greeks(&case.terms(kind), &Case { f, ..case }.inputs())
                    .unwrap()
                    .delta as f64
            };
            let gamma = (shifted(case.f + h) - shifted(case.f - h)) / 2.0 * 1_000.0;
            assert!(
                (got.gamma as f64 - gamma).abs() < 2e-3 * gamma.abs() + 1e-4 * 2f64.powi(32),
                "{case:?} {gamma}"
            );
        }
    }
}

#[test]
fn at_expiry_only_the_intrinsic_delta_is_left() {
    for (f, k, call, put) in [
        (3, 2, 1i64 << 32, 0),
        (2, 3, 0, -1 << 32),
        (2, 2, 0, -1 << 32),
    ] {
        let case = Case {
            f: f << 30,
            k: k << 30,
            seconds: 0,
            volatility: q32(0.5),
            rate: 1 << 30,
        };
        for (kind, delta) in [(OptionKind::Call, call), (OptionKind::Put, put)] {
            let got = greeks(&case.terms(kind), &case.inputs()).unwrap();
            assert_eq!(got.delta, delta);
            assert_eq!((got.gamma, got.vega), (0, Premium(0)));
        }
    }
}
