//! The mark-up that no bidder gains by changing, found by iterated best response.

use {
    crate::{config::Game, play::Strategy, sample::sample_with, statistics::Estimate},
    anyhow::Result,
};

/// Smallest mark-up that is tried, per notional.
const LEAST: f64 = 0.000_02;
/// Where the search starts: a decade on each side of common costs, and for a lone bidder nearly the whole account.
const STARTS: [f64; 6] = [0.000_02, 0.000_2, 0.001, 0.004, 0.016, 0.064];
/// The search ends when neighbours differ by less than this factor.
const FINE: f64 = 1.1;
const ROUNDS: usize = 12;

/// One bidder's mean profit per path when it acts `seconds` later (negative: earlier) than all others would, USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    pub seconds: i64,
    pub profit: Estimate,
    /// Over its profit without deviating, on the same paths.
    pub difference: Estimate,
}

/// The first bidder's profit by path.
fn profits(game: &Game, how: Strategy, seed: u64, paths: u64) -> Result<Vec<f64>> {
    let outcomes = sample_with(game, how, seed, paths)?;
    Ok(outcomes
        .iter()
        .map(|o| o.net.first().copied().unwrap_or_default())
        .collect())
}

/// The threshold, among those within the class of constant mark-ups, that is the best response to itself: edge per
/// notional after costs.
///
/// # Errors
/// What `cep_risk` refuses.
pub fn solve(game: &Game, seed: u64, paths: u64) -> Result<f64> {
    let value = |all: f64, first: f64| -> Result<f64> {
        let how = Strategy {
            all,
            first,
            delay: 0,
        };
        Ok(profits(game, how, seed, paths)?.iter().sum())
    };
    // Stay unless another is strictly better: where all thresholds give the same bids, none is.
    let best = |all: f64, tried: &[f64]| -> Result<f64> {
        let mut best = (all, value(all, all)?);
        for &threshold in tried {
            let sum = value(all, threshold)?;
            if sum > best.1 + 1e-9 {
                best = (threshold, sum);
            }
        }
        Ok(best.0)
    };
    let mut threshold = 0.000_2;
    for _ in 0..2 {
        let better = best(threshold, &STARTS)?;
        if better == threshold {
            break;
        }
        threshold = better;
    }
    let mut factor = 2.0f64;
    for _ in 0..ROUNDS {
        let tried = [(threshold / factor).max(LEAST), threshold * factor];
        let better = best(threshold, &tried)?;
        if better == threshold {
            factor = factor.sqrt();
        }
        if factor < FINE {
            break;
        }
        // Half way, as geometric mean: full steps of all bidders at once swing.
        threshold = (threshold * better).sqrt();
    }
    Ok(threshold)
}

/// What a bidder gets by acting later or earlier than the threshold says while all others keep to it.
///
/// # Errors
/// What `cep_risk` refuses.
pub fn waiting(
    game: &Game,
    threshold: f64,
    seconds: &[i64],
    seed: u64,
    paths: u64,
) -> Result<Vec<Deviation>> {
    let base = profits(game, Strategy::symmetric(threshold), seed, paths)?;
    seconds
        .iter()
        .map(|&delay| {
            let how = Strategy {
                delay,
                ..Strategy::symmetric(threshold)
            };
            let profit = profits(game, how, seed, paths)?;
            let difference: Vec<f64> = profit.iter().zip(&base).map(|(p, b)| p - b).collect();
            Ok(Deviation {
                seconds: delay,
                profit: Estimate::of(&profit),
                difference: Estimate::of(&difference),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::config::{Mechanism, PROPOSED, Regime, SHIPPED_PACE},
    };

    #[test]
    fn in_competition_nobody_gains_by_waiting_or_hurrying() {
        let proposed = Mechanism::Auction {
            params: PROPOSED,
            pace: Some(SHIPPED_PACE),
        };
        for game in [
            Game::new(Regime::CALM),
            Game::new(Regime::VOLATILE),
            Game::new(Regime::CALM).with(proposed),
            Game::new(Regime::VOLATILE).with(proposed),
        ] {
            let threshold = solve(&game, 1, 150).unwrap();
            let all = waiting(&game, threshold, &[-30, -10, -2, 2, 10, 30], 2, 600).unwrap();
            for d in &all {
                assert!(
                    d.difference.mean <= 2.0 * d.difference.error,
                    "{game:?} {d:?}"
                );
            }
            // Being two seconds late costs more than chance explains.
            let late = all.iter().find(|d| d.seconds == 2).unwrap().difference;
            assert!(late.mean < -2.0 * late.error, "{late:?}");
        }
    }

    #[test]
    fn a_lone_bidder_waits_and_a_second_one_ends_it() {
        let alone = Game {
            bidders: 1,
            ..Game::new(Regime::VOLATILE)
        };
        let two = Game {
            bidders: 2,
            ..alone
        };
        let (lone, shared) = (solve(&alone, 1, 20).unwrap(), solve(&two, 1, 100).unwrap());
        assert!(lone > 20.0 * shared, "{lone} {shared}");
    }
}
