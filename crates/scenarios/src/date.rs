//! Calendar days, as a count since 1970-01-01 (proleptic Gregorian, UTC).

use std::fmt;
use std::str::FromStr;

/// A UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    days: i32,
}

impl Date {
    /// The day that is `days` after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self { days }
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.days
    }

    /// The calendar year.
    pub const fn year(self) -> i32 {
        self.civil().0
    }

    /// `12 Mar 2020`, for people.
    pub fn long(self) -> String {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (year, month, day) = self.civil();
        let month = MONTHS[(month.clamp(1, 12) - 1) as usize];
        format!("{day} {month} {year}")
    }

    /// Year, month, day (H. Hinnant, "chrono-compatible low-level date algorithms").
    const fn civil(self) -> (i32, i32, i32) {
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let doe = shifted.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    const fn from_civil(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let yoe = year.rem_euclid(400);
        let mp = if month > 2 { month - 3 } else { month + 9 };
        let doy = (153 * mp + 2) / 5 + day - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        Self {
            days: era * 146_097 + doe - 719_468,
        }
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is not a day: write it as 2022-11-09");
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(refuse());
        }
        let number = |range: std::ops::Range<usize>| -> Option<i32> {
            let digits = text.get(range)?;
            digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())?
        };
        match (number(0..4), number(5..7), number(8..10)) {
            (Some(year), Some(month), Some(day)) => {
                let date = Self::from_civil(year, month, day);
                // 31 April and its like come back as another day.
                if date.civil() == (year, month, day) {
                    Ok(date)
                } else {
                    Err(refuse())
                }
            }
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A minute of the day, 0 to 1,439.
pub(crate) type Minute = u16;

/// The minute of a clock time: `08:00`, `08:00Z`, `08:00:00` or `08:00:00.000Z`, to the minute.
pub(crate) fn minute_of_day(text: &str) -> Option<Minute> {
    let clock = text.strip_suffix('Z').unwrap_or(text);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |part: &str, most: Minute| -> Option<Minute> {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|v| digits && *v <= most)
    };
    let zero = |part: &str| !part.is_empty() && part.bytes().all(|b| b == b'0');
    let (hour, minute) = match parts.as_slice() {
        [hour, minute] => (hour, minute),
        [hour, minute, second] if zero(second) && zero(fraction) => (hour, minute),
        _ => return None,
    };
    Some(two(hour, 23)? * 60 + two(minute, 59)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_times_have_their_minute() {
        for text in ["08:05", "08:05Z", "08:05:00", "08:05:00.000Z"] {
            assert_eq!(minute_of_day(text), Some(485), "{text}");
        }
        for text in [
            "",
            "8:05",
            "24:00",
            "08:60",
            "08:05:30",
            "08:05+01:00",
            "+8:05",
        ] {
            assert_eq!(minute_of_day(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_a_century_prints_and_parses_back() {
        for days in 0..36_525 {
            let date = Date::from_days(days);
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn known_days_have_their_known_numbers() {
        assert_eq!("1970-01-01".parse(), Ok(Date::from_days(0)));
        assert_eq!("2025-10-10".parse(), Ok(Date::from_days(20_371)));
        assert_eq!(Date::from_days(20_371).long(), "10 Oct 2025");
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        for text in [
            "2023-02-29",
            "2023-13-01",
            "2023-00-10",
            "23-01-01",
            "2023/01/01",
            "2023-1-011",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
