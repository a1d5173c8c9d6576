//! Numbers as people read them.

use {cep_sdk::units::usd, chrono::DateTime};

/// `10 Oct 21:30`, UTC.
pub fn time(unix: i64) -> String {
    DateTime::from_timestamp(unix, 0)
        .map_or_else(|| unix.to_string(), |t| t.format("%d %b %H:%M").to_string())
}

/// Micro-USD as whole dollars with separators.
pub fn dollars(micro: i64) -> String {
    let whole = usd(micro).round() as i64;
    let digits = whole.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if whole < 0 { format!("-{text}") } else { text }
}

/// Parts of a whole as a percentage.
pub fn percent(part: f64, whole: f64) -> String {
    if whole == 0.0 {
        return "-".into();
    }
    format!("{:.1} %", 100.0 * part / whole)
}

/// A health factor; nothing is required of an account without risk.
pub fn factor(value: Option<f64>) -> String {
    value.map_or_else(|| "no risk".into(), |f| format!("{f:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_grouped_and_signed() {
        assert_eq!(dollars(1_234_567_890_000), "1,234,568");
        assert_eq!(dollars(-999_600_000), "-1,000");
        assert_eq!(dollars(12_000_000), "12");
    }
}
