//! Prices, second by second.

use {
    crate::{PRICE_ONE, config::Regime},
    cep_risk::SECONDS_PER_DAY,
    rand::Rng,
    rand_chacha::ChaCha8Rng,
};

/// A long move: its share of the seconds, and how many times as far it goes.
const LONG_SHARE: f64 = 0.01;
const LONG_FACTOR: f64 = 8.0;

/// Standard normal by Box and Muller (1958).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    (-2.0 * u.ln()).sqrt() * (2.0 * core::f64::consts::PI * v).cos()
}

/// Prices at steps from time zero, [`PRICE_ONE`] first, drawn one by one: most games end early.
pub(crate) fn prices(regime: Regime, step: u64, mut rng: ChaCha8Rng) -> impl Iterator<Item = u64> {
    let seconds = step as f64;
    let variance = 1.0 + LONG_SHARE * (LONG_FACTOR * LONG_FACTOR - 1.0);
    let scale = regime.volatility * (seconds / SECONDS_PER_DAY as f64).sqrt();
    let mut log = 0.0f64;
    (0..=regime.horizon / step).map(move |i| {
        let price = (log.exp() * PRICE_ONE as f64).round() as u64;
        let mut z = normal(&mut rng);
        if regime.tails {
            let long = rng.random::<f64>() < LONG_SHARE;
            z *= if long { LONG_FACTOR } else { 1.0 } / variance.sqrt();
        }
        let falling = i * step < regime.crash_seconds;
        let drift = regime.crash * seconds / regime.crash_seconds as f64;
        // A log return with mean zero would lift the price: half the variance comes off.
        log += scale * z - scale * scale / 2.0 + if falling { drift } else { 0.0 };
        price
    })
}

#[cfg(test)]
mod tests {
    use {super::*, rand::SeedableRng};

    #[test]
    fn prices_have_the_volatility_and_the_fall_of_their_regime() {
        for regime in Regime::ALL {
            let logs: Vec<f64> = (0..400)
                .map(|seed| {
                    let path = prices(regime, 1, ChaCha8Rng::seed_from_u64(seed));
                    (path.last().unwrap() as f64 / PRICE_ONE as f64).ln()
                })
                .collect();
            let mean = logs.iter().sum::<f64>() / 400.0;
            let sd = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
            let expected = regime.volatility * (regime.horizon as f64 / 86_400.0).sqrt();
            // Standard error of a standard deviation over 400 paths: 3.5 %.
            assert!((sd / expected - 1.0).abs() < 0.14, "{sd} {expected}");
            assert!(
                (mean - regime.crash).abs() < 4.0 * expected / 20.0,
                "{mean}"
            );
        }
    }
}
