//! The mandated stress rows: what happened at the worst, and what a correlated history cannot show.

use crate::builder::BuildParams;
use crate::column::{Column, Role};
use crate::error::BuildError;
use crate::moments::level_units;
use crate::population::level_of;
use crate::prices::{DayReturn, PriceHistory};
use crate::set::StressRow;
use crate::shape::{MAX_STRESS, RETURN_MAX, RETURN_ONE, Symbol};

/// Size of the decorrelated stress, in long-run daily volatilities.
const DECORRELATED_SIGMAS: f64 = 3.0;
/// Level of the row in which prices stand still and volatility falls.
const VOLATILITY_DOWN: f64 = -0.25;
/// The staked depeg in multiples of the lowest log price over redemption value that its proxy ever had. The proxy is the
/// deepest market of its kind; a judgement, see the README.
const STAKED_DEPEG: f64 = 2.0;

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
    /// Prices stand still and implied volatility falls.
    VolatilityDown,
    /// Every stablecoin at its own worst, the other columns at the lows of the first stablecoin's worst day.
    StablecoinDepeg,
    /// Staked tokens far below their redemption value on the worst day of their underlying: all columns at its lows.
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
            Self::VolatilityDown => 0x42,
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
            0x42 => Self::VolatilityDown,
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
            Self::VolatilityDown => "volatility down".into(),
            Self::StablecoinDepeg => "stablecoin depeg".into(),
            Self::StakedDepeg => "staked token depeg".into(),
        }
    }
}

/// One column's history with its extremes.
struct Extremes {
    column: Column,
    /// Place of the day with the lowest low, and that log return.
    worst: (usize, f64),
    /// Place of the day with the highest high, and that log return.
    best: (usize, f64),
}

/// Builds the rows from each column's own full history (not only the joint days).
///
/// The mandated rows and every column's worst day are always there; best days fill what is left of the account's room,
/// those of markets first and in column order. "All up" covers the ones left out.
pub(crate) fn stress_rows(
    prices: &PriceHistory,
    symbols: &[Symbol],
    params: &BuildParams,
    level_mean: f64,
) -> Result<Vec<StressRow>, BuildError> {
    let columns: Vec<Extremes> = symbols
        .iter()
        .map(|s| extremes(Column::read(prices, *s, params)?))
        .collect::<Result<_, _>>()?;
    let build = Rows {
        prices,
        columns: &columns,
        level_lambda: params.level_lambda(),
        level_mean,
    };
    let mandated = build.mandated();
    let mut rows: Vec<StressRow> = (0..columns.len())
        .map(|at| {
            build.of_day(StressKind::WorstDay(at as u8), columns[at].worst.0, |r| {
                r.low
            })
        })
        .collect();
    let role = |at: &usize| columns[*at].column.role.is_pegged();
    let mut best: Vec<usize> = (0..columns.len()).filter(|at| !role(at)).collect();
    best.extend((0..columns.len()).filter(role));
    best.truncate(MAX_STRESS - rows.len() - mandated.len());
    best.sort_unstable();
    rows.extend(best.into_iter().map(|at| {
        build.of_day(StressKind::BestDay(at as u8), columns[at].best.0, |r| {
            r.high
        })
    }));
    rows.extend(mandated);
    Ok(rows)
}

struct Rows<'a> {
    prices: &'a PriceHistory,
    columns: &'a [Extremes],
    level_lambda: f64,
    level_mean: f64,
}

impl Rows<'_> {
    fn row(&self, kind: StressKind, logs: &[f64]) -> StressRow {
        let z = logs
            .iter()
            .zip(self.columns)
            .map(|(r, c)| (c.column.role, r / c.column.long_run));
        StressRow {
            kind,
            level: level_units(level_of(z, self.level_lambda) - self.level_mean),
            returns: logs.iter().map(|r| return_units(*r)).collect(),
            day: None,
            inferred: false,
        }
    }

    /// All columns of one day, with changes to some of them.
    fn of_day(&self, kind: StressKind, at: usize, price: fn(&DayReturn) -> f64) -> StressRow {
        self.changed_day(kind, at, price, |_| None)
    }

    fn changed_day(
        &self,
        kind: StressKind,
        at: usize,
        price: fn(&DayReturn) -> f64,
        change: impl Fn(&Extremes) -> Option<f64>,
    ) -> StressRow {
        let (mut logs, inferred) = joint_day(self.columns, at, price);
        for (log, column) in logs.iter_mut().zip(self.columns) {
            *log = change(column).unwrap_or(*log);
        }
        StressRow {
            day: Some(self.prices.days()[at]),
            inferred,
            ..self.row(kind, &logs)
        }
    }

    fn each(&self, kind: StressKind, log: impl Fn(usize, &Extremes) -> f64) -> StressRow {
        let logs = self.columns.iter().enumerate().map(|(at, c)| log(at, c));
        self.row(kind, &logs.collect::<Vec<_>>())
    }

    fn mandated(&self) -> Vec<StressRow> {
        let alternate = |first: f64| {
            move |at: usize, c: &Extremes| {
                let sign = match at {
                    0 => 0.0,
                    at if at % 2 == 1 => first,
                    _ => -first,
                };
                sign * DECORRELATED_SIGMAS * c.column.long_run
            }
        };
        let mut rows = vec![
            self.each(StressKind::AllDown, |_, c| c.worst.1),
            self.each(StressKind::AllUp, |_, c| c.best.1),
            self.each(StressKind::Decorrelated, alternate(1.0)),
            self.each(StressKind::DecorrelatedMirror, alternate(-1.0)),
            StressRow {
                level: level_units(VOLATILITY_DOWN),
                ..self.each(StressKind::VolatilityDown, |_, _| 0.0)
            },
        ];
        let has = |role| self.columns.iter().find(|c| c.column.role == role);
        if let Some(first) = has(Role::Stablecoin) {
            let kind = StressKind::StablecoinDepeg;
            rows.push(self.changed_day(
                kind,
                first.worst.0,
                |r| r.low,
                |c| (c.column.role == Role::Stablecoin).then_some(c.worst.1),
            ));
        }
        if let Some(first) = has(Role::StakedGap) {
            let day = self.underlying_of(first).worst.0;
            rows.push(self.changed_day(
                StressKind::StakedDepeg,
                day,
                |r| r.low,
                |c| {
                    let depeg = STAKED_DEPEG * libm::log(c.column.lowest);
                    (c.column.role == Role::StakedGap).then_some(depeg.min(c.worst.1))
                },
            ));
        }
        rows
    }

    /// The column that a gap is named after, SOL for `SOLGAP`; the gap itself where the set has no such column.
    fn underlying_of<'b>(&'b self, gap: &'b Extremes) -> &'b Extremes {
        let name = gap.column.symbol;
        let name = name.as_str().strip_suffix("GAP").unwrap_or_default();
        let named = |c: &&Extremes| c.column.symbol.as_str() == name;
        self.columns.iter().find(named).unwrap_or(gap)
    }
}

fn extremes(column: Column) -> Result<Extremes, BuildError> {
    let known = || {
        let returns = column.returns.iter().enumerate();
        returns.filter_map(|(at, r)| Some((at, r.as_ref()?)))
    };
    let worst = known()
        .map(|(at, r)| (at, r.low))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let best = known()
        .map(|(at, r)| (at, r.high))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    match (worst, best) {
        (Some(worst), Some(best)) if column.long_run > 0.0 => Ok(Extremes {
            column,
            worst,
            best,
        }),
        _ => Err(BuildError::TooFewDays { have: 0, need: 1 }),
    }
}

/// Every column's return of one day. A column without a price that day moves by as many of its own long-run
/// volatilities as the markets did on average, but not beyond its own worst or best day; the flag says so.
fn joint_day(columns: &[Extremes], at: usize, price: fn(&DayReturn) -> f64) -> (Vec<f64>, bool) {
    let known: Vec<Option<f64>> = columns
        .iter()
        .map(|c| c.column.returns[at].as_ref().map(price))
        .collect();
    let multiples = |pegs: bool| {
        let both = known.iter().zip(columns);
        let wanted = both.filter(move |(_, c)| pegs || !c.column.role.is_pegged());
        wanted.filter_map(|(r, c)| Some((*r)? / c.column.long_run))
    };
    // The day is some column's own, so at least one is known.
    let pegs = multiples(false).next().is_none();
    let average = multiples(pegs).sum::<f64>() / multiples(pegs).count().max(1) as f64;
    let inferred = known.iter().any(Option::is_none);
    let infer = |c: &Extremes| (average * c.column.long_run).clamp(c.worst.1, c.best.1);
    let logs = known.iter().zip(columns);
    let logs = logs.map(|(r, c)| r.unwrap_or_else(|| infer(c)));
    (logs.collect(), inferred)
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
        assert_eq!(known.len(), 8 + 8 + 7);
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
