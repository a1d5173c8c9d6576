//! What keeping a whole chain of options valued costs: 256 series on one underlying.

use {
    cep_sdk::programs::risk_engine::events::CurvesRefreshed,
    cep_tests::{BTC, Outcome, World, options::chain},
    std::collections::BTreeMap,
};

/// Strikes, each with a call and a put, over four expiries.
const PAIRS: usize = 128;

pub fn all(units: &mut BTreeMap<String, u64>, counts: &mut BTreeMap<String, u64>) {
    let mut one = chain(1, 1);
    let pair = one.refresh_curves(BTC, 0, 2).accepted().compute_units;
    let idle = one.refresh_curves(BTC, 0, 2).accepted().compute_units;
    units.insert("curves_1_pair".into(), pair);
    units.insert("curves_none_due".into(), idle);

    let mut world = chain(PAIRS, 4);
    let limit = most_per_transaction(&world);
    counts.insert("curves_per_tx".into(), u64::from(limit));
    let full = round(&mut world, limit);
    units.insert("curves_256_refresh".into(), full.units);
    counts.insert("curves_256_refresh_tx".into(), full.transactions);

    // In a quiet market age alone makes a curve due, at half of the limit.
    let rounds = 3_600 / (world.book(BTC).curve_max_age / 2);
    let instruments = world.book(BTC).instruments;
    world.advance(1_801);
    let tick = world.post_price(BTC, 120_100.0, 60.0);
    let tick = world.refresh(BTC, tick).accepted();
    assert!(world.book(BTC).instruments == instruments);
    units.insert("curves_256_price_tick".into(), tick.compute_units);
    let aged = round(&mut world, limit);
    units.insert("curves_256_quiet_hour".into(), rounds * aged.units);
    counts.insert(
        "curves_256_quiet_hour_tx".into(),
        rounds * aged.transactions,
    );

    // Past half of the centre's band.
    world.set_price(BTC, 123_200.0);
    let moved = round(&mut world, limit);
    units.insert("curves_256_recentring".into(), moved.units);
    counts.insert("curves_256_recentring_tx".into(), moved.transactions);
}

struct Round {
    transactions: u64,
    units: u64,
}

/// Once over all slots; every curve must have been due.
fn round(world: &mut World, limit: u8) -> Round {
    let mut round = Round {
        transactions: 0,
        units: 0,
    };
    let (mut from, mut built) = (0, 0);
    while usize::from(from) < 2 * PAIRS {
        let receipt = world.refresh_curves(BTC, from, limit).accepted();
        let event = receipt.event::<CurvesRefreshed>();
        (from, built) = (event.next, built + usize::from(event.built));
        round.transactions += 1;
        round.units += receipt.compute_units;
    }
    assert_eq!(built, 2 * PAIRS);
    round
}

/// Curves that one transaction can build where all are due, in pairs.
fn most_per_transaction(world: &World) -> u8 {
    let fits = |limit: &u8| world.clone().refresh_curves(BTC, 0, *limit).is_ok();
    (2..=u8::MAX).step_by(2).take_while(fits).last().unwrap()
}
