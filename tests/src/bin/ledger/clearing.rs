//! What the clearing house costs beside block trades: accounts, venues, options, expiry.

use {
    crate::measure::record,
    cep_sdk::{instruction, programs::margin_pool::state::permission},
    cep_tests::{
        BTC, Outcome, Trader, World, keypair, options,
        world::{admin, quote_mint},
    },
    solana_sdk::signature::Signer,
    std::collections::BTreeMap,
};

pub fn instructions(into: &mut BTreeMap<String, u64>) {
    accounts(into);
    venue(into);
    expiry(into);
}

fn accounts(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let alice = world.trader("alice", 1_000.0);
    let second = world.sibling("alice", 1);
    let (owner, bot) = (alice.owner(), keypair("bot").pubkey());
    let expires_at = world.now() + 600;
    for ix in [
        instruction::pool::transfer(alice.account, second.account, owner, quote_mint(), 1, &[]),
        instruction::pool::transfer(second.account, alice.account, owner, quote_mint(), 1, &[]),
        instruction::pool::set_delegate(alice.account, owner, bot, permission::TRADE, expires_at),
        instruction::pool::revoke_delegate(alice.account, owner, bot),
        instruction::pool::close_account(second.account, owner, owner),
    ] {
        record(into, &world.send(&[ix], &[&alice.key]).accepted());
    }
}

fn venue(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (taker, maker) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    let fees = world.trader("venue owner", 0.0).account;
    let venue = keypair("venue");
    let key = venue.pubkey();
    world.open_venue(&venue, fees, &[&taker, &maker]);
    let books = [world.book_address(BTC)];
    let legs = vec![cep_tests::actions::leg(BTC, 0.1, 120_000.0)];
    let sides = (taker.account, maker.account);
    let ix = instruction::pool::trade_venue(key, fees, sides.0, sides.1, legs, &books);
    record(into, &world.send(&[ix], &[&admin(), &venue]).accepted());
    let me = admin().pubkey();
    let destination = world.mint_to(me, quote_mint(), 0);
    let ix = instruction::pool::collect_fees(me, quote_mint(), destination, 1);
    record(into, &world.send(&[ix], &[&admin()]).accepted());
}

fn expiry(into: &mut BTreeMap<String, u64>) {
    let (mut world, traders, expires_at) = chain();
    let [alice, bob] = &traders;
    let leg = world.dated_leg(BTC, 0, 0.5, world.mark(BTC, 0));
    world.trade(alice, bob, &[leg]).accepted();
    world.expire(BTC, expires_at);
    let settled = world.settle_expired(BTC, expires_at, &[alice.account]);
    record(into, &settled.accepted());
}

/// Two who trade a week's options.
fn chain() -> (World, [Trader; 2], i64) {
    let (mut world, expires_at) = options::week();
    let traders = ["alice", "bob"].map(|name| world.trader(name, 500_000.0));
    (world, traders, expires_at)
}

pub fn shapes(into: &mut BTreeMap<String, u64>) {
    let (mut world, [alice, bob], expires_at) = chain();
    let leg = world.dated_leg(BTC, 0, 0.5, world.mark(BTC, 0));
    let traded = world.trade(&alice, &bob, &[leg]).accepted();
    into.insert("trade_block_1_option".into(), traded.compute_units);
    let more = (0..8).map(|n| world.trader(&format!("holder {n}"), 100_000.0));
    let holders: Vec<Trader> = more.collect();
    for holder in &holders {
        let leg = world.dated_leg(BTC, 0, 0.1, world.mark(BTC, 0));
        world.trade(holder, &bob, &[leg]).accepted();
    }
    world.expire(BTC, expires_at);
    let accounts: Vec<_> = holders.iter().map(|h| h.account).collect();
    let settled = world.settle_expired(BTC, expires_at, &accounts).accepted();
    into.insert("settle_expired_8_accounts".into(), settled.compute_units);
}
