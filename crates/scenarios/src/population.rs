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
use crate::error::BuildError;
use crate::linalg::{Matrix, Moments};
use crate::prices::{DayReturn, PriceHistory};
use crate::shape::Symbol;

/// Which price of the day a draw's returns run to, from the close of the day before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The close.
    Close,
    /// The lows of all underlyings, on a crash day.
    Low,
    /// The highs of all underlyings, on a squeeze day.
    High,
    /// The closes, but some pegged price runs to its own low or high.
    Peg,
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
    /// Volatility level: the mean over market columns of `1/2 ln(lambda + (1 - lambda) z^2)`, less its mean over the
    /// population, and at most 1.
    pub level: f64,
    /// The day that missing pegged prices were taken from.
    pub filled_from: Option<Date>,
}

impl FilteredDraw {
    /// A name for people: `12 Mar 2020, to the lows`.
    pub fn label(&self) -> String {
        day_label(self.day, self.basis)
    }
}

/// `12 Mar 2020, to the lows`.
pub(crate) fn day_label(day: Date, basis: Basis) -> String {
    let rest = match basis {
        Basis::Close => "",
        Basis::Low => ", to the lows",
        Basis::High => ", to the highs",
        Basis::Peg => ", off the peg",
    };
    format!("{}{rest}", day.long())
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
    /// What each column is.
    pub roles: Vec<Role>,
    /// Long-run daily volatility of each column's closes.
    pub long_run: Vec<f64>,
    /// Per column, draws whose value was taken from another day.
    pub filled: Vec<u32>,
    /// Per column, days whose high or low was taken for a bad print.
    pub bad_prints: Vec<Vec<Date>>,
}

/// A draw before the missing pegged prices are filled in.
struct RawDraw {
    day: Date,
    basis: Basis,
    share: f64,
    z: Vec<Option<f64>>,
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

/// The volatility level of joint standardised returns, before its mean is taken out: the change of the log volatility
/// that the day causes, `1/2 ln(lambda + (1 - lambda) z^2)`, averaged over the market columns. A peg that breaks does not
/// move it by itself.
///
/// With the RiskMetrics lambda of 0.94 a level of 1 is close to one log point of *30-day implied* volatility: see the
/// README for the fall of 5 February 2026 that this was compared with.
pub(crate) fn level_of(z: impl Iterator<Item = (Role, f64)>, lambda: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0u32);
    for (_, z) in z.filter(|(role, _)| !role.is_pegged()) {
        sum += 0.5 * libm::log(lambda + (1.0 - lambda) * z * z);
        count += 1;
    }
    sum / f64::from(count.max(1))
}

fn scaled(column: &Column, at: usize) -> Option<DayReturn> {
    let (r, sigma) = (column.returns[at]?, column.sigma[at]?);
    Some(DayReturn {
        close: r.close / sigma,
        low: r.low / sigma,
        high: r.high / sigma,
    })
}

/// One draw per day, to the close; on a crash day to the lows instead; on a squeeze day to the highs instead; on a day
/// that is both, one of each at half the weight.
///
/// A day is a crash when some market's low is at least `excursion` volatilities under the close before and at least
/// `excess` under the day's own close; a squeeze is the mirror image. A pegged price that does the same on a day that is
/// neither runs to its own low or high, whichever is farther, and leaves the markets at their closes.
fn draws_of_day(
    day: Date,
    scaled: &[(Role, Option<DayReturn>)],
    params: &BuildParams,
) -> Vec<RawDraw> {
    let (excursion, excess) = (params.excursion(), params.excess());
    let fell = |z: &DayReturn| z.low <= -excursion && z.low <= z.close - excess;
    let rose = |z: &DayReturn| z.high >= excursion && z.high >= z.close + excess;
    let market = |test: &dyn Fn(&DayReturn) -> bool| {
        let mut markets = scaled.iter().filter(|(role, _)| !role.is_pegged());
        markets.any(|(_, z)| z.as_ref().is_some_and(test))
    };
    let off_peg = |role: Role, z: &DayReturn| match (fell(z), rose(z)) {
        _ if !role.is_pegged() => None,
        (false, false) => None,
        (true, false) => Some(z.low),
        (false, true) => Some(z.high),
        (true, true) => Some(if -z.low >= z.high { z.low } else { z.high }),
    };
    let draw = |basis, share| RawDraw {
        day,
        basis,
        share,
        z: scaled
            .iter()
            .map(|(role, z)| {
                z.as_ref().map(|z| match basis {
                    Basis::Close => z.close,
                    Basis::Low => z.low,
                    Basis::High => z.high,
                    Basis::Peg => off_peg(*role, z).unwrap_or(z.close),
                })
            })
            .collect(),
    };
    let any_off_peg = || {
        let mut pegs = scaled
            .iter()
            .flat_map(|(role, z)| Some((*role, z.as_ref()?)));
        pegs.any(|(role, z)| off_peg(role, z).is_some())
    };
    match (market(&fell), market(&rose)) {
        (false, false) if any_off_peg() => vec![draw(Basis::Peg, 1.0)],
        (false, false) => vec![draw(Basis::Close, 1.0)],
        (true, false) => vec![draw(Basis::Low, 1.0)],
        (false, true) => vec![draw(Basis::High, 1.0)],
        (true, true) => vec![draw(Basis::Low, 0.5), draw(Basis::High, 0.5)],
    }
}

/// Fills missing pegged prices from the draw, among those that miss none, whose markets moved most alike (nearest
/// neighbour; the earlier where two are as near). A peg that was never seen in a crash is so given what it did in another.
fn fill(
    draws: Vec<RawDraw>,
    roles: &[Role],
    symbols: &[Symbol],
    params: &BuildParams,
) -> Result<Vec<FilteredDraw>, BuildError> {
    let whole: Vec<(Date, Vec<f64>)> = draws
        .iter()
        .filter_map(|d| Some((d.day, d.z.iter().copied().collect::<Option<Vec<f64>>>()?)))
        .collect();
    let distance = |have: &[Option<f64>], donor: &[f64]| -> f64 {
        let pairs = have.iter().zip(donor).zip(roles);
        pairs
            .filter(|(_, role)| !role.is_pegged())
            .filter_map(|((have, donor), _)| Some(have.as_ref()? - donor))
            .map(|d| d * d)
            .sum()
    };
    draws
        .into_iter()
        .map(|draw| {
            let mut filled_from = None;
            let mut z = Vec::with_capacity(draw.z.len());
            let missing = draw.z.iter().position(Option::is_none);
            let donor = match missing {
                None => None,
                Some(column) => {
                    let nearest = whole
                        .iter()
                        .min_by(|a, b| distance(&draw.z, &a.1).total_cmp(&distance(&draw.z, &b.1)));
                    Some(nearest.ok_or(BuildError::NeverTogether(symbols[column]))?)
                }
            };
            for (column, value) in draw.z.iter().enumerate() {
                z.push(match (value, donor) {
                    (Some(z), _) => *z,
                    (None, Some((day, donor))) => {
                        filled_from = Some(*day);
                        donor[column]
                    }
                    // No donor was looked for because nothing is missing.
                    (None, None) => 0.0,
                });
            }
            let level = level_of(
                roles.iter().copied().zip(z.iter().copied()),
                params.level_lambda(),
            );
            Ok(FilteredDraw {
                day: draw.day,
                basis: draw.basis,
                share: draw.share,
                z,
                level,
                filled_from,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: DayReturn = DayReturn {
        close: 0.0,
        low: -0.1,
        high: 0.1,
    };

    fn bases(low: f64, high: f64, close: f64) -> Vec<(Basis, f64)> {
        let params = BuildParams::default();
        let moved = DayReturn { close, low, high };
        let day = [(Role::Market, Some(NONE)), (Role::Market, Some(moved))];
        draws_of_day(Date::from_days(0), &day, &params)
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
    fn a_broken_peg_leaves_the_markets_at_their_closes() {
        let depeg = DayReturn {
            close: -7.0,
            low: -30.0,
            high: 0.1,
        };
        let day = [(Role::Market, Some(NONE)), (Role::Stablecoin, Some(depeg))];
        let draws = draws_of_day(Date::from_days(0), &day, &BuildParams::default());
        assert_eq!(draws.len(), 1);
        assert_eq!(draws[0].basis, Basis::Peg);
        assert_eq!(draws[0].z, [Some(0.0), Some(-30.0)]);
    }

    #[test]
    fn a_missing_peg_comes_from_the_day_most_alike() {
        let roles = [Role::Market, Role::StakedGap];
        let symbols = ["SOL", "SOLGAP"].map(|s| s.parse().unwrap());
        let raw = |day, market, gap| RawDraw {
            day: Date::from_days(day),
            basis: Basis::Close,
            share: 1.0,
            z: vec![Some(market), gap],
        };
        let draws = vec![
            raw(0, -5.0, None),
            raw(1, -4.0, Some(-6.0)),
            raw(2, 1.0, Some(0.5)),
        ];
        let params = BuildParams::default();
        let filled = fill(draws, &roles, &symbols, &params).unwrap();
        assert_eq!(filled[0].z, [-5.0, -6.0]);
        assert_eq!(filled[0].filled_from, Some(Date::from_days(1)));
        assert_eq!(filled[1].filled_from, None);
        let never = vec![raw(0, -5.0, None)];
        assert_eq!(
            fill(never, &roles, &symbols, &params),
            Err(BuildError::NeverTogether(symbols[1]))
        );
    }

    #[test]
    fn a_large_move_either_way_raises_the_level_and_a_quiet_day_lowers_it() {
        let level = |z: &[f64]| level_of(z.iter().map(|z| (Role::Market, *z)), 0.94);
        assert!(level(&[-5.0, -5.0]) > 0.4);
        assert_eq!(level(&[5.0]), level(&[-5.0]));
        assert!(level(&[0.1, 0.2]) < 0.0);
        let with_peg = [(Role::Market, 0.1), (Role::Stablecoin, -40.0)];
        assert!(level_of(with_peg.into_iter(), 0.94) < 0.0);
    }
}
