//! C3. Realised volatility depended on who refreshed: a sample was the first print after `volatility_interval` that
//! somebody chose to refresh with, and of the true 3.47 % a day became 2.75 or 4.47 %.

use cep_tests::{BTC, Setup, World};

/// Seconds between prints; between refreshes of the honest keeper; least time between samples.
const PRINT: i64 = 10;
const KEEPER: usize = 6;
const INTERVAL: usize = 30;
const PRINTS: usize = 24 * 360;

/// A random walk of 3.47 % a day, a print every ten seconds, USD.
fn path() -> Vec<f64> {
    let step = 0.0347 / 8_640f64.sqrt();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut price = 120_000.0;
    let walk = (0..PRINTS).map(|_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        price *= if random >> 63 == 1 {
            1.0 + step
        } else {
            1.0 - step
        };
        price
    });
    walk.collect()
}

/// When somebody refreshes: an honest keeper every minute, and besides, when a sample would be taken of the next print by
/// the audited rule, a second one as soon as the move since the last sample is as he likes it.
fn refreshes(path: &[f64], likes: impl Fn(f64) -> bool) -> Vec<usize> {
    let (mut last, mut at) = (path[0], 0);
    let mut chosen = Vec::new();
    for (i, price) in path.iter().enumerate() {
        let due = i - at >= INTERVAL;
        let honest = i % KEEPER == 0;
        if honest || due && likes((price / last).ln().abs()) {
            chosen.push(i);
            if due {
                (last, at) = (*price, i);
            }
        }
    }
    chosen
}

/// Daily volatility, per cent, after a day in which the average forgot what was before.
fn measured(path: &[f64], refreshes: &[usize]) -> f64 {
    let mut setup = Setup::standard();
    setup.parameters.risk.volatility_tau = 6 * 3_600;
    let mut world = World::ready(&setup);
    world.thorough = false;
    let start = world.now() + 1;
    for i in refreshes {
        let at = start + i64::try_from(*i).unwrap() * PRINT;
        world.advance(at - world.now() - 1);
        world.set_price(BTC, path[*i]);
    }
    100.0 * (world.book(BTC).variance as f64 / 2f64.powi(48)).sqrt()
}

#[test]
fn c3_realised_volatility_is_the_same_whoever_refreshes() {
    let path = path();
    let honest = measured(&path, &refreshes(&path, |_| false));
    // Within what an average of six hours can tell of a random walk.
    assert!((2.9..4.1).contains(&honest), "{honest}");
    let usual = 0.0347 * (300.0f64 / 86_400.0).sqrt();
    let calm = measured(&path, &refreshes(&path, |r| r < 0.3 * usual));
    let wild = measured(&path, &refreshes(&path, |r| r > 1.2 * usual));
    for chosen in [calm, wild] {
        let apart = (chosen / honest - 1.0).abs();
        assert!(apart < 0.03, "{chosen} % instead of {honest} %");
    }
}
