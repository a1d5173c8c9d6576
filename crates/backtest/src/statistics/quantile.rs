/// The lower quantile of weighted values: the smallest value `x` such that the values above `x` weigh at most `tail`.
///
/// With losses and `tail = (1 - a) x` the total weight this is Value at Risk at `a`. `None` when all weight lies in the tail.
#[must_use]
pub fn weighted_quantile(values: &[i64], weights: &[u32], tail: u32) -> Option<i64> {
    let mut rows: Vec<(i64, u32)> = values
        .iter()
        .copied()
        .zip(weights.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    let mut above = 0u64;
    rows.into_iter().find_map(|(value, weight)| {
        above += u64::from(weight);
        (above > u64::from(tail)).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_value_whose_weight_crosses_the_tail() {
        let values = [1, 5, 3, 4, 2];
        let weights = [10, 10, 10, 10, 10];
        for (tail, want) in [(0, 5), (9, 5), (10, 4), (15, 4), (20, 3), (49, 1)] {
            assert_eq!(
                weighted_quantile(&values, &weights, tail),
                Some(want),
                "{tail}"
            );
        }
        assert_eq!(weighted_quantile(&values, &weights, 50), None);
    }

    #[test]
    fn unequal_weights_and_ties_count_as_they_weigh() {
        assert_eq!(weighted_quantile(&[7, 7, 1], &[1, 2, 97], 2), Some(7));
        assert_eq!(weighted_quantile(&[7, 7, 1], &[1, 2, 97], 3), Some(1));
        assert_eq!(weighted_quantile(&[9, 1], &[0, 5], 0), Some(1));
    }

    /// The definition by counting, on every tail of a small example.
    #[test]
    fn agrees_with_the_definition() {
        let values = [-3i64, 8, 8, 0, 2, -3, 11];
        let weights = [4u32, 1, 2, 5, 3, 2, 1];
        for tail in 0..18 {
            let above = |x: i64| -> u32 {
                values
                    .iter()
                    .zip(weights)
                    .filter(|(v, _)| **v > x)
                    .map(|(_, w)| w)
                    .sum()
            };
            let want = values.iter().copied().filter(|v| above(*v) <= tail).min();
            assert_eq!(weighted_quantile(&values, &weights, tail), want, "{tail}");
        }
    }
}
