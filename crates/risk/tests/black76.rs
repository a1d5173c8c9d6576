//! Black-76 against arbitrary precision, and its properties on random inputs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod precise;

use {
    cep_risk::{
        Price,
        black76::{
            Inputs, MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Premium, Terms, greeks, price,
            total_volatility,
        },
        fixed::{MAX_SECONDS, discount_factor, root_years},
    },
    precise::{Draw, Precise, div, f64, fixed, int, mul, sqrt, sub},
};

const YEAR: u64 = 31_536_000;
const KINDS: [OptionKind; 2] = [OptionKind::Call, OptionKind::Put];

/// One set of raw inputs.
#[derive(Clone, Copy, Debug)]
struct Case {
    f: u64,
    k: u64,
    seconds: u64,
    volatility: u64,
    rate: i64,
}

impl Case {
    fn random(draw: &mut Draw, ratio: u64) -> Self {
        let f = draw.log(1_000_000, 1 << 40);
        Self {
            f,
            k: draw.log((f / ratio).max(1), f * ratio),
            seconds: draw.log(1, MAX_SECONDS),
            volatility: draw.log(MIN_VOLATILITY, MAX_VOLATILITY),
            rate: draw.between(-1 << 29, 1 << 30),
        }
    }

    fn terms(&self, kind: OptionKind) -> Terms {
        Terms {
            kind,
            strike: Price::new(self.k).unwrap(),
        }
    }

    fn inputs(&self) -> Inputs {
        let forward = Price::new(self.f).unwrap();
        Inputs::new(forward, self.seconds, self.volatility, self.rate).unwrap()
    }

    fn price(&self, kind: OptionKind) -> i64 {
        price(&self.terms(kind), &self.inputs()).unwrap().0
    }
}

fn q32(x: f64) -> u64 {
    (x * 2f64.powi(32)).round() as u64
}

/// Worst error of both kinds, in units of 2⁻¹⁶ micro-USD.
fn error(p: &mut Precise, case: &Case) -> f64 {
    let exact = p.black76(case.f, case.k, case.seconds, case.volatility, case.rate);
    let off = |kind, want| {
        let got = fixed(i128::from(case.price(kind)), Premium::BITS);
        f64(&sub(&got, want)).abs() * 65_536.0
    };
    off(OptionKind::Call, &exact.call).max(off(OptionKind::Put, &exact.put))
}

#[test]
fn the_grid_meets_its_error_as_a_fraction_of_the_forward() {
    let mut p = Precise::new();
    let f = 1 << 43;
    let times = [
        1,
        10,
        60,
        600,
        3_600,
        28_800,
        86_400,
        7 * 86_400,
        30 * 86_400,
        90 * 86_400,
        180 * 86_400,
        YEAR,
        2 * YEAR,
        5 * YEAR,
        10 * YEAR,
        MAX_SECONDS,
    ];
    let volatilities = [
        0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0,
    ];
    let strikes = [
        0.1, 0.15, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.997, 0.999, 0.9999,
        0.99999, 1.0, 1.000_01, 1.0001, 1.001, 1.003, 1.01, 1.02, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0,
        2.6, 4.0, 7.0, 10.0,
    ];
    let (mut worst, mut at) = (0f64, None);
    for seconds in times {
        for volatility in volatilities {
            for strike in strikes {
                let k = ((f as f64 * strike).round() as u64).min(1 << 44);
                let volatility = q32(volatility);
                let case = Case {
                    f,
                    k,
                    seconds,
                    volatility,
                    rate: 0,
                };
                let e = error(&mut p, &case) / (f << 16) as f64;
                if e > worst {
                    (worst, at) = (e, Some(case));
                }
            }
        }
    }
    println!("worst error on the grid: {worst:.2e} of the forward, at {at:?}");
    assert!(worst < 2f64.powi(-50), "{worst:e} {at:?}");
}

/// The bound in the module's docs: 2⁻⁵⁰ of the lower price for the time value, 2⁻⁵⁵ of the intrinsic
/// value, both discounted, and units of the result.
#[test]
fn random_inputs_meet_the_stated_error() {
    let mut p = Precise::new();
    let mut draw = Draw(11);
    let mut share = 0f64;
    for i in 0..12_000 {
        let mut case = Case::random(&mut draw, if i % 4 == 2 { 1 << 20 } else { 10 });
        match i % 4 {
            // Prices of a few micro-USD: what counts is the unit of the result.
            1 => (case.f, case.k) = (draw.log(1, 1_000), draw.log(1, 1_000)),
            3 => case.rate = draw.between(-1 << 32, 1 << 32),
            _ => {
                case.f = draw.log(1 << 20, 1 << 43);
                case.k = draw.log((case.f / 10).max(1), 1 << 43);
            }
        }
        let df = (-(case.rate as f64) / 2f64.powi(32) * case.seconds as f64 / YEAR as f64).exp();
        let (low, high) = (case.f.min(case.k), case.f.max(case.k));
        if df * high as f64 > 2f64.powi(46) {
            continue;
        }
        let bound =
            df * (low as f64 * 2f64.powi(-50) + (high - low) as f64 * 2f64.powi(-55)) * 65_536.0;
        let off = error(&mut p, &case);
        let unit = 2.0 + 4.0 * df;
        assert!(off <= bound + unit, "{case:?}: {off} units, {bound}");
        share = share.max(off / (bound + unit));
    }
    println!("random inputs: at most {share:.3} of the stated error");
}

#[test]
fn parity_is_exact_and_bounds_hold_on_a_million_random_inputs() {
    let mut draw = Draw(12);
    for i in 0..1_000_000u32 {
        let mut case = Case::random(&mut draw, if i % 4 == 0 { 1_000 } else { 10 });
        if i % 5 == 0 {
            case.rate = 0;
        }
        if i % 50 == 0 {
            case.seconds = 0;
        }
        // Below the range that growth at a negative rate can leave.
        case.k = case.k.min(1 << 42);
        let (f, k) = (case.f, case.k);
        let df = discount_factor(case.rate, case.seconds);
        let (Some(df_f), Some(df_k), Some(forward)) =
            (df.of(f << 16), df.of(k << 16), df.of(f.abs_diff(k) << 16))
        else {
            panic!("{case:?}");
        };
        let (call, put) = (case.price(OptionKind::Call), case.price(OptionKind::Put));
        let forward = forward as i64 * if f < k { -1 } else { 1 };
        assert_eq!(call - put, forward, "{case:?}");
        assert!(call >= forward.max(0) && call <= df_f as i64, "{case:?}");
        assert!(put >= (-forward).max(0) && put <= df_k as i64, "{case:?}");
        if case.seconds == 0 {
            assert_eq!((call, put), (forward.max(0), (-forward).max(0)));
        }
    }
}

#[test]
fn extreme_inputs_stay_within_their_bounds() {
    let prices = [1, 2, 3, 1_000, 1 << 20, (1 << 44) - 1, 1 << 44];
    for f in prices {
        for k in prices {
            for seconds in [0, 1, 2, 86_400, YEAR, MAX_SECONDS] {
                for volatility in [MIN_VOLATILITY, q32(1.0), MAX_VOLATILITY] {
                    let case = Case {
                        f,
                        k,
                        seconds,
                        volatility,
                        rate: 0,
                    };
                    let (call, put) = (case.price(OptionKind::Call), case.price(OptionKind::Put));
                    let difference = (f as i64 - k as i64) << 16;
                    assert_eq!(call - put, difference, "{case:?}");
                    assert!(call >= 0 && call <= (f << 16) as i64, "{case:?}");
                    assert!(put >= 0 && put <= (k << 16) as i64, "{case:?}");
                    // Theta of higher prices may leave its range a second before expiry.
                    if f.min(k) <= 1 << 42 {
                        greeks(&case.terms(OptionKind::Call), &case.inputs()).unwrap();
                    }
                }
            }
        }
    }
}

/// Call rising and put falling in the forward, the reverse in the strike, both rising in volatility.
#[test]
fn prices_are_monotone_but_for_the_stated_step_back() {
    let mut draw = Draw(13);
    let mut worst = [i64::MIN; 4];
    for i in 0..1_000_000u32 {
        let mut base = Case::random(&mut draw, 10);
        base.f = draw.log(1_000, 1 << 42);
        base.k = draw.log(base.f / 10, (base.f * 10).min(1 << 43));
        base.rate = if i % 2 == 0 {
            0
        } else {
            draw.between(0, 1 << 30)
        };
        // Neighbours to the last unit of the input, and pairs a part in a thousand away.
        let near = i % 4 < 2;
        let mut step = |x: u64| {
            if near {
                1 + draw.next() % 3
            } else {
                x / 1_000 + 1
            }
        };
        let (mut forward, mut strike, mut volatile) = (base, base, base);
        forward.f += step(base.f);
        strike.k += step(base.k);
        volatile.volatility = (base.volatility + step(base.volatility)).min(MAX_VOLATILITY);
        let (call, put) = (OptionKind::Call, OptionKind::Put);
        let back = [
            base.price(call) - forward.price(call),
            forward.price(put) - base.price(put),
            strike.price(call) - base.price(call),
            base.price(put) - strike.price(put),
            base.price(call) - volatile.price(call),
            base.price(put) - volatile.price(put),
        ];
        let slot = &mut worst[(i % 4) as usize];
        *slot = back.into_iter().fold(*slot, i64::max);
    }
    println!(
        "worst step back in units of 2^-16 micro-USD: neighbours {:?} (rate zero, not zero), others {:?}",
        &worst[..2],
        &worst[2..]
    );
    // At a rate the two parts of an in-the-money price are each rounded down.
    assert!(worst[0] <= 0 && worst[1] <= 1 && worst[2] <= 0 && worst[3] <= 1);
}

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
fn total_volatility_meets_its_error() {
    let mut draw = Draw(16);
    let mut worst = 0f64;
    for _ in 0..20_000 {
        let (seconds, volatility) = (
            draw.log(1, MAX_SECONDS),
            draw.log(MIN_VOLATILITY, MAX_VOLATILITY),
        );
        let years = div(&int(i128::from(seconds)), &int(i128::from(YEAR)));
        let want = mul(&fixed(i128::from(volatility), 32), &sqrt(&years));
        let got = fixed(
            i128::from(total_volatility(volatility, root_years(seconds))),
            56,
        );
        worst = worst.max(f64(&sub(&got, &want)).abs());
    }
    println!("total volatility: worst error 2^{:.2}", worst.log2());
    assert!(worst < 2f64.powi(-54));
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
