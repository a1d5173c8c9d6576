use super::{bernoulli, chi_square_tail, kupiec::kupiec, share};

/// Interval forecast tests (Christoffersen 1998, "Evaluating interval forecasts").
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Christoffersen {
    /// Independence: is an exception as likely after an exception as after none? One degree of freedom.
    pub independence: LikelihoodRatio,
    /// Conditional coverage: independence and the stated rate together. Two degrees of freedom.
    pub conditional_coverage: LikelihoodRatio,
    /// Pairs of neighbours: `[none-none, none-exception, exception-none, exception-exception]`.
    pub transitions: [u64; 4],
}

/// A likelihood ratio and its chi-square tail probability.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LikelihoodRatio {
    /// The ratio, not negative.
    pub statistic: f64,
    /// Probability of a larger one under the hypothesis.
    pub p_value: f64,
}

impl LikelihoodRatio {
    fn new(statistic: f64, freedom: f64) -> Self {
        // Rounding alone can take a ratio of zero below it.
        let statistic = statistic.max(0.0);
        Self {
            statistic,
            p_value: chi_square_tail(statistic, freedom),
        }
    }
}

/// Tests a series of exceptions (`true`), in order of time, against a rate of `1 - confidence`.
///
/// Total: without an exception, or with nothing but exceptions, neither alternative can be told apart and the independence
/// ratio is zero. With two or three exceptions none of which are neighbours the test has next to no power.
#[must_use]
pub fn christoffersen(exceptions: &[bool], confidence: f64) -> Christoffersen {
    let mut counts = [0u64; 4];
    for pair in exceptions.windows(2) {
        counts[usize::from(pair[0]) * 2 + usize::from(pair[1])] += 1;
    }
    let [n00, n01, n10, n11] = counts;
    let independent = bernoulli(n01 + n11, n00 + n10, share(n01 + n11, n00 + n10));
    let dependent = bernoulli(n01, n00, share(n01, n00)) + bernoulli(n11, n10, share(n11, n10));
    let independence = LikelihoodRatio::new(2.0 * (dependent - independent), 1.0);
    let hits = exceptions.iter().filter(|e| **e).count() as u64;
    let coverage = kupiec(exceptions.len() as u64, hits, confidence).statistic;
    Christoffersen {
        independence,
        conditional_coverage: LikelihoodRatio::new(coverage + independence.statistic, 2.0),
        transitions: counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand. Ten observations 0 1 1 0 0 0 0 0 1 0: n00 = 4, n01 = 2, n10 = 2, n11 = 1, so the shares are 2/6, 1/3 and 3/9,
    /// all the same: the ratio is zero.
    #[test]
    fn equal_transition_rates_give_a_ratio_of_zero() {
        let series = [0, 1, 1, 0, 0, 0, 0, 0, 1, 0].map(|x| x == 1);
        let test = christoffersen(&series, 0.9);
        assert_eq!(test.transitions, [4, 2, 2, 1]);
        assert!(test.independence.statistic < 1e-12);
        assert!((test.independence.p_value - 1.0).abs() < 1e-6);
    }

    /// By hand. 1,000 observations, two runs of five exceptions: n00 = 987, n01 = 2, n10 = 2, n11 = 8.
    /// Independent: 10 ln(10/999) + 989 ln(989/999) = -55.9915; dependent: 2 ln(2/989) + 987 ln(987/989) + 8 ln 0.8 + 2 ln 0.2
    /// = -19.4091; ratio 73.1648. Ten in a thousand is the stated rate, so conditional coverage has the same ratio.
    #[test]
    fn runs_of_exceptions_are_rejected() {
        let mut series = vec![false; 1_000];
        for at in [300, 700] {
            series[at..at + 5].fill(true);
        }
        let test = christoffersen(&series, 0.99);
        assert_eq!(test.transitions, [987, 2, 2, 8]);
        assert!(
            (test.independence.statistic - 73.1648).abs() < 1e-3,
            "{test:?}"
        );
        assert!((test.conditional_coverage.statistic - test.independence.statistic).abs() < 1e-9);
        assert!(test.independence.p_value < 1e-10 && test.conditional_coverage.p_value < 1e-10);
    }

    #[test]
    fn any_series_has_a_finite_answer() {
        for series in [
            vec![],
            vec![true],
            vec![false; 5],
            vec![true; 5],
            vec![false, true],
            vec![true, false, true, false],
        ] {
            let test = christoffersen(&series, 0.99);
            for ratio in [test.independence, test.conditional_coverage] {
                assert!(
                    ratio.statistic.is_finite() && (0.0..=1.0).contains(&ratio.p_value),
                    "{series:?} {test:?}"
                );
            }
        }
        assert_eq!(
            christoffersen(&[false; 5], 0.99).independence.statistic,
            0.0
        );
    }
}
