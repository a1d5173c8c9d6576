//! Daily bars known so far: what scenario sets are built from.

use {
    crate::{error::BacktestError, series::PriceSeries, time::Time},
    cep_risk::SECONDS_PER_DAY,
    cep_scenarios::{Bar, Date, PriceHistory, Symbol},
    std::collections::BTreeMap,
};

/// Daily bars of the walked series, with days from before it where they are given.
#[derive(Clone, Debug)]
pub struct DailyHistory {
    days: Vec<Date>,
    columns: Vec<(Symbol, Vec<Option<Bar>>)>,
}

impl DailyHistory {
    /// Puts together the complete days of `series` and the days of `before`. Where both have a day, `before` is taken: it
    /// may have been recorded at other venues, and a series should not change source day by day.
    pub fn new(
        series: &PriceSeries,
        before: Option<&PriceHistory>,
        symbols: &[Symbol],
    ) -> Result<Self, BacktestError> {
        let mut days: BTreeMap<Date, Vec<Option<Bar>>> = BTreeMap::new();
        for (at, symbol) in symbols.iter().enumerate() {
            let mut put = |day: Date, bar: Bar| {
                days.entry(day).or_insert_with(|| vec![None; symbols.len()])[at] = Some(bar);
            };
            aggregate(series, *symbol, &mut put);
            let Some(before) = before else { continue };
            let bars = before
                .bars(*symbol)
                .ok_or(BacktestError::HistoryColumn(*symbol))?;
            for (day, bar) in before.days().iter().zip(bars) {
                if let Some(bar) = bar {
                    put(*day, *bar);
                }
            }
        }
        let columns = symbols
            .iter()
            .enumerate()
            .map(|(at, symbol)| (*symbol, days.values().map(|bars| bars[at]).collect()));
        let columns = columns.collect();
        Ok(Self {
            days: days.into_keys().collect(),
            columns,
        })
    }

    /// How many of the days had ended by `time`.
    #[must_use]
    pub fn known_at(&self, time: Time) -> usize {
        self.days.partition_point(|day| end_of(*day) <= time)
    }

    /// The first `count` days alone.
    pub fn first(&self, count: usize) -> Result<PriceHistory, BacktestError> {
        let count = count.min(self.days.len());
        let columns = self
            .columns
            .iter()
            .map(|(symbol, bars)| (*symbol, bars[..count].to_vec()));
        Ok(PriceHistory::from_bars(
            self.days[..count].to_vec(),
            columns.collect(),
        )?)
    }

    /// Days of the first `count` on which every column has a bar.
    #[must_use]
    pub fn joint_days(&self, count: usize) -> usize {
        let count = count.min(self.days.len());
        let all = |at: &usize| self.columns.iter().all(|(_, bars)| bars[*at].is_some());
        (0..count).filter(all).count()
    }

    /// One symbol's closes, each at the end of its day.
    pub(crate) fn closes(&self, symbol: Symbol) -> impl Iterator<Item = (Time, f64)> {
        let bars = self
            .columns
            .iter()
            .filter(move |(s, _)| *s == symbol)
            .flat_map(|(_, bars)| bars);
        let at_ends = self.days.iter().map(|day| end_of(*day)).zip(bars);
        at_ends.filter_map(|(end, bar)| Some((end, (*bar)?.close)))
    }
}

fn end_of(day: Date) -> Time {
    Time::midnight(day).plus(SECONDS_PER_DAY as i64)
}

/// Hands out the days of which the series has every bar. The open is the first bar's own or else the close before it.
fn aggregate(series: &PriceSeries, symbol: Symbol, put: &mut impl FnMut(Date, Bar)) {
    let Some(bars) = series.bars(symbol) else {
        return;
    };
    let step = series.step();
    let per_day = SECONDS_PER_DAY as i64 / step.max(1);
    let mut before: Option<f64> = None;
    let mut day: Option<(Date, Bar, i64)> = None;
    for (end, bar) in series.ends().iter().zip(bars) {
        let Some(bar) = bar else { continue };
        let start = end.plus(-step);
        let (date, open) = (start.day(), bar.open.or(before).unwrap_or(bar.close));
        // A close before outside the bar is a jump between bars, and part of the day.
        let fresh = Bar {
            open,
            high: bar.high.max(open),
            low: bar.low.min(open),
            close: bar.close,
        };
        let (whole, count) = match day {
            Some((d, whole, count)) if d == date => {
                let whole = Bar {
                    open: whole.open,
                    high: whole.high.max(bar.high),
                    low: whole.low.min(bar.low),
                    close: bar.close,
                };
                (whole, count + 1)
            }
            _ => (fresh, 1),
        };
        day = Some((date, whole, count));
        before = Some(bar.close);
        if count == per_day {
            put(date, whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn hours_make_days_and_part_days_are_left_out() {
        let mut text = String::from("ts,btc_high,btc_low,btc_close\n");
        for hour in 20..73 {
            let (day, hour, p) = (hour / 24 + 1, hour % 24, 100 + hour);
            writeln!(text, "2020-01-0{day}T{hour:02}:00Z,{},{},{p}", p + 5, p - 5).unwrap();
        }
        let btc = Symbol::new("BTC").unwrap();
        let series = PriceSeries::parse(&text, &[btc]).unwrap();
        let history = DailyHistory::new(&series, None, &[btc]).unwrap();
        let days: Vec<String> = history.days.iter().map(Date::to_string).collect();
        assert_eq!(days, ["2020-01-02", "2020-01-03"]);
        let want = Bar {
            open: 123.0,
            high: 152.0,
            low: 119.0,
            close: 147.0,
        };
        assert_eq!(history.columns[0].1[0], Some(want));
        let known = |text: &str| history.known_at(text.parse().unwrap());
        assert_eq!(
            (known("2020-01-02T23:00Z"), known("2020-01-03T00:00Z")),
            (0, 1)
        );
        let first = history.first(1).unwrap();
        assert_eq!(first.days().len(), 1);

        let before = PriceHistory::parse(
            "date,btc_open,btc_high,btc_low,btc_close\n2019-12-30,1,1,1,1\n2020-01-02,9,9,9,9\n",
        )
        .unwrap();
        let both = DailyHistory::new(&series, Some(&before), &[btc]).unwrap();
        let closes: Vec<f64> = both.closes(btc).map(|(_, close)| close).collect();
        assert_eq!(closes, [1.0, 9.0, 171.0]);
    }
}
