//! Which prices the risk engine believes.

use {
    anchor_lang::error::ErrorCode,
    cep_sdk::{instruction, programs::risk_engine::error::RiskEngineError},
    cep_tests::{BTC, ETH, Outcome, Receipt, Refusal, SOL, Update, World, keypair, world::admin},
    pyth_solana_receiver_sdk::price_update::VerificationLevel,
    solana_sdk::signature::Signer,
};

/// Refreshes SOL from a sound update that `spoil` has changed, ten seconds after the last one.
fn refresh_with(spoil: impl FnOnce(&mut Update)) -> Result<Receipt, Refusal> {
    let mut world = World::new();
    world.advance(10);
    let mut update = world.update(SOL, 221.0, 0.1);
    spoil(&mut update);
    let account = world.post(SOL, &update);
    world.refresh(SOL, account)
}

#[test]
fn a_sound_update_is_accepted() {
    refresh_with(|_| {}).accepted();
}

#[test]
fn an_account_that_the_pyth_receiver_does_not_own_is_no_price() {
    refresh_with(|u| u.owner = keypair("mallory").pubkey())
        .refused(ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn another_account_of_the_pyth_receiver_is_no_price() {
    let mut world = World::new();
    world.advance(10);
    let address = world.post_price(SOL, 221.0, 0.1);
    let mut account = world.svm.get_account(&address).unwrap();
    account.data[0] ^= 1;
    world.svm.set_account(address, account).unwrap();

    world
        .refresh(SOL, address)
        .refused(ErrorCode::AccountDiscriminatorMismatch);
}

#[test]
fn another_feed_is_refused() {
    let mut world = World::new();
    world.advance(10);
    let address = world.post_price(ETH, 4_300.0, 1.0);

    world
        .refresh(SOL, address)
        .refused(RiskEngineError::WrongFeed);
}

#[test]
fn an_update_signed_by_a_part_of_the_guardians_is_refused() {
    refresh_with(|u| u.verification = VerificationLevel::Partial { num_signatures: 12 })
        .refused(RiskEngineError::PriceNotVerified);
}

#[test]
fn a_price_is_good_for_its_maximum_age_and_not_a_second_longer() {
    refresh_with(|u| u.publish_time += 1 - 10).accepted();
    let aged = |age: i64| {
        let mut world = World::new();
        world.advance(1_000);
        let mut update = world.update(SOL, 221.0, 0.1);
        update.publish_time -= age;
        let account = world.post(SOL, &update);
        world.refresh(SOL, account)
    };
    aged(60).accepted();
    aged(61).refused(RiskEngineError::PriceTooOld);
}

#[test]
fn a_price_may_be_ahead_of_the_clock_by_the_allowed_skew_only() {
    refresh_with(|u| u.publish_time += 5).accepted();
    refresh_with(|u| u.publish_time += 6).refused(RiskEngineError::PriceFromFuture);
    refresh_with(|u| u.publish_time = i64::MAX).refused(RiskEngineError::PriceFromFuture);
}

#[test]
fn time_never_runs_backwards() {
    refresh_with(|u| u.publish_time -= 10).refused(RiskEngineError::PriceNotNewer);
    refresh_with(|u| u.publish_time -= 20).refused(RiskEngineError::PriceNotNewer);
}

#[test]
fn a_senseless_price_is_refused() {
    for price in [0, -1, i64::MIN] {
        refresh_with(|u| u.price = price).refused(RiskEngineError::PriceOutOfRange);
    }
    // Below a millionth of a dollar it rounds to nothing.
    refresh_with(|u| (u.price, u.confidence) = (99, 0)).refused(RiskEngineError::PriceOutOfRange);
    refresh_with(|u| (u.price, u.confidence) = (100, 0)).accepted();
    // 2⁴⁴ micro-USD is the most a price can be.
    let most = (1i64 << 44) * 100;
    refresh_with(|u| u.price = most).accepted();
    refresh_with(|u| u.price = most + 100).refused(RiskEngineError::PriceOutOfRange);
    refresh_with(|u| (u.price, u.exponent) = (i64::MAX, 12))
        .refused(RiskEngineError::PriceOutOfRange);
    refresh_with(|u| u.exponent = i32::MIN).refused(RiskEngineError::PriceOutOfRange);
    refresh_with(|u| u.exponent = i32::MAX).refused(RiskEngineError::PriceOutOfRange);
}

#[test]
fn an_uncertain_price_is_refused() {
    // 2 % of 221 USD.
    refresh_with(|u| u.confidence = 442_000_000).accepted();
    refresh_with(|u| u.confidence = 442_000_001).refused(RiskEngineError::PriceTooUncertain);
    refresh_with(|u| u.confidence = u64::MAX).refused(RiskEngineError::PriceTooUncertain);
}

#[test]
fn the_book_must_belong_to_the_engine() {
    let mut world = World::new();
    world.advance(1);
    let price = world.post_price(SOL, 221.0, 0.1);

    // A market is an account of another program.
    let ix = instruction::risk::refresh(world.market_address(SOL), price);
    world
        .send(&[ix], &[&admin()])
        .refused(ErrorCode::AccountOwnedByWrongProgram);
    // The scenario set is another account of this one.
    let ix = instruction::risk::refresh(world.scenario_set, price);
    world
        .send(&[ix], &[&admin()])
        .refused(ErrorCode::AccountDiscriminatorMismatch);
}

#[test]
fn a_book_of_another_configuration_is_refused() {
    let mut world = World::new();
    world.advance(1);
    let (price, book) = (world.post_price(SOL, 221.0, 0.1), world.book_address(SOL));
    world.forge::<cep_sdk::programs::risk_engine::state::RiskBook>(&book, |b| {
        b.config = keypair("another config").pubkey();
    });

    world
        .refresh(SOL, price)
        .refused(ErrorCode::ConstraintHasOne);
}

#[test]
fn the_configuration_must_be_at_its_derived_address() {
    let mut world = World::new();
    world.advance(1);
    let price = world.post_price(SOL, 221.0, 0.1);
    let mut ix = instruction::risk::refresh(world.book_address(SOL), price);
    let copy = keypair("copied config").pubkey();
    let config = world.svm.get_account(&ix.accounts[0].pubkey).unwrap();
    world.svm.set_account(copy, config).unwrap();
    ix.accounts[0].pubkey = copy;

    world
        .send(&[ix], &[&admin()])
        .refused(ErrorCode::ConstraintSeeds);
}

#[test]
fn a_price_update_moves_only_its_own_book() {
    let mut world = World::new();
    let before = world.book(BTC);

    world.set_price(SOL, 150.0);

    assert_eq!(
        bytemuck::bytes_of(&*before),
        bytemuck::bytes_of(&*world.book(BTC))
    );
}
