//! Products and quotients with one 128-bit side, from 64-bit instructions: on chain a 128-bit
//! multiplication is a call of about a hundred instructions.

const LOW: u64 = u32::MAX as u64;

/// a x b / 2⁶⁴, at most 2 below the floor. Monotone in both arguments.
///
/// The product of the two low halves and the carries are left out: three multiplications.
#[must_use]
pub const fn mul_high(a: u64, b: u64) -> u64 {
    let (a1, a0, b1, b0) = (a >> 32, a & LOW, b >> 32, b & LOW);
    // Half-word products stay below 2⁶⁴, and the sum below the true high word.
    a1.wrapping_mul(b1)
        .wrapping_add(a1.wrapping_mul(b0) >> 32)
        .wrapping_add(a0.wrapping_mul(b1) >> 32)
}

/// a x b / 2⁶⁴, rounded down exactly.
///
/// In the carrying form, because LLVM turns the textbook form back into a 128-bit multiplication.
#[must_use]
pub const fn mul_high_floor(a: u64, b: u64) -> u64 {
    let (a1, a0, b1, b0) = (a >> 32, a & LOW, b >> 32, b & LOW);
    // A half-word product plus a half word stays below 2⁶⁴.
    let cross = a1.wrapping_mul(b0).wrapping_add(a0.wrapping_mul(b0) >> 32);
    let low = a0.wrapping_mul(b1).wrapping_add(cross & LOW);
    a1.wrapping_mul(b1)
        .wrapping_add(cross >> 32)
        .wrapping_add(low >> 32)
}

/// (high x 2⁶⁴ + low) / divisor, rounded down. `u64::MAX` when the quotient does not fit 64 bits,
/// division by zero included.
///
/// Knuth, The Art of Computer Programming, volume 2, algorithm 4.3.1 D, with two digits of 32 bits.
#[must_use]
pub const fn div_wide(high: u64, low: u64, divisor: u64) -> u64 {
    if high >= divisor {
        return u64::MAX;
    }
    let shift = leading_zeros(divisor);
    // `high < divisor`, so nothing is lost at the top. Two shifts, for a `shift` of 0.
    div_normalised(
        high << shift | (low >> 1) >> (63 - shift),
        low << shift,
        divisor << shift,
    )
}

/// A divisor of many quotients, shifted until its top bit is set.
#[derive(Clone, Copy)]
pub(crate) struct Divisor {
    value: u64,
    normalised: u64,
    shift: u32,
}

impl Divisor {
    #[inline(always)]
    pub(crate) const fn new(value: u64) -> Self {
        let shift = leading_zeros(value);
        Self {
            value,
            normalised: value << shift,
            shift,
        }
    }

    /// [`div_wide`].
    #[inline(always)]
    pub(crate) const fn divide(&self, high: u64, low: u64) -> u64 {
        if high >= self.value {
            return u64::MAX;
        }
        // As in `div_wide`, to which it is compared in tests; that one stands alone because it is cheaper so.
        div_normalised(
            high << self.shift | (low >> 1) >> (63 - self.shift),
            low << self.shift,
            self.normalised,
        )
    }
}

/// [`div_wide`] for a divisor whose top bit is set and `high < divisor`.
pub(crate) const fn div_normalised(high: u64, low: u64, divisor: u64) -> u64 {
    let (digit1, rest) = digit(high, low >> 32, divisor);
    let (digit0, _) = digit(rest, low & LOW, divisor);
    digit1 << 32 | digit0
}

/// One digit of 32 bits of (high x 2³² + next) / d, and the remainder. The top bit of `d` is set.
const fn digit(high: u64, next: u64, d: u64) -> (u64, u64) {
    let (d1, d0) = (d >> 32, d & LOW);
    let mut q = high / d1;
    let mut r = high.wrapping_sub(q.wrapping_mul(d1));
    // The estimate is at most 2 too large.
    while q > LOW || q.wrapping_mul(d0) > (r << 32 | next) {
        q = q.wrapping_sub(1);
        r = r.wrapping_add(d1);
        if r > LOW {
            break;
        }
    }
    // Modulo 2⁶⁴: the true remainder is below d.
    (q, (high << 32 | next).wrapping_sub(q.wrapping_mul(d)))
}

/// `u64::leading_zeros` by halving; 63 for zero. The chain has no such instruction, and what LLVM puts
/// in its place costs twice as much.
pub(crate) const fn leading_zeros(mut x: u64) -> u32 {
    let mut zeros = 0;
    if x >> 32 == 0 {
        zeros = 32;
        x <<= 32;
    }
    if x >> 48 == 0 {
        zeros += 16;
        x <<= 16;
    }
    if x >> 56 == 0 {
        zeros += 8;
        x <<= 8;
    }
    if x >> 60 == 0 {
        zeros += 4;
        x <<= 4;
    }
    if x >> 62 == 0 {
        zeros += 2;
        x <<= 2;
    }
    if x >> 63 == 0 { zeros + 1 } else { zeros }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut all = vec![
            0,
            1,
            2,
            LOW - 1,
            LOW,
            LOW + 1,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        for n in 0..400 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            all.push(state >> (n % 64));
        }
        all
    }

    #[test]
    fn high_words_agree_with_the_hosts_128_bit_product() {
        for &a in &samples() {
            for &b in &samples() {
                let exact = ((u128::from(a) * u128::from(b)) >> 64) as u64;
                assert_eq!(mul_high_floor(a, b), exact);
                assert!((exact.saturating_sub(2)..=exact).contains(&mul_high(a, b)));
            }
        }
    }

    #[test]
    fn leading_zeros_are_the_hosts() {
        for &x in &samples() {
            assert_eq!(leading_zeros(x), x.leading_zeros().min(63));
        }
    }

    #[test]
    fn the_short_high_word_is_monotone() {
        for &a in &samples() {
            for &b in &samples() {
                assert!(mul_high(a.saturating_add(1), b) >= mul_high(a, b));
                assert!(mul_high(a, b.saturating_add(1)) >= mul_high(a, b));
            }
        }
    }

    #[test]
    fn quotients_agree_with_the_hosts_128_bit_division() {
        let samples = samples();
        for (i, &high) in samples.iter().enumerate() {
            for &divisor in &samples {
                let low = samples[(i * 7 + 3) % samples.len()];
                let got = div_wide(high, low, divisor);
                assert_eq!(Divisor::new(divisor).divide(high, low), got);
                if high >= divisor {
                    assert_eq!(got, u64::MAX);
                } else {
                    let n = u128::from(high) << 64 | u128::from(low);
                    assert_eq!(u128::from(got), n / u128::from(divisor));
                }
            }
        }
    }
}
