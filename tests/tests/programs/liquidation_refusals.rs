//! What liquidation refuses, and what only liquidation may do.

use {
    anchor_lang::{InstructionData, ToAccountMetas, error::ErrorCode},
    cep_sdk::{
        address, instruction,
        programs::{
            liquidation::{BidArgs, error::LiquidationError},
            margin_pool::{
                self, SliceArgs, accounts, error::MarginPoolError, instruction as data,
                state::MarginAccount, state::Pool,
            },
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, Trader, World, actions::ALL, keypair, world::quote_mint,
    },
    solana_sdk::{
        instruction::Instruction,
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

const ALREADY_IN_USE: u32 = 0;

/// Alice below maintenance, her auction open, and a keeper.
fn in_auction() -> (World, Trader, Trader) {
    let (mut world, alice, keeper) = failing();
    world.open(&alice, &keeper).accepted();
    (world, alice, keeper)
}

fn failing() -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 20_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 106_000.0);
    (world, alice, keeper)
}

#[test]
fn a_healthy_account_is_not_liquidatable() {
    let mut world = World::new();
    let (alice, keeper) = (world.trader("alice", 0.0), world.trader("keeper", 1_000.0));
    // Neither an empty account nor one with money.
    world
        .open(&alice, &keeper)
        .refused(LiquidationError::AccountHealthy);
    world
        .open(&keeper, &alice)
        .refused(LiquidationError::AccountHealthy);
}

#[test]
fn an_account_has_one_auction_at_most() {
    let (mut world, alice, keeper) = in_auction();
    world
        .open(&alice, &keeper)
        .refused_with_code(ALREADY_IN_USE);
}

#[test]
fn the_reward_does_not_go_to_the_failing_account() {
    let (mut world, alice, _) = failing();
    world
        .open(&alice, &alice)
        .refused(MarginPoolError::SameAccount);
}

#[test]
fn without_an_auction_there_is_nothing_to_bid_on_or_close() {
    let (mut world, alice, keeper) = failing();
    world
        .bid(&alice, &keeper, ALL, i64::MAX)
        .refused(ErrorCode::AccountOwnedByWrongProgram);
    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn a_bid_is_for_a_part_between_nothing_and_all() {
    let (mut world, alice, keeper) = in_auction();
    for fraction in [0, ALL + 1, u64::MAX] {
        world
            .bid(&alice, &keeper, fraction, i64::MAX)
            .refused(LiquidationError::FractionOutOfRange);
    }
}

#[test]
fn a_bidder_pays_no_more_than_its_limit() {
    let (mut world, alice, keeper) = in_auction();
    world
        .bid(&alice, &keeper, ALL, 1_000_000)
        .refused(LiquidationError::PriceAboveLimit);
    // Nor is a solvent account given away with money on top.
    world
        .bid(&alice, &keeper, ALL, -1)
        .refused(LiquidationError::PriceAboveLimit);
}

#[test]
fn a_bidder_has_the_margin_for_what_it_takes() {
    let (mut world, alice, _) = in_auction();
    let poor = world.trader("poor", 500.0);
    world
        .bid(&alice, &poor, ALL, i64::MAX)
        .refused(LiquidationError::BidderBelowInitialMargin);
    world.bid(&alice, &poor, ALL / 100, i64::MAX).accepted();
}

#[test]
fn one_bids_with_ones_own_account() {
    let (mut world, alice, keeper) = in_auction();
    let mallory = world.trader("mallory", 0.0);
    let impostor = Trader {
        account: keeper.account,
        key: mallory.key,
    };
    world
        .bid(&alice, &impostor, ALL, i64::MAX)
        .refused(LiquidationError::NotBidderOwner);
}

#[test]
fn the_failing_account_does_not_bid_for_itself() {
    let (mut world, alice, _) = in_auction();
    world
        .bid(&alice, &alice, ALL, i64::MAX)
        .refused(MarginPoolError::SameAccount);
}

#[test]
fn an_account_in_liquidation_is_locked_for_all_but_deposits() {
    let (mut world, alice, keeper) = in_auction();
    let locked = MarginPoolError::AccountInLiquidation;
    world.withdraw_usd(&alice, 1).refused(locked);
    world.settle(&alice, BTC).refused(locked);
    world
        .trade_at_mark(&alice, &keeper, BTC, -0.1)
        .refused(locked);
    world
        .trade_at_mark(&keeper, &alice, BTC, 0.1)
        .refused(locked);
    world.deposit_usd(&alice, 1.0);
}

#[test]
fn an_account_in_liquidation_bids_nowhere() {
    let (mut world, alice, keeper) = in_auction();
    let carol = world.trader("carol", 20_000.0);
    let bob = Trader::named("bob", 0);
    world.set_price(BTC, 120_000.0);
    world.trade_at_mark(&carol, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 106_000.0);
    world.open(&carol, &keeper).accepted();

    world
        .bid(&alice, &carol, ALL / 10, i64::MAX)
        .refused(MarginPoolError::AccountInLiquidation);
}

#[test]
fn the_rent_goes_back_to_the_opener() {
    let (mut world, alice, keeper) = in_auction();
    world.deposit_usd(&alice, 50_000.0);
    world
        .close(&alice, alice.owner(), &alice)
        .refused(LiquidationError::WrongRentReceiver);
    world.close(&alice, keeper.owner(), &alice).accepted();
}

#[test]
fn the_auction_must_be_the_accounts_own() {
    let (mut world, alice, keeper) = in_auction();
    let carol = world.trader("carol", 0.0);
    let books = [world.book_address(BTC)];
    let args = BidArgs {
        max_fraction: ALL,
        max_payment: i64::MAX,
        hedged: false,
    };
    let mut bid = instruction::liquidation::bid(alice.account, keeper.pair(), args, &books);
    bid.accounts[3].pubkey = carol.account;
    let mut close = instruction::liquidation::close_auction(alice.account, keeper.owner(), &books);
    close.accounts[3].pubkey = carol.account;
    for ix in [bid, close] {
        world
            .send(&[ix], &[&keeper.key])
            .refused(ErrorCode::ConstraintSeeds);
    }
}

#[test]
fn the_signing_address_and_the_pool_program_cannot_be_swapped() {
    let (mut world, alice, keeper) = in_auction();
    let books = [world.book_address(BTC)];
    let args = BidArgs {
        max_fraction: ALL,
        max_payment: i64::MAX,
        hedged: false,
    };
    let bid = instruction::liquidation::bid(alice.account, keeper.pair(), args, &books);
    let mut other_signer = bid.clone();
    other_signer.accounts[7].pubkey = keeper.owner();
    let mut other_program = bid;
    other_program.accounts[8].pubkey = address::pool();

    world
        .send(&[other_signer], &[&keeper.key])
        .refused(ErrorCode::ConstraintSeeds);
    world
        .send(&[other_program], &[&keeper.key])
        .refused(ErrorCode::InvalidProgramId);
}

#[test]
fn accounts_of_another_pool_are_not_served() {
    let (mut world, alice, keeper) = in_auction();
    let elsewhere = keypair("another pool").pubkey();
    world.forge::<MarginAccount>(&alice.account, |a| a.pool = elsewhere);
    world
        .bid(&alice, &keeper, ALL, i64::MAX)
        .refused(LiquidationError::WrongPool);
    world
        .close(&alice, keeper.owner(), &keeper)
        .refused(LiquidationError::WrongPool);
}

/// The margin pool's instruction, called without the liquidation program.
fn direct(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: margin_pool::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

fn begin(failing: &Trader, opener: &Trader, authority: Pubkey) -> Instruction {
    let accounts = accounts::BeginLiquidation {
        pool: address::pool(),
        margin_account: failing.account,
        opener: opener.account,
        liquidation_authority: authority,
    };
    direct(&accounts, &data::BeginLiquidation { reward: 1 })
}

fn end(failing: &Trader, authority: Pubkey) -> Instruction {
    let accounts = accounts::EndLiquidation {
        pool: address::pool(),
        margin_account: failing.account,
        liquidation_authority: authority,
    };
    direct(&accounts, &data::EndLiquidation {})
}

fn slice(from: &Trader, to: &Trader, authority: Pubkey, fraction: u64) -> Instruction {
    let accounts = accounts::TransferSlice {
        pool: address::pool(),
        from: from.account,
        to: to.account,
        liquidation_authority: authority,
    };
    let args = SliceArgs {
        fraction,
        reserved: 0,
        payment: 0,
        shortfall: 0,
        least: 0,
        tranche: 0,
        unconfirmed: false,
    };
    direct(&accounts, &data::TransferSlice { args })
}

fn insurance(world: &mut World, by: &Trader, authority: Pubkey) -> Instruction {
    let accounts = accounts::DepositInsurance {
        pool: address::pool(),
        quote_mint: quote_mint(),
        quote_vault: address::vault(&quote_mint()),
        source: world.mint_to(by.owner(), quote_mint(), 1),
        depositor: by.owner(),
        liquidation_authority: authority,
        token_program: anchor_spl::token::ID,
    };
    direct(&accounts, &data::DepositInsurance { amount: 1 })
}

#[test]
fn what_is_liquidations_alone_is_refused_to_everyone_else() {
    let (mut world, alice, keeper) = in_auction();
    let mallory = world.trader("mallory", 1.0);
    let me = mallory.owner();
    let insurance = insurance(&mut world, &mallory, me);
    for ix in [
        begin(&keeper, &mallory, me),
        slice(&alice, &mallory, me, ALL),
        end(&alice, me),
        insurance,
    ] {
        world
            .send(&[ix], &[&mallory.key])
            .refused(MarginPoolError::NotLiquidationAuthority);
    }
}

#[test]
fn naming_the_liquidation_authority_without_its_signature_is_not_enough() {
    let (mut world, alice, _) = in_auction();
    let mallory = world.trader("mallory", 1.0);
    let mut ix = slice(&alice, &mallory, address::liquidation_authority(), ALL);
    ix.accounts[3].is_signer = false;
    world
        .send(&[ix], &[&mallory.key])
        .refused(ErrorCode::AccountNotSigner);
}

/// Sends as if the liquidation program were a key of the test's: what the pool itself checks of it.
fn as_authority(
    world: &mut World,
    ix: impl Fn(Pubkey) -> Instruction,
    payer: &Keypair,
) -> Result<Receipt, Refusal> {
    let key = keypair("a liquidation program");
    world.forge::<Pool>(&address::pool(), |p| p.liquidation_authority = key.pubkey());
    world.send(&[ix(key.pubkey())], &[payer, &key])
}

#[test]
fn the_pool_trusts_not_even_the_liquidation_program_blindly() {
    let (mut world, alice, keeper) = failing();
    let payer = &keeper.key;
    let idle = MarginPoolError::AccountNotInLiquidation;
    as_authority(&mut world, |k| end(&alice, k), payer).refused(idle);
    as_authority(&mut world, |k| slice(&alice, &keeper, k, ALL), payer).refused(idle);

    let (mut world, alice, keeper) = in_auction();
    let payer = &keeper.key;
    as_authority(&mut world, |k| begin(&alice, &keeper, k), payer)
        .refused(MarginPoolError::AccountInLiquidation);
    for fraction in [0, ALL + 1] {
        as_authority(&mut world, |k| slice(&alice, &keeper, k, fraction), payer)
            .refused(MarginPoolError::FractionOutOfRange);
    }
}
