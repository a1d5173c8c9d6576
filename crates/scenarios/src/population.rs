//! Filtered historical simulation: every joint day of the history as a standardised draw.
//!
//! A day's return divided by the volatility known the day before (Hull and White 1998, "Incorporating volatility
//! updating into the historical simulation method"; Barone-Adesi, Giannopoulos and Vosper 1999, "VaR without
//! correlations for portfolios of derivative securities"). All underlyings of a draw come from the same day, so their
//! dependence is the history's own, in the tails too.

use crate::builder::BuildParams;
use crate::date::Date;
use crate::error::BuildError;
use crate::linalg::{Matrix, Moments};
use crate::prices::{DayReturn, PriceHistory};
use crate::shape::Symbol;
use crate::volatility::ewma_volatility;

/// Which price of the day a draw's returns run to, from the close of the day before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The close.
    Close,
    /// The lows of all underlyings, on a crash day.
    Low,
    /// The highs of all underlyings, on a squeeze day.
    High,
}

/// One joint draw of the population.
#[derive(Clone, Debug, PartialEq)]
pub struct FilteredDraw {
    /// The day it comes from.
    pub day: Date,
    /// Which prices of that day.
    pub basis: Basis,
    /// Share of its day: 1, or 1/2 on a day that is both a crash and a squeeze.
    pub share: f64,
    /// Standardised log return per column: mean 0 and variance 1 over the population.
    pub z: Vec<f64>,
    /// Volatility level: the mean over columns of `1/2 ln(lambda + (1 - lambda) z^2)`, less its mean. Mean 0 over the population.
    pub level: f64,
}

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
}

impl Population {
    /// Filters the days on which every symbol of `symbols` has a return and a known volatility.
    pub fn filter(
        prices: &PriceHistory,
        symbols: &[Symbol],
        params: &BuildParams,
    ) -> Result<Self, BuildError> {
        let mut columns = Vec::new();
        for symbol in symbols {
            let returns = prices
                .returns(*symbol)
                .ok_or(BuildError::UnknownSymbol(*symbol))?;
            let closes: Vec<_> = returns.iter().map(|r| r.map(|r| r.close)).collect();
            let sigma = ewma_volatility(&closes, params.lambda(), params.seed_days as usize);
            columns.push((*symbol, returns, sigma));
        }
        let mut draws = Vec::new();
        let mut days = 0;
        for (at, day) in prices.days().iter().enumerate() {
            let joint: Option<Vec<_>> = columns
                .iter()
                .map(|(symbol, returns, sigma)| Some((*symbol, returns[at]?, sigma[at]?)))
                .collect();
            let Some(joint) = joint else { continue };
            if let Some((symbol, ..)) = joint.iter().find(|(_, _, sigma)| *sigma <= 0.0) {
                return Err(BuildError::NoVolatility {
                    symbol: *symbol,
                    day: *day,
                });
            }
            let scaled: Vec<_> = joint.iter().map(|(_, r, sigma)| scale(r, *sigma)).collect();
            draws.extend(draws_of_day(*day, &scaled, params));
            days += 1;
        }
        if draws.len() < usize::from(params.rows) {
            return Err(BuildError::TooFewDays {
                have: draws.len(),
                need: params.rows.into(),
            });
        }
        Ok(Self::standardise(draws, days))
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

    /// Takes out the drift and sets every variance to one.
    fn standardise(mut draws: Vec<FilteredDraw>, days: usize) -> Self {
        let points: Vec<_> = draws.iter().map(|d| d.z.clone()).collect();
        let weights: Vec<_> = draws.iter().map(|d| d.share / days as f64).collect();
        let moments = Moments::of(&points, &weights);
        let raw_sd: Vec<f64> = (0..moments.mean.len()).map(|c| moments.sd(c)).collect();
        let level_mean: f64 = draws.iter().zip(&weights).map(|(d, w)| d.level * w).sum();
        for draw in &mut draws {
            draw.level -= level_mean;
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
        }
    }
}

/// The volatility level of joint standardised returns, before its mean is taken out: the change of the log volatility
/// that the day causes, `1/2 ln(lambda + (1 - lambda) z^2)`, averaged over the columns.
///
/// With the RiskMetrics lambda of 0.94 a level of 1 is close to one log point of *30-day implied* volatility: see the
/// README for the fall of 5 February 2026 that this was compared with.
pub(crate) fn level_of(z: &[f64], lambda: f64) -> f64 {
    let sum: f64 = z
        .iter()
        .map(|z| 0.5 * libm::log(lambda + (1.0 - lambda) * z * z))
        .sum();
    sum / z.len() as f64
}

fn scale(r: &DayReturn, sigma: f64) -> DayReturn {
    DayReturn {
        close: r.close / sigma,
        low: r.low / sigma,
        high: r.high / sigma,
    }
}

/// One draw per day, to the close; on a crash day to the lows instead; on a squeeze day to the highs instead; on a day
/// that is both, one of each at half the weight.
///
/// A day is a crash when some column's low is at least `excursion` volatilities under the close before and at least
/// `excess` under the day's own close; a squeeze is the mirror image.
fn draws_of_day(day: Date, scaled: &[DayReturn], params: &BuildParams) -> Vec<FilteredDraw> {
    let (excursion, excess) = (params.excursion(), params.excess());
    let crash = scaled
        .iter()
        .any(|z| z.low <= -excursion && z.low <= z.close - excess);
    let squeeze = scaled
        .iter()
        .any(|z| z.high >= excursion && z.high >= z.close + excess);
    let draw = |basis, share| {
        let z: Vec<f64> = scaled
            .iter()
            .map(|z| match basis {
                Basis::Close => z.close,
                Basis::Low => z.low,
                Basis::High => z.high,
            })
            .collect();
        let level = level_of(&z, params.level_lambda());
        FilteredDraw {
            day,
            basis,
            share,
            z,
            level,
        }
    };
    match (crash, squeeze) {
        (false, false) => vec![draw(Basis::Close, 1.0)],
        (true, false) => vec![draw(Basis::Low, 1.0)],
        (false, true) => vec![draw(Basis::High, 1.0)],
        (true, true) => vec![draw(Basis::Low, 0.5), draw(Basis::High, 0.5)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(low: f64, high: f64, close: f64) -> Vec<(Basis, f64)> {
        let params = BuildParams::default();
        let quiet = DayReturn {
            close: 0.0,
            low: -0.1,
            high: 0.1,
        };
        let moved = DayReturn { close, low, high };
        draws_of_day(Date::from_days(0), &[quiet, moved], &params)
            .into_iter()
            .map(|d| (d.basis, d.share))
            .collect()
    }

    #[test]
    fn a_day_counts_once_whatever_prices_stand_for_it() {
        assert_eq!(bases(-1.0, 1.0, 0.5), [(Basis::Close, 1.0)]);
        assert_eq!(bases(-4.0, 0.5, -2.0), [(Basis::Low, 1.0)]);
        assert_eq!(bases(-4.0, 0.5, -3.8), [(Basis::Close, 1.0)]);
        assert_eq!(bases(-0.5, 4.0, 2.0), [(Basis::High, 1.0)]);
        assert_eq!(
            bases(-4.0, 4.0, 0.0),
            [(Basis::Low, 0.5), (Basis::High, 0.5)]
        );
    }

    #[test]
    fn a_large_move_either_way_raises_the_level_and_a_quiet_day_lowers_it() {
        assert!(level_of(&[-5.0, -5.0], 0.94) > 0.4);
        assert_eq!(level_of(&[5.0], 0.94), level_of(&[-5.0], 0.94));
        assert!(level_of(&[0.1, 0.2], 0.94) < 0.0);
    }
}
