//! How far the tails of a set are from those of the history it stands for.

pub mod options;

use crate::population::Population;
use crate::rng::SplitMix64;

/// Weighted points: the rows of a set, or the draws of a population.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// One vector per draw.
    pub points: Vec<Vec<f64>>,
    /// Probability per draw.
    pub weights: Vec<f64>,
}

impl Cloud {
    /// Points as simple returns over a day at these daily volatilities: `e^(sigma z) - 1`.
    pub fn simple_returns(&self, sigma: &[f64]) -> Self {
        let simple = |z: &f64, s: &f64| libm::exp(z * s) - 1.0;
        let points = self
            .points
            .iter()
            .map(|p| p.iter().zip(sigma).map(|(z, s)| simple(z, s)).collect());
        Self {
            points: points.collect(),
            weights: self.weights.clone(),
        }
    }

    /// Expected Shortfall of a linear book over the worst `tail` (0.025 for ES 97.5 %).
    pub fn expected_shortfall(&self, book: &[f64], tail: f64) -> f64 {
        let pnl = self
            .points
            .iter()
            .map(|p| p.iter().zip(book).map(|(x, b)| x * b).sum());
        expected_shortfall(pnl.zip(self.weights.iter().copied()).collect(), tail)
    }
}

impl From<&Population> for Cloud {
    fn from(population: &Population) -> Self {
        Self {
            points: population.points(),
            weights: population.weights(),
        }
    }
}

/// Weighted mean loss over the worst `tail` of probability, from `(profit, weight)` pairs; positive for a loss. The row
/// on the boundary counts with the part of its weight that is inside: without that the measure is not subadditive
/// (Acerbi and Tasche 2002).
pub fn expected_shortfall(mut outcomes: Vec<(f64, f64)>, tail: f64) -> f64 {
    outcomes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut left = tail;
    let mut sum = 0.0;
    for (profit, weight) in outcomes {
        let inside = weight.min(left);
        sum -= profit * inside;
        left -= inside;
        if left <= 0.0 {
            break;
        }
    }
    sum / tail
}

/// Relative errors of Expected Shortfall over many linear books.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Median of the absolute errors.
    pub median: f64,
    /// Largest absolute error.
    pub worst: f64,
    /// Largest error on the side where the set asks for too little.
    pub worst_understatement: f64,
}

/// Compares the Expected Shortfall of `books` random directions on `set` and on `truth`. The directions are not those
/// of the builder unless the seed is.
pub fn agreement(set: &Cloud, truth: &Cloud, tail: f64, books: u32, seed: u64) -> Agreement {
    let columns = truth.points.first().map_or(0, Vec::len);
    let mut rng = SplitMix64::new(seed);
    let mut errors: Vec<f64> = (0..books)
        .map(|_| {
            let book = rng.direction(columns);
            set.expected_shortfall(&book, tail) / truth.expected_shortfall(&book, tail) - 1.0
        })
        .collect();
    let worst_understatement = errors.iter().fold(0.0f64, |worst, e| worst.max(-e));
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    Agreement {
        median: errors.get(errors.len() / 2).map_or(0.0, |e| e.abs()),
        worst: errors.last().map_or(0.0, |e| e.abs()),
        worst_understatement,
    }
}

/// `rows` draws taken from a population at random, all of the same weight: the plain alternative to a tilted tail.
pub fn plain_sample(population: &Population, rows: usize, seed: u64) -> Cloud {
    let cloud = Cloud::from(population);
    let mut rng = SplitMix64::new(seed);
    let pick = |rng: &mut SplitMix64| {
        let mut ball = rng.unit();
        cloud.weights.iter().position(|w| {
            ball -= w;
            ball < 0.0
        })
    };
    let points = (0..rows)
        .map(|_| cloud.points[pick(&mut rng).unwrap_or(0)].clone())
        .collect();
    Cloud {
        points,
        weights: vec![1.0 / rows as f64; rows],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_row_counts_in_part() {
        let outcomes = vec![(1.0, 0.5), (-10.0, 0.02), (-4.0, 0.48)];
        // 2 % at 10 and half a percent at 4.
        let expected = (10.0 * 0.02 + 4.0 * 0.005) / 0.025;
        assert!((expected_shortfall(outcomes, 0.025) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_cloud_agrees_with_itself_and_not_with_half_of_itself() {
        let points: Vec<Vec<f64>> = (0..400)
            .map(|i| vec![f64::from(i % 29) - 14.0, f64::from(i % 31) - 15.0])
            .collect();
        let cloud = Cloud {
            weights: vec![1.0 / 400.0; 400],
            points,
        };
        let half = Cloud {
            points: cloud
                .points
                .iter()
                .map(|p| p.iter().map(|x| x / 2.0).collect())
                .collect(),
            weights: cloud.weights.clone(),
        };
        assert_eq!(agreement(&cloud, &cloud, 0.025, 50, 9).worst, 0.0);
        let short = agreement(&half, &cloud, 0.025, 50, 9);
        assert!((short.worst_understatement - 0.5).abs() < 1e-12);
        assert!(agreement(&cloud, &half, 0.025, 50, 9).worst_understatement == 0.0);
    }
}
