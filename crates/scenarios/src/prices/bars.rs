//! A history from bars that are already at hand, as a backtest has them for a part of its prices.

use sha2::{Digest, Sha256};

use super::{Bar, Mark, PriceHistory, Source};
use crate::date::Date;
use crate::error::PriceError;
use crate::shape::Symbol;

impl PriceHistory {
    /// Per symbol one bar or none for every day. The hash is that of the numbers' little-endian bytes.
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
                    check(bar).map_err(|what| refuse(at, format!("{symbol}: {what}")))?;
                }
                prices
                    .iter()
                    .for_each(|price| hasher.update(price.to_le_bytes()));
            }
        }
        let year = |day: Option<&Date>| day.map_or(0, |d| d.year());
        let label = format!("bars {}-{}", year(days.first()), year(days.last()));
        let marks = vec![vec![Mark::default(); days.len()]; series.len()];
        let (symbols, bars) = series.into_iter().unzip();
        Ok(Self {
            days,
            symbols,
            bars,
            marks,
            sources: vec![Source {
                label,
                sha256: hasher.finalize().into(),
            }],
        })
    }
}

/// What a parsed bar is known to be: positive prices, the low and high around open and close.
fn check(bar: &Bar) -> Result<(), String> {
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
        let text =
            "date,btc_open,btc_high,btc_low,btc_close\n2020-01-01,1,2,1,2\n2020-01-02,2,4,1,2\n";
        let parsed = PriceHistory::parse(text).unwrap();
        let btc = Symbol::new("BTC").unwrap();
        let bars = parsed.bars(btc).unwrap().to_vec();
        let days = parsed.days().to_vec();
        let made = PriceHistory::from_bars(days.clone(), vec![(btc, bars.clone())]).unwrap();
        assert_eq!(made.days(), parsed.days());
        assert_eq!(made.bars(btc), parsed.bars(btc));
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
}
