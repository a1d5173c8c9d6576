//! C4. A tenor of implied volatility that nobody refreshed for an hour was left out as soon as another one spoke: initial
//! margin went from 25,561 to 15,237, and maintenance margin, which followed down at once, took days to climb back.

use {
    anchor_lang::prelude::Pubkey,
    cep_sdk::instruction::risk,
    cep_tests::{BTC, Outcome, World, keypair, options, oracle::Feed, world::admin},
    solana_sdk::{clock::Clock, signature::Signer},
};

const HOUR: i64 = 3_600;
const ALL: [(u32, f64); 3] = [(7, 0.45), (30, 0.80), (90, 0.80)];

fn say(world: &mut World, feeds: &[(u32, f64)]) -> Vec<Pubkey> {
    let clock = world.svm.get_sysvar::<Clock>();
    let say = |(days, volatility): &(u32, f64)| {
        let at = keypair(&format!("btc volatility {days}")).pubkey();
        Feed::new(*volatility, 0.0, clock.unix_timestamp, clock.slot).write(&mut world.svm, at);
        at
    };
    feeds.iter().map(say).collect()
}

fn refresh(world: &mut World, feeds: &[Pubkey]) {
    let ix = risk::refresh_volatility(world.book_address(BTC), feeds);
    world.send(&[ix], &[&admin()]).accepted();
    world.refresh_scenarios(BTC).accepted();
}

/// The feeds have said 45, 80 and 80 % for days, and maintenance margin stands for it.
fn world() -> World {
    let mut world = World::ready(&options::setup());
    world.advance(1);
    for _ in 0..5 {
        let all = say(&mut world, &ALL);
        world.set_price(BTC, 120_000.0);
        refresh(&mut world, &all);
        world.advance(86_400);
    }
    let all = say(&mut world, &ALL);
    world.set_price(BTC, 120_000.0);
    refresh(&mut world, &all);
    world
}

#[test]
fn c4_a_tenors_last_word_stands_when_another_speaks() {
    let mut world = world();
    let [a, b] = ["a", "b"].map(|name| world.trader(name, 500_000.0));
    world.trade_at_mark(&a, &b, BTC, 1.0).accepted();
    let before = world.health(&a);
    let variance = world.book(BTC).implied_variance;

    // The feeds of 30 and 90 days say 80 % as before, on chain and now; who refreshes brings the week's alone.
    world.advance(HOUR + 1);
    world.republish();
    let all = say(&mut world, &ALL);
    refresh(&mut world, &all[..1]);

    let after = world.health(&a);
    assert_eq!(world.book(BTC).implied_variance, variance);
    assert_eq!(after.initial.requirement, before.initial.requirement);
    assert_eq!(
        after.maintenance.requirement,
        before.maintenance.requirement
    );
}

#[test]
fn c4_a_tenor_that_is_silent_for_too_long_follows_the_others_step_by_step() {
    let mut world = world();
    world.advance(86_401);
    world.republish();
    let week = say(&mut world, &ALL[..1]);

    refresh(&mut world, &week);

    // A quarter at once, and no further than what the week says.
    let follows = |world: &World| world.book(BTC).implied[1].volatility as f64 / 1e9;
    assert!((follows(&world) - 0.6).abs() < 1e-6, "{}", follows(&world));
    world.advance(HOUR);
    let week = say(&mut world, &ALL[..1]);
    refresh(&mut world, &week);
    assert!((follows(&world) - 0.45).abs() < 1e-3, "{}", follows(&world));
    // Its own word counts again as soon as it is heard, by the same steps.
    world.advance(HOUR / 2);
    let all = say(&mut world, &ALL);
    refresh(&mut world, &all);
    assert!(follows(&world) > 0.5, "{}", follows(&world));
}

#[test]
fn c4_margin_comes_down_at_a_limited_rate() {
    let mut world = world();
    let [a, b] = ["a", "b"].map(|name| world.trader(name, 500_000.0));
    world.trade_at_mark(&a, &b, BTC, 1.0).accepted();
    let before = world.health(&a);

    // All tenors say half of it, until the step limit has let them through.
    for _ in 0..3 {
        world.advance(HOUR);
        world.set_price(BTC, 120_000.0);
        let low = say(&mut world, &[(7, 0.4), (30, 0.4), (90, 0.4)]);
        refresh(&mut world, &low);
    }

    let after = world.health(&a);
    assert!(world.book(BTC).target_variance < world.book(BTC).maintenance_variance / 2);
    for (before, after) in [
        (before.initial, after.initial),
        (before.maintenance, after.maintenance),
    ] {
        // Two per cent an hour of what stands for the scenarios.
        let ratio = after.requirement as f64 / before.requirement as f64;
        assert!((0.935..1.0).contains(&ratio), "{ratio}");
    }
    // Back again: no hole is left in maintenance margin.
    world.advance(HOUR);
    world.set_price(BTC, 120_000.0);
    let all = say(&mut world, &ALL);
    refresh(&mut world, &all);
    let back = world.health(&a).maintenance.requirement;
    assert!(back as f64 > before.maintenance.requirement as f64 * 0.915);
}
