//! EWMA volatility (J.P. Morgan/Reuters, RiskMetrics Technical Document, 1996).

/// Volatility known *before* each return: `s[t]^2 = lambda s[t-1]^2 + (1 - lambda) r[t-1]^2`.
///
/// Units: those of `returns` (per day for daily log returns). The first `seed` returns give the first value as their
/// root mean square, so the first `seed` entries are `None`. A missing return leaves the volatility as it was.
pub fn ewma_volatility(returns: &[Option<f64>], lambda: f64, seed: usize) -> Vec<Option<f64>> {
    let mut ewma = Ewma::new(lambda, seed);
    let known = returns.iter().map(|r| {
        let known = ewma.known();
        if let Some(r) = r {
            ewma.update(r * r, r * r);
        }
        known
    });
    known.collect()
}

/// The same from `(squared return, its estimate for the seed)` pairs: realised variance is a better seed than one squared
/// return.
pub(crate) fn ewma_seeded(squares: &[(f64, f64)], lambda: f64, seed: usize) -> Vec<Option<f64>> {
    let mut ewma = Ewma::new(lambda, seed);
    let known = squares.iter().map(|(square, estimate)| {
        let known = ewma.known();
        ewma.update(*square, *estimate);
        known
    });
    known.collect()
}

struct Ewma {
    lambda: f64,
    seed: usize,
    seen: usize,
    variance: f64,
}

impl Ewma {
    const fn new(lambda: f64, seed: usize) -> Self {
        Self {
            lambda,
            seed,
            seen: 0,
            variance: 0.0,
        }
    }

    fn known(&self) -> Option<f64> {
        (self.seen >= self.seed).then(|| self.variance.sqrt())
    }

    fn update(&mut self, square: f64, estimate: f64) {
        if self.seen < self.seed {
            self.variance += estimate / self.seed as f64;
        } else {
            self.variance = self.lambda * self.variance + (1.0 - self.lambda) * square;
        }
        self.seen += 1;
    }
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
