//! The limits on withdrawals count what accounts take out beyond what they brought in: money that
//! comes and goes uses up nothing, and shuts nobody out.

use {
    cep_sdk::{
        Pubkey, instruction,
        programs::margin_pool::{
            error::MarginPoolError,
            state::{Outflow, Pool},
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, SOL, Trader, World,
        token::{balance, write_wallet},
        world::{admin, quote_mint},
    },
};

const USD: i64 = 1_000_000;
const DAY: i64 = 86_400;

fn sol(world: &World) -> Pubkey {
    world.parameters.collaterals[0].mint
}

/// All counters of what leaves.
fn counters(pool: &Pool) -> Vec<Outflow> {
    let listed = pool.collaterals.iter().map(|c| c.outflow);
    std::iter::once(pool.outflow).chain(listed).collect()
}

/// Without when they were last looked at.
fn used(pool: &Pool) -> Vec<u64> {
    counters(pool).iter().map(|outflow| outflow.used).collect()
}

/// So much is lent, deposited, withdrawn and paid back in one transaction.
fn round_trip(world: &mut World, who: &Trader, mint: Pubkey, amount: u64) -> Receipt {
    let lent = world.mint_to(who.owner(), mint, amount);
    let before = balance(&world.svm, &lent);
    let deposit = instruction::pool::deposit(who.account, mint, lent, who.owner(), amount);
    let books = [world.book_address(SOL)];
    let withdraw =
        instruction::pool::withdraw(who.account, who.owner(), mint, lent, amount, &books);
    let receipt = world.send(&[deposit, withdraw], &[&who.key]).accepted();
    assert_eq!(balance(&world.svm, &lent), before, "all of it came back");
    write_wallet(&mut world.svm, lent, mint, who.owner(), 0);
    receipt
}

fn transfer(
    world: &mut World,
    from: &Trader,
    to: &Trader,
    mint: Pubkey,
    amount: u64,
) -> Result<Receipt, Refusal> {
    let books = world.books_of(&[from.account], &[]);
    let ix =
        instruction::pool::transfer(from.account, to.account, from.owner(), mint, amount, &books);
    world.send(&[ix], &[&admin(), &from.key])
}

/// A holder of old money, both tokens, and limits that were at rest for days.
fn stage() -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 1_000_000.0);
    world.deposit_sol(&alice, 1_000.0);
    let mallory = world.trader("mallory", 0.0);
    world.advance(3 * DAY);
    world.republish();
    (world, alice, mallory)
}

#[test]
fn b1_a_flash_loan_uses_up_no_limit_and_trips_no_breaker() {
    let (mut world, alice, mallory) = stage();
    let (sol, quote) = (sol(&world), quote_mint());
    let limits = counters(&world.pool());
    world.withdraw_usd(&alice, USD).accepted();
    for _ in 0..3 {
        // As they stand now: what left runs off.
        round_trip(&mut world, &mallory, quote, 1);
        round_trip(&mut world, &mallory, sol, 1);
        let before = used(&world.pool());
        for times in [2, 20] {
            round_trip(&mut world, &mallory, quote, times * limits[0].limit);
            round_trip(&mut world, &mallory, sol, 2 * limits[1].limit);
        }
        assert_eq!(used(&world.pool()), before);
        assert!(world.pool().halted_until <= world.now());
        world.withdraw_usd(&alice, 1_000 * USD).accepted();
        world.withdraw(&alice, sol, 1).accepted();
        world.advance(DAY);
        world.republish();
    }
}

#[test]
fn b1_a_large_holder_who_comes_and_goes_blocks_nobody() {
    let (mut world, alice, mallory) = stage();
    let limit = world.pool().outflow.limit;
    let three = i64::try_from(3 * limit).unwrap();
    world.deposit(&mallory, quote_mint(), 3 * limit).accepted();
    let before = used(&world.pool());
    // Hours later, out again; and what was taken out and comes back is taken off again.
    world.advance(DAY / 2);
    world.withdraw_usd(&mallory, three).accepted();
    assert_eq!(used(&world.pool()), before);
    world.republish();
    world.withdraw_usd(&alice, 999_999 * USD).accepted();
    assert_ne!(used(&world.pool()), before);
    world.deposit_usd(&alice, 999_999.0);
    assert_eq!(used(&world.pool()), before);
}

#[test]
fn b1_money_of_days_ago_is_limited_and_no_deposit_of_another_makes_room() {
    let (mut world, alice, mallory) = stage();
    world.forge::<Pool>(&cep_sdk::address::pool(), |p| {
        p.outflow.limit = 1_000_000_000;
    });
    world.withdraw_usd(&alice, 1_000 * USD).accepted();
    world.deposit_usd(&mallory, 1_000_000.0);
    assert_eq!(world.pool().outflow.used, 1_000_000_000);
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::OutflowLimit);
    // What others lost to an account is not what it brought in.
    world.forge_cash(&alice, &mallory, 1_000 * USD);
    world
        .withdraw_usd(&mallory, 1_000_001 * USD)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&mallory, 1_000_000 * USD).accepted();
}

#[test]
fn b1_what_was_brought_in_goes_with_a_transfer_and_is_counted_once() {
    let (mut world, _alice, mallory) = stage();
    let second = world.sibling("mallory", 1);
    let quote = quote_mint();
    world.forge::<Pool>(&cep_sdk::address::pool(), |p| {
        p.outflow.limit = 1_000_000_000;
    });
    world.deposit_usd(&mallory, 50_000.0);
    let before = used(&world.pool());
    // To the second account and out there: nothing is counted.
    transfer(&mut world, &mallory, &second, quote, 50_000_000_000).accepted();
    world.withdraw_usd(&second, 50_000 * USD).accepted();
    assert_eq!(used(&world.pool()), before);
    // The first brought in what it handed on: it has no claim to take out as much again.
    let others = world.trader("others", 0.0);
    world.deposit_usd(&others, 100_000.0);
    world.forge_cash(&others, &mallory, 50_000 * USD);
    world
        .withdraw_usd(&mallory, 1_001 * USD)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&mallory, 1_000 * USD).accepted();
    // And there and back between them changes nothing.
    let before = used(&world.pool());
    transfer(&mut world, &mallory, &second, quote, 1_000_000_000).accepted();
    transfer(&mut world, &second, &mallory, quote, 1_000_000_000).accepted();
    assert_eq!(used(&world.pool()), before);
}

/// The kind: a flow that cancels itself leaves every shared counter as it was.
#[test]
fn b1_what_cancels_itself_changes_no_shared_counter() {
    let (mut world, alice, mallory) = stage();
    let second = world.sibling("mallory", 1);
    let keeper = world.trader("keeper", 100_000.0);
    world.deposit_usd(&mallory, 400_000.0);
    world.insure(&keeper, 10_000.0).accepted();
    world.trade_at_mark(&mallory, &alice, BTC, 1.0).accepted();
    let (sol, quote) = (sol(&world), quote_mint());
    let open = |world: &World| {
        let market = world.market(BTC);
        (market.open_long, market.open_short, market.open_futures)
    };
    let (before, interest) = (used(&world.pool()), open(&world));

    round_trip(&mut world, &second, quote, 9_000_000_000_000);
    round_trip(&mut world, &second, sol, 1_000_000_000_000);
    transfer(&mut world, &mallory, &second, quote, 7_000_000).accepted();
    transfer(&mut world, &second, &mallory, quote, 7_000_000).accepted();
    assert_eq!(used(&world.pool()), before, "what leaves");

    let insured = world.pool().ledger.insurance - world.pool().insurance_income;
    for contracts in [0.5, -0.5, -1.0, 1.0, 2.0, -2.0] {
        world
            .trade_at_mark(&mallory, &alice, BTC, contracts)
            .accepted();
    }
    assert_eq!(open(&world), interest, "open interest");
    let after = world.pool().ledger.insurance - world.pool().insurance_income;
    assert_eq!(after, insured, "the fund but for its share of fees");

    // An auction that opens and closes without a bid.
    let fund = |world: &World| {
        let at = cep_sdk::address::insurance_fund();
        let fund = world.read::<cep_sdk::programs::liquidation::state::InsuranceFund>(&at);
        (fund.open_shortfall, fund.open_claims, fund.paid_out)
    };
    let counted = fund(&world);
    let spare = world.health(&mallory).maintenance.health();
    world.forge_cash(&mallory, &alice, spare + 1_000 * USD);
    world.open(&mallory, &keeper).accepted();
    world.forge_cash(&alice, &mallory, spare + 1_000 * USD);
    world.close(&mallory, keeper.owner(), &keeper).accepted();
    assert_eq!(fund(&world), counted, "the fund's counters");
}
