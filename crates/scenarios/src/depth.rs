//! How deep in the cloud each draw lies: the tail rows of a set are those at its rim.

use crate::rng::SplitMix64;

/// Approximate halfspace depth of every point (Tukey 1975): the least weight, over `directions` random directions and
/// their opposites, of the points that lie at or beyond it.
///
/// A point with depth under 2.5 % belongs to the 2.5 % tail of some linear book; if all such points are kept as they
/// are, the Expected Shortfall of every linear book is that of the whole population.
pub(crate) fn halfspace_depth(
    points: &[Vec<f64>],
    weights: &[f64],
    directions: u32,
    rng: &mut SplitMix64,
) -> Vec<f64> {
    let n = points.first().map_or(0, Vec::len);
    let total: f64 = weights.iter().sum();
    let mut depth = vec![total; points.len()];
    let mut order: Vec<(f64, usize)> = Vec::with_capacity(points.len());
    for _ in 0..directions {
        let direction = rng.direction(n);
        order.clear();
        order.extend(points.iter().enumerate().map(|(i, p)| {
            let along: f64 = p.iter().zip(&direction).map(|(x, d)| x * d).sum();
            (along, i)
        }));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut below = 0.0;
        for (_, i) in &order {
            let above = total - below;
            below += weights[*i];
            depth[*i] = depth[*i].min(below).min(above);
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_shallow_and_the_centre_is_deep() {
        let mut points = vec![vec![0.0, 0.0]];
        for (x, y) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
            points.push(vec![x, y]);
        }
        let depth = halfspace_depth(&points, &[0.2; 5], 200, &mut SplitMix64::new(1));
        assert!((depth[0] - 0.6).abs() < 1e-9, "centre {}", depth[0]);
        assert!(
            depth[1..].iter().all(|d| (d - 0.2).abs() < 1e-9),
            "{depth:?}"
        );
    }

    #[test]
    fn both_ends_of_a_single_direction_count() {
        let points: Vec<Vec<f64>> = (0..5).map(|i| vec![f64::from(i)]).collect();
        let depth = halfspace_depth(&points, &[0.2; 5], 1, &mut SplitMix64::new(1));
        for (found, expected) in depth.iter().zip([0.2, 0.4, 0.6, 0.4, 0.2]) {
            assert!((found - expected).abs() < 1e-9, "{depth:?}");
        }
    }
}
