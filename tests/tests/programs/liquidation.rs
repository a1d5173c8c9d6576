//! What liquidation does to the one who fails, to the bidder and to the fund.

use {
    cep_risk::{Breakdown, auction::AuctionParams},
    cep_sdk::{
        address, instruction,
        programs::{
            liquidation::{error::LiquidationError, state::InsuranceFund},
            margin_pool::error::MarginPoolError,
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, SOL, Trader, World,
        actions::{ALL, leg},
    },
};

const USD: i64 = 1_000_000;

/// Alice failing at 108,000 (still solvent) with BTC and SOL, her counterparty and a keeper.
fn failing() -> (World, Trader, Trader, Trader) {
    fallen_to(109_000.0)
}

fn fallen_to(price: f64) -> (World, Trader, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 14_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    world.deposit_sol(&alice, 10.0);
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -1.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, price);
    (world, alice, bob, keeper)
}

fn rules(world: &World) -> AuctionParams {
    world.parameters.auction.arithmetic()
}

fn margin_to_buffer(world: &World, state: &Breakdown) -> i64 {
    rules(world)
        .buffer_margin(state.equity, state.requirement)
        .unwrap()
}

/// What the clock of an auction that nobody looked at since it was opened shows now.
fn clock(world: &World, trader: &Trader) -> u64 {
    let auction = world.auction(trader);
    let passed = u64::try_from(world.now() - auction.opened_at).unwrap();
    passed * auction.pace / cep_risk::PPM
}

/// `amount x parts`, in ppb, rounded up.
fn share_up(amount: i64, parts: u64) -> i64 {
    let exact = i128::from(amount) * i128::from(parts);
    i64::try_from((exact + i128::from(ALL) - 1).div_euclid(i128::from(ALL))).unwrap()
}

#[test]
fn the_smallest_shortfall_opens_an_auction_and_none_opens_none() {
    // SETUP: leave alice with exactly her maintenance margin, by a settled loss and a forged ledger-neutral
    // move of cash between her and her counterparty.
    let (mut world, alice, bob, keeper) = fallen_to(118_000.0);
    let spare = world.health(&alice).maintenance.health();
    assert!(spare > 0);
    world.forge_cash(&alice, &bob, spare);
    assert_eq!(world.health(&alice).maintenance.health(), 0);

    world
        .open(&alice, &keeper)
        .refused(LiquidationError::AccountHealthy);
    world.forge_cash(&alice, &bob, 1);
    world.open(&alice, &keeper).accepted();
}

#[test]
fn a_bid_takes_what_restores_the_buffer_and_no_more() {
    let (mut world, alice, _, keeper) = failing();
    world.open(&alice, &keeper).accepted();
    let before = world.health(&alice).maintenance;
    assert!(before.equity > 0 && margin_to_buffer(&world, &before) < 0);

    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();

    let after = world.health(&alice).maintenance;
    // A position is cut in millionths: one of BTC is 0.11 USD of notional.
    let margin = margin_to_buffer(&world, &after);
    assert!((0..20_000).contains(&margin), "{margin}");
    assert!(after.requirement > 0 && after.requirement < before.requirement);
    world.close(&alice, keeper.owner(), &keeper).accepted();
}

#[test]
fn a_bid_pays_the_value_less_the_discount_of_the_moment() {
    for wait in [0, 450, 900, 20_000] {
        let (mut world, alice, _, keeper) = failing();
        world.open(&alice, &keeper).accepted();
        world.wait(wait);
        let discount = rules(&world).discount(clock(&world, &alice));
        let (value, mine) = (
            world.health(&alice).maintenance.equity,
            world.health(&keeper).maintenance.equity,
        );

        // A tenth of the account.
        world.bid(&alice, &keeper, ALL / 10, i64::MAX).accepted();

        let paid = world.auction(&alice).reserved;
        assert_eq!(paid, share_up(share_up(value, discount), ALL / 10));
        let gained = world.health(&keeper).maintenance.equity - mine;
        // A whole unit of BTC at a loss may be rounded her way: what it lost is 0.011 USD.
        let fair = value / 10 - paid;
        assert!(
            (fair - 20_000..=fair).contains(&gained),
            "{gained} of {fair}"
        );
    }
}

#[test]
fn bids_of_several_bidders_add_up() {
    let (mut world, alice, bob, keeper) = failing();
    world.open(&alice, &keeper).accepted();

    world.bid(&alice, &keeper, ALL / 20, i64::MAX).accepted();
    world.wait(60);
    world.bid(&alice, &bob, ALL / 20, i64::MAX).accepted();
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();

    assert_eq!(world.auction(&alice).bids, 3);
    world.close(&alice, keeper.owner(), &bob).accepted();
    world
        .open(&alice, &keeper)
        .refused(LiquidationError::AccountHealthy);
}

#[test]
fn a_deposit_rescues_the_account() {
    let (mut world, alice, _, keeper) = failing();
    world.open(&alice, &keeper).accepted();
    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(LiquidationError::AccountNotRecovered);

    world.deposit_usd(&alice, 20_000.0);

    world
        .bid(&alice, &keeper, ALL, i64::MAX)
        .refused(LiquidationError::AccountRecovered);
    world.close(&alice, keeper.owner(), &alice).accepted();
    world.withdraw_usd(&alice, USD).accepted();
}

#[test]
fn reaching_maintenance_is_not_enough_to_close() {
    let (mut world, alice, bob, keeper) = failing();
    world.open(&alice, &keeper).accepted();
    let short = world.health(&alice).maintenance.health();
    world.forge_cash(&alice, &bob, short);
    assert_eq!(world.health(&alice).maintenance.health(), 0);

    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(LiquidationError::AccountNotRecovered);
}

#[test]
fn an_insolvent_account_is_taken_at_the_expense_of_the_fund() {
    // SETUP
    let (mut world, alice, bob, keeper) = fallen_to(100_000.0);
    world.insure(&bob, 50_000.0).accepted();
    let debt = world.health(&alice).maintenance.equity;
    assert!(debt < 0);
    world.open(&alice, &keeper).accepted();
    let (debt, mine) = (
        world.health(&alice).maintenance.equity,
        world.health(&keeper).maintenance.equity,
    );

    // ACT: at once the fund makes good the debt, and nothing more.
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();

    // CHECK
    let fund = world.read::<InsuranceFund>(&address::insurance_fund());
    assert_eq!(i64::try_from(fund.paid_out).unwrap(), -debt);
    let pool = world.pool();
    let fees = pool.insurance_income;
    assert_eq!(pool.ledger.insurance, 50_000 * USD + fees + debt);
    let gained = world.health(&keeper).maintenance.equity - mine;
    assert!((-3..=0).contains(&gained), "{gained}");
    let left = world.account(&alice.account);
    assert!(left.positions.iter().all(|p| p.is_free()));
    assert_eq!((left.cash, left.collaterals[0]), (0, 0));
    world.close(&alice, keeper.owner(), &keeper).accepted();
}

#[test]
fn waiting_makes_the_fund_pay_up_to_a_part_of_the_maintenance_margin() {
    let (mut world, alice, bob, keeper) = fallen_to(100_000.0);
    world.insure(&bob, 50_000.0).accepted();
    world.open(&alice, &keeper).accepted();
    let state = world.health(&alice).maintenance;
    world.wait(600);
    let waited = i64::try_from(clock(&world, &alice)).unwrap();

    world.bid(&alice, &keeper, ALL / 2, i64::MAX).accepted();

    let paid = |world: &World| {
        world
            .read::<InsuranceFund>(&address::insurance_fund())
            .paid_out
    };
    // Half of the account, a sixth of the way.
    let expected = (-state.equity + state.requirement * waited / 3_600) / 2;
    let first = i64::try_from(paid(&world)).unwrap();
    assert!((first - expected).abs() <= 2);

    // The rest at the end of it: three tenths, as published.
    world.wait(3_600);
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    let most = i64::try_from(world.parameters.auction.incentive).unwrap();
    let expected = (-state.equity + state.requirement * most / 1_000_000) / 2;
    let second = i64::try_from(paid(&world)).unwrap() - first;
    assert!((second - expected).abs() <= 4, "{second} {expected}");
}

#[test]
fn liquidation_waits_for_a_refresh_but_not_for_oracles_announced_to_be_silent() {
    let (mut world, alice, _, keeper) = failing();
    world.advance(61);
    world
        .open(&alice, &keeper)
        .refused(MarginPoolError::PriceSilent);
    world.republish();
    world.open(&alice, &keeper).accepted();
    world.advance(61);
    world
        .bid(&alice, &keeper, ALL, i64::MAX)
        .refused(MarginPoolError::PriceSilent);
    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(MarginPoolError::PriceSilent);

    // An hour without a word from any oracle, and somebody says so.
    world.advance(3_600);
    world
        .bid(&alice, &keeper, ALL, i64::MAX)
        .refused(MarginPoolError::PriceSilent);
    for underlying in world.underlyings() {
        world.announce_silence(underlying).accepted();
    }
    world.advance(120);
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    world.close(&alice, keeper.owner(), &keeper).accepted();
}

#[test]
fn a_hedged_account_survives_the_crash_that_fails_a_directional_one() {
    let mut world = World::new();
    let maker = world.trader("maker", 5_000_000.0);
    let hedged = world.trader("hedged", 2_000.0);
    let directional = world.trader("directional", 50_000.0);
    world.deposit_sol(&hedged, 1_000.0);
    world
        .trade_at_mark(&hedged, &maker, SOL, -1_000.0)
        .accepted();
    world
        .trade_at_mark(&directional, &maker, SOL, 1_000.0)
        .accepted();

    world.set_price(SOL, 180.0);

    world
        .open(&hedged, &maker)
        .refused(LiquidationError::AccountHealthy);
    world.open(&directional, &maker).accepted();
}

/// An account that lost more than it had and paid that in before its auction ended against the other side: it is left with a
/// claim on the market, and with as much debt.
fn left_with_claim_and_debt() -> (World, Trader, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 14_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 100_000.0);
    for trader in [&alice, &bob] {
        world.settle(trader, BTC).accepted();
    }
    world.open(&alice, &keeper).accepted();
    world.wait(3_600);
    let books = world.books_of(&[alice.account], &[]);
    let reduce = instruction::liquidation::reduce_opposite(alice.account, &books);
    world.send(&[reduce], &[&keeper.key]).accepted();
    (world, alice, bob, keeper)
}

#[test]
fn an_auction_with_claim_and_debt_left_ends_as_losers_pay_in() {
    // SETUP: a day's interest on the debt, and the account owes more than it is owed.
    let (mut world, alice, bob, keeper) = left_with_claim_and_debt();
    let position = *world.account(&alice.account).perpetual(BTC).unwrap();
    assert!(position.base == 0 && position.quote > 0 && world.cash(&alice) < 0);
    world.advance(86_400);
    world.republish();
    assert!(world.health(&alice).maintenance.equity < 0);
    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(LiquidationError::AccountNotRecovered);
    // The fund pays the day's interest, and the account is free with a claim as large as its debt.
    world.write_off(&alice, &keeper).accepted();
    world.close(&alice, keeper.owner(), &keeper).accepted();

    // ACT: someone else loses in that market and pays.
    let carol = world.trader("carol", 200_000.0);
    world.refresh_scenarios(BTC).accepted();
    world.trade_at_mark(&carol, &bob, BTC, 10.0).accepted();
    world.set_price(BTC, 99_000.0);
    world.settle(&carol, BTC).accepted();
    world.settle(&alice, BTC).accepted();

    // CHECK: but for the interest of the hours in between.
    let left = world.account(&alice.account);
    assert!(
        (-100..=0).contains(&left.cash) && left.open_positions == 0,
        "{}",
        left.cash
    );
}
