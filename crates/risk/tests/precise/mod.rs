//! Arbitrary-precision reference: 256 bits, about 77 digits. The normal distribution by its own series, so
//! that nothing is shared with the code under test.
#![allow(dead_code, reason = "each test file uses a part")]

use astro_float::{BigFloat, Consts, RoundingMode, Sign};

const BITS: usize = 256;
const RM: RoundingMode = RoundingMode::ToEven;

pub struct Precise {
    consts: Consts,
    root_2_pi: BigFloat,
}

pub fn int(n: i128) -> BigFloat {
    BigFloat::from_i128(n, BITS)
}

/// n x 2^-bits.
pub fn fixed(n: i128, bits: u32) -> BigFloat {
    let one = BigFloat::from_u8(1, BITS);
    let mut unit = one;
    unit.set_exponent(1 - i32::try_from(bits).unwrap());
    mul(&int(n), &unit)
}

pub fn add(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.add(b, BITS, RM)
}

pub fn sub(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.sub(b, BITS, RM)
}

pub fn mul(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.mul(b, BITS, RM)
}

pub fn div(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.div(b, BITS, RM)
}

pub fn sqrt(a: &BigFloat) -> BigFloat {
    a.sqrt(BITS, RM)
}

/// To the nearest double but one unit: for printing and comparing errors, never for values.
pub fn f64(a: &BigFloat) -> f64 {
    if a.is_zero() {
        return 0.0;
    }
    let (words, _, sign, exponent, _) = a.as_raw_parts().unwrap();
    let top = *words.last().unwrap() as f64;
    let magnitude = top * 2f64.powi(exponent - 64);
    if sign == Sign::Neg {
        -magnitude
    } else {
        magnitude
    }
}

impl Precise {
    pub fn new() -> Self {
        let mut consts = Consts::new().unwrap();
        let two_pi = mul(&int(2), &consts.pi(BITS, RM));
        Self {
            consts,
            root_2_pi: sqrt(&two_pi),
        }
    }

    pub fn exp(&mut self, a: &BigFloat) -> BigFloat {
        a.exp(BITS, RM, &mut self.consts)
    }

    pub fn ln(&mut self, a: &BigFloat) -> BigFloat {
        a.ln(BITS, RM, &mut self.consts)
    }

    pub fn pdf(&mut self, x: &BigFloat) -> BigFloat {
        let half_square = div(&mul(x, x), &int(-2));
        let bell = self.exp(&half_square);
        div(&bell, &self.root_2_pi)
    }

    /// N(x) = 1/2 + n(x) (x + x³/3 + x⁵/(3 x 5) + ...), all terms of one sign (Abramowitz and Stegun 26.2.11).
    /// Beyond 16 it is 0 or 1: N(-16) < 10⁻⁵⁶.
    pub fn cdf(&mut self, x: &BigFloat) -> BigFloat {
        let size = f64(x).abs();
        if size > 16.0 {
            return int(i128::from(f64(x) > 0.0));
        }
        let square = mul(x, x);
        let (mut term, mut sum) = (x.clone(), x.clone());
        let mut k = 3;
        // The density times a term this small is below 10⁻⁶⁰.
        while !term.is_zero() && f64(&term).abs() > 1e-62 {
            term = div(&mul(&term, &square), &int(k));
            sum = add(&sum, &term);
            k += 2;
        }
        add(&fixed(1, 1), &mul(&self.pdf(x), &sum))
    }
}

/// A seeded generator (SplitMix64, Steele, Lea and Flood 2014).
pub struct Draw(pub u64);

impl Draw {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [low, high], even in the logarithm.
    pub fn log(&mut self, low: u64, high: u64) -> u64 {
        let u = (self.next() >> 11) as f64 / 2f64.powi(53);
        let x = low as f64 * (high as f64 / low as f64).powf(u);
        (x as u64).clamp(low, high)
    }

    /// In [low, high].
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high.abs_diff(low) + 1)) as i64
    }
}

/// Black-76 from its textbook form, on the integers that the code under test takes.
pub struct Black {
    pub call: BigFloat,
    pub put: BigFloat,
    /// To the forward, of the call.
    pub delta: BigFloat,
    pub gamma: BigFloat,
    pub vega: BigFloat,
    /// -dV/dT of the call and of the put, per year.
    pub theta_call: BigFloat,
    pub theta_put: BigFloat,
    pub df: BigFloat,
}

impl Precise {
    /// Prices in micro-USD; volatility and rate in Q32.
    pub fn black76(&mut self, f: u64, k: u64, seconds: u64, volatility: u64, rate: i64) -> Black {
        let (f, k) = (int(i128::from(f)), int(i128::from(k)));
        let years = div(&int(i128::from(seconds)), &int(31_536_000));
        let rate = fixed(i128::from(rate), 32);
        let sigma = fixed(i128::from(volatility), 32);
        let df = self.exp(&mul(&rate, &years).neg());
        let root = sqrt(&years);
        let s = mul(&sigma, &root);
        let x = self.ln(&div(&f, &k));
        let d1 = add(&div(&x, &s), &div(&s, &int(2)));
        let d2 = sub(&d1, &s);
        let (n1, n2) = (self.cdf(&d1), self.cdf(&d2));
        let call = mul(&df, &sub(&mul(&f, &n1), &mul(&k, &n2)));
        let put = sub(&call, &mul(&df, &sub(&f, &k)));
        let density = mul(&df, &self.pdf(&d1));
        let decay = div(&mul(&mul(&f, &density), &sigma), &mul(&int(2), &root));
        Black {
            delta: mul(&df, &n1),
            gamma: div(&density, &s),
            vega: mul(&mul(&f, &density), &root),
            theta_call: sub(&mul(&rate, &call), &decay),
            theta_put: sub(&mul(&rate, &put), &decay),
            call,
            put,
            df,
        }
    }
}
