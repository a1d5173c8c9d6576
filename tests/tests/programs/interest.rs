//! Interest: borrowers pay lenders, and what the pool keeps can be collected and nothing else.

use {
    cep_sdk::{
        instruction,
        programs::margin_pool::{error::MarginPoolError, events::FeesCollected},
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, Trader, World,
        world::{admin, quote_mint},
    },
    solana_sdk::signature::{Keypair, Signer},
};

const YEAR: i64 = 365 * 86_400;

/// Bob owes 10,000 USD against SOL, alice has 110,000 and carol 90,000: nearly a twentieth is lent out.
fn lent() -> (World, [Trader; 3]) {
    let mut world = World::new();
    let traders = [("alice", 100_000.0), ("bob", 0.0), ("carol", 90_000.0)]
        .map(|(name, usd)| world.trader(name, usd));
    let [alice, bob, _] = &traders;
    world.deposit_sol(bob, 1_000.0);
    world.trade_at_mark(alice, bob, BTC, 0.5).accepted();
    world.set_price(BTC, 140_000.0);
    world.settle(bob, BTC).accepted();
    world.settle(alice, BTC).accepted();
    assert!((-10_100_000_000..-9_900_000_000).contains(&world.cash(bob)));
    (world, traders)
}

fn collect(world: &mut World, by: &Keypair, amount: u64) -> Result<Receipt, Refusal> {
    let destination = world.mint_to(by.pubkey(), quote_mint(), 0);
    let ix = instruction::pool::collect_fees(by.pubkey(), quote_mint(), destination, amount);
    world.send(&[ix], &[by])
}

#[test]
fn borrowers_pay_lenders_by_utilisation_and_the_pool_keeps_a_tenth() {
    let (mut world, [alice, bob, carol]) = lent();
    let before = [&alice, &bob, &carol].map(|t| world.cash(t));
    let fees = world.pool().ledger.fees;
    world.advance(YEAR);
    world.republish();
    // The SDK and the chain know it before anything is touched.
    let due = before[1] - world.health(&bob).initial.equity;
    assert!(due != 0);
    for trader in [&carol, &alice, &bob] {
        world.deposit(trader, quote_mint(), 1_000_000).accepted();
    }
    let gained = |who: &Trader, at: usize| world.cash(who) - before[at] - 1_000_000;
    let paid = -gained(&bob, 1);
    // 10,000 of 200,000 are lent: 8 % x 0.05 / 0.8 of it.
    assert!((48_000_000..54_000_000).contains(&paid), "{paid}");
    let given = gained(&alice, 0) + gained(&carol, 2);
    assert!(
        (paid * 9 / 10 - 3..=paid * 9 / 10 + 1).contains(&given),
        "{given} of {paid}"
    );
    let [a, c] = [gained(&alice, 0), gained(&carol, 2)];
    // By what each has.
    let expected = i128::from(a) * i128::from(before[2]);
    let got = i128::from(c) * i128::from(before[0]);
    assert!((expected - got).abs() <= i128::from(before[0] + before[2]));

    // What is left is the pool's: all of its fees may be collected, to the unit.
    let pool = world.pool();
    let earned = pool.interest.earned(pool.ledger.interest).unwrap();
    assert!(
        (paid / 10 - 1..=paid / 10 + 3).contains(&earned),
        "{earned}"
    );
    let insurance = earned - (earned * 4 + 4) / 5;
    let all = u64::try_from(fees + earned - insurance).unwrap();
    collect(&mut world, &admin(), all + 1).refused(MarginPoolError::InsufficientFees);
    let event = collect(&mut world, &admin(), all)
        .accepted()
        .event::<FeesCollected>();
    assert_eq!((event.amount, world.pool().ledger.fees), (all, 0));
}

#[test]
fn only_the_authority_collects_fees_and_only_fees() {
    let (mut world, [alice, ..]) = lent();
    collect(&mut world, &alice.key, 1).refused(MarginPoolError::NotAuthority);
    collect(&mut world, &admin(), 0).refused(MarginPoolError::AmountZero);
    // A dollar is more than a second of interest.
    let fees = u64::try_from(world.pool().ledger.fees).unwrap();
    collect(&mut world, &admin(), fees + 1_000_000).refused(MarginPoolError::InsufficientFees);
    collect(&mut world, &admin(), fees).accepted();
}

#[test]
fn interest_is_margined_before_it_is_paid() {
    let (mut world, [_, bob, _]) = lent();
    let report = world.health(&bob).initial.equity;
    world.advance(20 * YEAR);
    world.republish();
    let later = world.health(&bob).initial.equity;
    assert!(later < report - 900_000_000, "{report} {later}");
    let spare = world.health(&bob).initial.health();
    assert!(spare > 0);
    // What is left of SOL beyond it may leave, no more: the chain counts the same.
    let sol = world.parameters.collaterals[0].mint;
    world
        .withdraw(&bob, sol, 999_000_000_000)
        .refused(MarginPoolError::BelowInitialMargin);
    world.withdraw(&bob, sol, 1_000_000_000).accepted();
}
