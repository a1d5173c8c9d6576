use {
    cep_risk::SECONDS_PER_DAY,
    cep_scenarios::Date,
    std::{fmt, str::FromStr},
};

const DAY: i64 = SECONDS_PER_DAY as i64;

/// A UTC time to the second, counted since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// That many seconds after 1970-01-01T00:00Z.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00Z.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The start of a day.
    #[must_use]
    pub const fn midnight(day: Date) -> Self {
        Self(day.days() as i64 * DAY)
    }

    /// The day it lies in; midnight belongs to the day that it begins.
    #[must_use]
    pub fn day(self) -> Date {
        // A year of four digits keeps the count of days far inside i32.
        Date::from_days(i32::try_from(self.0.div_euclid(DAY)).unwrap_or(i32::MAX))
    }

    /// Seconds since midnight.
    #[must_use]
    pub const fn second_of_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }

    /// This many seconds later.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }
}

/// `2022-11-09`, or with a time of day `2022-11-09T08:00`, `2022-11-09 08:00:30`, `2022-11-09T08:00:00.000Z`. Always UTC;
/// fractions of a second are dropped.
impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("`{text}` is not a UTC time: write it as 2022-11-09 or 2022-11-09T08:00Z");
        let (day, clock) = match text.split_once(['T', ' ']) {
            Some((day, clock)) => (day, clock.strip_suffix('Z').unwrap_or(clock)),
            None => (text, "00:00"),
        };
        let day: Date = day.parse()?;
        let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
        let mut seconds = 0;
        let mut parts = clock.split(':');
        for (unit, limit) in [(3_600, 24), (60, 60), (1, 60)] {
            let part = match (parts.next(), unit) {
                (Some(part), _) => part,
                (None, 1) => "00",
                (None, _) => return Err(refuse()),
            };
            let value: i64 = part.parse().map_err(|_| refuse())?;
            if part.len() != 2 || part.starts_with('+') || !(0..limit).contains(&value) {
                return Err(refuse());
            }
            seconds += unit * value;
        }
        if parts.next().is_some() {
            return Err(refuse());
        }
        Ok(Self::midnight(day).plus(seconds))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.second_of_day() / 60;
        write!(f, "{}T{:02}:{:02}Z", self.day(), minutes / 60, minutes % 60)
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_price_files_are_read() {
        let want = Time(1_603_440_000);
        for text in [
            "2020-10-23T08:00Z",
            "2020-10-23T08:00",
            "2020-10-23 08:00:00",
            "2020-10-23T08:00:00.000Z",
        ] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
        assert_eq!("2020-10-23".parse(), Ok(want.plus(-8 * 3_600)));
        assert_eq!(want.to_string(), "2020-10-23T08:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2020-10-23T24:00",
            "2020-10-23T8:00",
            "2020-10-23T08",
            "2020-10-23T08:00:00:00",
            "1603440000",
            "2020-10-23T+8:00",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
