//! Exact conversion between decimal scales.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    Down,
    Up,
}

/// Largest power of ten below 2³².
const STEP: u32 = 9;

/// `mantissa x 10^exponent` in units of `10^-decimals`, rounded once. `None` when it exceeds 64 bits, or
/// when the scales are more than 38 digits apart (an exponent no oracle uses).
#[must_use]
pub fn to_units(mantissa: u128, exponent: i32, decimals: u32, round: Round) -> Option<u64> {
    let shift = exponent.checked_add_unsigned(decimals)?;
    let digits = shift.unsigned_abs();
    if digits > 38 {
        return None;
    }
    if shift >= 0 {
        return u64::try_from(mantissa)
            .ok()?
            .checked_mul(10u64.checked_pow(digits)?);
    }
    let (quotient, exact) = divide_by_power(mantissa, digits);
    let units = u64::try_from(quotient).ok()?;
    if round == Round::Up && !exact {
        units.checked_add(1)
    } else {
        Some(units)
    }
}

/// `floor(n / 10^digits)` and whether nothing was cut off. Floors compose, so the digits go in steps of
/// nine, and a step is a short division in limbs of 32 bits: a 128-bit division costs more than ten times
/// as much on chain.
fn divide_by_power(mut n: u128, mut digits: u32) -> (u128, bool) {
    let mut exact = true;
    while digits > 0 {
        let step = digits.min(STEP);
        let (quotient, remainder) = divide_short(n, 10u64.pow(step));
        n = quotient;
        exact &= remainder == 0;
        digits -= step;
    }
    (n, exact)
}

/// Quotient and remainder of a division by `divisor`, which is in `1 ..= 10⁹`.
fn divide_short(n: u128, divisor: u64) -> (u128, u64) {
    const LOW: u64 = 0xffff_ffff;
    let (high, low) = halves(n);
    if high == 0 {
        return (u128::from(low / divisor), low % divisor);
    }
    // `rest` stays below the divisor < 2³², so `rest << 32 | limb` fits 64 bits and each quotient 32.
    let mut rest = 0;
    let mut digit = |limb: u64| {
        let n = rest << 32 | limb;
        rest = n % divisor;
        n / divisor
    };
    let high = digit(high >> 32) << 32 | digit(high & LOW);
    let low = digit(low >> 32) << 32 | digit(low & LOW);
    (u128::from(high) << 64 | u128::from(low), rest)
}

/// The high and the low 64 bits.
fn halves(n: u128) -> (u64, u64) {
    let [a, b, c, d, e, f, g, h, low @ ..] = n.to_be_bytes();
    (
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u64::from_be_bytes(low),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_exact_and_round_against_the_reader() {
        assert_eq!(
            to_units(7_306_762_000_000, -8, 6, Round::Down),
            Some(73_067_620_000)
        );
        assert_eq!(to_units(199, -8, 6, Round::Down), Some(1));
        assert_eq!(to_units(199, -8, 6, Round::Up), Some(2));
        assert_eq!(to_units(200, -8, 6, Round::Up), Some(2));
        assert_eq!(to_units(5, 0, 6, Round::Down), Some(5_000_000));
        assert_eq!(to_units(5, -6, 6, Round::Up), Some(5));
        assert_eq!(to_units(u128::from(u64::MAX), 3, 6, Round::Down), None);
        for exponent in [i32::MAX, i32::MIN, -45, 33] {
            assert_eq!(to_units(1, exponent, 6, Round::Up), None, "{exponent}");
        }
        assert_eq!(to_units(1, -44, 6, Round::Up), Some(1));
        assert_eq!(to_units(0, -44, 6, Round::Up), Some(0));
    }

    #[test]
    fn eighteen_decimals_of_128_bits_are_exact() {
        let btc = 73_067_620_000_000_000_000_000_u128; // 73,067.62
        assert_eq!(to_units(btc, -18, 6, Round::Up), Some(73_067_620_000));
        assert_eq!(to_units(btc + 1, -18, 6, Round::Down), Some(73_067_620_000));
        assert_eq!(to_units(btc + 1, -18, 6, Round::Up), Some(73_067_620_001));
        let most = u128::from(u64::MAX) * 1_000_000_000_000;
        assert_eq!(to_units(most, -18, 6, Round::Up), Some(u64::MAX));
        assert_eq!(to_units(most + 1, -18, 6, Round::Up), None);
        assert_eq!(
            to_units(u128::MAX, -38, 0, Round::Down),
            Some(3),
            "2^128 is 3.4 x 10^38"
        );
    }

    #[test]
    fn short_division_is_division() {
        // A multiplicative walk through all magnitudes.
        let mut n = 1u128;
        for step in 0..4_000u32 {
            n = n
                .wrapping_mul(0x2545_f491_4f6c_dd1d_9e37_79b9_7f4a_7c15)
                .rotate_left(7);
            let n = n >> (step % 128);
            for digits in [1, 2, 8, 9, 10, 12, 18, 27, 38] {
                let power = 10u128.pow(digits);
                assert_eq!(
                    divide_by_power(n, digits),
                    (n / power, n.is_multiple_of(power)),
                    "{n} / 10^{digits}"
                );
            }
        }
    }
}
