//! A late chain clock, an unsure oracle and a book nobody refreshes are three things, and none of them is a dead oracle.

use {
    cep_migrations::parameters::pyth,
    cep_sdk::programs::{
        liquidation::error::LiquidationError,
        margin_pool::error::MarginPoolError,
        risk_engine::{
            error::RiskEngineError,
            events::{PriceRefreshed, SilenceAnnounced},
            oracle::Fault,
            state::{Change, PriceState, SourceArgs, degraded},
        },
    },
    cep_tests::{BTC, ETH, Outcome, SOL, Setup, Trader, World, actions::ALL},
};

/// Long 200 SOL at 220 with 12,000 USD, against somebody with plenty; and a liquidator.
fn cast() -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", 12_000.0);
    let bob = world.trader("bob", 500_000.0);
    let keeper = world.trader("keeper", 500_000.0);
    world.republish();
    world.trade_at_mark(&alice, &bob, SOL, 200.0).accepted();
    (world, alice, keeper)
}

/// A print of SOL that is dated `ahead` seconds ahead of the chain's clock and `wide` of the price wide.
fn print(world: &mut World, price: f64, wide: f64, ahead: i64) -> PriceRefreshed {
    let mut update = world.update(SOL, price, price * wide);
    update.publish_time += ahead;
    let at = world.post(SOL, &update);
    world.refresh(SOL, at).accepted().event()
}

#[test]
fn b7_a_late_chain_clock_leaves_a_live_oracle_alive() {
    for late in [6, 60, 120] {
        let (mut world, alice, keeper) = cast();
        let sure = world.book(SOL).confidence;
        // Seven minutes of the chain's time, in which the oracle says something new every half minute.
        for half_minute in 0..14 {
            world.advance(30);
            let price = 220.0 + f64::from(half_minute % 2);
            let event = print(&mut world, price, 0.0005, late);
            assert_eq!((event.faults[0], event.degraded), (0, 0), "{late} s late");
            assert_eq!(event.price, (price * 1e6) as u64);
        }
        let book = world.book(SOL);
        assert_eq!(book.price_state(world.now()), PriceState::Fresh);
        // How old the print is nobody knows from such a clock: that is charged, in initial margin.
        assert!(book.confidence > sure + sure / 10, "{late} s late");
        assert!(
            book.publish_time <= world.now(),
            "and it serves no longer for it"
        );
        // Nobody announces a silence, and the healthy account stays where it is.
        world
            .announce_silence(SOL)
            .refused(RiskEngineError::BookNotSilent);
        world
            .open(&alice, &keeper)
            .refused(LiquidationError::AccountHealthy);
    }
    let (mut world, ..) = cast();
    let event = print(&mut world, 221.0, 0.0005, 121);
    assert_eq!(Fault::from_code(event.faults[0]), Some(Fault::FromFuture));
}

#[test]
fn b7_an_oracle_that_is_unsure_for_minutes_shows_who_is_insolvent() {
    let (mut world, alice, keeper) = cast();
    // For six minutes SOL trades around 150, and the oracle is 5 % unsure where 2 % are believed.
    for _ in 0..12 {
        world.advance(30);
        let event = print(&mut world, 150.0, 0.05, 0);
        assert_eq!(Fault::from_code(event.faults[0]), Some(Fault::TooUncertain));
        assert_eq!(event.degraded, degraded::WIDE);
    }
    let (book, now) = (world.book(SOL), world.now());
    assert_eq!(book.price_state(now), PriceState::Uncertain);
    assert_eq!(book.price, 150_000_000, "its value counts");
    assert!(world.health(&alice).maintenance.equity < 0);
    world.open(&alice, &keeper).accepted();
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    // But nobody takes new risk at it.
    let carol = world.trader("carol", 500_000.0);
    world
        .trade_at_mark(&carol, &keeper, SOL, 1.0)
        .refused(MarginPoolError::NewRiskInDoubt);
}

#[test]
fn b7_a_silence_serves_liquidation_only_once_announced_and_waited_out() {
    let (mut world, alice, keeper) = cast();
    // The last price that anybody folded in would liquidate; the true one is back at 220.
    world.set_price(SOL, 176.0);
    let last = world.now();
    world.advance(299);
    world
        .open(&alice, &keeper)
        .refused(MarginPoolError::PriceSilent);
    world
        .announce_silence(SOL)
        .refused(RiskEngineError::BookNotSilent);
    world.advance(1);
    let event = world
        .announce_silence(SOL)
        .accepted()
        .event::<SilenceAnnounced>();
    assert_eq!((event.publish_time, event.serves_from), (last, last + 420));
    world.advance(119);
    // To announce it again puts nothing off.
    world
        .announce_silence(SOL)
        .refused(RiskEngineError::SilenceAnnounced);
    world
        .open(&alice, &keeper)
        .refused(MarginPoolError::PriceSilent);

    // Anyone's refresh within the delay withdraws the announcement, and the healthy account is healthy.
    let mut spoken = world.clone();
    spoken.set_price(SOL, 220.0);
    assert_eq!(spoken.book(SOL).silent_from, 0);
    spoken
        .open(&alice, &keeper)
        .refused(LiquidationError::AccountHealthy);

    // Of a truly silent oracle the last word serves.
    world.advance(1);
    assert_eq!(
        world.book(SOL).price_state(world.now()),
        PriceState::Announced
    );
    world.open(&alice, &keeper).accepted();
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    // And of the others nothing was announced.
    assert_eq!(
        (world.book(BTC).silent_from, world.book(ETH).silent_from),
        (0, 0)
    );
}

#[test]
fn b7_a_price_that_never_was_is_no_silence() {
    let mut world = World::bare(&Setup::standard());
    world.initialise();
    world
        .announce_silence(SOL)
        .refused(RiskEngineError::BookNotPriced);
}

#[test]
fn b7_the_slot_of_posting_is_no_evidence_of_age() {
    let mut world = World::new();
    let by_slots = SourceArgs {
        max_slots: 150,
        ..pyth([9; 32])
    };
    let change = Change::Sources {
        book: world.book_address(SOL),
        sources: vec![by_slots],
        min_sources: 1,
    };
    world
        .enact(change)
        .refused(RiskEngineError::ParameterOutOfRange);
}
