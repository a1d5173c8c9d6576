//! What one owner can do with accounts of its own gains it nothing, in numbers.

use {
    cep_sdk::programs::margin_pool::{Leg, error::MarginPoolError},
    cep_tests::{BTC, Outcome, SOL, Trader, World},
};

const USD: i64 = 1_000_000;

/// Mallory with two accounts of 50,000 USD, and others whose money is in the vault.
fn stage() -> (World, Trader, Trader) {
    let mut world = World::new();
    world.trader("others", 1_000_000.0);
    let first = world.trader("mallory", 50_000.0);
    let second = world.sibling("mallory", 1);
    world.deposit_usd(&second, 50_000.0);
    (world, first, second)
}

fn equity(world: &World, who: &[&Trader]) -> i64 {
    who.iter().map(|t| world.health(t).initial.equity).sum()
}

#[test]
fn a_trade_with_oneself_is_refused() {
    let (mut world, first, _) = stage();
    world
        .trade_at_mark(&first, &first, BTC, 0.1)
        .refused(MarginPoolError::SameAccount);
}

#[test]
fn a_trade_off_the_market_with_a_second_account_moves_money_and_makes_none() {
    let (mut world, first, second) = stage();
    let mark = world.book(BTC).price;
    let before = equity(&world, &[&first, &second]);
    // Sold to the second account at 5 % below the mark, the edge of the band, and bought back at 5 % above.
    for (quantity, price) in [(-500_000, mark / 100 * 95), (500_000, mark / 100 * 105)] {
        let leg = Leg::perpetual(BTC, quantity, price);
        world.trade(&first, &second, &[leg]).accepted();
    }
    let fees = 2 * 2 * 12 * USD;
    assert_eq!(equity(&world, &[&first, &second]), before - fees);
    // 6,000 USD went from one to the other: as cash, since both are closed.
    assert_eq!(world.cash(&first), 50_000 * USD - 6_000 * USD - fees / 2);
    assert_eq!(world.cash(&second), 50_000 * USD + 6_000 * USD - fees / 2);
    for who in [&first, &second] {
        let all = world.cash(who);
        world
            .withdraw_usd(who, all + 1)
            .refused(MarginPoolError::InsufficientCash);
        world.withdraw_usd(who, all).accepted();
    }
}

#[test]
fn a_profit_that_nobody_paid_in_is_not_drawn() {
    let (mut world, first, second) = stage();
    let mark = world.book(BTC).price;
    // The second account stands to lose to the first; its loss is not settled.
    let leg = Leg::perpetual(BTC, 500_000, mark / 100 * 95);
    world.trade(&first, &second, &[leg]).accepted();
    world.settle(&first, BTC).accepted();
    assert_eq!(world.cash(&first), 50_000 * USD - 11_400_000);
    // Now it is; all of it comes from the second account's own cash.
    world.settle(&second, BTC).accepted();
    world.settle(&first, BTC).accepted();
    let cash = world.cash(&first) + world.cash(&second);
    assert_eq!(cash, 100_000 * USD - 2 * 11_400_000);
}

#[test]
fn a_hundred_round_trips_of_odd_sizes_lose_their_fees_and_every_rounding() {
    let (mut world, first, second) = stage();
    let mut prices = [120_000.0, 220.0];
    let before = equity(&world, &[&first, &second]);
    for round in 0..100u64 {
        let underlying = if round % 2 == 0 { BTC } else { SOL };
        let at = usize::from(underlying != BTC);
        prices[at] *= if round % 4 < 2 { 1.000_013 } else { 0.999_987 };
        world.set_price(underlying, prices[at]);
        let mark = world.book(underlying).price;
        let quantity = i64::try_from(1 + round * 7_919 % 100_003).unwrap();
        let price = mark - mark / 10_000 * (round % 7);
        let there = Leg::perpetual(underlying, quantity, price);
        let back = Leg::perpetual(underlying, -quantity, price + 1);
        world.trade(&first, &second, &[there]).accepted();
        world.trade(&second, &first, &[there]).accepted();
        world.trade(&first, &second, &[there, back]).accepted();
        world.settle(&first, underlying).ok();
    }
    let after = equity(&world, &[&first, &second]);
    let earned = world.pool().ledger.fees + world.pool().ledger.insurance;
    assert!(after <= before - earned, "{before} {after} {earned}");
    // To the unit but for roundings that are the pool's.
    assert!(before - earned - after < 1_000);
}
