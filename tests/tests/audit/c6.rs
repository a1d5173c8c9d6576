//! Nobody sells a move that everybody knows of to a price of a minute ago.

use {
    cep_migrations::parameters::switchboard,
    cep_sdk::{
        instruction::{pool, risk},
        programs::{
            margin_pool::{Leg, error::MarginPoolError},
            risk_engine::{error::RiskEngineError, state::Change},
        },
        units::quantity,
    },
    cep_tests::{Outcome, SOL, Setup, Trader, World},
};

/// Two traders in a world that puts no refresh in front of their trades, SOL refreshed now.
fn cast(setup: &Setup) -> (World, Trader, Trader) {
    let mut world = World::ready(setup);
    let [alice, bob] = ["alice", "bob"].map(|name| world.trader(name, 500_000.0));
    world.refreshes_in_front = false;
    world.set_price(SOL, 220.0);
    (world, alice, bob)
}

#[test]
fn c6_new_risk_is_refused_at_a_price_of_a_minute_ago() {
    let (mut world, alice, bob) = cast(&Setup::standard());
    assert_eq!(world.book(SOL).new_risk_age, 10);
    world.trade_at_mark(&alice, &bob, SOL, -10.0).accepted();
    for seconds in [4, 11, 59] {
        let mut world = world.clone();
        world.advance(seconds);
        // To sell at 220 what is known to be worth 176.
        world
            .trade_at_mark(&alice, &bob, SOL, -100.0)
            .refused(MarginPoolError::PriceTooOldForNewRisk);
        // A refresh without a newer print makes the price no younger.
        world.refresh_from(SOL, &[]).accepted();
        let again = world.trade_at_mark(&alice, &bob, SOL, -100.0);
        if seconds <= 10 {
            again.accepted();
        } else {
            again.refused(MarginPoolError::PriceTooOldForNewRisk);
        }
        // What both hold becomes smaller at any price that is fresh for the rest.
        world.trade_at_mark(&alice, &bob, SOL, 5.0).accepted();
    }
}

#[test]
fn c6_a_refresh_in_front_of_the_trade_is_all_it_takes() {
    let (mut world, alice, bob) = cast(&Setup::standard());
    world.advance(59);
    let print = world.post_price(SOL, 218.0, 0.1);
    let books = [world.book_address(SOL)];
    let refresh = risk::refresh(books[0], &[print]);
    let leg = Leg::perpetual(SOL, quantity(100.0), 218_000_000);
    let trade = pool::trade_block(alice.pair(), bob.pair(), vec![leg], &books);
    world
        .send(std::slice::from_ref(&trade), &[&alice.key, &bob.key])
        .refused(MarginPoolError::PriceTooOldForNewRisk);
    world
        .send(&[refresh, trade], &[&alice.key, &bob.key])
        .accepted();
    // The slots after it serve too, eight of them.
    world.advance(3);
    world.trade_at_mark(&alice, &bob, SOL, 1.0).accepted();
    world.advance(1);
    world
        .trade_at_mark(&alice, &bob, SOL, 1.0)
        .refused(MarginPoolError::PriceTooOldForNewRisk);
}

#[test]
fn c6_the_newest_of_the_sources_that_agree_decides_how_old_a_price_is() {
    let mut setup = Setup::standard();
    let sol = &mut setup.parameters.underlyings[usize::from(SOL)];
    sol.sources.push(switchboard(&World::feed_at("sol")));
    sol.min_sources = 1;
    let (mut world, alice, bob) = cast(&setup);
    // The slower source is 40 s old, the faster one speaks now.
    let slow = world.post_feed("sol", 220.0);
    world.refresh_from(SOL, &[slow]).accepted();
    world.advance(40);
    world.set_price(SOL, 220.0);
    let book = world.book(SOL);
    assert_eq!(world.now() - book.publish_time, 41);
    assert_eq!(world.now() - book.newest_publish_time, 0);
    world.trade_at_mark(&alice, &bob, SOL, 1.0).accepted();
    // One that does not agree makes the price no younger.
    world.advance(11);
    let wrong = world.post_feed("sol", 150.0);
    world.refresh_from(SOL, &[wrong]).accepted();
    assert_eq!(world.now() - world.book(SOL).newest_publish_time, 11);
    world
        .trade_at_mark(&alice, &bob, SOL, 1.0)
        .refused(MarginPoolError::PriceTooOldForNewRisk);
}

#[test]
fn c6_the_age_for_new_risk_keeps_its_range() {
    let mut world = World::new();
    let book = world.book(SOL);
    let change = |new_risk_age| Change::Underlying {
        book: world.book_address(SOL),
        variance_floor: book.governed_floor,
        daily_volume: book.daily_volume,
        new_risk_age,
    };
    let [low, high, least] = [1, 31, 2].map(change);
    for beyond in [low, high] {
        world
            .enact(beyond)
            .refused(RiskEngineError::ParameterOutOfRange);
    }
    world.enact(least).accepted();
    assert_eq!(world.book(SOL).new_risk_age, 2);
}
