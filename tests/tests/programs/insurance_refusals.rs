//! What the insurance fund refuses its stakers, and everyone else.

use {
    anchor_lang::{InstructionData, ToAccountMetas, error::ErrorCode},
    cep_sdk::{
        address, instruction,
        programs::{
            liquidation::error::LiquidationError,
            margin_pool::{
                self, accounts, error::MarginPoolError, instruction as data, state::Pool,
            },
        },
    },
    cep_tests::{Outcome, Refusal, Trader, World, keypair, largest, world::quote_mint},
    solana_sdk::{
        instruction::Instruction,
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

const USD: u64 = 1_000_000;
const COOLDOWN: i64 = 604_800;

/// Alice with 500 USD staked beside 1,000 of the protocol's.
fn staked() -> (World, Trader) {
    let mut world = World::ready(&largest::widened(3, 2));
    let alice = world.trader("alice", 0.0);
    world.insure(&alice, 1_000.0).accepted();
    world.stake(&alice, 500.0).accepted();
    (world, alice)
}

#[test]
fn nobody_stakes_beside_less_than_a_dollar_of_the_protocols() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let not_seeded = LiquidationError::FundNotSeeded;
    world.stake(&alice, 500.0).refused(not_seeded);
    world.insure(&alice, 0.999_999).accepted();
    world.stake(&alice, 500.0).refused(not_seeded);
    world.insure(&alice, 0.000_001).accepted();
    world.stake(&alice, 500.0).accepted();
}

#[test]
fn a_stake_buys_its_minimum_of_shares_and_at_least_one() {
    let (mut world, alice) = staked();
    let below = LiquidationError::SharesBelowMinimum;
    world.stake_micro(&alice, 0, 0).refused(below);
    world.stake_micro(&alice, USD, USD + 1).refused(below);
    world.stake_micro(&alice, USD, USD).accepted();
}

#[test]
fn a_stake_that_would_buy_more_shares_than_there_can_be_is_refused() {
    let (mut world, alice) = staked();
    // A millionth of a micro-USD a share.
    world.forge_fund_loss(1_500 * USD - 1_500);
    world
        .stake_micro(&alice, 20_000_000 * USD, 0)
        .refused(LiquidationError::Overflow);
    world.stake_micro(&alice, 10_000_000 * USD, 0).accepted();
}

#[test]
fn a_payout_below_the_minimum_is_refused() {
    let (mut world, alice) = staked();
    world.request_unstake(&alice, 100).accepted();
    world.advance(COOLDOWN);
    world
        .unstake(&alice, 101)
        .refused(LiquidationError::PayoutBelowMinimum);
    world.unstake(&alice, 100).accepted();
}

#[test]
fn no_more_shares_leave_than_there_are() {
    let (mut world, alice) = staked();
    let refused = LiquidationError::SharesOutOfRange;
    for shares in [0, 500 * USD + 1, u64::MAX] {
        world.request_unstake(&alice, shares).refused(refused);
    }
    world.request_unstake(&alice, 400 * USD).accepted();
    world
        .request_unstake(&alice, 100 * USD + 1)
        .refused(refused);
    world.request_unstake(&alice, 100 * USD).accepted();
    world.request_unstake(&alice, 1).refused(refused);
}

#[test]
fn without_a_request_there_is_nothing_to_take_back_or_out() {
    let (mut world, alice) = staked();
    let nothing = LiquidationError::NothingLeaving;
    world.cancel_unstake(&alice).refused(nothing);
    world.unstake(&alice, 0).refused(nothing);
}

#[test]
fn a_stake_with_shares_is_not_closed_and_one_without_opens_again() {
    let (mut world, alice) = staked();
    world
        .close_stake(&alice)
        .refused(LiquidationError::StakeNotEmpty);
    let owner = alice.owner();
    let lamports = world.svm.get_balance(&owner).unwrap();
    let stake = address::insurance_stake(&owner);
    let rent = world.svm.get_balance(&stake).unwrap();
    world.request_unstake(&alice, 500 * USD).accepted();
    world.advance(COOLDOWN);
    world.unstake(&alice, 0).accepted();
    world.close_stake(&alice).accepted();
    // Three signatures were paid for.
    assert_eq!(
        world.svm.get_balance(&owner).unwrap(),
        lamports + rent - 15_000
    );
    world.stake(&alice, 1.0).accepted();
}

/// A copy of an account at an address of nobody's.
fn copied(world: &mut World, from: Pubkey) -> Pubkey {
    let to = keypair("a copy").pubkey();
    let account = world.svm.get_account(&from).unwrap();
    world.svm.set_account(to, account).unwrap();
    to
}

/// The instructions on alice's stake, each of which mallory or alice signs alone.
fn on_stake(world: &mut World, owner: Pubkey) -> Vec<Instruction> {
    let wallet = world.mint_to(owner, quote_mint(), 100);
    vec![
        instruction::liquidation::close_stake(owner, owner),
        instruction::liquidation::stake_insurance(owner, wallet, quote_mint(), 100, 0),
        instruction::liquidation::request_unstake(owner, 1),
        instruction::liquidation::cancel_unstake(owner),
        instruction::liquidation::unstake(owner, wallet, quote_mint(), 0),
    ]
}

fn replaced(ix: &Instruction, old: Pubkey, new: Pubkey) -> Instruction {
    let mut ix = ix.clone();
    let mut found = ix.accounts.iter_mut().filter(|meta| meta.pubkey == old);
    found.next().expect("not among the accounts").pubkey = new;
    ix
}

#[test]
fn a_stake_obeys_its_owner_alone() {
    let (mut world, alice) = staked();
    let mallory = world.trader("mallory", 0.0);
    let mine = address::insurance_stake(&mallory.owner());
    let theirs = address::insurance_stake(&alice.owner());
    for ix in on_stake(&mut world, mallory.owner()) {
        let ix = replaced(&ix, mine, theirs);
        world
            .send(&[ix], &[&mallory.key])
            .refused(ErrorCode::ConstraintSeeds);
    }
    for mut ix in on_stake(&mut world, alice.owner()) {
        for meta in &mut ix.accounts {
            meta.is_signer = false;
        }
        world
            .send(&[ix], &[&mallory.key])
            .refused(ErrorCode::AccountNotSigner);
    }
}

#[test]
fn foreign_accounts_are_refused() {
    let (mut world, alice) = staked();
    let all = on_stake(&mut world, alice.owner());
    let (fund, pool) = (address::insurance_fund(), address::pool());
    let stake = address::insurance_stake(&alice.owner());
    let refuse = |world: &mut World, ix: Instruction| world.send(&[ix], &[&alice.key]);
    for (from, reason) in [
        (fund, ErrorCode::ConstraintSeeds),
        (stake, ErrorCode::ConstraintSeeds),
    ] {
        let copy = copied(&mut world, from);
        for ix in &all {
            refuse(&mut world, replaced(ix, from, copy)).refused(reason);
        }
    }
    // One that pays and one that is paid.
    let moves = [&all[1], &all[4]];
    let copy = copied(&mut world, pool);
    let config = copied_config(&mut world);
    for ix in moves {
        refuse(&mut world, replaced(ix, pool, copy)).refused(LiquidationError::WrongPool);
        refuse(
            &mut world,
            replaced(ix, address::liquidation_config(), config),
        )
        .refused(ErrorCode::ConstraintSeeds);
        refuse(
            &mut world,
            replaced(ix, address::liquidation_authority(), alice.owner()),
        )
        .refused(ErrorCode::ConstraintSeeds);
        refuse(&mut world, replaced(ix, margin_pool::ID, pool))
            .refused(ErrorCode::InvalidProgramId);
    }
}

fn copied_config(world: &mut World) -> Pubkey {
    let account = world.svm.get_account(&address::liquidation_config());
    let to = keypair("another configuration").pubkey();
    world.svm.set_account(to, account.unwrap()).unwrap();
    to
}

#[test]
fn stakes_are_paid_in_and_out_in_the_quote_currency_of_its_vault() {
    let (mut world, alice) = staked();
    world.request_unstake(&alice, 500 * USD).accepted();
    world.advance(COOLDOWN);
    let owner = alice.owner();
    let other = world.parameters.collaterals[1].mint;
    let wallet = world.mint_to(owner, other, 100);
    let mine = world.mint_to(owner, quote_mint(), 100);
    let vault = address::vault(&quote_mint());
    let stake = instruction::liquidation::stake_insurance;
    let leave = instruction::liquidation::unstake;
    // Another currency as a whole; a wallet of another; the vault of another.
    let wrong_mint = |ix: Instruction| replaced(&ix, address::vault(&other), vault);
    let wrong_vault = |ix: Instruction| replaced(&ix, vault, address::vault(&other));
    for (ix, reason) in [
        (
            wrong_mint(stake(owner, wallet, other, 100, 0)),
            MarginPoolError::WrongQuoteMint,
        ),
        (
            wrong_mint(leave(owner, wallet, other, 0)),
            MarginPoolError::WrongQuoteMint,
        ),
        (
            wrong_vault(stake(owner, mine, quote_mint(), 100, 0)),
            MarginPoolError::WrongVault,
        ),
        (
            wrong_vault(leave(owner, mine, quote_mint(), 0)),
            MarginPoolError::WrongVault,
        ),
    ] {
        world.send(&[ix], &[&alice.key]).refused(reason);
    }
    for ix in [
        stake(owner, wallet, quote_mint(), 100, 0),
        leave(owner, wallet, quote_mint(), 0),
    ] {
        world
            .send(&[ix], &[&alice.key])
            .refused(ErrorCode::ConstraintTokenMint);
    }
    // Nor with somebody else's money.
    let mallory = world.trader("mallory", 0.0);
    let theirs = world.mint_to(mallory.owner(), quote_mint(), 100);
    world
        .send(&[stake(owner, theirs, quote_mint(), 100, 0)], &[&alice.key])
        .refused(ErrorCode::ConstraintTokenOwner);
}

/// The margin pool's payout, called without the liquidation program.
fn payout(destination: Pubkey, authority: Pubkey, amount: u64) -> Instruction {
    let accounts = accounts::WithdrawInsurance {
        pool: address::pool(),
        quote_mint: quote_mint(),
        quote_vault: address::vault(&quote_mint()),
        destination,
        liquidation_authority: authority,
        token_program: anchor_spl::token::ID,
    };
    Instruction {
        program_id: margin_pool::ID,
        accounts: accounts.to_account_metas(None),
        data: data::WithdrawInsurance { amount }.data(),
    }
}

#[test]
fn only_the_liquidation_program_pays_out_of_the_fund() {
    let (mut world, _) = staked();
    let mallory = world.trader("mallory", 0.0);
    let wallet = world.mint_to(mallory.owner(), quote_mint(), 0);
    let ix = payout(wallet, mallory.owner(), 1);
    world
        .send(&[ix], &[&mallory.key])
        .refused(MarginPoolError::NotLiquidationAuthority);
    let mut ix = payout(wallet, address::liquidation_authority(), 1);
    ix.accounts[4].is_signer = false;
    world
        .send(&[ix], &[&mallory.key])
        .refused(ErrorCode::AccountNotSigner);
}

#[test]
fn the_pool_pays_not_even_the_liquidation_program_more_than_the_fund_has() {
    let (mut world, alice) = staked();
    world.deposit_usd(&alice, 5_000.0);
    let key = keypair("a liquidation program");
    world.forge::<Pool>(&address::pool(), |p| p.liquidation_authority = key.pubkey());
    let wallet = world.mint_to(alice.owner(), quote_mint(), 0);
    let send = |world: &mut World, amount, key: &Keypair| -> Result<_, Refusal> {
        world.send(&[payout(wallet, key.pubkey(), amount)], &[&alice.key, key])
    };
    send(&mut world, 0, &key).refused(MarginPoolError::AmountZero);
    send(&mut world, 1_500 * USD + 1, &key).refused(MarginPoolError::InsuranceExhausted);
}
