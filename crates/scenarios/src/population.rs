//! Filtered historical simulation: every joint day of the history as a standardised draw.
//!
//! A day's return divided by the volatility known the day before (Hull and White 1998, "Incorporating volatility
//! updating into the historical simulation method"; Barone-Adesi, Giannopoulos and Vosper 1999, "VaR without
//! correlations for portfolios of derivative securities"). All underlyings of a draw come from the same day, so their
//! dependence is the history's own, in the tails too. Pegged prices are divided by their long-run volatility instead, and
//! where one is missing it is taken from the day on which the markets moved most alike.

use crate::builder::BuildParams;
use crate::column::{Column, Role};
use crate::date::Date;
use crate::draws::{FilteredDraw, draws_of_day, fill, scaled};
use crate::error::BuildError;
use crate::linalg::{Matrix, Moments};
use crate::prices::PriceHistory;
use crate::shape::Symbol;

/// The whole filtered history.
#[derive(Clone, Debug)]
pub struct Population {
    /// Draws by day; a crash-and-squeeze day has two.
    pub draws: Vec<FilteredDraw>,
    /// Correlation of the standardised columns.
    pub correlation: Matrix,
    /// Standard deviation of each column before it was set to 1. Above 1 where EWMA lags and where lows replace closes.
    pub raw_sd: Vec<f64>,
    /// What was subtracted from every draw's level to give it mean 0.
    pub level_mean: f64,
    /// Days in it.
    pub days: usize,
    /// What each column is.
    pub roles: Vec<Role>,
    /// Long-run daily volatility of each column's closes.
    pub long_run: Vec<f64>,
    /// Per column, draws whose value was taken from another day.
    pub filled: Vec<u32>,
    /// Per column, days whose high or low was taken for a bad print.
    pub bad_prints: Vec<Vec<Date>>,
}

impl Population {
    /// Filters the days on which every market of `symbols` has a return and a known volatility.
    pub fn filter(
        prices: &PriceHistory,
        symbols: &[Symbol],
        params: &BuildParams,
    ) -> Result<Self, BuildError> {
        let columns: Vec<Column> = symbols
            .iter()
            .map(|s| Column::read(prices, *s, params))
            .collect::<Result<_, _>>()?;
        let mut draws = Vec::new();
        let mut days = 0;
        let markets = columns.iter().any(|c| !c.role.is_pegged());
        for (at, day) in prices.days().iter().enumerate() {
            let scaled: Vec<_> = columns.iter().map(|c| scaled(c, at)).collect();
            let needed = |role: Role| !role.is_pegged() || !markets;
            let mut both = columns.iter().zip(&scaled);
            if both.any(|(c, r)| needed(c.role) && r.is_none()) {
                continue;
            }
            if let Some(still) = columns
                .iter()
                .find(|c| c.sigma[at].is_some_and(|sigma| sigma <= 0.0))
            {
                return Err(BuildError::NoVolatility {
                    symbol: still.symbol,
                    day: *day,
                });
            }
            let roles = columns.iter().map(|c| c.role).zip(scaled);
            draws.extend(draws_of_day(*day, &roles.collect::<Vec<_>>(), params));
            days += 1;
        }
        if draws.len() < usize::from(params.rows) {
            return Err(BuildError::TooFewDays {
                have: draws.len(),
                need: params.rows.into(),
            });
        }
        let filled = (0..columns.len())
            .map(|c| draws.iter().filter(|d| d.z[c].is_none()).count() as u32)
            .collect();
        let roles: Vec<Role> = columns.iter().map(|c| c.role).collect();
        let draws = fill(draws, &roles, symbols, params)?;
        Ok(Self {
            filled,
            long_run: columns.iter().map(|c| c.long_run).collect(),
            bad_prints: columns.into_iter().map(|c| c.bad_prints).collect(),
            ..Self::standardise(draws, days, roles)
        })
    }

    /// Places of the market columns, whose books the set must serve best.
    pub(crate) fn markets(&self) -> Vec<usize> {
        (0..self.roles.len())
            .filter(|c| !self.roles[*c].is_pegged())
            .collect()
    }

    /// Weights of the draws: each day counts the same.
    pub fn weights(&self) -> Vec<f64> {
        self.draws
            .iter()
            .map(|d| d.share / self.days as f64)
            .collect()
    }

    /// The draws' points.
    pub fn points(&self) -> Vec<Vec<f64>> {
        self.draws.iter().map(|d| d.z.clone()).collect()
    }

    /// The draws' volatility levels.
    pub fn levels(&self) -> Vec<f64> {
        self.draws.iter().map(|d| d.level).collect()
    }

    /// Takes out the drift and sets every variance to one.
    fn standardise(mut draws: Vec<FilteredDraw>, days: usize, roles: Vec<Role>) -> Self {
        let points: Vec<_> = draws.iter().map(|d| d.z.clone()).collect();
        let weights: Vec<_> = draws.iter().map(|d| d.share / days as f64).collect();
        let moments = Moments::of(&points, &weights);
        let raw_sd: Vec<f64> = (0..moments.mean.len()).map(|c| moments.sd(c)).collect();
        let level_mean: f64 = draws.iter().zip(&weights).map(|(d, w)| d.level * w).sum();
        for draw in &mut draws {
            draw.level = (draw.level - level_mean).clamp(-1.0, 1.0);
            for (column, z) in draw.z.iter_mut().enumerate() {
                *z = (*z - moments.mean[column]) / raw_sd[column];
            }
        }
        Self {
            draws,
            correlation: moments.correlation(),
            raw_sd,
            level_mean,
            days,
            long_run: Vec::new(),
            filled: Vec::new(),
            bad_prints: Vec::new(),
            roles,
        }
    }
}
