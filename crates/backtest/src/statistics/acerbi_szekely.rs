use {
    super::LEVEL,
    rand::{Rng, SeedableRng},
    rand_chacha::ChaCha8Rng,
};

/// Simulated histories behind a p-value.
const HISTORIES: usize = 10_000;
const SEED: u64 = 2_014;

/// What the model foresaw beyond its Value at Risk, for one observation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tail {
    /// Probability and loss of each scenario whose loss is above the Value at Risk. Losses in any one unit.
    pub rows: Vec<(f64, f64)>,
    /// Value at Risk.
    pub var: f64,
    /// Expected Shortfall.
    pub es: f64,
}

/// The second test of Acerbi and Szekely (2014, "Back-testing expected shortfall"), unconditional.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Z2 {
    /// `1 - sum(loss x [loss > VaR] / ES) / (T (1 - a))`. Zero is expected; negative means that losses beyond VaR were more or
    /// larger than the Expected Shortfall foresaw.
    pub statistic: f64,
    /// Probability of a value this low or lower under the model's own tails (10,000 simulated histories, fixed seed).
    pub p_value: f64,
    /// The value that the model itself falls below in 5 % of the histories. For a year of Student-t returns the paper gives
    /// -0.7; it depends on the length of the history.
    pub critical: f64,
}

/// Tests the losses that followed against the tails foreseen. Observations without a positive ES (a book that is flat) count
/// for the length only.
#[must_use]
pub fn z2(tails: &[&Tail], losses: &[f64], confidence: f64) -> Z2 {
    let expected = tails.len() as f64 * (1.0 - confidence);
    if tails.is_empty() {
        return Z2 {
            statistic: 0.0,
            p_value: 1.0,
            critical: 0.0,
        };
    }
    let seen: f64 = tails
        .iter()
        .zip(losses)
        .filter(|(tail, loss)| tail.es > 0.0 && **loss > tail.var)
        .map(|(tail, loss)| loss / tail.es)
        .sum();
    let statistic = 1.0 - seen / expected;
    let mut simulated = simulate(tails, expected);
    simulated.sort_unstable_by(f64::total_cmp);
    let at_or_below = simulated.partition_point(|z| *z <= statistic);
    Z2 {
        statistic,
        p_value: at_or_below as f64 / HISTORIES as f64,
        critical: simulated[(HISTORIES as f64 * LEVEL) as usize],
    }
}

/// The statistic in histories drawn from the tails.
///
/// Most draws stay inside the Value at Risk and add nothing, so for each observation only the histories in which it goes
/// beyond are drawn: the gaps between them are geometric.
fn simulate(tails: &[&Tail], expected: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut histories = vec![1.0; HISTORIES];
    for tail in tails.iter().filter(|tail| tail.es > 0.0) {
        let beyond: f64 = tail.rows.iter().map(|(probability, _)| probability).sum();
        if beyond <= 0.0 {
            continue;
        }
        let mut gap = || {
            // In (0, 1], so that the logarithm exists. A gap beyond usize saturates.
            let u = 1.0 - rng.random::<f64>();
            (
                (u.ln() / (1.0 - beyond).ln()) as usize,
                rng.random::<f64>() * beyond,
            )
        };
        let (mut at, mut place) = gap();
        while let Some(history) = histories.get_mut(at) {
            let row = tail.rows.iter().find(|(probability, _)| {
                place -= probability;
                place < 0.0
            });
            *history -= row.map_or(0.0, |(_, loss)| loss / tail.es / expected);
            let (skipped, next) = gap();
            (at, place) = (at.saturating_add(skipped).saturating_add(1), next);
        }
    }
    histories
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        statrs::distribution::{ContinuousCDF, Normal},
    };

    const DAYS: usize = 2_000;

    /// A tail of `scale` normal volatilities at 97.5 % in 200 equal steps, and its losses from a normal of volatility one.
    fn normal(scale: f64) -> (Tail, Vec<f64>) {
        let normal = Normal::standard();
        let rows: Vec<(f64, f64)> = (0..200)
            .map(|i| {
                let upper = (f64::from(i) + 0.5) / 200.0 * 0.025;
                (0.025 / 200.0, scale * -normal.inverse_cdf(upper))
            })
            .collect();
        let tail = Tail {
            es: rows.iter().map(|(p, l)| p * l).sum::<f64>() / 0.025,
            var: scale * -normal.inverse_cdf(0.025),
            rows,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let losses = (0..DAYS)
            .map(|_| normal.inverse_cdf(rng.random_range(1e-12..1.0)))
            .collect();
        (tail, losses)
    }

    fn test(scale: f64) -> Z2 {
        let (tail, losses) = normal(scale);
        z2(&vec![&tail; DAYS], &losses, 0.975)
    }

    #[test]
    fn a_true_model_scores_near_zero_and_is_not_rejected() {
        let z = test(1.0);
        assert!(z.statistic.abs() < 0.25, "{z:?}");
        assert!(z.p_value > LEVEL && z.critical < 0.0, "{z:?}");
    }

    /// The normal ES at 97.5 % is 2.338: the model of the test above is the published one.
    #[test]
    fn the_tail_of_the_test_is_the_normal_one() {
        assert!((normal(1.0).0.es - 2.338).abs() < 0.01);
    }

    #[test]
    fn an_understated_shortfall_is_rejected_and_an_overstated_one_is_not() {
        let low = test(0.75);
        assert!(low.statistic < -0.7 && low.p_value < 0.001, "{low:?}");
        let high = test(1.5);
        assert!(high.statistic > 0.5 && high.p_value > 0.95, "{high:?}");
    }

    #[test]
    fn flat_books_and_empty_histories_have_an_answer() {
        let flat = Tail::default();
        let z = z2(&[&flat, &flat], &[0.0, 0.0], 0.99);
        assert_eq!((z.statistic, z.p_value), (1.0, 1.0));
        assert_eq!(z2(&[], &[], 0.99).p_value, 1.0);
    }
}
