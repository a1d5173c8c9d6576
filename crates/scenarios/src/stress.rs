//! The mandated stress rows: what happened at the worst, and what a correlated history cannot show.

use crate::builder::BuildParams;
use crate::error::BuildError;
use crate::moments::level_units;
use crate::population::level_of;
use crate::prices::{DayReturn, PriceHistory};
use crate::set::StressRow;
use crate::shape::{MAX_STRESS, RETURN_MAX, RETURN_ONE, Symbol};
use crate::volatility::long_run;

/// Size of the decorrelated stress, in long-run daily volatilities.
const DECORRELATED_SIGMAS: f64 = 3.0;

/// Which mandated row a stress row is. Its id is hashed and stored on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StressKind {
    /// The worst day of the column with this index: all columns from the close before to their lows of that day.
    WorstDay(u8),
    /// The best day of that column: all columns to their highs of that day.
    BestDay(u8),
    /// Every column at its own worst.
    AllDown,
    /// Every column at its own best.
    AllUp,
    /// The first column flat, the others in turn up and down by three long-run volatilities.
    Decorrelated,
    /// The same with the signs turned.
    DecorrelatedMirror,
    /// Reserved: a stablecoin loses its peg.
    StablecoinDepeg,
    /// Reserved: a staked token loses its peg.
    StakedDepeg,
}

impl StressKind {
    /// The id: `0x10 + column`, `0x20 + column`, then one per kind.
    pub const fn id(self) -> u8 {
        match self {
            Self::WorstDay(column) => 0x10 + column,
            Self::BestDay(column) => 0x20 + column,
            Self::AllDown => 0x30,
            Self::AllUp => 0x31,
            Self::Decorrelated => 0x40,
            Self::DecorrelatedMirror => 0x41,
            Self::StablecoinDepeg => 0x50,
            Self::StakedDepeg => 0x51,
        }
    }

    /// The kind of an id.
    pub const fn from_id(id: u8) -> Option<Self> {
        Some(match id {
            0x10..=0x17 => Self::WorstDay(id - 0x10),
            0x20..=0x27 => Self::BestDay(id - 0x20),
            0x30 => Self::AllDown,
            0x31 => Self::AllUp,
            0x40 => Self::Decorrelated,
            0x41 => Self::DecorrelatedMirror,
            0x50 => Self::StablecoinDepeg,
            0x51 => Self::StakedDepeg,
            _ => return None,
        })
    }

    /// A name for people, `worst day of BTC`.
    pub fn name(self, symbols: &[Symbol]) -> String {
        let symbol = |column: u8| {
            symbols
                .get(usize::from(column))
                .map_or_else(|| format!("#{column}"), Symbol::to_string)
        };
        match self {
            Self::WorstDay(column) => format!("worst day of {}", symbol(column)),
            Self::BestDay(column) => format!("best day of {}", symbol(column)),
            Self::AllDown => "all down".into(),
            Self::AllUp => "all up".into(),
            Self::Decorrelated => "decorrelated".into(),
            Self::DecorrelatedMirror => "decorrelated mirror".into(),
            Self::StablecoinDepeg => "stablecoin depeg".into(),
            Self::StakedDepeg => "staked token depeg".into(),
        }
    }
}

/// One column's history as the stress rows need it.
struct Column {
    returns: Vec<Option<DayReturn>>,
    /// Long-run daily volatility.
    sigma: f64,
    /// Place of the day with the lowest low, and that log return.
    worst: (usize, f64),
    /// Place of the day with the highest high, and that log return.
    best: (usize, f64),
}

/// Builds the rows from each column's own full history (not only the joint days). Where all do not fit, the best days of
/// the last columns are left out: "all up" covers them.
pub(crate) fn stress_rows(
    prices: &PriceHistory,
    symbols: &[Symbol],
    params: &BuildParams,
    level_mean: f64,
) -> Result<Vec<StressRow>, BuildError> {
    let columns: Vec<Column> = symbols
        .iter()
        .map(|s| column(prices, *s))
        .collect::<Result<_, _>>()?;
    let row = |kind, logs: Vec<f64>| {
        let z: Vec<f64> = logs
            .iter()
            .zip(&columns)
            .map(|(r, c)| r / c.sigma)
            .collect();
        StressRow {
            kind,
            level: level_units(level_of(&z, params.level_lambda()) - level_mean),
            returns: logs.iter().map(|r| return_units(*r)).collect(),
            day: None,
            inferred: false,
        }
    };
    let of_day = |kind, at: usize, price: fn(&DayReturn) -> f64| {
        let (logs, inferred) = joint_day(&columns, at, price);
        StressRow {
            day: Some(prices.days()[at]),
            inferred,
            ..row(kind, logs)
        }
    };
    let mut rows = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        rows.push(of_day(
            StressKind::WorstDay(at as u8),
            column.worst.0,
            |r| r.low,
        ));
    }
    for (at, column) in columns
        .iter()
        .enumerate()
        .take(MAX_STRESS - 4 - columns.len())
    {
        rows.push(of_day(StressKind::BestDay(at as u8), column.best.0, |r| {
            r.high
        }));
    }
    rows.push(row(
        StressKind::AllDown,
        columns.iter().map(|c| c.worst.1).collect(),
    ));
    rows.push(row(
        StressKind::AllUp,
        columns.iter().map(|c| c.best.1).collect(),
    ));
    let alternate = |first: f64| {
        let sign = move |at: usize| match at {
            0 => 0.0,
            at if at % 2 == 1 => first,
            _ => -first,
        };
        columns
            .iter()
            .enumerate()
            .map(move |(at, c)| sign(at) * DECORRELATED_SIGMAS * c.sigma)
    };
    rows.push(row(StressKind::Decorrelated, alternate(1.0).collect()));
    rows.push(row(
        StressKind::DecorrelatedMirror,
        alternate(-1.0).collect(),
    ));
    Ok(rows)
}

fn column(prices: &PriceHistory, symbol: Symbol) -> Result<Column, BuildError> {
    let returns = prices
        .returns(symbol)
        .ok_or(BuildError::UnknownSymbol(symbol))?;
    let known = || {
        returns
            .iter()
            .enumerate()
            .filter_map(|(at, r)| Some((at, r.as_ref()?)))
    };
    let sigma = long_run(known().map(|(_, r)| r.close));
    let worst = known()
        .map(|(at, r)| (at, r.low))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let best = known()
        .map(|(at, r)| (at, r.high))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match (worst, best) {
        (Some(worst), Some(best)) if sigma > 0.0 => Ok(Column {
            returns,
            sigma,
            worst,
            best,
        }),
        _ => Err(BuildError::TooFewDays { have: 0, need: 1 }),
    }
}

/// Every column's return of one day. A column without a price that day moves by as many of its own long-run
/// volatilities as the others did on average, but not beyond its own worst or best day; the flag says so.
fn joint_day(columns: &[Column], at: usize, price: fn(&DayReturn) -> f64) -> (Vec<f64>, bool) {
    let known: Vec<Option<f64>> = columns
        .iter()
        .map(|c| c.returns[at].as_ref().map(price))
        .collect();
    let multiples: Vec<f64> = known
        .iter()
        .zip(columns)
        .filter_map(|(r, c)| Some((*r)? / c.sigma))
        .collect();
    let average = multiples.iter().sum::<f64>() / multiples.len() as f64;
    let inferred = known.iter().any(Option::is_none);
    let logs = known
        .iter()
        .zip(columns)
        .map(|(r, c)| r.unwrap_or_else(|| (average * c.sigma).clamp(c.worst.1, c.best.1)))
        .collect();
    (logs, inferred)
}

/// A log return as a simple return in [`RETURN_ONE`]ths.
fn return_units(log: f64) -> i32 {
    let simple = (libm::exp(log) - 1.0) * f64::from(RETURN_ONE);
    simple
        .round()
        .clamp(f64::from(-RETURN_ONE), f64::from(RETURN_MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_as_its_kind() {
        let known: Vec<StressKind> = (0..=255).filter_map(StressKind::from_id).collect();
        assert_eq!(known.len(), 8 + 8 + 6);
        assert!(
            known
                .iter()
                .all(|k| StressKind::from_id(k.id()) == Some(*k))
        );
    }

    #[test]
    fn returns_stay_inside_the_account_shape() {
        assert_eq!(return_units(9.0), RETURN_MAX);
        assert_eq!(return_units(-60.0), -RETURN_ONE);
        assert_eq!(return_units(libm::log(0.5)), -RETURN_ONE / 2);
    }
}
