//! Bids with a hedge, single legs, and the pace of an auction.

use {
    cep_sdk::{
        instruction,
        programs::{
            liquidation::{BidArgs, error::LiquidationError},
            margin_pool::{LegArgs, error::MarginPoolError, state::standing, transfer_leg::Taking},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, SOL, Trader, World,
        actions::{ALL, leg},
    },
};

const USD: i64 = 1_000_000;

/// Alice solvent and below maintenance: long one BTC, short one ETH, ten SOL beside; a maker and a keeper.
fn failing(keeper: f64) -> (World, Trader, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 14_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", keeper);
    world.deposit_sol(&alice, 10.0);
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -1.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, 109_000.0);
    (world, alice, bob, keeper)
}

#[test]
fn a_bid_with_its_hedge_needs_no_capital_beyond_the_margin_of_both() {
    // SETUP: the keeper can pay for a part of the account and not hold it.
    let (mut world, alice, bob, keeper) = failing(2_000.0);
    world.open(&alice, &keeper).accepted();
    world
        .bid(&alice, &keeper, ALL / 4, i64::MAX)
        .refused(LiquidationError::BidderBelowInitialMargin);

    // ACT: the BTC goes to the maker in the same transaction.
    let legs = [leg(BTC, -0.25, 109_000.0)];
    world
        .bid_and_hedge(&alice, (&keeper, &bob), ALL / 4, &legs)
        .accepted();

    let account = world.account(&keeper.account);
    assert_eq!(account.in_liquidation, standing::FREE);
    assert!(world.health(&keeper).initial.health() >= 0);
    assert_eq!(world.auction(&alice).bids, 1);
}

#[test]
fn a_hedged_bid_without_its_margin_or_its_confirmation_fails_whole() {
    let (mut world, alice, bob, keeper) = failing(2_000.0);
    world.open(&alice, &keeper).accepted();
    // Too small a hedge.
    let legs = [leg(BTC, -0.001, 109_000.0)];
    world
        .bid_and_hedge(&alice, (&keeper, &bob), ALL / 4, &legs)
        .refused(MarginPoolError::BelowInitialMargin);

    let books = world.books_of(&[alice.account, keeper.account], &[]);
    let args = BidArgs {
        max_fraction: ALL / 4,
        max_payment: i64::MAX,
        hedged: true,
    };
    let bid = instruction::liquidation::bid(alice.account, keeper.pair(), args, &books);
    let confirm = |of: &Trader| instruction::pool::confirm_margin(of.account, &books);
    // None, one that came before, another account's.
    for others in [vec![], vec![confirm(&bob)]] {
        let mut ixs = vec![bid.clone()];
        ixs.extend(others);
        world
            .send(&ixs, &[&keeper.key])
            .refused(LiquidationError::ConfirmationMissing);
    }
    world
        .send(&[confirm(&keeper), bid.clone()], &[&keeper.key])
        .refused(MarginPoolError::NothingToConfirm);
    let mut blind = bid.clone();
    blind.accounts[9].pubkey = cep_sdk::programs::liquidation::ID;
    world
        .send(&[blind, confirm(&keeper)], &[&keeper.key])
        .refused(LiquidationError::ConfirmationMissing);
    // In between nothing leaves the account.
    let wallet = world.mint_to(keeper.owner(), cep_tests::world::quote_mint(), 0);
    let mint = cep_tests::world::quote_mint();
    let withdraw =
        instruction::pool::withdraw(keeper.account, keeper.owner(), mint, wallet, 1, &books);
    world
        .send(&[bid, withdraw, confirm(&keeper)], &[&keeper.key])
        .refused(MarginPoolError::AccountInLiquidation);
}

fn position(slot: u8, contracts: f64, payment: i64) -> LegArgs {
    LegArgs {
        taking: Taking::Position {
            slot,
            base: (contracts * 1e6) as i64,
        },
        payment,
    }
}

#[test]
fn a_leg_goes_when_it_restores_more_margin_for_less_than_a_slice() {
    let (mut world, alice, _, keeper) = failing(200_000.0);
    world.open(&alice, &keeper).accepted();
    let before = world.health(&alice).maintenance;
    let mine = world.health(&keeper).maintenance.equity;

    // A fifth of the BTC at 20 USD a contract under the mark.
    let taken = position(0, 0.2, 21_796 * USD);
    world.take_leg(&alice, &keeper, taken).accepted();

    let after = world.health(&alice).maintenance;
    assert!(after.health() > before.health());
    assert_eq!(before.equity - after.equity, 4 * USD);
    assert_eq!(world.health(&keeper).maintenance.equity - mine, 4 * USD);
    assert_eq!(world.account(&alice.account).positions[0].base, 800_000);
}

#[test]
fn a_leg_that_is_dear_or_does_not_help_or_is_too_much_is_refused() {
    let (mut world, alice, _, keeper) = failing(400_000.0);
    world.open(&alice, &keeper).accepted();
    macro_rules! refused {
        ($args:expr, $error:expr $(,)?) => {
            world.take_leg(&alice, &keeper, $args).refused($error)
        };
    }
    // 2 % under the mark is the most.
    refused!(
        position(0, 0.2, 21_300 * USD),
        LiquidationError::LegDiscountTooLarge,
    );
    // As dear as that it costs more than a slice.
    refused!(
        position(0, 0.2, 21_400 * USD),
        LiquidationError::LegNotBetter,
    );
    // The short in ETH hedges the long in BTC.
    refused!(
        position(1, -1.0, -4_300 * USD),
        LiquidationError::LegNotBetter,
    );
    refused!(
        position(0, 1.0, 109_000 * USD),
        LiquidationError::LegTooLarge,
    );
    refused!(position(0, -0.2, -21_800 * USD), MarginPoolError::BadSlice);
    refused!(position(0, 1.5, 163_500 * USD), MarginPoolError::BadSlice);
    let sol = |amount, payment| LegArgs {
        taking: Taking::Collateral { slot: 0, amount },
        payment,
    };
    refused!(sol(11_000_000_000, 3_000 * USD), MarginPoolError::BadSlice);
    world.set_price(BTC, 100_000.0);
    world
        .take_leg(&alice, &keeper, position(0, 0.2, 20_000 * USD))
        .refused(LiquidationError::LegOfInsolvent);
}

#[test]
fn collateral_goes_as_a_leg_at_more_than_it_counts_for() {
    let (mut world, alice, _, keeper) = failing(200_000.0);
    world.open(&alice, &keeper).accepted();
    let price = world.prices[usize::from(SOL)];
    let before = world.health(&alice).maintenance;
    let args = LegArgs {
        taking: Taking::Collateral {
            slot: 0,
            amount: 5_000_000_000,
        },
        payment: (5.0 * price * 1e6) as i64,
    };
    world.take_leg(&alice, &keeper, args).accepted();
    let after = world.health(&alice).maintenance;
    assert!(after.health() > before.health());
    assert_eq!(world.account(&keeper.account).collaterals[0], 5_000_000_000);
}

#[test]
fn a_recovered_account_gives_no_legs() {
    let (mut world, alice, _, keeper) = failing(200_000.0);
    world.open(&alice, &keeper).accepted();
    world.deposit_usd(&alice, 20_000.0);
    world
        .take_leg(&alice, &keeper, position(0, 0.2, 21_800 * USD))
        .refused(LiquidationError::AccountRecovered);
}

#[test]
fn open_shortfalls_quicken_every_auction() {
    let (mut world, alice, bob, keeper) = failing(200_000.0);
    let carol = world.trader("carol", 14_000.0);
    world
        .trade(&carol, &bob, &[leg(BTC, 1.0, 109_000.0)])
        .accepted();
    world.insure(&bob, 5_000.0).accepted();
    world.open(&alice, &keeper).accepted();
    let calm = world.auction(&alice).pace;
    world.set_price(BTC, 94_000.0);
    world.open(&carol, &keeper).accepted();
    world.refresh_auction(&alice, &keeper).accepted();
    let stressed = world.auction(&alice).pace;
    assert!(stressed > calm, "{stressed} after {calm}");
    // The clock shows what has run, and runs faster from here on.
    let shown = world.auction(&alice).clock;
    world.wait(10);
    let passed = u64::try_from(world.now() - world.auction(&alice).updated_at).unwrap();
    world.refresh_auction(&alice, &keeper).accepted();
    let clock = world
        .auction(&alice)
        .insolvent_clock
        .max(world.auction(&alice).clock);
    assert_eq!(clock - shown, passed * stressed);
}
