//! Staked tokens: what they are worth, what they need as collateral, and that they are not traded.

use {
    cep_sdk::{
        instruction,
        programs::{
            margin_pool::error::MarginPoolError,
            risk_engine::{
                error::RiskEngineError,
                events::StakeRateRefreshed,
                oracle::Fault,
                state::{InstrumentKind, RiskBook, degraded},
            },
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, SOL, Trader, World, keypair,
        oracle::StakePool,
        staked::{refresh_staked, staked_world},
        world::admin,
    },
    solana_sdk::{clock::Clock, pubkey::Pubkey, signature::Signer},
};

#[test]
fn a_staked_token_is_worth_the_less_of_redemption_and_market() {
    let (mut world, jito) = staked_world();
    let receipt = refresh_staked(&mut world, 200.0, 249.0, 1.2);
    let event = receipt.event::<StakeRateRefreshed>();
    assert_eq!((event.rate, event.redemption), (1_200_000_000, 240_000_000));
    assert_eq!((event.gap, event.fault), (0, 0));
    assert_eq!(world.book(jito).price, 240_000_000);

    refresh_staked(&mut world, 200.0, 236.4, 1.2);
    let book = world.book(jito);
    assert_eq!((book.price, book.staked.gap), (236_400_000, 15_000));
    assert!(!book.has_gap());
    assert_eq!(book.degraded, 0);
}

#[test]
fn a_gap_beyond_its_band_shows_and_does_not_put_the_price_in_doubt() {
    let (mut world, jito) = staked_world();
    let receipt = refresh_staked(&mut world, 200.0, 230.0, 1.2);
    assert!(receipt.event::<StakeRateRefreshed>().deposits_stopped);
    let book = world.book(jito);
    assert!(book.has_gap());
    assert_eq!(book.degraded, 0, "exits go on");
}

#[test]
fn a_rate_grows_no_faster_than_staking_can_earn_and_falls_at_once() {
    let (mut world, jito) = staked_world();
    refresh_staked(&mut world, 200.0, 300.0, 1.2);
    // The same epoch: no growth at all.
    refresh_staked(&mut world, 200.0, 300.0, 1.3);
    let book = world.book(jito);
    assert_eq!(
        (book.staked.rate, book.staked.rate_limited),
        (1_200_000_000, 1)
    );
    let mut clock = world.svm.get_sysvar::<Clock>();
    clock.epoch += 2;
    world.svm.set_sysvar(&clock);
    refresh_staked(&mut world, 200.0, 300.0, 1.3);
    // A thousandth per epoch.
    assert_eq!(world.book(jito).staked.rate, 1_202_400_000);
    refresh_staked(&mut world, 200.0, 300.0, 1.1);
    assert_eq!(world.book(jito).staked.rate, 1_100_000_000);
}

#[test]
fn a_staked_token_is_in_doubt_with_its_base() {
    let (mut world, jito) = staked_world();
    refresh_staked(&mut world, 200.0, 240.0, 1.2);
    world.forge::<RiskBook>(&world.book_address(SOL), |b| {
        b.degraded = degraded::SHORTAGE;
    });
    world.advance(1);
    let accounts = [world.post_feed("jitosol", 240.0)];
    let (book, base) = (world.book_address(jito), world.book_address(SOL));
    let ix = instruction::risk::refresh_staked(book, base, &accounts);
    world.send(&[ix], &[&admin()]).accepted();
    let book = world.book(jito);
    assert_eq!(book.degraded, degraded::BASE);
    assert!(book.is_degraded(world.now()));
}

#[test]
fn a_stake_pool_that_is_not_the_tokens_says_nothing() {
    let (mut world, jito) = staked_world();
    refresh_staked(&mut world, 200.0, 240.0, 1.2);
    world.advance(1);
    let mut forged = StakePool::new(Pubkey::new_unique(), 9, 1, 0);
    let elsewhere = keypair("another pool").pubkey();
    forged.write(&mut world.svm, elsewhere);
    forged.owner = keypair("mallory").pubkey();
    forged.write(&mut world.svm, keypair("stake pool").pubkey());
    let (book, base) = (world.book_address(jito), world.book_address(SOL));
    let pools = [elsewhere, keypair("stake pool").pubkey()];
    let ix = instruction::risk::refresh_staked(book, base, &pools);
    let receipt = world.send(&[ix], &[&admin()]).accepted();
    let event = receipt.event::<StakeRateRefreshed>();
    assert_eq!(event.rate, 1_200_000_000);
    assert_eq!(Fault::from_code(event.fault), Some(Fault::WrongOwner));
    // Nor does the pool itself for another token.
    let other = keypair("another mint").pubkey();
    StakePool::new(other, 9, 1, 0).write(&mut world.svm, pools[1]);
    let ix = instruction::risk::refresh_staked(book, base, &pools);
    let receipt = world.send(&[ix], &[&admin()]).accepted();
    let event = receipt.event::<StakeRateRefreshed>();
    assert_eq!(event.rate, 1_200_000_000);
    assert_eq!(Fault::from_code(event.fault), Some(Fault::WrongMint));
}

#[test]
fn each_kind_of_book_has_its_own_refresh() {
    let (mut world, jito) = staked_world();
    world
        .refresh_from(jito, &[])
        .refused(RiskEngineError::StakedBook);
    let (sol, btc) = (world.book_address(SOL), world.book_address(BTC));
    let plain = instruction::risk::refresh_staked(sol, btc, &[]);
    world
        .send(&[plain], &[&admin()])
        .refused(RiskEngineError::NotStakedBook);
    let base = instruction::risk::refresh_staked(world.book_address(jito), btc, &[]);
    world
        .send(&[base], &[&admin()])
        .refused(RiskEngineError::WrongBaseBook);
}

/// jitoSOL as collateral, priced and scaled; a trader with USD.
fn collateral_world(usd: f64) -> (World, Trader) {
    let (mut world, jito) = staked_world();
    refresh_staked(&mut world, 200.0, 240.0, 1.2);
    for underlying in world.underlyings() {
        if underlying < jito {
            world.set_price(underlying, world.prices[usize::from(underlying)]);
        }
        world.refresh_scenarios(underlying).accepted();
    }
    refresh_staked(&mut world, 200.0, 240.0, 1.2);
    let alice = world.trader("alice", usd);
    (world, alice)
}

fn deposit_jito(world: &mut World, to: &Trader, tokens: f64) -> Result<Receipt, Refusal> {
    let mint = keypair("jitosol mint").pubkey();
    let amount = (tokens * 1e9) as u64;
    let source = world.mint_to(to.owner(), mint, amount);
    let book = world.book_address(3);
    let ix = instruction::pool::deposit_staked(to.account, mint, source, to.owner(), amount, book);
    world.send(&[ix], &[&to.key])
}

#[test]
fn a_staked_token_moves_with_what_it_redeems_for_and_with_its_gap() {
    let (mut world, alice) = collateral_world(0.0);
    deposit_jito(&mut world, &alice, 1_000.0).accepted();
    let staked = world.health(&alice).initial;
    assert!(
        (staked.equity - 240_000_000_000).abs() <= 2,
        "{}",
        staked.equity
    );

    // The same worth of SOL.
    let bob = world.trader("bob", 0.0);
    world.deposit_sol(&bob, 1_200.0);
    let plain = world.health(&bob).initial;
    assert_eq!(plain.equity, 240_000_000_000);
    let ratio = staked.expected_shortfall as f64 / plain.expected_shortfall as f64;
    // The gap adds risk of its own, and not its whole, as it does not fall on the same days.
    assert!((1.0..1.2).contains(&ratio), "{ratio}");
}

#[test]
fn a_short_perpetual_of_the_base_hedges_it_but_for_the_gap() {
    let (mut world, alice) = collateral_world(20_000.0);
    let bob = world.trader("bob", 500_000.0);
    deposit_jito(&mut world, &alice, 1_000.0).accepted();
    let unhedged = world.health(&alice).initial.requirement;
    world.trade_at_mark(&bob, &alice, SOL, 1_200.0).accepted();
    let hedged = world.health(&alice).initial.requirement;
    assert!(
        hedged > 0 && hedged < unhedged / 2,
        "{hedged} of {unhedged}"
    );
}

#[test]
fn a_gap_stops_deposits_and_not_withdrawals() {
    let (mut world, alice) = collateral_world(0.0);
    deposit_jito(&mut world, &alice, 10.0).accepted();
    refresh_staked(&mut world, 200.0, 230.0, 1.2);
    deposit_jito(&mut world, &alice, 10.0).refused(MarginPoolError::StakedTokenGap);
    let mint = keypair("jitosol mint").pubkey();
    world.withdraw(&alice, mint, 10_000_000_000).accepted();
    // And nothing goes in without a look at the book.
    world
        .deposit(&alice, mint, 1)
        .refused(MarginPoolError::RiskAccountsMissing);
}

#[test]
fn a_staked_token_is_collateral_and_not_traded() {
    let (mut world, alice) = collateral_world(500_000.0);
    let bob = world.trader("bob", 500_000.0);
    world
        .trade_at_mark(&alice, &bob, 3, 1.0)
        .refused(MarginPoolError::StakedUnderlying);
    let expiry = world.expiry_in(7);
    world
        .try_list(3, InstrumentKind::Future, expiry, 0.0)
        .refused(RiskEngineError::StakedBook);
}

#[test]
fn a_staked_collateral_needs_its_base_in_the_pool() {
    // The pool knows jitoSOL's book and not SOL's.
    let (mut world, _) = staked_world();
    let pool = cep_sdk::address::pool();
    world.forge::<cep_sdk::programs::margin_pool::state::Pool>(&pool, |p| {
        p.underlyings[usize::from(SOL)].book = keypair("another book").pubkey();
    });
    let mint = keypair("second jitosol mint").pubkey();
    cep_tests::token::write_mint(&mut world.svm, mint, 9);
    let listing = cep_migrations::parameters::CollateralParameters {
        mint,
        underlying: 3,
        cap: 1,
        dust: 0,
    }
    .listing();
    world
        .enact_in_pool(listing.clone())
        .refused(MarginPoolError::BaseNotListed);
    // Nor does another token come in under the book of jitoSOL.
    let (mut world, _) = staked_world();
    cep_tests::token::write_mint(&mut world.svm, mint, 9);
    world
        .enact_in_pool(listing)
        .refused(MarginPoolError::StakedTokenMismatch);
}
