//! EWMA volatility (J.P. Morgan/Reuters, RiskMetrics Technical Document, 1996).

/// Volatility known *before* each return: `s[t]^2 = lambda s[t-1]^2 + (1 - lambda) r[t-1]^2`.
///
/// Units: those of `returns` (per day for daily log returns). The first `seed` returns give the first value as their
/// root mean square, so the first `seed` entries are `None`. A missing return leaves the volatility as it was.
pub fn ewma_volatility(returns: &[Option<f64>], lambda: f64, seed: usize) -> Vec<Option<f64>> {
    let mut seen = 0;
    let mut variance: f64 = 0.0;
    let mut known = Vec::with_capacity(returns.len());
    for r in returns {
        known.push((seen >= seed).then(|| variance.sqrt()));
        let Some(r) = r else { continue };
        if seen < seed {
            variance += r * r / seed as f64;
        } else {
            variance = lambda * variance + (1.0 - lambda) * r * r;
        }
        seen += 1;
    }
    known
}

/// The uncentred standard deviation of a whole series: the long-run volatility that stress rows are measured in.
pub(crate) fn long_run(returns: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = returns.fold((0u32, 0.0), |(n, s), r| (n + 1, s + r * r));
    if count == 0 {
        0.0
    } else {
        (sum / f64::from(count)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_uses_only_returns_before_its_day() {
        let mut returns: Vec<_> = (0..10).map(|i| Some(0.01 * f64::from(i))).collect();
        let before = ewma_volatility(&returns, 0.9, 3);
        returns[7] = Some(5.0);
        let after = ewma_volatility(&returns, 0.9, 3);
        assert_eq!(before[..8], after[..8]);
        assert!(after[8] > before[8]);
    }

    #[test]
    fn the_recursion_is_the_published_one() {
        let known = ewma_volatility(
            &[Some(0.02), Some(-0.02), Some(0.05), None, Some(0.0)],
            0.94,
            2,
        );
        assert_eq!(known[..2], [None, None]);
        let second: f64 = 0.94 * 0.0004 + 0.06 * 0.0025;
        assert!((known[2].unwrap() - 0.02).abs() < 1e-15);
        assert!((known[3].unwrap() - second.sqrt()).abs() < 1e-15);
        assert_eq!(known[3], known[4]);
    }
}
