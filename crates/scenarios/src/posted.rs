//! The moments of a set as the chain computes them: integers, with the chain's own functions.

use cep_risk::moments::{column_tail, correlation, mean_and_variance};

use crate::set::ScenarioSet;
use crate::shape::ROWS;

/// What is posted of a set before it is uploaded, and what the chain finds in its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedMoments {
    /// Correlations in 2^-32, of columns (0,1), (0,2), (1,2), (0,3) and so on: posted, and held to the draws.
    pub correlations: Vec<i64>,
    /// Per column; computed on chain, not posted.
    pub columns: Vec<ColumnMoments>,
}

/// Moments of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnMoments {
    /// Mean in 2^-32; the chain wants 0.
    pub mean: i64,
    /// Variance in 2^-32; the chain wants 2^32.
    pub variance: u64,
    /// Expected Shortfall at 99 % held long, in [`crate::shape::Z_ONE`]ths, rounded up.
    pub long: i64,
    /// The same held short.
    pub short: i64,
}

impl ScenarioSet {
    /// The moments of the rows as they are stored; `None` for other than [`ROWS`] draws, which no account holds.
    pub fn posted_moments(&self) -> Option<PostedMoments> {
        let weights: Vec<u32> = self.draws().iter().map(|d| d.weight).collect();
        let weights: Box<[u32; ROWS]> = weights.into_boxed_slice().try_into().ok()?;
        let column = |at: usize| -> Option<Box<[i32; ROWS]>> {
            let z: Vec<i32> = self.draws().iter().map(|d| d.z[at]).collect();
            z.into_boxed_slice().try_into().ok()
        };
        let columns: Vec<_> = (0..self.symbols().len())
            .map(column)
            .collect::<Option<_>>()?;
        let pairs = (0..columns.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
        let of_column = |z: &[i32; ROWS]| {
            let (mean, variance) = mean_and_variance(&weights, z);
            // Weights that sum to one fill the tail.
            let (long, short) = column_tail(&weights, z, &mut [0; ROWS], &mut [0; ROWS]).ok()?;
            Some(ColumnMoments {
                mean,
                variance,
                long,
                short,
            })
        };
        Some(PostedMoments {
            correlations: pairs
                .map(|(i, j)| correlation(&weights, &columns[i], &columns[j]))
                .collect(),
            columns: columns
                .iter()
                .map(|z| of_column(z))
                .collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_posted_moments_are_those_of_the_rows() {
        let set = ScenarioSet::shipped().unwrap();
        let posted = set.posted_moments().unwrap();
        let floats = set.moments();

        let near = |units: i64, want: f64| (units as f64 / 4_294_967_296.0 - want).abs() < 1e-7;
        for (at, column) in posted.columns.iter().enumerate() {
            assert!(near(column.mean, floats.mean[at]));
            assert!(near(column.variance as i64, floats.covariance.at(at, at)));
        }
        let pairs = (0..6).flat_map(|j| (0..j).map(move |i| (i, j)));
        assert_eq!(posted.correlations.len(), 15);
        for ((i, j), correlation) in pairs.zip(&posted.correlations) {
            assert!(near(*correlation, floats.covariance.at(i, j)), "{i} {j}");
        }
        // The README's table has long 4.87, short 3.52.
        let bitcoin = posted.columns[0];
        let is = |z: i64, want: f64| (z as f64 / 65_536.0 - want).abs() < 0.01;
        assert!(is(bitcoin.long, 4.87), "{}", bitcoin.long);
        assert!(is(bitcoin.short, 3.52), "{}", bitcoin.short);
    }

    #[test]
    fn a_set_of_fewer_rows_has_nothing_to_post() {
        let set = ScenarioSet::shipped().unwrap();
        let mut draws = set.draws().to_vec();
        let last = draws.pop().unwrap();
        draws[0].weight += last.weight;
        let symbols = set.symbols().to_vec();
        let shorter = ScenarioSet::new(
            symbols,
            draws,
            set.stress().to_vec(),
            set.provenance().clone(),
        );
        assert_eq!(shorter.unwrap().posted_moments(), None);
    }
}
