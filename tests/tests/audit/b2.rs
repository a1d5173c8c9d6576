//! Below initial margin a trade may only improve an account; on anything that is not current it must
//! shrink what the account holds besides.

use {
    cep_sdk::{
        Health,
        programs::{
            margin_pool::{Leg, error::MarginPoolError},
            risk_engine::state::degraded,
        },
    },
    cep_tests::{BTC, ETH, Outcome, SOL, Setup, Trader, World, actions::leg},
};

const USD: i64 = 1_000_000;

fn equity(world: &World, who: &Trader) -> i64 {
    world.health(who).maintenance.equity
}

fn healths(of: &Health) -> [i64; 2] {
    [of.initial.health(), of.maintenance.health()]
}

/// Two accounts of one owner, the first long BTC and ETH with so much, the second short with plenty.
fn owner_of_two(usd: f64) -> (World, Trader, Trader) {
    let mut world = World::new();
    let first = world.trader("mallory", usd);
    let second = world.sibling("mallory", 1);
    world.deposit_usd(&second, 200_000.0);
    let honest = world.trader("honest", 1_000_000.0);
    world.insure(&honest, 500_000.0).accepted();
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, 27.9, 4_300.0)];
    world.trade(&first, &second, &legs).accepted();
    (world, first, second)
}

/// The first sells its BTC at the low edge of the band and pays the second by round trips in ETH.
fn pay_away(eth: f64) -> Vec<Leg> {
    let mut legs = vec![leg(BTC, -1.0, 114_000.0)];
    for size in [27.9, eth] {
        legs.push(leg(ETH, -size, 4_085.0));
        legs.push(leg(ETH, size, 4_515.0));
    }
    legs
}

#[test]
fn b2_no_equity_is_paid_away_by_what_a_doubt_requires() {
    let (mut world, first, second) = owner_of_two(34_000.0);
    // BTC was not refreshed for a minute: its whole value is required, and given up by selling it.
    world.advance(62);
    world.set_price(ETH, 4_300.0);
    let sums = [equity(&world, &first), equity(&world, &second)];
    for eth in [27.9, 20.0, 12.0, 6.0, 0.5] {
        world
            .trade(&first, &second, &pay_away(eth))
            .refused(MarginPoolError::PriceStale);
    }
    assert_eq!(
        [equity(&world, &first), equity(&world, &second)],
        sums,
        "the owner's accounts"
    );
    // With every price fresh the account is below its margin after it, and worse off.
    world.republish();
    world
        .trade(&first, &second, &pay_away(10.0))
        .refused(MarginPoolError::BelowInitialMargin);
}

#[test]
fn b2_risk_is_not_exchanged_for_risk_on_outdated_scenarios() {
    let mut world = World::new();
    let alice = world.trader("alice", 200_000.0);
    let bob = world.trader("bob", 200_000.0);
    let legs = [leg(SOL, 100.0, 220.0), leg(ETH, 40.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.advance(400);
    world.republish();
    world.set_price(SOL, 176.0);
    world.advance(400);
    world.republish();
    assert!(!world.book(SOL).scenarios_cover_volatility());
    let required = world.health(&alice).initial.requirement;
    // Five times the SOL for all the ETH: less is required by the outdated scenarios.
    let legs = [leg(ETH, -40.0, 4_300.0), leg(SOL, 400.0, 176.0)];
    world
        .trade(&alice, &bob, &legs)
        .refused(MarginPoolError::ScenariosOutdated);
    let less = [leg(ETH, -40.0, 4_300.0), leg(SOL, 1.0, 176.0)];
    world
        .trade(&alice, &bob, &less)
        .refused(MarginPoolError::ScenariosOutdated);
    assert_eq!(world.health(&alice).initial.requirement, required);
    // Whoever shrinks may: both legs, near the mark.
    let legs = [leg(ETH, -10.0, 4_300.0), leg(SOL, -50.0, 176.0)];
    world.trade(&alice, &bob, &legs).accepted();
    // And who holds nothing of SOL is not held up by it.
    let [carol, dave] = ["carol", "dave"].map(|name| world.trader(name, 100_000.0));
    world.trade_at_mark(&carol, &dave, ETH, 1.0).accepted();
}

/// Alice, long BTC against short ETH, below her initial margin by `lacking` USD; Bob with plenty.
fn hedged_below_margin(lacking: i64) -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 100_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -27.9, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    let spare = world.health(&alice).initial.health();
    world.forge_cash(&alice, &bob, spare + lacking * USD);
    (world, alice, bob)
}

#[test]
fn b2_closing_the_hedge_leg_of_a_hedged_book_is_refused() {
    let (mut world, alice, bob) = hedged_below_margin(10);
    let closing = [leg(ETH, 27.9, 4_300.0)];
    world
        .trade(&alice, &bob, &closing)
        .refused(MarginPoolError::BelowInitialMargin);
    // It shrinks a position, which alone is not enough on a price in doubt either.
    world.advance(62);
    world.set_price(ETH, 4_300.0);
    world
        .trade(&alice, &bob, &closing)
        .refused(MarginPoolError::PriceStale);
    // A part of both legs is less of everything.
    let both = [leg(BTC, -0.1, 120_000.0), leg(ETH, 2.79, 4_300.0)];
    world.trade(&alice, &bob, &both).accepted();
}

#[test]
fn b2_below_the_margin_a_trade_costs_the_tight_band_and_its_fees_at_most() {
    let mut setup = Setup::standard();
    setup.parameters.pool.block_fee = 0;
    let mut world = World::ready(&setup);
    let alice = world.trader("alice", 16_000.0);
    let bob = world.trader("bob", 500_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 114_000.0);
    let before = world.health(&alice);
    assert!(before.initial.health() < 0);
    // 10 bp of a tenth of a BTC are 11.40 USD, and round trips beside it allow no more.
    world
        .trade(&alice, &bob, &[leg(BTC, -0.1, 113_885.0)])
        .refused(MarginPoolError::BelowInitialMargin);
    let round_trip = [
        leg(BTC, -0.1, 113_886.0),
        leg(ETH, 10.0, 4_300.0),
        leg(ETH, -10.0, 4_299.0),
    ];
    world
        .trade(&alice, &bob, &round_trip)
        .refused(MarginPoolError::BelowInitialMargin);
    world
        .trade(&alice, &bob, &[leg(BTC, -0.1, 113_886.0)])
        .accepted();
    let after = world.health(&alice);
    assert_eq!(before.initial.equity - after.initial.equity, 11_400_000);
    let (was, is) = (healths(&before), healths(&after));
    assert!(is[0] >= was[0] && is[1] >= was[1], "{was:?} {is:?}");
}

#[test]
fn b2_what_is_in_doubt_is_only_shrunk_by_who_is_below_the_margin() {
    let (mut world, alice, bob) = hedged_below_margin(10);
    world.forge::<cep_sdk::programs::risk_engine::state::RiskBook>(
        &world.book_address(ETH),
        |book| book.degraded = degraded::DISAGREEMENT,
    );
    // A hedge of what is held, in an underlying that is current: more of something all the same.
    world
        .trade(&alice, &bob, &[leg(SOL, -10.0, 220.0)])
        .refused(MarginPoolError::NewRiskInDoubt);
    world
        .trade(&alice, &bob, &[leg(BTC, -0.001, 120_000.0)])
        .refused(MarginPoolError::NewRiskInDoubt);
    let both = [leg(BTC, -0.1, 120_000.0), leg(ETH, 2.79, 4_300.0)];
    world.trade(&alice, &bob, &both).accepted();
}

#[test]
fn b2_the_state_before_is_that_of_the_market_before_the_trade() {
    // Alice is most of the open interest: closing with her counterparty shrinks it, and what is left
    // of her position is a larger share of it. The trade alone decides by how much she is better off.
    let mut setup = Setup::standard();
    for underlying in &mut setup.parameters.underlyings {
        underlying.daily_volume = 1_000_000_000;
    }
    let mut world = World::ready(&setup);
    let alice = world.trader("alice", 1_000_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 4.0).accepted();
    let spare = world.health(&alice).initial.health();
    world.forge_cash(&alice, &bob, spare + USD);
    let before = healths(&world.health(&alice));
    for contracts in [-0.5, -1.0, -2.0] {
        let mut trial = world.clone();
        // The invariants compare both healths with those before every accepted trade.
        if trial.trade_at_mark(&alice, &bob, BTC, contracts).is_ok() {
            let after = healths(&trial.health(&alice));
            assert!(after[0] >= before[0] && after[1] >= before[1]);
        }
    }
    world.trade_at_mark(&alice, &bob, BTC, -4.0).accepted();
}
