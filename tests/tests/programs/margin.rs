//! What an account must hold: the SDK's word and the chain's decision are the same.

use {
    cep_sdk::{
        programs::margin_pool::{Leg, error::MarginPoolError},
        units::{micro_usd, quantity},
    },
    cep_tests::{BTC, ETH, Outcome, SOL, Setup, Trader, World, actions::leg, world::quote_mint},
};

const USD: i64 = 1_000_000;

/// Without fees, so that a trade at the mark changes nothing but risk.
fn free_of_fees() -> World {
    let mut setup = Setup::standard();
    setup.parameters.pool.block_fee = 0;
    World::ready(&setup)
}

/// What the SDK asks for these legs at the mark, learnt from an account that has plenty.
fn initial_margin_of(legs: &[Leg]) -> i64 {
    let mut world = free_of_fees();
    let probe = world.trader("probe", 10_000_000.0);
    let maker = world.trader("maker", 10_000_000.0);
    world.trade(&probe, &maker, legs).accepted();
    world.health(&probe).initial.requirement
}

/// Trades them with exactly this much in the account.
fn trade_with_deposit(legs: &[Leg], micro: i64) -> Result<cep_tests::Receipt, cep_tests::Refusal> {
    let mut world = free_of_fees();
    let trader = world.trader("trader", 0.0);
    let maker = world.trader("maker", 10_000_000.0);
    let amount = u64::try_from(micro).unwrap();
    world.deposit(&trader, quote_mint(), amount).accepted();
    world.trade(&trader, &maker, legs)
}

#[test]
fn the_sdk_and_the_chain_agree_to_the_micro_dollar() {
    let books: [&[Leg]; 4] = [
        &[leg(BTC, 1.0, 120_000.0)],
        &[leg(SOL, -1_234.567, 220.0)],
        &[leg(BTC, 2.0, 120_000.0), leg(ETH, -50.0, 4_300.0)],
        &[
            leg(BTC, -0.7, 120_000.0),
            leg(ETH, 11.0, 4_300.0),
            leg(SOL, 900.0, 220.0),
        ],
    ];
    for legs in books {
        let required = initial_margin_of(legs);
        assert!(required > 0);
        trade_with_deposit(legs, required).accepted();
        trade_with_deposit(legs, required - 1).refused(MarginPoolError::BelowInitialMargin);
    }
}

#[test]
fn a_spread_needs_less_than_its_legs_and_more_than_nothing() {
    let long = initial_margin_of(&[leg(BTC, 1.0, 120_000.0)]);
    let short = initial_margin_of(&[leg(ETH, -27.9, 4_300.0)]);
    let spread = initial_margin_of(&[leg(BTC, 1.0, 120_000.0), leg(ETH, -27.9, 4_300.0)]);
    assert!(spread < long.max(short), "{spread} {long} {short}");
    assert!(spread > (long + short) / 20, "{spread} {long} {short}");
}

#[test]
fn a_hedged_trader_needs_next_to_nothing() {
    let mut world = World::new();
    let (alice, maker) = (
        world.trader("alice", 500.0),
        world.trader("maker", 1_000_000.0),
    );
    world.deposit_sol(&alice, 1_000.0);

    world
        .trade_at_mark(&alice, &maker, SOL, -1_000.0)
        .accepted();

    let health = world.health(&alice);
    // 220,000 USD each way: nothing at risk, though each leg alone would need a lot.
    assert_eq!(health.initial.requirement, 0);
    assert!(health.isolated_initial > 40_000 * USD);
    // Nor does a crash change it.
    world.set_price(SOL, 90.0);
    let crashed = world.health(&alice);
    assert!((crashed.initial.equity - health.initial.equity).abs() <= 1);
    assert_eq!(crashed.maintenance.requirement, 0);
}

#[test]
fn maintenance_margin_is_below_initial_margin() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 1_000_000.0),
        world.trader("bob", 1_000_000.0),
    );
    let legs = [leg(BTC, 1.0, 120_000.0), leg(SOL, 400.0, 220.0)];
    world.trade(&alice, &bob, &legs).accepted();
    for trader in [&alice, &bob] {
        let health = world.health(trader);
        assert!(health.maintenance.requirement < health.initial.requirement);
        assert!(health.initial.requirement < health.isolated_initial);
    }
}

/// Alice, long one BTC, after a fall that left her below initial margin, and her friend.
fn below_initial_margin() -> (World, Trader, Trader) {
    let mut world = free_of_fees();
    let (alice, bob) = (
        world.trader("alice", 16_000.0),
        world.trader("bob", 500_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 114_000.0);
    let health = world.health(&alice);
    assert!(health.initial.health() < 0 && health.maintenance.health() > 0);
    (world, alice, bob)
}

#[test]
fn below_initial_margin_risk_is_reduced_and_not_added() {
    let (mut world, alice, bob) = below_initial_margin();
    world
        .trade_at_mark(&alice, &bob, BTC, 0.000_001)
        .refused(MarginPoolError::BelowInitialMargin);
    world
        .trade_at_mark(&alice, &bob, ETH, 1.0)
        .refused(MarginPoolError::BelowInitialMargin);
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::BelowInitialMargin);
    // So much more than she has would be more risk on the other side.
    world
        .trade_at_mark(&alice, &bob, BTC, -3.0)
        .refused(MarginPoolError::BelowInitialMargin);
    world.trade_at_mark(&alice, &bob, BTC, -0.1).accepted();
    world.trade_at_mark(&alice, &bob, BTC, -0.9).accepted();
    assert_eq!(world.base(&alice, BTC), 0);
}

#[test]
fn a_hedge_counts_as_reducing() {
    let (mut world, alice, bob) = below_initial_margin();
    world.trade_at_mark(&alice, &bob, ETH, -5.0).accepted();
}

#[test]
fn losers_pay_before_winners_draw() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 125_000.0);
    let (won, lost) = (world.cash(&alice), world.cash(&bob));

    // Nobody has paid in: nothing to draw.
    world.settle(&alice, BTC).accepted();
    assert_eq!(world.cash(&alice), won);
    world.settle(&bob, BTC).accepted();
    assert_eq!(world.cash(&bob), lost - 5_000 * USD);
    world.settle(&alice, BTC).accepted();
    assert_eq!(world.cash(&alice), won + 5_000 * USD);
}

#[test]
fn settlement_changes_no_ones_equity() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    let leg = Leg::perpetual(
        SOL,
        quantity(33.333_333),
        u64::try_from(micro_usd(219.999_999)).unwrap(),
    );
    world.trade(&alice, &bob, &[leg]).accepted();
    world.set_price(SOL, 217.123_457);
    let equity = |w: &World| [&alice, &bob].map(|t| w.health(t).maintenance.equity);
    let before = equity(&world);

    world.settle(&alice, SOL).accepted();
    world.settle(&bob, SOL).accepted();

    assert_eq!(equity(&world), before);
}

#[test]
fn uncertain_prices_ask_for_more() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    let calm = world.health(&alice).initial;
    world.advance(1);
    let price = world.post_price(BTC, 120_000.0, 1_000.0);
    world.refresh(BTC, price).accepted();

    let unsure = world.health(&alice).initial;
    assert_eq!(unsure.addons.oracle, 1_000 * USD);
    assert_eq!(
        unsure.requirement - calm.requirement,
        unsure.addons.oracle - calm.addons.oracle
    );
}
