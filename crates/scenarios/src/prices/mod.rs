//! Price histories: one UTC day per place, merged from daily and intraday files.

mod bars;
mod file;
mod ratio;

use sha2::{Digest, Sha256};

use crate::date::Date;
use crate::error::PriceError;
use crate::shape::Symbol;
use file::PriceFile;

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

/// Where one symbol's bar comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    /// Place of the file among the sources.
    pub file: usize,
    /// Sum of squared intraday log returns of the day, in an intraday file.
    pub realised: Option<f64>,
}

/// One file that a history was read from.
#[derive(Clone, Debug, PartialEq)]
struct Source {
    label: String,
    sha256: [u8; 32],
}

/// All symbols of one or several price files, on the same days. A symbol has no bar on days before its listing.
#[derive(Clone, Debug)]
pub struct PriceHistory {
    days: Vec<Date>,
    symbols: Vec<Symbol>,
    /// Per symbol, per day.
    bars: Vec<Vec<Option<Bar>>>,
    /// Per symbol, per day; means nothing where there is no bar.
    marks: Vec<Vec<Mark>>,
    sources: Vec<Source>,
}

impl PriceHistory {
    /// Reads the file at `path`.
    pub fn open(path: &std::path::Path) -> Result<Self, PriceError> {
        Self::open_all(&[path])
    }

    /// Reads and merges several files. Where two have the same symbol on the same day, the one named first counts.
    pub fn open_all<P: AsRef<std::path::Path>>(paths: &[P]) -> Result<Self, PriceError> {
        let mut texts = Vec::new();
        for path in paths {
            let path = path.as_ref();
            let text = std::fs::read_to_string(path)
                .map_err(|e| PriceError::Io(format!("{}: {e}", path.display())))?;
            texts.push(text);
        }
        Self::parse_all(&texts)
    }

    /// Reads a file's text: daily bars, or intraday bars that are put together to UTC days. A symbol's cells are either
    /// all there or all empty.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        Self::parse_all(&[text])
    }

    /// Reads and merges the texts of several files, see [`Self::open_all`].
    pub fn parse_all<T: AsRef<str>>(texts: &[T]) -> Result<Self, PriceError> {
        let mut files = Vec::new();
        let mut sources = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let text = text.as_ref();
            let file = PriceFile::parse(text).map_err(|e| e.in_file(at, texts.len()))?;
            let year = |day: Option<&Date>| day.map_or(0, |d| d.year());
            let (first, last) = (year(file.days.first()), year(file.days.last()));
            let kind = if file.intraday { "intraday" } else { "daily" };
            sources.push(Source {
                label: if first == last {
                    format!("{kind} OHLC {first}")
                } else {
                    format!("{kind} OHLC {first}-{last}")
                },
                sha256: Sha256::digest(text.as_bytes()).into(),
            });
            files.push(file);
        }
        Ok(Self::merge(files, sources))
    }

    fn merge(files: Vec<PriceFile>, sources: Vec<Source>) -> Self {
        let mut days: Vec<Date> = files.iter().flat_map(|f| f.days.iter().copied()).collect();
        days.sort_unstable();
        days.dedup();
        let mut symbols: Vec<Symbol> = Vec::new();
        for symbol in files.iter().flat_map(|f| &f.symbols) {
            if !symbols.contains(symbol) {
                symbols.push(*symbol);
            }
        }
        let mut bars = vec![vec![None; days.len()]; symbols.len()];
        let mut marks = vec![vec![Mark::default(); days.len()]; symbols.len()];
        for (file, part) in files.iter().enumerate() {
            for (symbol, series) in part.symbols.iter().zip(&part.bars) {
                let Some(column) = symbols.iter().position(|s| s == symbol) else {
                    continue;
                };
                for (day, found) in part.days.iter().zip(series) {
                    let (Ok(at), Some((bar, realised))) = (days.binary_search(day), found) else {
                        continue;
                    };
                    if bars[column][at].is_none() {
                        bars[column][at] = Some(*bar);
                        let realised = *realised;
                        marks[column][at] = Mark { file, realised };
                    }
                }
            }
        }
        Self {
            days,
            symbols,
            bars,
            marks,
            sources,
        }
    }

    /// The days of the files, in order.
    pub fn days(&self) -> &[Date] {
        &self.days
    }

    /// The symbols of the files, in their order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// One symbol's bars, one per day of [`Self::days`].
    pub fn bars(&self, symbol: Symbol) -> Option<&[Option<Bar>]> {
        Some(&self.bars[self.place(symbol)?])
    }

    pub(crate) fn marks(&self, symbol: Symbol) -> Option<&[Mark]> {
        Some(&self.marks[self.place(symbol)?])
    }

    fn place(&self, symbol: Symbol) -> Option<usize> {
        self.symbols.iter().position(|s| *s == symbol)
    }

    /// SHA-256 of every file's bytes, so that a set can say what it was made from.
    pub fn sha256(&self) -> Vec<[u8; 32]> {
        self.sources.iter().map(|s| s.sha256).collect()
    }

    /// `daily OHLC 2018-2024, intraday OHLC 2025`, from the first and last year of every file.
    pub fn label(&self) -> String {
        let labels: Vec<&str> = self.sources.iter().map(|s| s.label.as_str()).collect();
        labels.join(", ")
    }

    /// Log returns against the close of the calendar day before in the same file; `None` where either day is absent.
    /// Across two files there is no return: their markets differ (spot and perpetual, say).
    pub(crate) fn day_returns(
        &self,
        bars: &[Option<Bar>],
        marks: &[Mark],
    ) -> Vec<Option<DayReturn>> {
        let mut returns = vec![None; bars.len().min(1)];
        for (at, pair) in bars.windows(2).enumerate() {
            let adjacent = self.days[at + 1].days() - self.days[at].days() == 1
                && marks[at].file == marks[at + 1].file;
            returns.push(match (pair[0], pair[1]) {
                (Some(before), Some(bar)) if adjacent => Some(DayReturn {
                    close: libm::log(bar.close / before.close),
                    low: libm::log(bar.low / before.close),
                    high: libm::log(bar.high / before.close),
                }),
                _ => None,
            });
        }
        returns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "date,btc_open,btc_high,btc_low,btc_close\n";

    fn btc_returns(history: &PriceHistory) -> Vec<Option<DayReturn>> {
        let btc = Symbol::new("BTC").unwrap();
        history.day_returns(history.bars(btc).unwrap(), history.marks(btc).unwrap())
    }

    #[test]
    fn returns_are_taken_against_the_close_before_and_never_across_a_gap() {
        let lines = "2020-01-01,1,2,1,2\n2020-01-02,2,4,1,2\n2020-01-04,2,2,2,2\n";
        let history = PriceHistory::parse(&format!("{HEADER}{lines}")).unwrap();
        let returns = btc_returns(&history);
        let day = returns[1].unwrap();
        assert_eq!((returns[0], returns[2]), (None, None));
        assert!((day.low + day.high).abs() < 1e-12 && day.close == 0.0);
    }

    #[test]
    fn files_merge_by_day_and_the_first_named_counts() {
        let first = format!("{HEADER}2020-01-01,1,2,1,2\n2020-01-02,2,2,2,2\n");
        let second =
            format!("{HEADER}2020-01-02,9,9,9,9\n2020-01-03,8,8,8,8\n2020-01-04,4,4,4,4\n");
        let history = PriceHistory::parse_all(&[first, second]).unwrap();
        let closes: Vec<f64> = history
            .bars(Symbol::new("BTC").unwrap())
            .unwrap()
            .iter()
            .map(|b| b.unwrap().close)
            .collect();
        assert_eq!(closes, [2.0, 2.0, 8.0, 4.0]);
        let returns = btc_returns(&history);
        assert_eq!(returns[2], None, "no return from one file to another");
        assert!((returns[3].unwrap().close - 0.5f64.ln()).abs() < 1e-12);
        assert_eq!(history.label(), "daily OHLC 2020, daily OHLC 2020");
        assert_eq!(history.sha256().len(), 2);
    }
}
