//! Dust: what is worth nothing neither shields an account nor makes anything fail.

use {
    cep_sdk::{
        Pubkey, instruction,
        programs::{margin_pool::error::MarginPoolError, risk_engine::state::RiskBook},
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, SOL, Trader, World,
        world::{admin, quote_mint},
    },
};

const USD: i64 = 1_000_000;

fn sol(world: &World) -> Pubkey {
    world.parameters.collaterals[0].mint
}

/// `by` pays into an account that is somebody else's.
fn give(
    world: &mut World,
    to: &Trader,
    by: &Trader,
    mint: Pubkey,
    amount: u64,
) -> Result<Receipt, Refusal> {
    let source = world.mint_to(by.owner(), mint, amount);
    let ix = instruction::pool::deposit(to.account, mint, source, by.owner(), amount);
    world.send(&[ix], &[&by.key])
}

#[test]
fn c9_a_stranger_brings_in_nothing_that_an_account_does_not_hold() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let mallory = world.trader("mallory", 0.0);
    let (sol, quote) = (sol(&world), quote_mint());
    let least = world.pool().params.least_gift;
    give(&mut world, &alice, &mallory, sol, 1).refused(MarginPoolError::GiftRefused);
    give(&mut world, &alice, &mallory, quote, least - 1).refused(MarginPoolError::GiftRefused);
    give(&mut world, &alice, &mallory, quote, least).accepted();
    // More of what is there adds nothing to what an instruction must name.
    give(&mut world, &alice, &mallory, quote, 1).accepted();
    world.deposit(&alice, sol, 1_000).accepted();
    give(&mut world, &alice, &mallory, sol, 1).accepted();
    // Owner and delegates are free.
    let bot = world.trader("bot", 0.0);
    let bob = world.trader("bob", 0.0);
    let trade = cep_sdk::programs::margin_pool::state::permission::TRADE;
    world.delegate(&bob, &bot.key, trade, 600).accepted();
    give(&mut world, &bob, &bot, sol, 1).accepted();
    world.advance(600);
    let carol = world.trader("carol", 0.0);
    world.delegate(&carol, &bot.key, trade, 600).accepted();
    world.advance(600);
    give(&mut world, &carol, &bot, sol, 1).refused(MarginPoolError::GiftRefused);
}

#[test]
fn c9_a_lamport_does_not_keep_a_debt_from_being_written_off() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 1_000.0);
    world.insure(&bob, 100_000.0).accepted();
    world.forge_cash(&alice, &bob, 1_000 * USD);
    world.open(&alice, &keeper).accepted();
    let mallory = world.trader("mallory", 0.0);
    let sol = sol(&world);
    give(&mut world, &alice, &mallory, sol, 1).refused(MarginPoolError::GiftRefused);
    // Nor does what its owner leaves in it, up to a published amount.
    let dust = world.pool().collaterals[0].dust;
    world.deposit(&alice, sol, dust).accepted();
    let mut more = world.clone();
    more.deposit(&alice, sol, 1).accepted();
    more.write_off(&alice, &keeper)
        .refused(MarginPoolError::NotOnlyDebt);
    world.write_off(&alice, &keeper).accepted();
    assert_eq!(world.cash(&alice), 0);
    // It stays where it is, and the auction closes.
    assert_eq!(world.account(&alice.account).collaterals[0], dust);
    world.close(&alice, keeper.owner(), &keeper).accepted();
}

#[test]
fn c9_a_collateral_without_a_price_shields_nobody() {
    let mut world = World::new();
    let alice = world.trader("alice", 16_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    world.deposit(&alice, sol(&world), 1).accepted();
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 108_000.0);
    // A listing needs a priced book, so that no instruction leads here.
    let at = world.book_address(SOL);
    world.forge::<RiskBook>(&at, |book| book.price = 0);
    // It counts as nothing, and whoever names its book or not: it must be named.
    let books = [world.book_address(BTC)];
    let ix = instruction::liquidation::open_auction(
        alice.account,
        keeper.owner(),
        keeper.account,
        &books,
    );
    world
        .send(&[ix], &[&keeper.key])
        .refused(MarginPoolError::RiskAccountsMissing);
    world.thorough = false;
    world.open(&alice, &keeper).accepted();
}

#[test]
fn c9_dust_does_not_keep_an_account_open() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    let mallory = world.trader("mallory", 0.0);
    let sol = sol(&world);
    world.deposit(&alice, sol, 5).accepted();
    give(&mut world, &alice, &mallory, sol, 1).accepted();
    // Once it is out nobody puts it in again, and all of it goes in one transaction.
    world.withdraw(&alice, sol, 6).accepted();
    give(&mut world, &alice, &mallory, sol, 1).refused(MarginPoolError::GiftRefused);
    world.withdraw_usd(&alice, 10 * USD).accepted();
    give(&mut world, &alice, &mallory, quote_mint(), 1).refused(MarginPoolError::GiftRefused);
    let close = instruction::pool::close_account(alice.account, alice.owner(), alice.owner());
    world.send(&[close], &[&admin(), &alice.key]).accepted();
}
