//! Deposits and withdrawals: who may, how much, and what stops them.

use {
    anchor_lang::error::ErrorCode,
    cep_sdk::{
        address, instruction,
        programs::margin_pool::{error::MarginPoolError, state::Pool},
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, SOL, Setup, Trader, World, keypair, largest,
        token::write_wallet, world::quote_mint,
    },
    solana_sdk::{instruction::Instruction, signature::Signer},
};

const USD: i64 = 1_000_000;
/// `InsufficientFunds` of SPL Token.
const TOKEN_INSUFFICIENT_FUNDS: u32 = 1;

#[test]
fn nothing_is_neither_deposited_nor_withdrawn_nor_insured() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);

    world
        .deposit(&alice, quote_mint(), 0)
        .refused(MarginPoolError::AmountZero);
    world
        .withdraw_usd(&alice, 0)
        .refused(MarginPoolError::AmountZero);
    world
        .insure(&alice, 0.0)
        .refused(MarginPoolError::AmountZero);
}

#[test]
fn a_deposit_is_paid_for() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let source = world.mint_to(alice.owner(), quote_mint(), 99);
    let (account, owner) = alice.pair();

    let ix = instruction::pool::deposit(account, quote_mint(), source, owner, 100);
    world
        .send(&[ix], &[&alice.key])
        .refused_with_code(TOKEN_INSUFFICIENT_FUNDS);
}

#[test]
fn nobody_deposits_from_a_wallet_of_someone_else() {
    let mut world = World::new();
    let (alice, mallory) = (world.trader("alice", 0.0), world.trader("mallory", 0.0));
    let source = world.mint_to(alice.owner(), quote_mint(), 100);
    let ix =
        instruction::pool::deposit(mallory.account, quote_mint(), source, mallory.owner(), 100);

    world
        .send(&[ix], &[&mallory.key])
        .refused(ErrorCode::ConstraintTokenOwner);
}

#[test]
fn a_token_that_is_not_listed_is_not_taken() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let mint = keypair("worthless").pubkey();
    cep_tests::token::write_mint(&mut world.svm, mint, 6);

    // Listing a token is what creates its vault.
    world
        .deposit(&alice, mint, 100)
        .refused(ErrorCode::AccountNotInitialized);
}

#[test]
fn a_token_without_a_slot_in_the_pool_is_not_taken_even_if_a_vault_is_there() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    let mint = keypair("worthless").pubkey();
    cep_tests::token::write_mint(&mut world.svm, mint, 6);
    write_wallet(
        &mut world.svm,
        address::vault(&mint),
        mint,
        address::pool(),
        0,
    );

    world
        .deposit(&alice, mint, 100)
        .refused(MarginPoolError::CollateralNotListed);
}

#[test]
fn a_vault_of_the_depositors_making_is_refused() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let source = world.mint_to(alice.owner(), quote_mint(), 100);
    let own_vault = keypair("vault of mallory").pubkey();
    write_wallet(&mut world.svm, own_vault, quote_mint(), alice.owner(), 0);
    let (account, owner) = alice.pair();
    let mut ix = instruction::pool::deposit(account, quote_mint(), source, owner, 100);
    ix.accounts[3].pubkey = own_vault;

    world
        .send(&[ix], &[&alice.key])
        .refused(ErrorCode::ConstraintSeeds);
}

#[test]
fn the_cap_of_a_collateral_holds_to_the_unit() {
    let mut setup = Setup::standard();
    setup.parameters.collaterals[0].cap = 5_000_000_000;
    let mut world = World::ready(&setup);
    // One account may hold all of it here; the migrations give it a tenth.
    world.forge::<Pool>(&address::pool(), |pool| {
        pool.collaterals[0].account_cap = pool.collaterals[0].cap;
    });
    let (alice, bob) = (world.trader("alice", 0.0), world.trader("bob", 0.0));
    world.deposit_sol(&alice, 3.0);
    let (sol, _) = setup.mints[0];

    world
        .deposit(&bob, sol, 2_000_000_001)
        .refused(MarginPoolError::CollateralCapReached);
    world.deposit(&bob, sol, 2_000_000_000).accepted();
}

#[test]
fn an_amount_beyond_the_ledgers_range_is_refused() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);

    world
        .deposit(&alice, quote_mint(), u64::MAX)
        .refused(MarginPoolError::Overflow);
}

#[test]
fn only_the_owner_withdraws() {
    let mut world = World::new();
    let (alice, mallory) = (world.trader("alice", 10.0), world.trader("mallory", 10.0));
    let impostor = Trader {
        account: alice.account,
        key: mallory.key,
    };

    world
        .withdraw_usd(&impostor, USD)
        .refused(MarginPoolError::NotAccountOwner);
}

#[test]
fn naming_the_owner_without_its_signature_is_not_enough() {
    let mut world = World::new();
    let (alice, mallory) = (world.trader("alice", 10.0), world.trader("mallory", 10.0));
    let (account, owner) = alice.pair();
    let to = mallory.wallet();
    let mut ix = instruction::pool::withdraw(account, owner, quote_mint(), to, 1, &[]);
    ix.accounts[5].is_signer = false;

    world
        .send(&[ix], &[&mallory.key])
        .refused(ErrorCode::AccountNotSigner);
}

#[test]
fn no_one_withdraws_more_than_the_account_has() {
    let mut world = World::new();
    let (alice, _rich) = (world.trader("alice", 10.0), world.trader("rich", 1_000.0));
    world.deposit_sol(&alice, 1.0);
    let sol = world.parameters.collaterals[0].mint;

    world
        .withdraw_usd(&alice, 10 * USD + 1)
        .refused(MarginPoolError::InsufficientCash);
    world
        .withdraw(&alice, sol, 1_000_000_001)
        .refused(MarginPoolError::InsufficientCollateral);
    world.withdraw(&alice, sol, 1_000_000_000).accepted();
    world.withdraw_usd(&alice, 10 * USD).accepted();
}

#[test]
fn collateral_is_not_cash() {
    let mut world = World::new();
    let (alice, _rich) = (world.trader("alice", 0.0), world.trader("rich", 1_000.0));
    world.deposit_sol(&alice, 100.0);

    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::InsufficientCash);
}

#[test]
fn what_is_lent_out_cannot_be_withdrawn() {
    // SETUP: bob's loss is borrowed against his SOL, so that less is in the vault than people own.
    let mut world = World::new();
    let (alice, bob) = (world.trader("alice", 10_000.0), world.trader("bob", 100.0));
    world.deposit_sol(&bob, 200.0);
    world.trade_at_mark(&alice, &bob, BTC, 0.5).accepted();
    world.set_price(BTC, 140_000.0);
    world.settle(&bob, BTC).accepted();
    world.settle(&alice, BTC).accepted();
    assert!(world.cash(&bob) < 0);
    let ledger = world.pool().ledger;
    let (free, own) = (ledger.vault - ledger.fees, world.cash(&alice));
    assert!(free < own);

    // ACT, CHECK
    world.trade_at_mark(&bob, &alice, BTC, 0.5).accepted();
    let ledger = world.pool().ledger;
    let free = ledger.vault - ledger.fees - ledger.insurance - ledger.unsettled;
    assert!(free < world.cash(&alice));
    world
        .withdraw_usd(&alice, free + 1)
        .refused(MarginPoolError::VaultIlliquid);
    world.withdraw_usd(&alice, free).accepted();
}

#[test]
fn a_withdrawal_leaves_initial_margin_to_the_unit() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 500_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    let spare = world.health(&alice).initial.health();
    assert!(spare > 0);

    world
        .withdraw_usd(&alice, spare + 1)
        .refused(MarginPoolError::BelowInitialMargin);
    world.withdraw_usd(&alice, spare).accepted();
    assert_eq!(world.health(&alice).initial.health(), 0);
}

#[test]
fn unrealised_profit_stays_in() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 20_000.0),
        world.trader("bob", 500_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 150_000.0);
    let cash = world.cash(&alice);

    // It counts as margin, so that all cash may leave, but not a unit more.
    world
        .withdraw_usd(&alice, cash + 1)
        .refused(MarginPoolError::InsufficientCash);
    world.withdraw_usd(&alice, cash).accepted();
}

#[test]
fn nothing_is_withdrawn_against_a_price_that_is_not_fresh() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    world.deposit_sol(&alice, 1.0);
    world.advance(62);

    world
        .withdraw_usd(&alice, USD)
        .refused(MarginPoolError::BelowInitialMargin);
    world.republish();
    world.withdraw_usd(&alice, USD).accepted();
}

fn insure_with(spoil: impl FnOnce(&mut World, &mut Instruction)) -> Result<Receipt, Refusal> {
    let mut world = World::ready(&largest::widened(3, 2));
    let alice = world.trader("alice", 0.0);
    let source = world.mint_to(alice.owner(), quote_mint(), 100);
    let mut ix = instruction::liquidation::fund_insurance(alice.owner(), source, quote_mint(), 100);
    spoil(&mut world, &mut ix);
    world.send(&[ix], &[&alice.key])
}

#[test]
fn the_insurance_fund_takes_the_quote_currency_into_its_vault_only() {
    insure_with(|_, _| {}).accepted();
    insure_with(|world, ix| {
        let other = world.parameters.collaterals[1].mint;
        let owner = ix.accounts[6].pubkey;
        ix.accounts[3].pubkey = other;
        ix.accounts[5].pubkey = world.mint_to(owner, other, 100);
    })
    .refused(MarginPoolError::WrongQuoteMint);
    insure_with(|world, ix| {
        ix.accounts[4].pubkey = address::vault(&world.parameters.collaterals[1].mint);
    })
    .refused(MarginPoolError::WrongVault);
}

#[test]
fn selling_collateral_that_backs_a_position_is_refused() {
    let mut world = World::new();
    let (alice, bob) = (world.trader("alice", 100.0), world.trader("bob", 500_000.0));
    world.deposit_sol(&alice, 100.0);
    world.trade_at_mark(&alice, &bob, SOL, -90.0).accepted();
    let sol = world.parameters.collaterals[0].mint;

    world
        .withdraw(&alice, sol, 90_000_000_000)
        .refused(MarginPoolError::BelowInitialMargin);
}

#[test]
fn books_that_do_not_balance_stop_everything() {
    // Cannot happen; if it did, nothing would move.
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    world.forge::<Pool>(&address::pool(), |p| p.ledger.cash += 1);

    world
        .withdraw_usd(&alice, USD)
        .refused(MarginPoolError::LedgerImbalance);
    world
        .deposit(&alice, quote_mint(), 1)
        .refused(MarginPoolError::LedgerImbalance);
    world
        .create_account(&Trader::named("alice", 1), 1)
        .refused(MarginPoolError::LedgerImbalance);
}
