//! Which block trades are cleared.

use {
    anchor_lang::error::ErrorCode,
    cep_risk::units::{MAX_PRICE, MAX_QUANTITY},
    cep_sdk::{
        instruction,
        programs::margin_pool::{Leg, error::MarginPoolError},
    },
    cep_tests::{BTC, ETH, Outcome, Receipt, Refusal, SOL, Setup, Trader, World, actions::leg},
    solana_sdk::instruction::Instruction,
};

/// Two rich traders.
fn market() -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 1_000_000.0);
    let bob = world.trader("bob", 1_000_000.0);
    (world, alice, bob)
}

fn trade(legs: &[Leg]) -> Result<Receipt, Refusal> {
    let (mut world, alice, bob) = market();
    world.trade(&alice, &bob, legs)
}

/// One BTC between alice and bob, the instruction spoilt by the test.
fn trade_with(spoil: impl FnOnce(&World, &mut Instruction)) -> Result<Receipt, Refusal> {
    let (mut world, alice, bob) = market();
    let books = [world.book_address(BTC)];
    let legs = vec![leg(BTC, 1.0, 120_000.0)];
    let mut ix = instruction::pool::trade_block(alice.pair(), bob.pair(), legs, &books);
    spoil(&world, &mut ix);
    world.send(&[ix], &[&alice.key, &bob.key])
}

#[test]
fn a_trade_has_one_to_eight_legs_of_some_size() {
    let one = leg(BTC, 0.01, 120_000.0);
    trade(&[]).refused(MarginPoolError::BadLegs);
    trade(&[one; 9]).refused(MarginPoolError::BadLegs);
    trade(&[Leg { quantity: 0, ..one }]).refused(MarginPoolError::BadLegs);
    trade(&[one; 8]).accepted();
}

#[test]
fn prices_stay_inside_the_band_around_the_mark() {
    for edge in [114_000.0, 126_000.0] {
        trade(&[leg(BTC, 0.1, edge)]).accepted();
    }
    for beyond in [113_999.999_999, 126_000.000_001] {
        trade(&[leg(BTC, 0.1, beyond)]).refused(MarginPoolError::PriceOutsideBand);
    }
    for senseless in [0, MAX_PRICE + 1, u64::MAX] {
        let leg = Leg {
            price: senseless,
            ..leg(BTC, 0.1, 1.0)
        };
        trade(&[leg]).refused(MarginPoolError::PriceOutsideBand);
    }
}

#[test]
fn one_bad_leg_refuses_the_whole_trade() {
    let legs = [leg(BTC, 0.1, 120_000.0), leg(ETH, 1.0, 9_000.0)];
    trade(&legs).refused(MarginPoolError::PriceOutsideBand);
}

#[test]
fn both_sides_sign() {
    for side in [3, 4] {
        let (mut world, alice, bob) = market();
        let books = [world.book_address(BTC)];
        let legs = vec![leg(BTC, 1.0, 120_000.0)];
        let mut ix = instruction::pool::trade_block(alice.pair(), bob.pair(), legs, &books);
        ix.accounts[side].is_signer = false;
        let present = if side == 3 { &bob } else { &alice };

        world
            .send(&[ix], &[&present.key])
            .refused(ErrorCode::AccountNotSigner);
    }
}

#[test]
fn a_signature_covers_ones_own_account_only() {
    for (side, owner) in [(1, 4), (2, 3)] {
        // Bob signs for alice's account, or alice for bob's.
        let spoil = |_: &World, ix: &mut Instruction| {
            ix.accounts[side + 2].pubkey = ix.accounts[owner].pubkey;
        };
        let (mut world, alice, bob) = market();
        let books = [world.book_address(BTC)];
        let legs = vec![leg(BTC, 1.0, 120_000.0)];
        let mut ix = instruction::pool::trade_block(alice.pair(), bob.pair(), legs, &books);
        spoil(&world, &mut ix);
        let signer = if side == 1 { &bob } else { &alice };
        world
            .send(&[ix], &[&signer.key])
            .refused(MarginPoolError::NotAccountOwner);
    }
}

#[test]
fn an_account_does_not_trade_with_itself() {
    let (mut world, alice, _) = market();
    world
        .trade(&alice, &alice, &[leg(BTC, 1.0, 120_000.0)])
        .refused(MarginPoolError::SameAccount);
}

#[test]
fn open_interest_is_limited_and_reducing_goes_on_at_the_limit() {
    let mut setup = Setup::standard();
    setup.parameters.underlyings[0].open_interest_limit = 2_000_000;
    let mut world = World::ready(&setup);
    let (alice, bob) = (
        world.trader("alice", 1_000_000.0),
        world.trader("bob", 1_000_000.0),
    );
    let carol = world.trader("carol", 1_000_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 2.0).accepted();

    world
        .trade_at_mark(&alice, &bob, BTC, 0.000_001)
        .refused(MarginPoolError::OpenInterestLimit);
    // A position that changes hands opens none.
    world.trade_at_mark(&carol, &alice, BTC, 1.0).accepted();
    world.trade_at_mark(&bob, &carol, BTC, 1.0).accepted();
    assert_eq!(world.market(BTC).open_long, 1_000_000);
}

#[test]
fn a_position_beyond_what_one_account_may_hold_is_refused() {
    let huge = |quantity| Leg {
        quantity,
        ..leg(SOL, 1.0, 220.0)
    };
    trade(&[huge(MAX_QUANTITY + 1)]).refused(MarginPoolError::PositionTooLarge);
    trade(&[huge(-MAX_QUANTITY - 1)]).refused(MarginPoolError::PositionTooLarge);
    trade(&[huge(MAX_QUANTITY)]).refused(MarginPoolError::OpenInterestLimit);
    trade(&[huge(i64::MIN)]).refused(MarginPoolError::Overflow);
}

#[test]
fn new_risk_takes_a_fresh_price_of_its_own_underlying_only() {
    let (mut world, alice, bob) = market();
    world.trade_at_mark(&alice, &bob, ETH, 1.0).accepted();
    world.advance(62);
    world.set_price(BTC, 120_000.0);

    world
        .trade_at_mark(&alice, &bob, ETH, 1.0)
        .refused(MarginPoolError::PriceStale);
    // What they hold of ETH is charged in full, and BTC is traded.
    world.trade_at_mark(&alice, &bob, BTC, 0.1).accepted();
    // Less of ETH is always possible.
    world.trade_at_mark(&alice, &bob, ETH, -0.5).accepted();
}

#[test]
fn new_risk_waits_for_scenarios_that_cover_the_volatility_and_reducing_does_not() {
    let (mut world, alice, bob) = market();
    world.trade_at_mark(&alice, &bob, SOL, 100.0).accepted();
    world.advance(400);
    world.republish();
    world.set_price(SOL, 176.0);
    world.advance(400);
    world.republish();
    assert!(!world.book(SOL).scenarios_cover_volatility());

    world
        .trade_at_mark(&alice, &bob, SOL, 1.0)
        .refused(MarginPoolError::ScenariosOutdated);
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::ScenariosOutdated);
    // Without the fee nothing is paid away: see `margin.rs` for what that means below the margin.
    let mut free = Setup::standard();
    free.parameters.pool.block_fee = 0;
    world.refresh_scenarios(SOL).accepted();
    world.trade_at_mark(&alice, &bob, SOL, 1.0).accepted();
}

#[test]
fn risk_books_of_different_sets_do_not_mix() {
    let (mut world, alice, bob) = market();
    world.install_scenarios(&Setup::standard().set, "second set");
    world.refresh_scenarios(BTC).accepted();
    let legs = [leg(BTC, 0.1, 120_000.0), leg(ETH, 1.0, 4_300.0)];

    world
        .trade(&alice, &bob, &legs)
        .refused(MarginPoolError::MixedScenarioSets);
    world.refresh_scenarios(ETH).accepted();
    world.trade(&alice, &bob, &legs).accepted();
}

#[test]
fn an_unknown_underlying_is_refused() {
    trade_with(|_, ix| {
        // First byte of the first leg: discriminator and vector length come before.
        ix.data[12] = 3;
    })
    .refused(MarginPoolError::RiskAccountsMissing);
}

#[test]
fn an_under_margined_trade_is_refused_whichever_side_lacks() {
    for (a, b) in [(1_000.0, 100_000.0), (100_000.0, 1_000.0)] {
        let mut world = World::new();
        let (alice, bob) = (world.trader("alice", a), world.trader("bob", b));
        world
            .trade_at_mark(&alice, &bob, BTC, 1.0)
            .refused(MarginPoolError::BelowInitialMargin);
    }
}
