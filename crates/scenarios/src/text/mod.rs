//! A set as text: a header, a line per row, a line per stress row. Reading what was written gives the same set.

mod lines;
mod read;
mod write;

/// The first line; its number changes with the format.
const TITLE: &str = "# cep scenario set, format 2";
/// Fractions of the header are kept in millionths.
const PPM: i32 = 1_000_000;

/// `units / one` in decimal. With `one` a power of two and a last digit under half of `1 / one` the text names one
/// integer only.
fn decimal(units: i32, one: i32, digits: usize) -> String {
    format!("{:.digits$}", f64::from(units) / f64::from(one))
}

fn parse_decimal(text: &str, one: i32) -> Option<i32> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    let value = text.parse::<f64>().ok().filter(|_| plain)? * f64::from(one);
    (value.abs() <= f64::from(i32::MAX)).then(|| value.round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{RETURN_ONE, Z_ONE};

    #[test]
    fn decimals_name_their_integer() {
        for one in [Z_ONE, PPM] {
            for units in (-3_000_000..3_000_000).step_by(7) {
                assert_eq!(parse_decimal(&decimal(units, one, 6), one), Some(units));
            }
        }
        for units in (-RETURN_ONE..=4 * RETURN_ONE).step_by(97) {
            assert_eq!(
                parse_decimal(&decimal(units, RETURN_ONE, 8), RETURN_ONE),
                Some(units)
            );
        }
        for text in ["", "inf", "1e3", "40000", "--1"] {
            assert_eq!(parse_decimal(text, Z_ONE), None, "{text}");
        }
    }
}
