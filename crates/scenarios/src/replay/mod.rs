//! The fall of 10 October 2025, hour by hour: returns of BTC, ETH and SOL perpetuals, for replaying a crash.
//!
//! The table holds log returns in millionths and a starting price per symbol, so that a replay can start from any
//! price. [`derive()`] makes it from hourly prices; [`ReplayTable::read`] rebuilds the prices.

mod derive;

pub use derive::{FIRST_HOUR, HOURS, derive};

use crate::date::Date;
use crate::error::ReadError;
use crate::shape::Symbol;

/// A symbol at the close before the first hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// Which symbol.
    pub symbol: Symbol,
    /// Price in USD.
    pub price: f64,
    /// EWMA volatility per day, as a fraction.
    pub sigma_daily: f64,
}

/// One symbol's hour, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HourBar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// One hour of the replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayHour {
    /// Start of the hour, in seconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// One bar per symbol, in the order of [`ReplayTable::starts`].
    pub bars: Vec<HourBar>,
}

/// The whole replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayTable {
    /// The symbols with their starting prices and volatilities.
    pub starts: Vec<Start>,
    /// The hours, in order, without gaps.
    pub hours: Vec<ReplayHour>,
}

impl ReplayTable {
    /// The table that ships with the project: 10 and 11 October 2025, BTC, ETH, SOL.
    pub fn shipped() -> Result<Self, ReadError> {
        Self::read(include_str!("../../data/replay_2025-10-10.csv"))
    }

    /// Place of a symbol in [`Self::starts`] and in every hour's bars.
    pub fn column(&self, symbol: Symbol) -> Option<usize> {
        self.starts.iter().position(|s| s.symbol == symbol)
    }

    /// Reads a table and rebuilds its prices.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let mut starts: Vec<Start> = Vec::new();
        let mut last: Vec<f64> = Vec::new();
        let mut hours: Vec<ReplayHour> = Vec::new();
        let mut headed = false;
        for (at, line) in text.lines().enumerate() {
            let bad = |what: String| ReadError::Line { line: at + 1, what };
            if let Some(start) = line.strip_prefix("# start ") {
                starts.push(parse_start(start).map_err(bad)?);
            } else if line.starts_with('#') {
                continue;
            } else if !headed {
                let wanted = columns(starts.iter().map(|s| s.symbol));
                if starts.is_empty() || line != wanted {
                    let what = "`# start SYMBOL price sigma_daily` lines, then";
                    return Err(bad(format!("expected {what} `{wanted}`, found `{line}`")));
                }
                last = starts.iter().map(|s| s.price).collect();
                headed = true;
            } else {
                let hour = parse_hour(line, &mut last).map_err(bad)?;
                if let Some(before) = hours
                    .last()
                    .filter(|h| h.timestamp + 3_600 != hour.timestamp)
                {
                    let gap = hour.timestamp - before.timestamp;
                    return Err(bad(format!(
                        "comes {gap} s after the hour before, not 3600"
                    )));
                }
                hours.push(hour);
            }
        }
        if hours.is_empty() {
            return Err(ReadError::Incomplete("the table has no hours".into()));
        }
        Ok(Self { starts, hours })
    }
}

/// The line above the hours.
fn columns(symbols: impl Iterator<Item = Symbol>) -> String {
    let cells: String = symbols
        .map(|s| s.as_str().to_ascii_lowercase())
        .map(|s| format!(",{s}_open,{s}_high,{s}_low,{s}_close"))
        .collect();
    format!("hour{cells}")
}

/// `BTC price=121603 sigma_daily=0.018`.
fn parse_start(text: &str) -> Result<Start, String> {
    let refuse = || format!("`{text}` should read `BTC price=121603 sigma_daily=0.018`");
    let mut words = text.split_whitespace();
    let symbol = words.next().ok_or_else(refuse)?.parse()?;
    let mut value = |key: &str| -> Option<f64> {
        words
            .next()?
            .strip_prefix(key)?
            .parse()
            .ok()
            .filter(|v: &f64| v.is_finite() && *v > 0.0)
    };
    let price = value("price=").ok_or_else(refuse)?;
    let sigma_daily = value("sigma_daily=").ok_or_else(refuse)?;
    Ok(Start {
        symbol,
        price,
        sigma_daily,
    })
}

/// `2025-10-10T21:00` as seconds since 1970, UTC.
fn parse_timestamp(text: &str) -> Result<i64, String> {
    let refuse = || format!("`{text}` is not an hour: write it as 2025-10-10T21:00");
    let (day, hour) = text.split_once('T').ok_or_else(refuse)?;
    let day: Date = day.parse().map_err(|_| refuse())?;
    let hour: i64 = hour
        .strip_suffix(":00")
        .and_then(|h| h.parse().ok())
        .ok_or_else(refuse)?;
    if (0..24).contains(&hour) {
        Ok(i64::from(day.days()) * 86_400 + hour * 3_600)
    } else {
        Err(refuse())
    }
}

/// An hour's prices from its returns; `last` holds the closes before and then those of this hour.
fn parse_hour(line: &str, last: &mut [f64]) -> Result<ReplayHour, String> {
    let cells: Vec<&str> = line.split(',').collect();
    if cells.len() != 1 + 4 * last.len() {
        return Err(format!(
            "has {} cells instead of {}",
            cells.len(),
            1 + 4 * last.len()
        ));
    }
    let timestamp = parse_timestamp(cells[0])?;
    let mut bars = Vec::with_capacity(last.len());
    for (close_before, cells) in last.iter_mut().zip(cells[1..].chunks_exact(4)) {
        let mut prices = [0.0; 4];
        for (price, cell) in prices.iter_mut().zip(cells) {
            let millionths: i32 = cell
                .parse()
                .map_err(|_| format!("`{cell}` is not a return in millionths"))?;
            *price = *close_before * libm::exp(f64::from(millionths) / 1e6);
        }
        let [open, high, low, close] = prices;
        if low > open.min(close) || high < open.max(close) {
            return Err(format!(
                "low {} and high {} do not enclose open and close",
                cells[2], cells[1]
            ));
        }
        *close_before = close;
        bars.push(HourBar {
            open,
            high,
            low,
            close,
        });
    }
    Ok(ReplayHour { timestamp, bars })
}
