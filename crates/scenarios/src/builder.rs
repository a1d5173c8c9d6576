//! Building a set from prices, and checking that a set follows from prices.

use crate::column::{Proxy, available};
use crate::error::{BuildError, VerifyError};
use crate::moments::{correct, quantise_levels, quantise_weights};
use crate::population::Population;
use crate::prices::PriceHistory;
use crate::reduce::reduce;
use crate::set::{Draw, Provenance, ScenarioSet, hex};
use crate::shape::{MAX_COLUMNS, ROWS, Symbol};
use crate::stress::stress_rows;

const PPM: f64 = 1e6;

/// Parameters of a build. Fractions are integers in millionths, so that they print and parse exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildParams {
    /// Rows of the set; the chain takes [`ROWS`].
    pub rows: u16,
    /// Of these, rows that stand for the body.
    pub body_rows: u16,
    /// Seed of the depth directions and of the clustering.
    pub seed: u64,
    /// EWMA decay per day, in millionths.
    pub lambda_ppm: u32,
    /// Returns that seed the EWMA.
    pub seed_days: u32,
    /// Decay inside the volatility level, in millionths.
    pub level_lambda_ppm: u32,
    /// How far a low must lie under the close before for a crash day, in millionths of a volatility.
    pub excursion_ppm: u32,
    /// How far it must also lie under the day's own close, in millionths of a volatility.
    pub excess_ppm: u32,
    /// Random directions in which the depth of a draw is taken.
    pub directions: u32,
    /// How many times farther out a draw must be for books of all columns than for books of markets alone to be kept as it
    /// is, in millionths. No matter where nothing is pegged.
    pub peg_depth_ppm: u32,
    /// Columns that are the ratio of two others where the prices do not have them.
    pub proxies: Vec<Proxy>,
}

impl Default for BuildParams {
    fn default() -> Self {
        Self {
            rows: ROWS as u16,
            body_rows: 112,
            seed: 1,
            lambda_ppm: 970_000,
            seed_days: 60,
            level_lambda_ppm: 940_000,
            excursion_ppm: 2_500_000,
            excess_ppm: 1_000_000,
            directions: 2_000,
            peg_depth_ppm: 3_000_000,
            proxies: Symbol::new("SOLGAP")
                .zip(Symbol::new("STETH").zip(Symbol::new("ETH")))
                .map(|(symbol, (over, under))| Proxy {
                    symbol,
                    over,
                    under,
                })
                .into_iter()
                .collect(),
        }
    }
}

impl BuildParams {
    pub(crate) fn lambda(&self) -> f64 {
        f64::from(self.lambda_ppm) / PPM
    }

    pub(crate) fn level_lambda(&self) -> f64 {
        f64::from(self.level_lambda_ppm) / PPM
    }

    pub(crate) fn excursion(&self) -> f64 {
        f64::from(self.excursion_ppm) / PPM
    }

    pub(crate) fn excess(&self) -> f64 {
        f64::from(self.excess_ppm) / PPM
    }

    pub(crate) fn peg_depth(&self) -> f64 {
        f64::from(self.peg_depth_ppm) / PPM
    }

    /// Those of `symbols` that the prices have, or that these parameters derive from them.
    pub fn available(&self, prices: &PriceHistory, symbols: &[Symbol]) -> Vec<Symbol> {
        let has = |s: &&Symbol| available(prices, **s, self);
        symbols.iter().filter(has).copied().collect()
    }

    /// These parameters with another number of rows, seven in 32 of them for the body.
    pub fn with_rows(self, rows: u16) -> Self {
        Self {
            rows,
            body_rows: (u32::from(rows) * 7 / 32) as u16,
            ..self
        }
    }

    fn check(&self) -> Result<(), BuildError> {
        let bound = |name, value: u64, low: u64, high: u64, range| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(BuildError::Parameter { name, value, range })
            }
        };
        let rows = u64::from(self.rows);
        bound("rows", rows, 64, ROWS as u64, "64..=512")?;
        bound(
            "body rows",
            self.body_rows.into(),
            8,
            rows / 2,
            "8..=half the rows",
        )?;
        bound(
            "lambda_ppm",
            self.lambda_ppm.into(),
            500_000,
            999_999,
            "500000..=999999",
        )?;
        bound("seed days", self.seed_days.into(), 2, 1_000, "2..=1000")?;
        bound(
            "level_lambda_ppm",
            self.level_lambda_ppm.into(),
            500_000,
            999_999,
            "500000..=999999",
        )?;
        bound(
            "excursion_ppm",
            self.excursion_ppm.into(),
            0,
            100_000_000,
            "0..=100000000",
        )?;
        bound(
            "excess_ppm",
            self.excess_ppm.into(),
            0,
            100_000_000,
            "0..=100000000",
        )?;
        bound(
            "directions",
            self.directions.into(),
            10,
            100_000,
            "10..=100000",
        )?;
        bound(
            "peg_depth_ppm",
            self.peg_depth_ppm.into(),
            1_000_000,
            100_000_000,
            "1000000..=100000000",
        )
    }
}

/// Builds the set of these columns. The result depends on nothing but the arguments: not on the clock, the machine's
/// mathematical library or the order of a hash map.
pub fn build(
    prices: &PriceHistory,
    symbols: &[Symbol],
    params: &BuildParams,
) -> Result<ScenarioSet, BuildError> {
    params.check()?;
    if !(1..=MAX_COLUMNS).contains(&symbols.len()) {
        return Err(BuildError::ColumnCount(symbols.len()));
    }
    if let Some((_, twice)) = symbols
        .iter()
        .enumerate()
        .find(|(i, s)| symbols[..*i].contains(s))
    {
        return Err(BuildError::Duplicate(*twice));
    }
    let population = Population::filter(prices, symbols, params)?;
    let rows = reduce(&population, params)?;
    let weights = quantise_weights(&rows.iter().map(|r| r.weight).collect::<Vec<_>>());
    let levels = quantise_levels(&rows.iter().map(|r| r.level).collect::<Vec<_>>(), &weights);
    let points: Vec<_> = rows.iter().map(|r| r.z.clone()).collect();
    let returns = correct(&points, &weights, &population.correlation)?;
    let draws = rows
        .iter()
        .zip(weights)
        .zip(levels)
        .zip(returns)
        .map(|(((row, weight), level), z)| Draw {
            weight,
            level,
            z,
            origin: row.origin,
        })
        .collect();
    let ppm = |values: &[f64]| -> Vec<u32> {
        let units = values.iter().map(|v| (v * PPM).round() as u32);
        units.collect()
    };
    let stress = stress_rows(prices, symbols, params, population.level_mean)?;
    let provenance = Provenance {
        source: prices.label(),
        prices_sha256: prices.sha256(),
        params: params.clone(),
        days: population.days as u32,
        draws: population.draws.len() as u32,
        raw_sd_ppm: ppm(&population.raw_sd),
        long_run_ppm: ppm(&population.long_run),
        filled: population.filled.clone(),
        pegged: symbols
            .iter()
            .zip(&population.roles)
            .filter(|(_, role)| role.is_pegged())
            .map(|(symbol, _)| *symbol)
            .collect(),
    };
    ScenarioSet::new(symbols.to_vec(), draws, stress, provenance)
        .map_err(|e| BuildError::Shape(e.to_string()))
}

/// Rebuilds a set from prices with the set's own columns and parameters, and compares the hashes.
pub fn verify(set: &ScenarioSet, prices: &PriceHistory) -> Result<(), VerifyError> {
    let provenance = set.provenance();
    let rebuilt = build(prices, set.symbols(), &provenance.params)?;
    if rebuilt.hash() == set.hash() {
        return Ok(());
    }
    let hint = if provenance.prices_sha256 == prices.sha256() {
        ", from the very prices that the set names: the set was changed, or built by another version"
    } else {
        ": these are not the price files that the set names, in its order (compare prices-sha256)"
    };
    Err(VerifyError::Differs {
        set: set.hash_hex(),
        rebuilt: hex(&rebuilt.hash()),
        hint,
    })
}
