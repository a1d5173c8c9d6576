//! From real numbers to the integers of a set, with the moments put right afterwards.

use crate::error::BuildError;
use crate::linalg::{Matrix, Moments};
use crate::shape::{LEVEL_ONE, WEIGHT_ONE, Z_ONE};

/// Farthest that mean, variance and correlation may be from their targets after rounding.
const TOLERANCE: f64 = 1e-4;
const ROUNDS: usize = 10;

/// Integer weights, all positive, that sum to [`WEIGHT_ONE`]: rounded down, then the units left over go to the largest
/// remainders (the earlier row first where two are equal).
pub(crate) fn quantise_weights(weights: &[f64]) -> Vec<u32> {
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights
        .iter()
        .map(|w| w / total * f64::from(WEIGHT_ONE))
        .collect();
    let mut units: Vec<u32> = exact.iter().map(|w| (w.floor() as u32).max(1)).collect();
    let mut order: Vec<usize> = (0..units.len()).collect();
    let rest = |i: usize| exact[i] - exact[i].floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)).then(a.cmp(b)));
    let mut missing = i64::from(WEIGHT_ONE) - units.iter().map(|u| i64::from(*u)).sum::<i64>();
    // Lifting zeros to one can overshoot: those units come back off the heaviest rows.
    while missing < 0 {
        let heaviest = (0..units.len()).max_by_key(|i| units[*i]).unwrap_or(0);
        units[heaviest] -= 1;
        missing += 1;
    }
    for i in order.into_iter().cycle().take(missing as usize) {
        units[i] += 1;
    }
    units
}

/// Rounds the rows to [`Z_ONE`] so that the weighted mean is 0, every variance 1 and the correlation `target`.
///
/// Each round applies the affine map that takes the present moments to the wanted ones, and rounds again.
pub(crate) fn correct(
    rows: &[Vec<f64>],
    weights: &[u32],
    target: &Matrix,
) -> Result<Vec<Vec<i32>>, BuildError> {
    let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
    let wanted = target.cholesky().ok_or(BuildError::Degenerate)?;
    let mut points = rows.to_vec();
    let mut worst = f64::INFINITY;
    for _ in 0..ROUNDS {
        let moments = Moments::of(&points, &weights);
        let have = moments
            .covariance
            .cholesky()
            .ok_or(BuildError::Degenerate)?;
        let map = wanted.times(&have.lower_inverse());
        let integers: Vec<Vec<i32>> = points
            .iter()
            .map(|p| {
                let centred: Vec<_> = p.iter().zip(&moments.mean).map(|(x, m)| x - m).collect();
                map.apply(&centred)
                    .iter()
                    .map(|x| (x * f64::from(Z_ONE)).round() as i32)
                    .collect()
            })
            .collect();
        points = integers
            .iter()
            .map(|p| p.iter().map(|x| as_z(*x)).collect())
            .collect();
        worst = distance(&Moments::of(&points, &weights), target);
        if worst <= TOLERANCE {
            return Ok(integers);
        }
    }
    Err(BuildError::Moments {
        worst_ppm: (worst * 1e6) as u64,
    })
}

/// Levels as integers: no farther from 0 than [`LEVEL_ONE`], then shifted to weighted mean 0.
pub(crate) fn quantise_levels(levels: &[f64], weights: &[u32]) -> Vec<i32> {
    let clamped: Vec<f64> = levels.iter().map(|l| l.clamp(-1.0, 1.0)).collect();
    let mean: f64 = clamped
        .iter()
        .zip(weights)
        .map(|(l, w)| l * f64::from(*w))
        .sum::<f64>()
        / f64::from(WEIGHT_ONE);
    clamped.iter().map(|l| level_units(l - mean)).collect()
}

/// One level as an integer, capped at [`LEVEL_ONE`] either way.
pub(crate) fn level_units(level: f64) -> i32 {
    (level.clamp(-1.0, 1.0) * f64::from(LEVEL_ONE)).round() as i32
}

/// An integer standardised return as a number.
pub(crate) fn as_z(units: i32) -> f64 {
    f64::from(units) / f64::from(Z_ONE)
}

/// Largest distance of any mean from 0 and any covariance from the target.
fn distance(moments: &Moments, target: &Matrix) -> f64 {
    let n = target.size();
    let mean = moments
        .mean
        .iter()
        .fold(0.0f64, |worst, m| worst.max(m.abs()));
    (0..n * n).fold(mean, |worst, at| {
        let (i, j) = (at / n, at % n);
        worst.max((moments.covariance.at(i, j) - target.at(i, j)).abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_positive_and_sum_exactly() {
        let thirds = quantise_weights(&[1.0, 1.0, 1.0]);
        assert_eq!(thirds, [5_333_334, 5_333_333, 5_333_333]);
        let tiny = quantise_weights(&[1.0, 1e-12, 1e-12, 0.5]);
        assert!(tiny.iter().all(|w| *w > 0));
        assert_eq!(tiny.iter().sum::<u32>(), WEIGHT_ONE);
    }

    #[test]
    fn moments_come_out_as_asked() {
        let rows: Vec<Vec<f64>> = (0..200)
            .map(|i| {
                vec![
                    f64::from(i % 17) - 3.0,
                    f64::from((i * 7) % 23) * 0.3 + f64::from(i % 17),
                ]
            })
            .collect();
        let weights = quantise_weights(&vec![1.0; 200]);
        let mut target = Matrix::zero(2);
        for (i, j, c) in [(0, 0, 1.0), (1, 1, 1.0), (0, 1, -0.4), (1, 0, -0.4)] {
            *target.at_mut(i, j) = c;
        }
        let integers = correct(&rows, &weights, &target).unwrap();
        let points: Vec<Vec<f64>> = integers
            .iter()
            .map(|p| p.iter().map(|x| as_z(*x)).collect())
            .collect();
        let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
        assert!(distance(&Moments::of(&points, &weights), &target) < 1e-4);
    }

    #[test]
    fn columns_that_move_as_one_are_refused() {
        let rows: Vec<Vec<f64>> = (0..50).map(|i| vec![f64::from(i), f64::from(i)]).collect();
        let mut target = Matrix::zero(2);
        *target.at_mut(0, 0) = 1.0;
        *target.at_mut(1, 1) = 1.0;
        assert_eq!(
            correct(&rows, &[320_000; 50], &target),
            Err(BuildError::Degenerate)
        );
    }

    #[test]
    fn levels_have_mean_zero_and_a_cap() {
        let weights = quantise_weights(&[1.0; 4]);
        let levels = quantise_levels(&[0.0, 0.1, 0.2, 7.0], &weights);
        assert_eq!(levels.iter().sum::<i32>().abs() / 4, 0);
        assert!(levels.iter().all(|l| l.abs() <= LEVEL_ONE));
    }
}
