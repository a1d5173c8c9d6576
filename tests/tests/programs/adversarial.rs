//! What someone with two accounts, and patience, tries.

use {
    cep_sdk::{address, programs::margin_pool::error::MarginPoolError},
    cep_tests::{
        BTC, Outcome, SOL, Setup, Trader, World,
        actions::{ALL, leg},
        token::{balance, write_wallet},
        world::quote_mint,
    },
};

const USD: i64 = 1_000_000;

/// What these accounts are worth together, as the chain counts it.
fn together(world: &World, traders: &[&Trader]) -> i64 {
    traders
        .iter()
        .map(|t| world.health(t).maintenance.equity)
        .sum()
}

#[test]
fn round_trips_between_ones_own_accounts_cost_fees_and_nothing_else_happens() {
    // SETUP
    let mut world = World::new();
    let first = world.trader("mallory", 100_000.0);
    let second = world.sibling("mallory", 1);
    world.deposit_usd(&second, 100_000.0);
    let before = together(&world, &[&first, &second]);
    let fees = world.pool().ledger.fees;

    // ACT: at either edge of the band, back and forth, odd sizes, settling in between.
    for price in [114_000.0, 126_000.0, 119_999.999_999] {
        world
            .trade(&first, &second, &[leg(BTC, 0.333_333, price)])
            .accepted();
        world.settle(&first, BTC).accepted();
        world.settle(&second, BTC).accepted();
        world
            .trade(&second, &first, &[leg(BTC, 0.333_333, price)])
            .accepted();
    }

    // CHECK
    let paid = world.pool().ledger.fees - fees;
    assert!(paid > 0);
    assert!(together(&world, &[&first, &second]) <= before - paid);
}

#[test]
fn a_profit_passed_between_ones_own_accounts_is_not_withdrawn_before_it_is_paid_in() {
    let mut world = World::new();
    let first = world.trader("mallory", 30_000.0);
    let second = world.sibling("mallory", 1);
    world.deposit_usd(&second, 30_000.0);
    let _others = world.trader("honest", 1_000_000.0);
    // First sells cheap to second.
    world
        .trade(&second, &first, &[leg(BTC, 1.0, 114_000.0)])
        .accepted();

    let cash = world.cash(&second);
    world
        .withdraw_usd(&second, cash + 1)
        .refused(MarginPoolError::InsufficientCash);
    world.settle(&second, BTC).accepted();
    assert_eq!(world.cash(&second), cash, "nobody has paid in");
}

#[test]
fn a_failing_account_does_not_pay_its_last_equity_to_a_friend() {
    // SETUP: mallory is long with one account, short with the other; the price falls by nearly all
    // that the long one has.
    let mut world = World::new();
    let long = world.trader("mallory", 0.0);
    let short = world.sibling("mallory", 1);
    world.deposit_usd(&long, 16_000.0);
    world.deposit_usd(&short, 60_000.0);
    let _others = world.trader("honest", 1_000_000.0);
    world.trade_at_mark(&long, &short, BTC, 1.0).accepted();
    world.set_price(BTC, 107_000.0);
    let left = world.health(&long).maintenance;
    assert!(left.equity > 0 && left.health() < 0);

    // ACT: close the long at the lowest price the band allows, 5 % below the mark. That is 5,350 USD
    // out of an account that has less than 3,000, and the rest would be owed to nobody.
    let result = world.trade(&short, &long, &[leg(BTC, 1.0, 101_650.0)]);

    // CHECK
    result.refused(MarginPoolError::BelowInitialMargin);
    // At the mark it may.
    world.trade_at_mark(&short, &long, BTC, 1.0).accepted();
}

#[test]
fn an_account_that_owes_more_than_it_has_pays_nothing_to_a_friend() {
    let mut world = World::new();
    let long = world.trader("mallory", 16_000.0);
    let short = world.sibling("mallory", 1);
    world.deposit_usd(&short, 60_000.0);
    world.trade_at_mark(&long, &short, BTC, 1.0).accepted();
    world.set_price(BTC, 103_000.0);
    assert!(world.health(&long).maintenance.equity < 0);

    for price in [102_999.0, 100_000.0, 97_850.0] {
        for size in [0.1, 1.0] {
            world
                .trade(&short, &long, &[leg(BTC, size, price)])
                .refused(MarginPoolError::BelowInitialMargin);
        }
    }
}

#[test]
fn reducing_a_little_off_the_mark_is_allowed_as_far_as_it_leaves_the_account_better_covered() {
    let mut setup = Setup::standard();
    setup.parameters.pool.block_fee = 0;
    let mut world = World::ready(&setup);
    let (alice, bob) = (
        world.trader("alice", 16_000.0),
        world.trader("bob", 500_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 114_000.0);
    assert!(world.health(&alice).initial.health() < 0);

    world
        .trade(&bob, &alice, &[leg(BTC, 0.5, 113_900.0)])
        .accepted();
}

#[test]
fn liquidating_oneself_gains_nothing() {
    let mut world = World::new();
    let long = world.trader("mallory", 20_000.0);
    let keeper = world.sibling("mallory", 1);
    world.deposit_usd(&keeper, 200_000.0);
    let maker = world.trader("maker", 1_000_000.0);
    world.insure(&maker, 100_000.0).accepted();
    world.trade_at_mark(&long, &maker, BTC, 1.0).accepted();
    world.set_price(BTC, 106_000.0);
    let before = together(&world, &[&long, &keeper]);

    world.open(&long, &keeper).accepted();
    // Many tiny bids, where roundings would add up, then the rest.
    for fraction in [1, 3, 7, 99, 999, 12_345, 999_999, ALL] {
        let _ = world.bid(&long, &keeper, fraction, i64::MAX);
    }

    assert!(together(&world, &[&long, &keeper]) <= before);
    let pool = world.pool();
    assert_eq!(pool.ledger.insurance, 100_000 * USD + pool.insurance_income);
}

#[test]
fn tiny_bids_take_nothing_from_the_failing_account_beyond_the_discount() {
    // Long and short: profit and loss round differently.
    for side in [1.0, -1.0] {
        let mut world = World::new();
        let alice = world.trader("alice", 20_000.0);
        let maker = world.trader("maker", 1_000_000.0);
        let keeper = world.trader("keeper", 200_000.0);
        world.trade_at_mark(&alice, &maker, BTC, side).accepted();
        world.set_price(BTC, 120_000.0 - side * 14_000.0);
        world.open(&alice, &keeper).accepted();
        let before = world.health(&alice).maintenance.equity;

        for _ in 0..20 {
            world.bid(&alice, &keeper, 999, i64::MAX).accepted();
        }

        // 20 bids for 999 ppb at 5 % off.
        let lost = before - world.health(&alice).maintenance.equity;
        let discount = before * 20 * 999 / 1_000_000_000 / 20;
        assert!(
            lost <= discount + 20,
            "{side}: {lost} of {discount} micro-USD"
        );
    }
}

#[test]
fn dust_accounts_earn_no_rewards() {
    let mut world = World::new();
    let dust = world.trader("mallory", 0.45);
    let keeper = world.sibling("mallory", 1);
    world.deposit_usd(&keeper, 100.0);
    let maker = world.trader("maker", 1_000.0);
    world.trade_at_mark(&dust, &maker, SOL, 0.01).accepted();
    world.set_price(SOL, 185.0);
    let before = together(&world, &[&dust, &keeper]);

    world.open(&dust, &keeper).accepted();

    assert!(together(&world, &[&dust, &keeper]) <= before);
    assert!(world.health(&dust).maintenance.equity >= 0);
}

#[test]
fn a_donation_to_a_vault_breaks_nothing_and_belongs_to_no_one() {
    let mut world = World::new();
    let alice = world.trader("alice", 100.0);
    world.deposit_sol(&alice, 1.0);
    let sol = world.parameters.collaterals[0].mint;
    for mint in [quote_mint(), sol] {
        let vault = address::vault(&mint);
        let total = balance(&world.svm, &vault) + 5_000_000;
        write_wallet(&mut world.svm, vault, mint, address::pool(), total);
        world.gifts.insert(vault, 5_000_000);
    }

    world
        .withdraw_usd(&alice, 100 * USD + 1)
        .refused(MarginPoolError::InsufficientCash);
    world.withdraw_usd(&alice, 100 * USD).accepted();
    world.withdraw(&alice, sol, 1_000_000_000).accepted();
    world.deposit_usd(&alice, 7.0);
    assert_eq!(world.pool().ledger.vault, 7 * USD);
}
