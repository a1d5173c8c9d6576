use super::{LEVEL, bernoulli, chi_square_tail, share};

/// Proportion of failures (Kupiec 1995, "Techniques for verifying the accuracy of risk measurement models").
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Kupiec {
    /// Likelihood ratio of the stated rate of exceptions against the one seen; chi-square with one degree of freedom.
    pub statistic: f64,
    /// Probability of a larger ratio when the stated rate is true. Small for too many exceptions and for too few.
    pub p_value: f64,
    /// Exceptions that the stated rate leads to expect.
    pub expected: f64,
    /// The most exceptions that the test does not reject at 5 %.
    pub most_allowed: u64,
}

/// Tests `exceptions` in `observations` against a rate of `1 - confidence`.
#[must_use]
pub fn kupiec(observations: u64, exceptions: u64, confidence: f64) -> Kupiec {
    let rate = 1.0 - confidence;
    let ratio = |hits: u64| {
        let misses = observations.saturating_sub(hits);
        let seen = bernoulli(hits, misses, share(hits, misses));
        (2.0 * (seen - bernoulli(hits, misses, rate))).max(0.0)
    };
    let expected = observations as f64 * rate;
    // Above the expected count the ratio rises with every further exception.
    let first = expected.floor() as u64;
    let most_allowed = (first..=observations)
        .take_while(|hits| *hits == first || chi_square_tail(ratio(*hits), 1.0) >= LEVEL)
        .last()
        .unwrap_or(0);
    let statistic = ratio(exceptions.min(observations));
    Kupiec {
        statistic,
        p_value: chi_square_tail(statistic, 1.0),
        expected,
        most_allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Non-rejection regions at 95 % from Kupiec (1995), as reprinted in Jorion, "Value at Risk", 3rd ed., table 6-2: exceptions
    /// below these numbers are accepted.
    #[test]
    fn the_published_non_rejection_regions_come_out() {
        for (confidence, observations, first_rejected) in [
            (0.99, 252, 7),
            (0.99, 510, 11),
            (0.99, 1_000, 17),
            (0.975, 252, 12),
            (0.975, 510, 21),
            (0.975, 1_000, 36),
            (0.95, 252, 20),
            (0.95, 510, 36),
            (0.95, 1_000, 65),
        ] {
            let found = kupiec(observations, 0, confidence).most_allowed;
            assert_eq!(found + 1, first_rejected, "{confidence} {observations}");
        }
    }

    /// The lower ends of the same table: this many exceptions are too few.
    #[test]
    fn too_few_exceptions_are_rejected_as_published() {
        for (confidence, observations, too_few) in [
            (0.99, 510, 1),
            (0.99, 1_000, 4),
            (0.975, 1_000, 15),
            (0.95, 252, 6),
            (0.95, 1_000, 37),
        ] {
            let p = |exceptions| kupiec(observations, exceptions, confidence).p_value;
            assert!(
                p(too_few) < LEVEL && p(too_few + 1) >= LEVEL,
                "{confidence} {observations}"
            );
        }
    }

    /// By hand: -2 ln(0.99^245 0.01^5) + 2 ln(0.98^245 0.02^5) = 1.9568; chi-square tail 0.1619.
    #[test]
    fn five_exceptions_in_a_year_of_trading_days() {
        let test = kupiec(250, 5, 0.99);
        assert!((test.statistic - 1.9568).abs() < 1e-4, "{test:?}");
        assert!((test.p_value - 0.1619).abs() < 1e-4, "{test:?}");
        assert!((test.expected - 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_ends_are_finite() {
        assert_eq!(kupiec(0, 0, 0.99).p_value, 1.0);
        // -2 x 250 ln 0.99
        assert!((kupiec(250, 0, 0.99).statistic - 5.0252).abs() < 1e-4);
        let all = kupiec(250, 250, 0.99);
        assert!(all.statistic.is_finite() && all.p_value < 1e-12);
    }
}
