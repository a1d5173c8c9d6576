//! One CSV file: `time, <sym>_open, <sym>_high, <sym>_low, <sym>_close, ...`, the open optional. The time is a UTC day, or an
//! instant such as `2025-09-11T08:00Z`; instants are put together to UTC days.

use crate::date::{Date, Minute};
use crate::error::PriceError;
use crate::shape::Symbol;

use super::Bar;

/// Hours of a day that an intraday file must have, the last one among them, for the day to count.
const HOURS_NEEDED: u32 = 20;
/// Longest step between two intraday closes that still counts in the realised variance, in minutes.
const LONGEST_STEP: i64 = 60;

/// A symbol's day with its realised variance, if the file has intraday prices.
pub(super) type Day = Option<(Bar, Option<f64>)>;

/// A file as UTC days.
pub(super) struct PriceFile {
    pub days: Vec<Date>,
    pub symbols: Vec<Symbol>,
    /// Per symbol, per day.
    pub bars: Vec<Vec<Day>>,
    pub intraday: bool,
}

/// Places of a symbol's cells in a line.
struct Group {
    symbol: Symbol,
    open: Option<usize>,
    high: usize,
    low: usize,
    close: usize,
}

/// A line before the days are put together.
struct Line {
    day: Date,
    minute: Option<Minute>,
    bars: Vec<Option<Bar>>,
}

impl PriceFile {
    pub(super) fn parse(text: &str) -> Result<Self, PriceError> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(line_error)?.clone();
        let groups = column_groups(&headers)?;
        let mut lines: Vec<Line> = Vec::new();
        let mut last: Vec<Option<f64>> = vec![None; groups.len()];
        for record in reader.records() {
            let record = record.map_err(line_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            let fail = |what| PriceError::Line { line, what };
            let time = record.get(0).unwrap_or("");
            let (day, minute) = parse_time(time).map_err(fail)?;
            if let Some(before) = lines.last() {
                if before.minute.is_some() != minute.is_some() {
                    let what = format!("{time}: give either days or instants, not both");
                    return Err(fail(what));
                }
                if (before.day, before.minute) >= (day, minute) {
                    let what = format!(
                        "{time} comes after {}: sort the lines by time, each once",
                        before.day
                    );
                    return Err(fail(what));
                }
            }
            let mut bars = Vec::with_capacity(groups.len());
            for (group, last) in groups.iter().zip(&mut last) {
                let bar = parse_bar(&record, group, *last)
                    .map_err(|what| fail(format!("{}: {what}", group.symbol)))?;
                *last = bar.map(|b| b.close).or(*last);
                bars.push(bar);
            }
            lines.push(Line { day, minute, bars });
        }
        let symbols: Vec<Symbol> = groups.iter().map(|g| g.symbol).collect();
        let intraday = lines.first().is_some_and(|l| l.minute.is_some());
        let mut days: Vec<Date> = lines.iter().map(|l| l.day).collect();
        days.dedup();
        let bars = (0..symbols.len())
            .map(|column| {
                if intraday {
                    days_of(&lines, column)
                } else {
                    let daily = lines.iter().map(|l| l.bars[column].map(|bar| (bar, None)));
                    daily.collect()
                }
            })
            .collect();
        Ok(Self {
            days,
            symbols,
            bars,
            intraday,
        })
    }
}

/// Puts one symbol's intraday bars together to days: true highs and lows, and the realised variance. A day that misses
/// its last hour or more than four of its hours has no bar.
fn days_of(lines: &[Line], column: usize) -> Vec<Day> {
    let mut days = Vec::new();
    let mut before: Option<(i64, f64)> = None;
    for chunk in lines.chunk_by(|a, b| a.day == b.day) {
        let mut whole: Option<Bar> = None;
        let (mut hours, mut variance, mut covered) = (0u32, 0.0, 0);
        for line in chunk {
            let (Some(bar), Some(minute)) = (line.bars[column], line.minute) else {
                continue;
            };
            hours |= 1 << (minute / 60);
            let now = i64::from(line.day.days()) * 1_440 + i64::from(minute);
            if let Some((then, close)) = before.filter(|b| now - b.0 <= LONGEST_STEP) {
                let r = libm::log(bar.close / close);
                variance += r * r;
                covered += now - then;
            }
            before = Some((now, bar.close));
            whole = Some(whole.map_or(bar, |day| Bar {
                open: day.open,
                high: day.high.max(bar.high),
                low: day.low.min(bar.low),
                close: bar.close,
            }));
        }
        let full = hours.count_ones() >= HOURS_NEEDED && hours >> 23 == 1;
        let realised =
            (covered >= i64::from(HOURS_NEEDED) * 60).then(|| variance * 1_440.0 / covered as f64);
        days.push(whole.filter(|_| full).map(|bar| (bar, realised)));
    }
    days
}

fn parse_time(text: &str) -> Result<(Date, Option<Minute>), String> {
    match text.split_once('T') {
        None => text.parse().map(|day| (day, None)),
        Some((day, clock)) => {
            let refuse =
                || format!("`{text}` is not a time: write it as 2025-10-10T21:00Z, in UTC");
            let day = day.parse().map_err(|_| refuse())?;
            let minute = crate::date::minute_of_day(clock).ok_or_else(refuse)?;
            Ok((day, Some(minute)))
        }
    }
}

fn line_error(error: csv::Error) -> PriceError {
    let line = error.position().map_or(1, csv::Position::line);
    PriceError::Line {
        line,
        what: error.to_string(),
    }
}

/// The symbols of the header, with the places of their columns.
fn column_groups(headers: &csv::StringRecord) -> Result<Vec<Group>, PriceError> {
    let mut groups: Vec<Group> = Vec::new();
    for found in headers.iter().skip(1) {
        let name = ["_open", "_close", "_high", "_low"]
            .iter()
            .find_map(|field| found.strip_suffix(field));
        let Some(name) = name else { continue };
        let symbol = name
            .parse()
            .map_err(|what| PriceError::Line { line: 1, what })?;
        if groups.iter().any(|g| g.symbol == symbol) {
            continue;
        }
        let place = |field: &str| {
            let wanted = format!("{name}_{field}");
            let place = headers.iter().position(|h| h == wanted);
            place.ok_or_else(|| PriceError::MissingColumn {
                found: found.to_owned(),
                missing: wanted,
            })
        };
        groups.push(Group {
            symbol,
            open: place("open").ok(),
            high: place("high")?,
            low: place("low")?,
            close: place("close")?,
        });
    }
    if groups.is_empty() {
        Err(PriceError::NoColumns)
    } else {
        Ok(groups)
    }
}

/// A symbol's cells. Without an open the bar opens at the close before, or at the nearest price inside its range.
fn parse_bar(
    record: &csv::StringRecord,
    group: &Group,
    last: Option<f64>,
) -> Result<Option<Bar>, String> {
    let cell = |place: usize| record.get(place).unwrap_or("").trim();
    let places = [
        Some(group.high),
        Some(group.low),
        Some(group.close),
        group.open,
    ];
    if places.iter().flatten().all(|p| cell(*p).is_empty()) {
        return Ok(None);
    }
    let price = |place: usize, field: &str| -> Result<f64, String> {
        cell(place)
            .parse()
            .ok()
            .filter(|p: &f64| p.is_finite() && *p > 0.0)
            .ok_or_else(|| format!("{field} `{}` is not a positive price", cell(place)))
    };
    let high = price(group.high, "high")?;
    let low = price(group.low, "low")?;
    let close = price(group.close, "close")?;
    let open = match group.open {
        Some(place) => price(place, "open")?,
        None => last.unwrap_or(close).min(high).max(low),
    };
    if low > open.min(close) || high < open.max(close) {
        return Err(format!(
            "low {low}, high {high} do not enclose open {open}, close {close}"
        ));
    }
    Ok(Some(Bar {
        open,
        high,
        low,
        close,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    const HEADER: &str = "date,btc_open,btc_high,btc_low,btc_close\n";

    #[test]
    fn a_bad_line_is_named() {
        let cases = [
            ("2020-01-01,1,1,1,1\n2020-01-02,1,x,1,1\n", 3),
            ("2020-01-01,1,1,1,1\n2020-01-01,1,1,1,1\n", 3),
            ("2020-01-01,1,1,1,1\n2020-01-02T00:00,1,1,1,1\n", 3),
            ("2020-01-01T01:00,1,1,1,1\n2020-01-01T00:00,1,1,1,1\n", 3),
            ("2020-01-01,1,1,1.5,1\n", 2),
            ("2020-01-01,1,1,-1,1\n", 2),
            ("2020-01-01,1,1,,1\n", 2),
            ("1 Jan,1,1,1,1\n", 2),
            ("2020-01-01T25:00,1,1,1,1\n", 2),
            ("2020-01-01,1,1,1\n", 2),
        ];
        for (lines, bad) in cases {
            let found = PriceFile::parse(&format!("{HEADER}{lines}"));
            assert!(
                matches!(found, Err(PriceError::Line { line, .. }) if line == bad),
                "{lines}"
            );
        }
    }

    #[test]
    fn a_symbol_without_high_low_and_close_is_refused() {
        assert!(matches!(
            PriceFile::parse("date,btc_open,btc_high,btc_low\n"),
            Err(PriceError::MissingColumn { .. })
        ));
        assert!(matches!(
            PriceFile::parse("date,price\n"),
            Err(PriceError::NoColumns)
        ));
    }

    /// Hourly closes of three days from 1 January, without opens; the second day ends an hour early.
    fn hours() -> String {
        let mut text = String::from("ts,btc_high,btc_low,btc_close\n");
        for hour in 0..72 {
            if hour == 47 {
                continue;
            }
            let close = 100 + hour % 2;
            let low = if hour == 10 { 50 } else { 99 };
            let (day, hour) = (hour / 24 + 1, hour % 24);
            writeln!(text, "2020-01-{day:02}T{hour:02}:00Z,102,{low},{close}").unwrap();
        }
        text
    }

    #[test]
    fn hours_make_days_with_true_lows_and_realised_variance() {
        let file = PriceFile::parse(&hours()).unwrap();
        assert!(file.intraday);
        assert_eq!(file.days.len(), 3);
        let (bar, realised) = file.bars[0][0].unwrap();
        assert_eq!(
            (bar.open, bar.high, bar.low, bar.close),
            (100.0, 102.0, 50.0, 101.0)
        );
        let step = (1.01f64).ln();
        assert!((realised.unwrap() - 24.0 * step * step).abs() < 1e-12);
        assert_eq!(
            file.bars[0][1], None,
            "a day without its last hour has no close"
        );
        assert_eq!(file.bars[0][2].unwrap().0.open, 100.0);
    }
}
