//! Which prices the risk engine believes.

use {
    anchor_lang::error::ErrorCode,
    cep_sdk::{
        instruction,
        programs::risk_engine::{events::PriceRefreshed, oracle::Fault, state::degraded},
    },
    cep_tests::{BTC, ETH, Outcome, Receipt, SOL, Update, World, keypair, world::admin},
    pyth_solana_receiver_sdk::price_update::VerificationLevel,
    solana_sdk::signature::Signer,
};

/// Refreshes SOL from a sound update that `spoil` has changed, ten seconds after the last one.
fn refresh_with(spoil: impl FnOnce(&mut Update)) -> (World, Receipt) {
    let mut world = World::new();
    world.advance(10);
    let mut update = world.update(SOL, 221.0, 0.1);
    spoil(&mut update);
    let account = world.post(SOL, &update);
    let receipt = world.refresh(SOL, account).accepted();
    (world, receipt)
}

/// The update must have been taken.
#[track_caller]
fn taken(spoil: impl FnOnce(&mut Update)) {
    let before = World::new().book(SOL);
    let (world, receipt) = refresh_with(spoil);
    assert_eq!(receipt.event::<PriceRefreshed>().faults, [0; 4]);
    assert_ne!(
        world.book(SOL).sources[0].publish_time,
        before.sources[0].publish_time
    );
}

/// The update must have been passed over for this reason, and nothing believed of it.
#[track_caller]
fn passed_over(reason: Fault, spoil: impl FnOnce(&mut Update)) {
    let before = World::new().book(SOL);
    let (world, receipt) = refresh_with(spoil);
    let faults = receipt.event::<PriceRefreshed>().faults;
    assert_eq!(Fault::from_code(faults[0]), Some(reason));
    let after = world.book(SOL);
    assert_eq!(after.sources, before.sources);
    assert_eq!(
        (after.price, after.publish_time),
        (before.price, before.publish_time)
    );
}

#[test]
fn a_sound_update_is_accepted() {
    taken(|_| {});
}

#[test]
fn an_account_that_the_pyth_receiver_does_not_own_is_no_price() {
    passed_over(Fault::WrongOwner, |u| {
        u.owner = keypair("mallory").pubkey();
    });
}

#[test]
fn another_account_of_the_pyth_receiver_is_no_price() {
    let mut world = World::new();
    world.advance(10);
    let address = world.post_price(SOL, 221.0, 0.1);
    let mut account = world.svm.get_account(&address).unwrap();
    account.data[0] ^= 1;
    world.svm.set_account(address, account).unwrap();

    let receipt = world.refresh(SOL, address).accepted();

    let event = receipt.event::<PriceRefreshed>();
    assert_eq!(event.faults[0], Fault::Malformed.code());
    assert_eq!(event.price, 220_000_000);
}

#[test]
fn another_feed_says_nothing_and_stops_nothing() {
    let mut world = World::new();
    world.advance(10);
    let eth = world.post_price(ETH, 4_300.0, 1.0);
    let sol = world.post_price(SOL, 221.0, 0.1);

    world.refresh_from(SOL, &[eth, sol]).accepted();

    assert_eq!(world.book(SOL).price, 221_000_000);
}

#[test]
fn a_refresh_without_any_price_leaves_the_book_to_grow_old() {
    let mut world = World::new();
    let before = world.book(SOL);
    world.advance(61);

    world.refresh_from(SOL, &[]).accepted();

    let after = world.book(SOL);
    assert_eq!(
        (after.price, after.publish_time),
        (before.price, before.publish_time)
    );
    assert_eq!(after.degraded, degraded::SHORTAGE);
    assert!(after.is_degraded(world.now()));
}

#[test]
fn an_update_signed_by_a_part_of_the_guardians_is_passed_over() {
    passed_over(Fault::NotVerified, |u| {
        u.verification = VerificationLevel::Partial { num_signatures: 12 };
    });
}

#[test]
fn a_price_is_good_for_its_maximum_age_and_not_a_second_longer() {
    taken(|u| u.publish_time += 1 - 10);
    let aged = |age: i64| {
        let mut world = World::new();
        world.advance(1_000);
        let mut update = world.update(SOL, 221.0, 0.1);
        update.publish_time -= age;
        let account = world.post(SOL, &update);
        let receipt = world.refresh(SOL, account).accepted();
        receipt.event::<PriceRefreshed>().faults[0]
    };
    assert_eq!((aged(60), aged(61)), (0, Fault::TooOld.code()));
}

#[test]
fn a_price_may_be_ahead_of_the_clock_by_the_allowed_skew_only() {
    taken(|u| u.publish_time += 120);
    passed_over(Fault::FromFuture, |u| u.publish_time += 121);
    passed_over(Fault::FromFuture, |u| u.publish_time = i64::MAX);
}

#[test]
fn time_never_runs_backwards() {
    passed_over(Fault::NotNewer, |u| u.publish_time -= 10);
    passed_over(Fault::NotNewer, |u| u.publish_time -= 20);
}

#[test]
fn a_senseless_price_is_passed_over() {
    for price in [0, -1, i64::MIN] {
        passed_over(Fault::OutOfRange, |u| u.price = price);
    }
    // Below a millionth of a dollar it rounds to nothing.
    passed_over(Fault::OutOfRange, |u| (u.price, u.confidence) = (99, 0));
    taken(|u| (u.price, u.confidence) = (100, 0));
    // 2⁴⁴ micro-USD is the most a price can be.
    let most = (1i64 << 44) * 100;
    taken(|u| u.price = most);
    passed_over(Fault::OutOfRange, |u| u.price = most + 100);
    passed_over(Fault::OutOfRange, |u| {
        (u.price, u.exponent) = (i64::MAX, 12);
    });
    passed_over(Fault::OutOfRange, |u| u.exponent = i32::MIN);
    passed_over(Fault::OutOfRange, |u| u.exponent = i32::MAX);
}

#[test]
fn an_uncertain_price_counts_and_is_in_doubt() {
    // 2 % of 221 USD.
    taken(|u| u.confidence = 442_000_000);
    for confidence in [442_000_100, u64::MAX] {
        let (world, receipt) = refresh_with(|u| u.confidence = confidence);
        let faults = receipt.event::<PriceRefreshed>().faults;
        assert_eq!(Fault::from_code(faults[0]), Some(Fault::TooUncertain));
        let book = world.book(SOL);
        assert_eq!((book.price, book.degraded), (221_000_000, degraded::WIDE));
        // As wide as it says, and no wider than the price itself.
        assert_eq!(book.confidence, (confidence / 100).min(221_000_000));
    }
}

#[test]
fn the_book_must_belong_to_the_engine() {
    let mut world = World::new();
    world.advance(1);
    let price = world.post_price(SOL, 221.0, 0.1);

    // A market is an account of another program.
    let ix = instruction::risk::refresh(world.market_address(SOL), &[price]);
    world
        .send(&[ix], &[&admin()])
        .refused(ErrorCode::AccountOwnedByWrongProgram);
    // The scenario set is another account of this one.
    let ix = instruction::risk::refresh(world.scenario_set, &[price]);
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
    let mut ix = instruction::risk::refresh(world.book_address(SOL), &[price]);
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
