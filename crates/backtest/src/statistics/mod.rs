//! Tests of a series of exceptions and of Expected Shortfall, and the weighted quantile they need.

mod acerbi_szekely;
mod christoffersen;
mod kupiec;
mod quantile;

pub use {
    acerbi_szekely::{Tail, Z2, z2},
    christoffersen::{Christoffersen, LikelihoodRatio, christoffersen},
    kupiec::{Kupiec, kupiec},
    quantile::weighted_quantile,
};

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Level of the tests: a p-value below this rejects.
pub const LEVEL: f64 = 0.05;

/// Probability that a chi-square of this many degrees of freedom is larger.
fn chi_square_tail(statistic: f64, freedom: f64) -> f64 {
    // One or two degrees of freedom are always accepted.
    ChiSquared::new(freedom).map_or(f64::NAN, |d| d.sf(statistic.max(0.0)))
}

/// `successes x ln(probability)` with `0 ln 0 = 0`, so that likelihoods of series without exceptions exist.
fn log_likelihood(successes: u64, probability: f64) -> f64 {
    if successes == 0 {
        0.0
    } else {
        successes as f64 * probability.ln()
    }
}

/// Log likelihood of `hits` among `hits + misses` independent trials of this probability.
fn bernoulli(hits: u64, misses: u64, probability: f64) -> f64 {
    log_likelihood(hits, probability) + log_likelihood(misses, 1.0 - probability)
}

/// The share of hits; 0 where there was no trial.
fn share(hits: u64, misses: u64) -> f64 {
    if hits == 0 {
        0.0
    } else {
        hits as f64 / (hits + misses) as f64
    }
}
