//! The elementary functions against arbitrary precision: the error bounds that their docs state.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod precise;

use {
    astro_float::BigFloat,
    cep_risk::{
        SECONDS_PER_YEAR,
        fixed::{
            MAX_SECONDS, ONE_Q63, Scaled, discount_factor, exp, ln_ratio, normal_cdf, normal_pdf,
            root_years,
        },
    },
    precise::{Draw, Precise, div, f64, fixed, int, mul, sqrt, sub},
};

fn scaled(s: Scaled) -> BigFloat {
    let whole = fixed(i128::from(s.mantissa), 63);
    if s.halvings >= 0 {
        mul(&whole, &fixed(1, s.halvings.unsigned_abs()))
    } else {
        mul(&whole, &int(1i128 << s.halvings.unsigned_abs()))
    }
}

fn relative(got: &BigFloat, want: &BigFloat) -> f64 {
    f64(&div(&sub(got, want), want)).abs()
}

fn report(name: &str, worst: f64, bound: i32) {
    println!("{name}: worst error 2^{:.2}, bound 2^{bound}", worst.log2());
    assert!(worst < 2f64.powi(bound), "{name}: 2^{:.2}", worst.log2());
}

#[test]
fn exp_meets_its_relative_error() {
    let mut p = Precise::new();
    let mut draw = Draw(1);
    let mut worst = 0f64;
    for i in 0..20_000 {
        let x = match i % 3 {
            0 => draw.between(-64 << 32, 64 << 32),
            1 => draw.between(-1 << 32, 1 << 32),
            _ => draw.between(-1 << 10, 1 << 10),
        };
        let want = p.exp(&fixed(i128::from(x), 32));
        worst = worst.max(relative(&scaled(exp(x)), &want));
    }
    report("exp", worst, -55);
    assert_eq!(exp(0), Scaled::ONE);
    assert_eq!(exp(i64::MIN), exp(-64 << 32));
    assert_eq!(exp(i64::MAX), exp(64 << 32));
}

/// As a comparable pair: more halvings is less.
fn key(s: Scaled) -> (i32, u64) {
    (-s.halvings, s.mantissa)
}

#[test]
fn exp_is_monotone_to_the_last_bit_of_its_argument() {
    let mut draw = Draw(2);
    for _ in 0..2_000_000 {
        let x = draw.between(-64 << 32, (64 << 32) - 1);
        assert!(key(exp(x)) <= key(exp(x + 1)), "{x}");
    }
}

#[test]
fn discount_factors_meet_their_relative_error() {
    let mut p = Precise::new();
    let mut draw = Draw(3);
    let mut worst = 0f64;
    for _ in 0..20_000 {
        let rate = draw.between(-1 << 32, 1 << 32);
        let seconds = draw.log(1, MAX_SECONDS);
        let exponent = div(
            &mul(&fixed(-i128::from(rate), 32), &int(i128::from(seconds))),
            &int(i128::from(SECONDS_PER_YEAR)),
        );
        let want = p.exp(&exponent);
        worst = worst.max(relative(&scaled(discount_factor(rate, seconds)), &want));
    }
    report("discount factor", worst, -55);
    assert_eq!(discount_factor(0, 77), Scaled::ONE);
    assert_eq!(discount_factor(1 << 30, 0), Scaled::ONE);
}

#[test]
fn discount_factors_fall_with_time_and_rate() {
    let mut draw = Draw(9);
    for i in 0..1_000_000 {
        let rate = if i % 2 == 0 {
            draw.between(1, (1 << 32) - 1)
        } else {
            draw.between(1, 1 << 16)
        };
        let seconds = draw.log(1, MAX_SECONDS - 1);
        let df = |rate, seconds| key(discount_factor(rate, seconds));
        assert!(
            df(rate, seconds) >= df(rate, seconds + 1),
            "{rate} {seconds}"
        );
        assert!(
            df(-rate, seconds) <= df(-rate, seconds + 1),
            "-{rate} {seconds}"
        );
        assert!(
            df(rate, seconds) >= df(rate + 1, seconds),
            "{rate} {seconds}"
        );
        assert!(
            df(-rate, seconds) >= df(-rate + 1, seconds),
            "-{rate} {seconds}"
        );
    }
}

#[test]
fn ln_meets_its_absolute_error_and_is_odd() {
    let mut p = Precise::new();
    let mut draw = Draw(4);
    let (mut worst, mut near) = (0f64, 0f64);
    for i in 0..20_000 {
        let a = draw.log(1, (1 << 62) - 1);
        let b = match i % 3 {
            0 => draw.log(1, (1 << 62) - 1),
            1 => draw.log((a / 100).max(1), a.saturating_mul(100).min((1 << 62) - 1)),
            _ => (a + draw.log(1, 1 << 20)).min((1 << 62) - 1),
        };
        let got = ln_ratio(a, b);
        assert_eq!(got, -ln_ratio(b, a));
        let want = p.ln(&div(&int(i128::from(b)), &int(i128::from(a))));
        let error = f64(&sub(&fixed(i128::from(got), 56), &want)).abs();
        worst = worst.max(error);
        if f64(&want).abs() < 4.7 {
            near = near.max(error);
        }
    }
    report("ln", worst, -53);
    report("ln of ratios 0.01..100", near, -55);
    for a in [1, 2, 3, 1 << 44, (1 << 62) - 1] {
        assert_eq!(ln_ratio(a, a), 0);
    }
    assert_eq!(ln_ratio(0, u64::MAX), ln_ratio(1, (1 << 62) - 1));
}

#[test]
fn ln_is_monotone_in_neighbouring_arguments() {
    let mut draw = Draw(5);
    for i in 0..2_000_000u64 {
        let a = draw.log(1, 1 << 44);
        // A third of them where the number of doublings changes.
        let b = match i % 3 {
            0 => (a << (i % 5)) - draw.next() % a.min(3),
            _ => draw.log((a / 1000).max(1), a * 1000),
        };
        assert!(ln_ratio(a, b) <= ln_ratio(a, b + 1), "{a} {b}");
        assert!(ln_ratio(b, a) >= ln_ratio(b + 1, a), "{a} {b}");
    }
}

#[test]
fn roots_of_times_meet_their_absolute_error_and_are_monotone() {
    let mut draw = Draw(6);
    let mut worst = 0f64;
    let times = (0..10_000).chain((0..20_000).map(|_| draw.log(1, MAX_SECONDS)));
    for seconds in times {
        let want = sqrt(&div(
            &int(i128::from(seconds)),
            &int(i128::from(SECONDS_PER_YEAR)),
        ));
        let got = root_years(seconds);
        worst = worst.max(f64(&sub(&fixed(i128::from(got), 60), &want)).abs());
        assert!(seconds >= MAX_SECONDS || root_years(seconds + 1) > got);
    }
    report("root of years", worst, -58);
    assert_eq!(root_years(u64::MAX), root_years(MAX_SECONDS));
}

#[test]
fn normal_functions_meet_their_absolute_error() {
    let mut p = Precise::new();
    let mut draw = Draw(7);
    let (mut cdf, mut pdf, mut tail) = (0f64, 0f64, 0f64);
    for i in 0..6_000 {
        let range = if i % 2 == 0 { 12 << 32 } else { 2 << 32 };
        let x = draw.between(-range, range);
        let exact = fixed(i128::from(x), 32);
        let want = p.cdf(&exact);
        let got = fixed(i128::from(normal_cdf(x)), 63);
        cdf = cdf.max(f64(&sub(&got, &want)).abs());
        if x < 0 && x > -4 << 32 {
            tail = tail.max(relative(&got, &want));
        }
        assert_eq!(normal_cdf(x) + normal_cdf(-x), ONE_Q63);
        let got = fixed(i128::from(normal_pdf(x)), 63);
        pdf = pdf.max(f64(&sub(&got, &p.pdf(&exact))).abs());
        assert_eq!(normal_pdf(x), normal_pdf(-x));
    }
    report("normal cdf", cdf, -51);
    report("normal pdf", pdf, -55);
    report("normal cdf, relative, above -4", tail, -48);
    assert_eq!(normal_cdf(0), ONE_Q63 / 2);
    assert_eq!(normal_cdf(i64::MIN), 0);
    assert_eq!(normal_cdf(i64::MAX), ONE_Q63);
    assert_eq!(normal_pdf(i64::MIN), 0);
}

#[test]
fn normal_functions_are_monotone_to_the_last_bit_of_their_argument() {
    let mut draw = Draw(8);
    for i in 0..3_000_000 {
        // A third of them at the seams of the table, a third near zero where the density is flat.
        let x = match i % 3 {
            0 => draw.between(0, 24) * (1 << 31) + draw.between(-2, 1),
            1 => draw.between(0, 1 << 20),
            _ => draw.between(0, 12 << 32),
        };
        assert!(normal_cdf(x) <= normal_cdf(x + 1), "{x}");
        assert!(normal_cdf(-x - 1) <= normal_cdf(-x), "-{x}");
        if x >= 0 {
            assert!(normal_pdf(x) >= normal_pdf(x + 1), "{x}");
        }
    }
}
