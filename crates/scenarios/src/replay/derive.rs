//! Making the replay table from hourly prices.

use std::fmt::Write as _;

use super::{columns, parse_timestamp};
use crate::error::PriceError;
use crate::shape::Symbol;
use crate::volatility::ewma_volatility;

/// First hour of the table.
pub const FIRST_HOUR: &str = "2025-10-10T00:00";
/// Hours in the table.
pub const HOURS: usize = 48;
/// EWMA decay per day; per hour its 24th root, a half-life of 546 hours or 22.8 days.
const LAMBDA_DAILY: f64 = 0.97;
/// Hourly returns that seed the EWMA: one week.
const SEED_HOURS: usize = 168;

struct Hour {
    name: String,
    timestamp: i64,
    /// Per symbol: open, high, low, close.
    prices: Vec<[f64; 4]>,
}

/// Derives the table's text from an hourly file with columns `ts, <sym>_open, _high, _low, _close`.
///
/// Every return is against the *true* close of the hour before; rebuilt prices are within a few millionths of the true
/// ones, because the roundings add up like a random walk of half-millionth steps.
pub fn derive(prices: &str, symbols: &[Symbol]) -> Result<String, PriceError> {
    let hours = parse(prices, symbols)?;
    let fail = |what: &str| PriceError::Line {
        line: 1,
        what: what.to_owned(),
    };
    let first = hours
        .iter()
        .position(|h| h.name == FIRST_HOUR)
        .ok_or_else(|| {
            fail(&format!(
                "the file has no hour {FIRST_HOUR}: give one that spans it"
            ))
        })?;
    if first < SEED_HOURS + 2 || hours.len() < first + HOURS {
        return Err(fail(&format!(
            "needs {} hours before {FIRST_HOUR} and {HOURS} from it: give a longer file",
            SEED_HOURS + 2
        )));
    }
    let mut text = String::from(
        "# Crash replay: log returns in millionths against the close of the hour before\n\
         # source: hourly OHLC of BTC, ETH and SOL perpetuals, September and October 2025\n\
         # sigma_daily: EWMA of hourly closes before the first hour, half-life 546 hours\n\
         # (0.97 per day, seeded on 168 hours), times sqrt(24)\n",
    );
    let before = &hours[first - 1];
    for (column, symbol) in symbols.iter().enumerate() {
        let returns: Vec<Option<f64>> = hours[..first]
            .windows(2)
            .map(|pair| {
                Some(libm::log(
                    pair[1].prices[column][3] / pair[0].prices[column][3],
                ))
            })
            .chain([None])
            .collect();
        let lambda = libm::pow(LAMBDA_DAILY, 1.0 / 24.0);
        let hourly = ewma_volatility(&returns, lambda, SEED_HOURS)[returns.len() - 1];
        let sigma = hourly.unwrap_or(0.0) * 24.0f64.sqrt();
        let price = before.prices[column][3];
        line(
            &mut text,
            &format!("# start {symbol} price={price} sigma_daily={sigma:.6}"),
        );
    }
    line(&mut text, &columns(symbols.iter().copied()));
    for pair in hours[first - 1..first + HOURS].windows(2) {
        let cells: String = pair[1]
            .prices
            .iter()
            .zip(&pair[0].prices)
            .flat_map(|(now, before)| now.map(|p| libm::log(p / before[3]) * 1e6))
            .map(|millionths| format!(",{}", millionths.round() as i32))
            .collect();
        line(&mut text, &format!("{}{cells}", pair[1].name));
    }
    Ok(text)
}

/// The hours of the file; refuses gaps, since a return across one would not be hourly.
fn parse(text: &str, symbols: &[Symbol]) -> Result<Vec<Hour>, PriceError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let fail = |line, what: String| PriceError::Line { line, what };
    let headers = reader
        .headers()
        .map_err(|e| fail(1, e.to_string()))?
        .clone();
    let mut places = Vec::new();
    for symbol in symbols {
        let name = symbol.as_str().to_ascii_lowercase();
        for field in ["open", "high", "low", "close"] {
            let wanted = format!("{name}_{field}");
            let place = headers.iter().position(|h| h == wanted);
            places.push(place.ok_or_else(|| fail(1, format!("no column `{wanted}`: add it")))?);
        }
    }
    let mut hours: Vec<Hour> = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|e| fail(e.position().map_or(0, csv::Position::line), e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = record.get(0).unwrap_or("").to_owned();
        let timestamp = parse_timestamp(&name).map_err(|what| fail(line, what))?;
        if hours
            .last()
            .is_some_and(|h| h.timestamp + 3_600 != timestamp)
        {
            return Err(fail(
                line,
                format!("{name} does not follow the hour before: fill the gap"),
            ));
        }
        let mut values = Vec::with_capacity(places.len());
        for place in &places {
            let cell = record.get(*place).unwrap_or("");
            let price = cell
                .parse()
                .ok()
                .filter(|p: &f64| p.is_finite() && *p > 0.0);
            values.push(
                price.ok_or_else(|| fail(line, format!("`{cell}` is not a positive price")))?,
            );
        }
        let prices = values.as_chunks::<4>().0.to_vec();
        hours.push(Hour {
            name,
            timestamp,
            prices,
        });
    }
    Ok(hours)
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}
