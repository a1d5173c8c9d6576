//! Price bars on a regular grid of times: daily, hourly or finer.

use {
    crate::{error::BacktestError, time::Time},
    cep_scenarios::Symbol,
    std::path::Path,
};

/// One symbol's bar, in USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesBar {
    /// First price, where the file has it.
    pub open: Option<f64>,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// Bars of several symbols. A bar's time in the file is its start; what is known of it is known at its end.
#[derive(Clone, Debug)]
pub struct PriceSeries {
    step: i64,
    ends: Vec<Time>,
    symbols: Vec<Symbol>,
    /// Per symbol, per time.
    bars: Vec<Vec<Option<SeriesBar>>>,
}

impl PriceSeries {
    /// Reads the columns of `symbols` from the file at `path`.
    pub fn open(path: &Path, symbols: &[Symbol]) -> Result<Self, BacktestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| BacktestError::Io(format!("{}: {e}", path.display())))?;
        Self::parse(&text, symbols)
    }

    /// Reads `time, <sym>_open, <sym>_high, <sym>_low, <sym>_close, ...`. `_open` may be absent, other columns are not looked
    /// at, and a symbol's cells are either all there or all empty. Times rise on a grid; bars may be missing.
    pub fn parse(text: &str, symbols: &[Symbol]) -> Result<Self, BacktestError> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(line_error)?.clone();
        let columns: Vec<Columns> = symbols
            .iter()
            .map(|symbol| Columns::find(&headers, *symbol))
            .collect::<Result<_, _>>()?;
        let (mut starts, mut lines): (Vec<Time>, Vec<u64>) = (Vec::new(), Vec::new());
        let mut bars = vec![Vec::new(); symbols.len()];
        for record in reader.records() {
            let record = record.map_err(line_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            let start: Time = record
                .get(0)
                .unwrap_or("")
                .trim()
                .parse()
                .map_err(|what| BacktestError::Line { line, what })?;
            if let Some(last) = starts.last().filter(|last| **last >= start) {
                let what = format!("{start} comes after {last}: sort the lines, each time once");
                return Err(BacktestError::Line { line, what });
            }
            starts.push(start);
            lines.push(line);
            for ((symbol, columns), series) in symbols.iter().zip(&columns).zip(&mut bars) {
                series.push(columns.bar(&record).map_err(|what| BacktestError::Line {
                    line,
                    what: format!("{symbol}: {what}"),
                })?);
            }
        }
        let gaps = || {
            starts
                .windows(2)
                .map(|pair| pair[1].unix() - pair[0].unix())
        };
        let step = gaps().min().ok_or(BacktestError::TooShort(starts.len()))?;
        if let Some(at) = gaps().position(|gap| gap % step != 0) {
            let line = lines[at + 1];
            return Err(BacktestError::OffGrid { line, step });
        }
        Ok(Self {
            step,
            ends: starts.iter().map(|start| start.plus(step)).collect(),
            symbols: symbols.to_vec(),
            bars,
        })
    }

    /// Seconds from one bar to the next.
    #[must_use]
    pub const fn step(&self) -> i64 {
        self.step
    }

    /// When each bar ends, in order.
    #[must_use]
    pub fn ends(&self) -> &[Time] {
        &self.ends
    }

    /// The symbols read, in the order asked for.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// One symbol's bars, one per entry of [`Self::ends`].
    #[must_use]
    pub fn bars(&self, symbol: Symbol) -> Option<&[Option<SeriesBar>]> {
        let at = self.symbols.iter().position(|s| *s == symbol)?;
        Some(&self.bars[at])
    }
}

fn line_error(error: csv::Error) -> BacktestError {
    BacktestError::Line {
        line: error.position().map_or(1, csv::Position::line),
        what: error.to_string(),
    }
}

/// Where the cells of one symbol are.
struct Columns {
    open: Option<usize>,
    rest: [usize; 3],
}

impl Columns {
    fn find(headers: &csv::StringRecord, symbol: Symbol) -> Result<Self, BacktestError> {
        let place = |field: &str| {
            let wanted = format!("{symbol}_{field}");
            let found = headers
                .iter()
                .position(|h| h.trim().eq_ignore_ascii_case(&wanted));
            found.ok_or_else(|| BacktestError::MissingColumn(wanted.to_lowercase()))
        };
        Ok(Self {
            open: place("open").ok(),
            rest: [place("high")?, place("low")?, place("close")?],
        })
    }

    fn bar(&self, record: &csv::StringRecord) -> Result<Option<SeriesBar>, String> {
        let cell = |at: usize| record.get(at).unwrap_or("").trim();
        let price = |at: usize| {
            let parsed = cell(at).parse().ok();
            parsed
                .filter(|p: &f64| p.is_finite() && *p > 0.0)
                .ok_or_else(|| format!("`{}` is not a positive price", cell(at)))
        };
        if self
            .rest
            .iter()
            .chain(&self.open)
            .all(|at| cell(*at).is_empty())
        {
            return Ok(None);
        }
        let [high, low, close] = self.rest;
        let bar = SeriesBar {
            open: self.open.map(price).transpose()?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
        };
        let inside = |p: f64| (bar.low..=bar.high).contains(&p);
        if !inside(bar.close) || !bar.open.is_none_or(inside) {
            return Err(format!(
                "low {}, high {} do not enclose open and close",
                bar.low, bar.high
            ));
        }
        Ok(Some(bar))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn btc() -> Symbol {
        Symbol::new("BTC").unwrap()
    }

    #[test]
    fn bars_without_an_open_and_with_gaps_are_read() {
        let text = "ts,eth_close,btc_high,btc_low,btc_close\n2020-01-01T00:00Z,,3,1,2\n2020-01-01T01:00Z,7,,,\n2020-01-01T04:00Z,x,5,4,4\n";
        let series = PriceSeries::parse(text, &[btc()]).unwrap();
        assert_eq!((series.step(), series.ends().len()), (3_600, 3));
        assert_eq!(series.ends()[0], "2020-01-01T01:00Z".parse().unwrap());
        let bars = series.bars(btc()).unwrap();
        assert_eq!(bars[1], None);
        assert_eq!(bars[2].map(|b| (b.open, b.close)), Some((None, 4.0)));
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        let header =
            "date,btc_open,btc_high,btc_low,btc_close\n2020-01-01,2,3,1,2\n2020-01-02,2,3,1,2\n";
        for (line, text) in [
            (4, "2020-01-02,2,3,1,2"),
            (4, "2020-01-03,2,3,1,-2"),
            (4, "2020-01-03,4,3,1,2"),
            (4, "2020-01-03,,3,1,2"),
            (4, "3 Jan,2,3,1,2"),
        ] {
            let parsed = PriceSeries::parse(&format!("{header}{text}\n"), &[btc()]);
            assert!(
                matches!(parsed, Err(BacktestError::Line { line: l, .. }) if l == line),
                "{text}: {parsed:?}"
            );
        }
        let odd = "date,btc_high,btc_low,btc_close\n2020-01-01T00:00,1,1,1\n2020-01-01T02:00,1,1,1\n2020-01-01T05:00,1,1,1\n";
        assert!(matches!(
            PriceSeries::parse(odd, &[btc()]),
            Err(BacktestError::OffGrid { line: 4, .. })
        ));
        assert_eq!(
            PriceSeries::parse("date,btc_high,btc_low\n", &[btc()]).err(),
            Some(BacktestError::MissingColumn("btc_close".into()))
        );
    }
}
