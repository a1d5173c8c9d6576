//! B5: the first surface of an expiry was taken whatever was open in it, and of two publishers one decided.

use {
    cep_sdk::{
        address,
        instruction::instruments,
        programs::risk_engine::{
            SurfaceArgs,
            error::RiskEngineError,
            state::{InstrumentKind, RiskConfig},
        },
    },
    cep_tests::{
        BTC, Outcome, Trader, World, actions::leg, bare::endow, keypair, options, world::admin,
    },
    solana_sdk::signature::{Keypair, Signer},
};

const USD: i64 = 1_000_000;

/// A future of a year, listed and not opened, and a committee of two whose quorum is two.
fn committee() -> (World, i64, (u16, u64), [Keypair; 2]) {
    let mut world = World::ready(&options::setup());
    world.extend_book(BTC, 2);
    let expiry = world.expiry_in(364);
    let future = world.list(BTC, InstrumentKind::Future, expiry, 0.0);
    let keys = ["honest", "bad"].map(|name| keypair(&format!("publisher {name}")));
    for key in &keys {
        endow(&mut world.svm, key.pubkey());
    }
    let seats = keys.each_ref().map(Signer::pubkey);
    world.forge::<RiskConfig>(&address::risk_config(), |c| {
        c.publishers[..2].copy_from_slice(&seats)
    });
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.refresh_scenarios(BTC).accepted();
    (world, expiry, future, keys)
}

fn post(world: &mut World, by: &Keypair, expiry: i64, basis: i32) {
    let args = SurfaceArgs {
        expiry,
        skew: 0,
        curvature: 0,
        basis,
    };
    let ix = instruments::post_surface(by.pubkey(), world.book_address(BTC), args);
    world.send(&[ix], &[by]).accepted();
}

fn basis(world: &World) -> i32 {
    world.book(BTC).expiries[0].basis
}

/// A and B hold 100 futures against perpetuals, each on its side, with little more than the margin of that.
fn hedged(world: &mut World, slot: u16) -> [Trader; 2] {
    let both = ["a", "b"].map(|name| world.trader(name, 500_000.0));
    let mark = world.mark(BTC, slot);
    let legs = [
        world.dated_leg(BTC, slot, 100.0, mark),
        leg(BTC, -100.0 * mark / 120_000.0, 120_000.0),
    ];
    let [a, b] = &both;
    world.trade(a, b, &legs).accepted();
    for who in &both {
        let excess = world.health(who).initial.health();
        world.withdraw_usd(who, excess - 10 * USD).accepted();
    }
    both
}

fn equity(world: &World, who: &Trader) -> i64 {
    world.health(who).maintenance.equity
}

#[test]
fn b5_nothing_trades_before_its_expiry_has_a_surface() {
    let (mut world, expiry, (slot, id), [honest, bad]) = committee();
    let open = instruments::open_instrument(admin().pubkey(), world.book_address(BTC), slot, id);
    let send = |world: &mut World| world.send(std::slice::from_ref(&open), &[&admin()]);
    send(&mut world).refused(RiskEngineError::SurfaceMissing);
    // One of two is no quorum.
    post(&mut world, &honest, expiry, 60_000);
    send(&mut world).refused(RiskEngineError::SurfaceMissing);
    post(&mut world, &bad, expiry, 60_000);
    // While nothing is open a surface moves as its publishers say.
    assert_eq!(basis(&world), 60_000);
    for key in [&honest, &bad] {
        post(&mut world, key, expiry, 20_000);
    }
    assert_eq!(basis(&world), 20_000);
    send(&mut world).accepted();
}

/// The whole committee turns: each minute a step, and in ten minutes no more than the basis charge of who holds its margin.
#[test]
fn b5_from_the_first_opening_on_a_surface_moves_by_steps_that_the_margin_covers() {
    let (mut world, expiry, (slot, _), keys) = committee();
    for key in &keys {
        post(&mut world, key, expiry, 0);
    }
    world.open_all(BTC);
    let both = hedged(&mut world, slot);
    let step = i32::try_from(world.config().params.surface_max_step).unwrap();
    for minute in 1..=10 {
        world.advance(60);
        world.republish();
        for key in &keys {
            post(&mut world, key, expiry, 60_000);
        }
        // The first word of the two is half of them and moves nothing, which takes the first minute.
        assert_eq!(basis(&world), step * (minute - 1));
        for who in &both {
            assert!(equity(&world, who) > 0, "minute {minute}");
        }
    }
    // Maintenance margin asks for less basis than initial margin does: who holds the one is not sold at the first step.
    let health = world.health(&both[0]);
    assert!(health.maintenance.addons.basis < health.initial.addons.basis);
}

/// 100 futures of a year hedged, and one bad publisher of a quorum of two: an account was emptied in three minutes.
#[test]
fn b5_one_publisher_of_two_moves_nothing() {
    let (mut world, expiry, (slot, _), [honest, bad]) = committee();
    for key in [&honest, &bad] {
        post(&mut world, key, expiry, 50_000);
    }
    world.open_all(BTC);
    let both = hedged(&mut world, slot);
    let before = both.each_ref().map(|who| equity(&world, who));
    for word in [-500_000, 500_000, 51_000, -500_000] {
        world.advance(60);
        world.republish();
        post(&mut world, &bad, expiry, word);
        assert_eq!(basis(&world), 50_000, "{word}");
    }
    world.set_price(BTC, 120_000.0);
    for (who, before) in both.iter().zip(before) {
        // Four minutes of carry at 5 % a year.
        let moved = (equity(&world, who) - before).abs();
        assert!(moved < 10 * USD, "{moved}");
    }
}

/// Where the parameters allow larger steps, the basis charge follows them.
#[test]
fn b5_the_basis_charge_covers_ten_minutes_of_steps() {
    let (mut world, expiry, (slot, _), keys) = committee();
    for key in &keys {
        post(&mut world, key, expiry, 0);
    }
    world.open_all(BTC);
    let both = hedged(&mut world, slot);
    let before = world.health(&both[0]).initial.addons.basis;
    world.forge::<RiskConfig>(&address::risk_config(), |c| {
        c.params.surface_max_step = 20_000
    });
    world.set_price(BTC, 120_000.0);
    let after = world.health(&both[0]).initial.addons.basis;
    // 20 % a year of 12 million USD for 364 days, where the parameters' own rate is 1.15 %.
    assert!(before < 150_000 * USD, "{before}");
    assert!(
        (2_390_000 * USD..2_410_000 * USD).contains(&after),
        "{after}"
    );
}
