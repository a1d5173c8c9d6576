//! A daily OHLC file: `date, <sym>_open, <sym>_high, <sym>_low, <sym>_close, ...`, one UTC day per line.

use sha2::{Digest, Sha256};

use crate::date::Date;
use crate::error::PriceError;
use crate::shape::Symbol;

/// One symbol's day, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// First price of the day.
    pub open: f64,
    /// Highest price of the day.
    pub high: f64,
    /// Lowest price of the day.
    pub low: f64,
    /// Last price of the day.
    pub close: f64,
}

/// Log returns of one day against the close of the day before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DayReturn {
    pub close: f64,
    pub low: f64,
    pub high: f64,
}

/// All symbols of a price file, on the same days. A symbol has no bar on days before its listing.
#[derive(Clone, Debug)]
pub struct PriceHistory {
    days: Vec<Date>,
    symbols: Vec<Symbol>,
    /// Per symbol, per day.
    bars: Vec<Vec<Option<Bar>>>,
    sha256: [u8; 32],
}

const FIELDS: [&str; 4] = ["open", "high", "low", "close"];

impl PriceHistory {
    /// Reads the file at `path`.
    pub fn open(path: &std::path::Path) -> Result<Self, PriceError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| PriceError::Io(format!("{}: {e}", path.display())))?;
        Self::parse(&text)
    }

    /// Reads a file's text. A symbol's four cells are either all there or all empty.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(line_error)?.clone();
        let groups = column_groups(&headers)?;
        let mut days: Vec<Date> = Vec::new();
        let mut bars = vec![Vec::new(); groups.len()];
        for record in reader.records() {
            let record = record.map_err(line_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            let day: Date = record
                .get(0)
                .unwrap_or("")
                .parse()
                .map_err(|what| PriceError::Line { line, what })?;
            if let Some(last) = days.last().filter(|last| **last >= day) {
                let what = format!("{day} comes after {last}: sort the days, each once");
                return Err(PriceError::Line { line, what });
            }
            days.push(day);
            for ((symbol, columns), series) in groups.iter().zip(&mut bars) {
                let bar = parse_bar(&record, columns).map_err(|what| PriceError::Line {
                    line,
                    what: format!("{symbol}: {what}"),
                })?;
                series.push(bar);
            }
        }
        let symbols = groups.into_iter().map(|(symbol, _)| symbol).collect();
        Ok(Self {
            days,
            symbols,
            bars,
            sha256: Sha256::digest(text.as_bytes()).into(),
        })
    }

    /// A history from bars that are already at hand: per symbol one bar or none for every day. The hash is that of the
    /// numbers' little-endian bytes.
    pub fn from_bars(
        days: Vec<Date>,
        series: Vec<(Symbol, Vec<Option<Bar>>)>,
    ) -> Result<Self, PriceError> {
        let refuse = |at: usize, what: String| PriceError::Line {
            line: at as u64 + 1,
            what,
        };
        if series.is_empty() {
            return Err(PriceError::NoColumns);
        }
        if let Some(at) = days.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(refuse(at + 1, "sort the days, each once".into()));
        }
        let mut hasher = Sha256::new();
        for day in &days {
            hasher.update(day.days().to_le_bytes());
        }
        for (symbol, bars) in &series {
            if bars.len() != days.len() {
                let what = format!("{symbol} has {} bars for {} days", bars.len(), days.len());
                return Err(refuse(bars.len().min(days.len()), what));
            }
            hasher.update(symbol.as_bytes());
            for (at, bar) in bars.iter().enumerate() {
                let prices = bar.map_or([0.0; 4], |b| [b.open, b.high, b.low, b.close]);
                if let Some(bar) = bar {
                    check_bar(bar).map_err(|what| refuse(at, format!("{symbol}: {what}")))?;
                }
                prices
                    .iter()
                    .for_each(|price| hasher.update(price.to_le_bytes()));
            }
        }
        let (symbols, bars) = series.into_iter().unzip();
        Ok(Self {
            days,
            symbols,
            bars,
            sha256: hasher.finalize().into(),
        })
    }

    /// The days of the file, in order.
    pub fn days(&self) -> &[Date] {
        &self.days
    }

    /// The symbols of the file, in its order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// One symbol's bars, one per day of [`Self::days`].
    pub fn bars(&self, symbol: Symbol) -> Option<&[Option<Bar>]> {
        let at = self.symbols.iter().position(|s| *s == symbol)?;
        Some(&self.bars[at])
    }

    /// SHA-256 of the file's bytes, so that a set can say what it was made from.
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// `daily OHLC 2018-2024`, from the first and last year.
    pub fn label(&self) -> String {
        let year = |day: Option<&Date>| day.map_or(0, |d| d.year());
        format!(
            "daily OHLC {}-{}",
            year(self.days.first()),
            year(self.days.last())
        )
    }

    /// Log returns against the close of the calendar day before; `None` where either day is absent.
    pub(crate) fn returns(&self, symbol: Symbol) -> Option<Vec<Option<DayReturn>>> {
        let bars = self.bars(symbol)?;
        let mut returns = vec![None; bars.len().min(1)];
        for (at, pair) in bars.windows(2).enumerate() {
            let adjacent = self.days[at + 1].days() - self.days[at].days() == 1;
            returns.push(match (pair[0], pair[1]) {
                (Some(before), Some(bar)) if adjacent => Some(DayReturn {
                    close: libm::log(bar.close / before.close),
                    low: libm::log(bar.low / before.close),
                    high: libm::log(bar.high / before.close),
                }),
                _ => None,
            });
        }
        Some(returns)
    }
}

fn line_error(error: csv::Error) -> PriceError {
    let line = error.position().map_or(1, csv::Position::line);
    PriceError::Line {
        line,
        what: error.to_string(),
    }
}

/// The symbols that have an `_open` column, with the places of their four columns.
fn column_groups(headers: &csv::StringRecord) -> Result<Vec<(Symbol, [usize; 4])>, PriceError> {
    let mut groups = Vec::new();
    for found in headers.iter().skip(1) {
        let Some(name) = found.strip_suffix("_open") else {
            continue;
        };
        let symbol = name
            .parse()
            .map_err(|what| PriceError::Line { line: 1, what })?;
        let mut columns = [0; 4];
        for (place, field) in columns.iter_mut().zip(FIELDS) {
            let wanted = format!("{name}_{field}");
            *place = headers.iter().position(|h| h == wanted).ok_or_else(|| {
                PriceError::MissingColumn {
                    found: found.to_owned(),
                    missing: wanted,
                }
            })?;
        }
        groups.push((symbol, columns));
    }
    if groups.is_empty() {
        Err(PriceError::NoColumns)
    } else {
        Ok(groups)
    }
}

fn parse_bar(record: &csv::StringRecord, columns: &[usize; 4]) -> Result<Option<Bar>, String> {
    let cells = columns.map(|c| record.get(c).unwrap_or("").trim());
    if cells.iter().all(|c| c.is_empty()) {
        return Ok(None);
    }
    let mut prices = [0.0; 4];
    for ((price, cell), field) in prices.iter_mut().zip(cells).zip(FIELDS) {
        *price = cell
            .parse()
            .ok()
            .filter(|p: &f64| p.is_finite() && *p > 0.0)
            .ok_or_else(|| format!("{field} `{cell}` is not a positive price"))?;
    }
    let [open, high, low, close] = prices;
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

/// What a parsed bar is known to be: positive prices, the low and high around open and close.
fn check_bar(bar: &Bar) -> Result<(), String> {
    let prices = [bar.open, bar.high, bar.low, bar.close];
    if prices.iter().any(|p| !p.is_finite() || *p <= 0.0) {
        return Err(format!("{bar:?} holds a price that is not positive"));
    }
    if bar.low > bar.open.min(bar.close) || bar.high < bar.open.max(bar.close) {
        return Err(format!(
            "{bar:?}: low and high do not enclose open and close"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_at_hand_make_the_history_that_their_file_makes() {
        let parsed = parse("2020-01-01,1,2,1,2\n2020-01-02,2,4,1,2\n").unwrap();
        let btc = Symbol::new("BTC").unwrap();
        let bars = parsed.bars(btc).unwrap().to_vec();
        let days = parsed.days().to_vec();
        let made = PriceHistory::from_bars(days.clone(), vec![(btc, bars.clone())]).unwrap();
        assert_eq!(made.days(), parsed.days());
        assert_eq!(made.bars(btc), parsed.bars(btc));
        assert_eq!(made.label(), parsed.label());
        let mut broken = bars.clone();
        broken[1] = broken[1].map(|b| Bar { low: 3.0, ..b });
        for (days, bars) in [
            (days.clone(), broken),
            (days.clone(), bars[..1].to_vec()),
            (vec![days[1], days[0]], bars),
        ] {
            assert!(PriceHistory::from_bars(days, vec![(btc, bars)]).is_err());
        }
    }

    const HEADER: &str = "date,btc_open,btc_high,btc_low,btc_close\n";

    fn parse(lines: &str) -> Result<PriceHistory, PriceError> {
        PriceHistory::parse(&format!("{HEADER}{lines}"))
    }

    #[test]
    fn returns_are_taken_against_the_close_before_and_never_across_a_gap() {
        let history =
            parse("2020-01-01,1,2,1,2\n2020-01-02,2,4,1,2\n2020-01-04,2,2,2,2\n").unwrap();
        let returns = history.returns(Symbol::new("BTC").unwrap()).unwrap();
        let day = returns[1].unwrap();
        assert_eq!((returns[0], returns[2]), (None, None));
        assert!((day.low + day.high).abs() < 1e-12 && day.close == 0.0);
    }

    #[test]
    fn a_bad_line_is_named() {
        let cases = [
            ("2020-01-01,1,1,1,1\n2020-01-02,1,x,1,1\n", 3),
            ("2020-01-01,1,1,1,1\n2020-01-01,1,1,1,1\n", 3),
            ("2020-01-01,1,1,1.5,1\n", 2),
            ("2020-01-01,1,1,-1,1\n", 2),
            ("2020-01-01,1,1,,1\n", 2),
            ("1 Jan,1,1,1,1\n", 2),
            ("2020-01-01,1,1,1\n", 2),
        ];
        for (lines, bad) in cases {
            assert!(
                matches!(parse(lines), Err(PriceError::Line { line, .. }) if line == bad),
                "{lines}"
            );
        }
    }

    #[test]
    fn a_symbol_without_all_four_columns_is_refused() {
        let text = "date,btc_open,btc_high,btc_low\n";
        assert!(matches!(
            PriceHistory::parse(text),
            Err(PriceError::MissingColumn { .. })
        ));
        assert!(matches!(
            PriceHistory::parse("date,price\n"),
            Err(PriceError::NoColumns)
        ));
    }
}
