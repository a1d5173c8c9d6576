//! The (risk book, market) pairs: complete, the pool's own, a set.

use {
    anchor_lang::error::ErrorCode,
    cep_sdk::{
        instruction,
        programs::margin_pool::{error::MarginPoolError, state::MarginAccount},
    },
    cep_tests::{
        BTC, ETH, Outcome, Receipt, Refusal, SOL, Setup, Trader, World, keypair, largest,
        world::quote_mint,
    },
    solana_sdk::{
        instruction::{AccountMeta, Instruction},
        signature::Signer,
    },
};

/// Alice, who is long SOL against bob and has SOL beside it.
fn exposed() -> (World, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 100_000.0);
    let bob = world.trader("bob", 100_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 0.1).accepted();
    (world, alice)
}

/// Withdraws one unit with these pairs.
fn withdraw_with(
    world: &mut World,
    alice: &Trader,
    pairs: Vec<AccountMeta>,
) -> Result<Receipt, Refusal> {
    let (account, owner) = alice.pair();
    let mut ix: Instruction =
        instruction::pool::withdraw(account, owner, quote_mint(), alice.wallet(), 1, &[]);
    ix.accounts.extend(pairs);
    world.send(&[ix], &[&alice.key])
}

fn pairs(world: &World, underlyings: &[u8]) -> Vec<AccountMeta> {
    let books: Vec<_> = underlyings.iter().map(|u| world.book_address(*u)).collect();
    instruction::risk_pairs(&books)
}

#[test]
fn every_exposure_needs_its_pair_and_more_do_no_harm() {
    let (mut world, alice) = exposed();
    for missing in [&[][..], &[ETH], &[ETH, SOL]] {
        let pairs = pairs(&world, missing);
        withdraw_with(&mut world, &alice, pairs).refused(MarginPoolError::RiskAccountsMissing);
    }
    for enough in [&[BTC][..], &[SOL, BTC], &[BTC, ETH, SOL]] {
        let pairs = pairs(&world, enough);
        withdraw_with(&mut world, &alice, pairs).accepted();
    }
}

#[test]
fn collateral_needs_its_pair_too() {
    let (mut world, alice) = exposed();
    world.deposit_sol(&alice, 1.0);
    let pairs = pairs(&world, &[BTC]);
    withdraw_with(&mut world, &alice, pairs).refused(MarginPoolError::RiskAccountsMissing);
}

#[test]
fn pairs_come_in_their_order_and_belong_together() {
    let (mut world, alice) = exposed();
    let (btc, eth) = (pairs(&world, &[BTC]), pairs(&world, &[ETH]));
    let [book, market] = [btc[0].clone(), btc[1].clone()];
    let swapped = vec![market.clone(), book.clone()];
    let odd = vec![book.clone()];
    let crossed = vec![book.clone(), eth[1].clone()];
    let book_twice = vec![book.clone(), book];
    for bad in [swapped, odd, crossed, book_twice] {
        withdraw_with(&mut world, &alice, bad).refused(MarginPoolError::RiskAccountsMismatch);
    }
}

#[test]
fn a_foreign_book_is_refused() {
    let (mut world, alice) = exposed();
    // A perfect copy that promises a better price, at an address of mallory's.
    let copy = keypair("copied book").pubkey();
    let mut book = world.svm.get_account(&world.book_address(BTC)).unwrap();
    book.owner = keypair("mallory's program").pubkey();
    world.svm.set_account(copy, book).unwrap();
    let mut foreign = pairs(&world, &[BTC]);
    foreign[0].pubkey = copy;

    withdraw_with(&mut world, &alice, foreign).refused(MarginPoolError::RiskAccountsMismatch);
}

#[test]
fn a_book_that_lost_its_owner_or_type_is_refused() {
    // Neither can happen; the check is there all the same.
    let (mut world, alice) = exposed();
    let address = world.book_address(BTC);
    let sound = world.svm.get_account(&address).unwrap();
    let good = pairs(&world, &[BTC]);

    let mut stolen = sound.clone();
    stolen.owner = keypair("mallory's program").pubkey();
    world.svm.set_account(address, stolen).unwrap();
    withdraw_with(&mut world, &alice, good.clone()).refused(ErrorCode::AccountOwnedByWrongProgram);

    let mut retyped = sound;
    retyped.data[0] ^= 1;
    world.svm.set_account(address, retyped).unwrap();
    withdraw_with(&mut world, &alice, good).refused(ErrorCode::AccountDiscriminatorMismatch);
}

#[test]
fn a_book_without_scenarios_is_not_ready() {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    world.initialise();
    for u in world.underlyings() {
        world.set_price(u, setup.prices[usize::from(u)]);
    }
    let (alice, bob) = (
        world.trader("alice", 100_000.0),
        world.trader("bob", 100_000.0),
    );

    world
        .trade_at_mark(&alice, &bob, BTC, 0.1)
        .refused(MarginPoolError::BookNotReady);
}

#[test]
fn a_book_without_a_price_is_not_ready() {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    world.initialise();
    world.install_scenarios(&setup.set, "set");
    world.refresh_scenarios(SOL).accepted();
    let alice = world.trader("alice", 10.0);
    world.deposit_sol(&alice, 1.0);

    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::BookNotReady);
    // Nor for liquidation: there is no last price to go on with.
    let keeper = world.trader("keeper", 0.0);
    world
        .open(&alice, &keeper)
        .refused(MarginPoolError::BookNotReady);
}

/// With that, more than the pool's eight cannot be passed.
#[test]
fn a_pair_given_twice_is_refused() {
    let (mut world, alice) = exposed();
    for repeated in [&[BTC, BTC][..], &[BTC, ETH, SOL, ETH], &[BTC; 9]] {
        let pairs = pairs(&world, repeated);
        withdraw_with(&mut world, &alice, pairs).refused(MarginPoolError::RiskAccountsRepeated);
    }
}

#[test]
fn eight_different_pairs_are_fine() {
    let mut world = World::ready(&largest::at_the_limit());
    let alice = world.trader("alice", 10.0);
    let eight = pairs(&world, &[0, 1, 2, 3, 4, 5, 6, 7]);
    withdraw_with(&mut world, &alice, eight).accepted();
}

#[test]
fn settlement_names_positions_that_exist() {
    let (mut world, alice) = exposed();
    world
        .settle(&alice, ETH)
        .refused(MarginPoolError::PositionNotFound);
    let ix = instruction::pool::settle_pnl(alice.account, &[]);
    world.send(&[ix], &[&alice.key]).accepted();
}

#[test]
fn settlement_needs_fresh_prices() {
    let (mut world, alice) = exposed();
    world.advance(62);
    world
        .settle(&alice, BTC)
        .refused(MarginPoolError::PriceStale);
}

#[test]
fn accounts_of_another_pool_are_refused() {
    let (mut world, alice) = exposed();
    let bob = Trader::named("bob", 0);
    world.forge::<MarginAccount>(&alice.account, |a| {
        a.pool = keypair("another pool").pubkey()
    });
    let source = world.mint_to(alice.owner(), quote_mint(), 1);
    let (account, owner) = alice.pair();
    let books = [world.book_address(BTC)];
    let leg = cep_tests::actions::leg(BTC, 0.1, 120_000.0);
    for ix in [
        instruction::pool::deposit(account, quote_mint(), source, owner, 1),
        instruction::pool::withdraw(account, owner, quote_mint(), source, 1, &books),
        instruction::pool::settle_pnl(account, &books),
        instruction::pool::trade_block(alice.pair(), bob.pair(), vec![leg], &books),
        instruction::pool::trade_block(bob.pair(), alice.pair(), vec![leg], &books),
    ] {
        let both = ix.accounts.iter().any(|m| m.pubkey == bob.owner());
        let signers = [&alice.key, &bob.key];
        world
            .send(&[ix], &signers[..if both { 2 } else { 1 }])
            .refused(MarginPoolError::WrongPool);
    }
}
