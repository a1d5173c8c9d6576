//! At-the-money implied volatility from an option chain, for dates of which no price series is at hand.

use {
    crate::{error::BacktestError, time::Time, volatility::variance_q48},
    cep_scenarios::Symbol,
    std::{collections::BTreeMap, path::Path},
};

const DAYS_PER_YEAR: f64 = 365.0;

/// One option of a chain, as far as at-the-money volatility needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quote {
    strike: f64,
    forward: f64,
    /// Years of 365 days.
    maturity: f64,
    /// Mark volatility per year, as a fraction.
    iv: f64,
}

/// An underlying's options at one time.
#[derive(Clone, Debug)]
pub struct OptionChain {
    /// Index price, USD; the last in the file.
    pub index: f64,
    /// By expiry.
    expiries: BTreeMap<Time, Vec<Quote>>,
}

impl OptionChain {
    /// Reads the options of `currency` from a file with columns `currency, strike, expiry_datetime, time_to_maturity, index_price,
    /// futures_price, implied_volatility`.
    pub fn open(path: &Path, currency: Symbol) -> Result<Self, BacktestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| BacktestError::Io(format!("{}: {e}", path.display())))?;
        Self::parse(&text, currency)
    }

    /// As [`Self::open`], from text.
    pub fn parse(text: &str, currency: Symbol) -> Result<Self, BacktestError> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let line_of = |what: String, line: u64| BacktestError::Line { line, what };
        let headers = reader
            .headers()
            .map_err(|e| line_of(e.to_string(), 1))?
            .clone();
        let place = |name: &str| {
            let found = headers.iter().position(|h| h == name);
            found.ok_or_else(|| BacktestError::MissingColumn(name.to_owned()))
        };
        let (name, expiry) = (place("currency")?, place("expiry_datetime")?);
        let numbers = [
            place("strike")?,
            place("futures_price")?,
            place("time_to_maturity")?,
            place("implied_volatility")?,
            place("index_price")?,
        ];
        let mut chain = Self {
            index: 0.0,
            expiries: BTreeMap::new(),
        };
        for record in reader.records() {
            let record = record.map_err(|e| line_of(e.to_string(), 0))?;
            let line = record.position().map_or(0, csv::Position::line);
            if record.get(name) != Some(currency.as_str()) {
                continue;
            }
            let mut values = [0.0; 5];
            for (value, place) in values.iter_mut().zip(numbers) {
                let cell = record.get(place).unwrap_or("");
                let refuse = || {
                    line_of(
                        format!("{} `{cell}` is not a positive number", &headers[place]),
                        line,
                    )
                };
                let parsed: Option<f64> = cell.trim().parse().ok();
                *value = parsed
                    .filter(|v| v.is_finite() && *v > 0.0)
                    .ok_or_else(refuse)?;
            }
            let [strike, forward, maturity, iv, index] = values;
            let expiry: Time = record
                .get(expiry)
                .unwrap_or("")
                .parse()
                .map_err(|what| line_of(what, line))?;
            chain.index = index;
            chain.expiries.entry(expiry).or_default().push(Quote {
                strike,
                forward,
                maturity,
                iv,
            });
        }
        if chain.expiries.is_empty() {
            return Err(BacktestError::MissingColumn(currency.to_string()));
        }
        Ok(chain)
    }

    /// At-the-money volatility per year at `days` days: per expiry the mean of the options at the strike nearest the forward,
    /// between expiries linear in total variance, beyond the outermost flat.
    #[must_use]
    pub fn at_the_money(&self, days: f64) -> f64 {
        let wanted = days / DAYS_PER_YEAR;
        // Maturity and volatility of every expiry, in order of time.
        let curve: Vec<(f64, f64)> = self
            .expiries
            .values()
            .filter_map(|quotes| nearest(quotes))
            .collect();
        let after = curve.partition_point(|(t, _)| *t < wanted);
        match (
            after.checked_sub(1).and_then(|at| curve.get(at)),
            curve.get(after),
        ) {
            (Some((t0, v0)), Some((t1, v1))) => {
                let (w0, w1) = (t0 * v0 * v0, t1 * v1 * v1);
                let total = w0 + (w1 - w0) * (wanted - t0) / (t1 - t0);
                (total / wanted).sqrt()
            }
            (Some((_, v)), None) | (None, Some((_, v))) => *v,
            (None, None) => 0.0,
        }
    }

    /// Variance per day (Q48) of the 30-day at-the-money volatility.
    #[must_use]
    pub fn variance(&self) -> u64 {
        let iv = self.at_the_money(30.0);
        variance_q48(iv * iv / DAYS_PER_YEAR)
    }
}

/// Maturity, and the mean volatility of the options whose strike is nearest the forward.
fn nearest(quotes: &[Quote]) -> Option<(f64, f64)> {
    let distance = |q: &Quote| (q.strike / q.forward).ln().abs();
    let first = quotes
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let ivs: Vec<f64> = quotes
        .iter()
        .filter(|q| q.strike == first.strike)
        .map(|q| q.iv)
        .collect();
    Some((first.maturity, ivs.iter().sum::<f64>() / ivs.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "currency,strike,expiry_datetime,time_to_maturity,index_price,futures_price,implied_volatility
BTC,100,2026-01-21T08:00,0.054794520547945202,99,101,0.6
BTC,100,2026-01-21T08:00,0.054794520547945202,99,101,0.62
BTC,110,2026-01-21T08:00,0.054794520547945202,99,101,0.9
BTC,100,2026-02-10T08:00,0.1095890410958904,99,102,0.5
ETH,100,2026-02-10T08:00,0.1095890410958904,7,102,0.1
";

    #[test]
    fn volatility_is_read_at_the_forward_and_interpolated_in_variance() {
        let chain = OptionChain::parse(TEXT, Symbol::new("BTC").unwrap()).unwrap();
        assert_eq!(chain.index, 99.0);
        // 20 days at 0.61 and 40 days at 0.5: at 30 days half of each total variance.
        let want = ((20.0 * 0.61f64.powi(2) + 40.0 * 0.25) / 2.0 / 30.0).sqrt();
        assert!((chain.at_the_money(30.0) - want).abs() < 1e-9);
        assert!((chain.at_the_money(1.0) - 0.61).abs() < 1e-9);
        assert!((chain.at_the_money(400.0) - 0.5).abs() < 1e-9);
        assert!(OptionChain::parse(TEXT, Symbol::new("SOL").unwrap()).is_err());
    }
}
