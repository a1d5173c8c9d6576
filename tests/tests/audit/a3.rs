//! A3: an account whose legs offset each other exactly needed nothing, whatever their size.

use {
    cep_sdk::programs::{margin_pool::error::MarginPoolError, risk_engine::state::InstrumentKind},
    cep_tests::{BTC, Outcome, Trader, World, actions::leg, options},
};

/// BTC with one future that expires in a day, open for trading.
fn future_world() -> (World, u16) {
    let mut world = options::world(2);
    let expiry = world.expiry_in(1);
    let (slot, _) = world.list(BTC, InstrumentKind::Future, expiry, 0.0);
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.refresh_scenarios(BTC).accepted();
    world.open_all(BTC);
    (world, slot)
}

fn requirements(world: &World, who: &Trader) -> [i64; 2] {
    let health = world.health(who);
    [&health.initial, &health.maintenance].map(|b| b.requirement)
}

/// 1,000 BTC of the future against the perpetual: legs of 240 million USD, whose basis is charged 0.4 % and more.
#[test]
fn a3_an_exact_offset_is_charged_its_basis() {
    let (mut world, slot) = future_world();
    let (a, b) = (world.trader("a", 48_001.0), world.trader("b", 48_001.0));
    let legs = [
        world.dated_leg(BTC, slot, 1_000.0, 120_000.0),
        leg(BTC, -1_000.0, 120_000.0),
    ];
    // What pays the fees does not carry the basis.
    world
        .trade(&a, &b, &legs)
        .refused(MarginPoolError::BelowInitialMargin);
    for who in [&a, &b] {
        world.deposit_usd(who, 1_000_000.0);
    }
    world.trade(&a, &b, &legs).accepted();
    let exact = requirements(&world, &a);
    let initial = world.health(&a).initial;
    assert!(initial.addons.basis > 480_000_000_000, "{initial:?}");
    assert!(exact.iter().all(|r| *r > 380_000_000_000), "{exact:?}");

    // A millionth of a contract on either side of the offset moves it by no more than that much is worth: 0.12 USD.
    let unit = leg(BTC, 0.000_001, 120_000.0);
    for (buyer, seller) in [(&a, &b), (&b, &a)] {
        let mut world = world.clone();
        world.trade(buyer, seller, &[unit]).accepted();
        let moved = requirements(&world, &a);
        for (after, before) in moved.iter().zip(exact) {
            assert!((after - before).abs() <= 120_000, "{after} {before}");
        }
    }
}
