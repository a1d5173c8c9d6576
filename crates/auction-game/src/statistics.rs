//! Means with their standard errors.

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    pub error: f64,
}

impl Estimate {
    /// Of independent values; no error is known of fewer than two.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let ones = vec![1.0; values.len()];
        Self::ratio(values, &ones)
    }

    /// Sum over sum, with the error of a ratio estimator (Cochran 1977, 6.4): the paths are the independent draws.
    #[must_use]
    pub fn ratio(above: &[f64], below: &[f64]) -> Self {
        let n = above.len().min(below.len());
        let total: f64 = below.iter().sum();
        if n < 2 || total == 0.0 {
            return Self::default();
        }
        let mean = above.iter().sum::<f64>() / total;
        let squares: f64 = above
            .iter()
            .zip(below)
            .map(|(a, b)| (a - mean * b).powi(2))
            .sum();
        let n = n as f64;
        Self {
            mean,
            error: (squares / (n - 1.0) / n).sqrt() / (total / n).abs(),
        }
    }
}

/// The value at or below which a part of the values lies; zero of none.
#[must_use]
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = (part * last as f64).round() as usize;
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_the_textbook_ones() {
        let e = Estimate::of(&[1.0, 2.0, 3.0, 4.0]);
        assert!((e.mean - 2.5).abs() < 1e-12 && (e.error - (5.0f64 / 12.0).sqrt()).abs() < 1e-12);
        // Exact proportion: no error at all.
        let r = Estimate::ratio(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]);
        assert!((r.mean - 0.5).abs() < 1e-12 && r.error < 1e-12);
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }
}
