//! A (risk book, market) pair that was given twice was sliced twice, for the price of one slice. Risk accounts are a set, a
//! slice walks the account's own slots, and what both accounts are after is compared with what they were (the fault itself,
//! and its kin, are fed to that comparison in `margin_pool::clearing::handover`).

use {
    cep_sdk::{
        instruction,
        programs::{
            liquidation::BidArgs,
            margin_pool::{LegArgs, error::MarginPoolError, transfer_leg::Taking},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, Receipt, Refusal, Trader, World,
        actions::{ALL, leg},
        world::quote_mint,
    },
    solana_sdk::{instruction::Instruction, pubkey::Pubkey},
};

/// Alice is long BTC at a profit and short ETH at a loss, solvent and below maintenance; mallory would bid.
fn failing() -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 190_000.0);
    let bob = world.trader("bob", 20_000_000.0);
    let mallory = world.trader("mallory", 3_000_000.0);
    let legs = [leg(BTC, 10.0, 120_000.0), leg(ETH, -279.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, 132_000.0);
    world.set_price(ETH, 5_160.0);
    world.open(&alice, &mallory).accepted();
    (world, alice, mallory)
}

fn books(world: &World, pairs: &[u8]) -> Vec<Pubkey> {
    pairs.iter().map(|u| world.book_address(*u)).collect()
}

fn bid_with(
    world: &mut World,
    failing: &Trader,
    bidder: &Trader,
    pairs: &[u8],
) -> Result<Receipt, Refusal> {
    let args = BidArgs {
        max_fraction: ALL / 5,
        max_payment: i64::MAX,
        hedged: false,
    };
    let books = books(world, pairs);
    let ix = instruction::liquidation::bid(failing.account, bidder.pair(), args, &books);
    world.send(&[ix], &[&bidder.key])
}

fn equity(world: &World, who: &Trader) -> i64 {
    world.health(who).maintenance.equity
}

#[test]
fn a1_a_bid_with_a_pair_given_twice_is_refused_and_takes_nothing() {
    let (mut world, alice, mallory) = failing();
    let before = (equity(&world, &alice), equity(&world, &mallory));
    // The audit's bid: 69,580 USD of alice's equity became 4,015.
    for pairs in [
        &[BTC, BTC, BTC, BTC, BTC, BTC, BTC, ETH][..],
        &[ETH, BTC, ETH],
    ] {
        bid_with(&mut world, &alice, &mallory, pairs)
            .refused(MarginPoolError::RiskAccountsRepeated);
    }
    assert_eq!((equity(&world, &alice), equity(&world, &mallory)), before);
}

#[test]
fn a1_a_slice_is_the_same_in_whatever_order_the_pairs_come() {
    let (world, alice, mallory) = failing();
    let before = (equity(&world, &alice), equity(&world, &mallory));
    let ends: Vec<_> = [&[BTC, ETH][..], &[ETH, BTC], &[2, ETH, BTC]]
        .map(|pairs| {
            let mut world = world.clone();
            bid_with(&mut world, &alice, &mallory, pairs).accepted();
            let held = [&alice, &mallory].map(|who| *world.account(&who.account));
            (
                held.map(|a| (a.cash, a.positions)),
                equity(&world, &alice),
                equity(&world, &mallory),
            )
        })
        .into();
    assert!(ends.iter().all(|end| *end == ends[0]));
    // A fifth of 69,580 USD, less a discount of a twentieth and less, changes hands.
    let (_, left, taken) = &ends[0];
    let (given_up, gained) = (before.0 - left, taken - before.1);
    let discount = before.0 / 5 / 20;
    assert!(
        (0..=discount + 10).contains(&given_up),
        "gave up {given_up} of {}",
        before.0
    );
    assert!(
        (gained - given_up).abs() <= 4,
        "{gained} gained, {given_up} given up"
    );
}

/// All that takes pairs from its caller.
#[test]
fn a1_every_instruction_refuses_a_pair_given_twice() {
    let (mut world, alice, mallory) = failing();
    let carol = world.trader("carol", 100_000.0);
    let dave = world.trader("dave", 100_000.0);
    world.trade_at_mark(&carol, &dave, BTC, 0.1).accepted();
    let sibling = world.sibling("carol", 1);
    let twice = books(&world, &[BTC, BTC, ETH]);
    let (account, owner) = carol.pair();
    let part = LegArgs {
        taking: Taking::Position {
            slot: 0,
            base: 1_000_000,
        },
        payment: 132_000_000_000,
    };
    let failing = alice.account;
    let legs = vec![leg(BTC, 0.01, 132_000.0)];
    let calls: Vec<(Instruction, Vec<&Trader>)> = vec![
        (
            instruction::pool::withdraw(account, owner, quote_mint(), carol.wallet(), 1, &twice),
            vec![&carol],
        ),
        (
            instruction::pool::transfer(account, sibling.account, owner, quote_mint(), 1, &twice),
            vec![&carol],
        ),
        (
            instruction::pool::trade_block(carol.pair(), dave.pair(), legs, &twice),
            vec![&carol, &dave],
        ),
        (instruction::pool::settle_pnl(account, &twice), vec![&carol]),
        (
            instruction::pool::check_margin(account, &twice),
            vec![&carol],
        ),
        (
            instruction::liquidation::open_auction(
                account,
                mallory.owner(),
                mallory.account,
                &twice,
            ),
            vec![&mallory],
        ),
        (
            instruction::liquidation::refresh_auction(failing, &twice),
            vec![&mallory],
        ),
        (
            instruction::liquidation::take_leg(failing, mallory.pair(), part, &twice),
            vec![&mallory],
        ),
        (
            instruction::liquidation::reduce_opposite(failing, &twice),
            vec![&mallory],
        ),
        (
            instruction::liquidation::close_auction(failing, mallory.owner(), &twice),
            vec![&mallory],
        ),
    ];
    world.mint_to(carol.owner(), quote_mint(), 0);
    for (ix, signers) in calls {
        let keys: Vec<_> = signers.iter().map(|who| &who.key).collect();
        world
            .send(&[ix], &keys)
            .refused(MarginPoolError::RiskAccountsRepeated);
    }
}
