//! The life of an instrument: listed, trading, settling, settled, closed; and its expiry's surface.

use {
    cep_sdk::{
        address,
        instruction::instruments::{
            close_instrument, open_instrument, post_surface, settle_expiry,
        },
        programs::risk_engine::{
            SurfaceArgs,
            error::RiskEngineError,
            events::{ExpirySettled, SurfacePosted},
            state::{InstrumentKind, InstrumentState, RiskBook, RiskConfig, Settlement},
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, World, bare::endow, keypair, options, world::admin,
    },
    solana_sdk::signature::{Keypair, Signer},
};

use InstrumentKind::{Call, Future, Perpetual, Put};

const DAY: i64 = 86_400;

fn open(world: &mut World, (slot, id): (u16, u64)) -> Result<Receipt, Refusal> {
    let ix = open_instrument(admin().pubkey(), world.book_address(BTC), slot, id);
    world.send(&[ix], &[&admin()])
}

fn settle(world: &mut World, expiry: i64) -> Result<Receipt, Refusal> {
    let ix = settle_expiry(admin().pubkey(), world.book_address(BTC), expiry);
    world.send(&[ix], &[&admin()])
}

fn close(world: &mut World, (slot, id): (u16, u64)) -> Result<Receipt, Refusal> {
    let ix = close_instrument(world.book_address(BTC), slot, id);
    world.send(&[ix], &[&admin()])
}

/// Prices every half minute until `until`.
fn walk(world: &mut World, until: i64, price: impl Fn(i64) -> f64) {
    while world.now() < until {
        let step = (until - world.now()).min(30);
        world.advance(step - 1);
        let at = world.now() + 1;
        world.set_price(BTC, price(at));
    }
}

#[test]
fn listing_keeps_its_bounds() {
    let mut world = options::world(4);
    let expiry = world.expiry_in(7);
    for (kind, at, strike) in [
        (Call, expiry + 1, 120_000.0),
        (Call, world.now() - world.now() % 3_600, 120_000.0),
        (Call, world.expiry_in(3 * 365), 120_000.0),
        (Call, expiry, 11_999.0),
        (Call, expiry, 1_200_001.0),
        (Put, expiry, 0.0),
        (Put, expiry, 480_001.0),
        (Future, expiry, 1.0),
        (Future, 0, 0.0),
        (Perpetual, expiry, 0.0),
    ] {
        world
            .try_list(BTC, kind, at, strike)
            .refused(RiskEngineError::BadInstrument);
    }
    world.list(BTC, Perpetual, 0, 0.0);
    world.list(BTC, Future, expiry, 0.0);
    world.list(BTC, Call, expiry, 120_000.0);
    world
        .try_list(BTC, Call, expiry, 120_000.0)
        .refused(RiskEngineError::DuplicateInstrument);
    world.list(BTC, Put, expiry, 120_000.0);
    world
        .try_list(BTC, Put, expiry, 130_000.0)
        .refused(RiskEngineError::NoFreeSlot);
    let book = world.book(BTC);
    assert_eq!(
        book.expiries[0].instruments, 3,
        "the perpetual has no expiry"
    );
    assert_eq!(book.next_instrument, 5);
}

#[test]
fn a_book_follows_twelve_expiries() {
    let mut world = options::world(13);
    for day in 1..=12 {
        let expiry = world.expiry_in(day);
        world.list(BTC, Future, expiry, 0.0);
    }
    let expiry = world.expiry_in(13);
    world
        .try_list(BTC, Future, expiry, 0.0)
        .refused(RiskEngineError::NoFreeExpiry);
}

#[test]
fn a_book_grows_by_whole_slots_and_to_its_limit_only() {
    let mut world = World::new();
    let extend = |world: &mut World, slots| {
        let (me, book) = (admin().pubkey(), world.book_address(BTC));
        let ix = cep_sdk::instruction::risk::extend_book(me, me, book, slots);
        world.send(&[ix], &[&admin()])
    };
    extend(&mut world, 0).refused(RiskEngineError::TooManyInstruments);
    extend(&mut world, 13).refused(RiskEngineError::TooManyInstruments);
    world.extend_book(BTC, 320);
    assert_eq!(world.book(BTC).instruments.len(), 320);
    extend(&mut world, 1).refused(RiskEngineError::TooManyInstruments);
}

#[test]
fn an_option_trades_once_it_has_a_curve() {
    let mut world = options::world(2);
    let expiry = world.expiry_in(7);
    let call = world.list(BTC, Call, expiry, 120_000.0);
    open(&mut world, call).refused(RiskEngineError::CurveMissing);
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.refresh_curves(BTC, 0, 2).accepted();
    open(&mut world, (call.0, call.1 + 1)).refused(RiskEngineError::UnknownInstrument);
    open(&mut world, (call.0 + 1, call.1)).refused(RiskEngineError::UnknownInstrument);
    open(&mut world, call).refused(RiskEngineError::SurfaceMissing);
    world.publish_surfaces(BTC);
    open(&mut world, call).accepted();
    open(&mut world, call).refused(RiskEngineError::WrongInstrumentState);
    assert!(world.book(BTC).instruments[0].is_trading(world.now()));
}

#[test]
fn a_slot_is_used_again_and_an_id_never_means_two_things() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(1);
    let first = world.list(BTC, Future, expiry, 0.0);
    close(&mut world, first).refused(RiskEngineError::WrongInstrumentState);
    walk(&mut world, expiry + 30, |_| 121_000.0);
    settle(&mut world, expiry).accepted();
    close(&mut world, first).refused(RiskEngineError::ClosingTooEarly);
    world.advance(7 * DAY);
    close(&mut world, first).accepted();
    assert_eq!(
        world.book(BTC).expiries[0].expiry,
        0,
        "and so is its expiry"
    );

    let next = world.expiry_in(1);
    world.set_price(BTC, 121_000.0);
    let second = world.list(BTC, Future, next, 0.0);
    assert_eq!((second.0, second.1), (first.0, first.1 + 1));
    open(&mut world, first).refused(RiskEngineError::UnknownInstrument);
    // What the first one settled at stays known.
    let at = address::settlement(&world.book_address(BTC), expiry);
    assert_eq!(world.read::<Settlement>(&at).price, 121_000_000_000);
}

#[test]
fn an_expiry_settles_to_the_average_of_its_last_half_hour() {
    let mut world = options::world(2);
    let expiry = world.expiry_in(1);
    world.list(BTC, Future, expiry, 0.0);
    settle(&mut world, expiry).refused(RiskEngineError::SettlementPending);
    settle(&mut world, expiry + 3_600).refused(RiskEngineError::UnknownExpiry);
    // 119,000 for the first half of the window, 121,000 for the second; anything before and after it.
    walk(&mut world, expiry + 60, |at| match expiry - at {
        1_801.. => 90_000.0,
        901.. => 119_000.0,
        0.. => 121_000.0,
        _ => 200_000.0,
    });

    let event = settle(&mut world, expiry)
        .accepted()
        .event::<ExpirySettled>();

    assert_eq!(event.how, 1);
    let off = (event.price as f64 / 1e6 - 120_000.0).abs();
    // Prices stand until the next, half a minute later at most.
    assert!(off < 2_000.0 * 60.0 / 1_800.0, "{}", event.price);
    let book = world.book(BTC);
    assert_eq!(book.expiries[0].settlement_price, event.price);
    assert_eq!(book.instruments[0].state, InstrumentState::Settled as u8);
    let at = address::settlement(&world.book_address(BTC), expiry);
    let settlement = world.read::<Settlement>(&at);
    assert_eq!((settlement.price, settlement.expiry), (event.price, expiry));
    // For good: the account exists.
    settle(&mut world, expiry).refused_with_code(0);
}

#[test]
fn an_oracle_down_before_expiry_makes_the_average_go_on_after_it() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(1);
    world.list(BTC, Future, expiry, 0.0);
    walk(&mut world, expiry - 1_500, |_| 120_000.0);
    world.advance(1_560);
    world.set_price(BTC, 100_000.0);
    settle(&mut world, expiry).refused(RiskEngineError::SettlementPending);
    walk(&mut world, expiry + 1_300, |_| 100_000.0);
    settle(&mut world, expiry).refused(RiskEngineError::SettlementPending);
    walk(&mut world, expiry + 1_700, |_| 100_000.0);

    let event = settle(&mut world, expiry)
        .accepted()
        .event::<ExpirySettled>();

    assert_eq!(event.how, 2);
    assert!((100_000_000_000..110_000_000_000).contains(&event.price));
}

#[test]
fn an_oracle_that_stays_dead_leaves_its_last_price_after_a_day() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(1);
    world.list(BTC, Future, expiry, 0.0);
    world.set_price(BTC, 118_000.0);
    world.advance(expiry + DAY - 1 - world.now());
    settle(&mut world, expiry).refused(RiskEngineError::SettlementPending);
    world.advance(1);
    let event = settle(&mut world, expiry)
        .accepted()
        .event::<ExpirySettled>();
    assert_eq!((event.how, event.price), (3, 118_000_000_000));
}

#[test]
fn an_oracle_that_comes_back_too_late_changes_nothing_whoever_settles_first() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(1);
    world.list(BTC, Future, expiry, 0.0);
    world.set_price(BTC, 118_000.0);
    world.advance(expiry + DAY - world.now());
    world.set_price(BTC, 200_000.0);
    let event = settle(&mut world, expiry)
        .accepted()
        .event::<ExpirySettled>();
    assert_eq!((event.how, event.price), (3, 118_000_000_000));
}

/// Seats three publishers, of whom two make a quorum, without waiting for a proposal.
fn committee(world: &mut World) -> [Keypair; 3] {
    let keys = ["first", "second", "third"].map(|name| keypair(&format!("publisher {name}")));
    for key in &keys {
        endow(&mut world.svm, key.pubkey());
    }
    let seats = keys.each_ref().map(Signer::pubkey);
    world.forge::<RiskConfig>(&address::risk_config(), |config| {
        config.publishers[..3].copy_from_slice(&seats);
    });
    keys
}

fn post(
    world: &mut World,
    by: &Keypair,
    expiry: i64,
    (skew, curvature, basis): (i32, i32, i32),
) -> Result<Receipt, Refusal> {
    let args = SurfaceArgs {
        expiry,
        skew,
        curvature,
        basis,
    };
    let ix = post_surface(by.pubkey(), world.book_address(BTC), args);
    world.send(&[ix], &[by])
}

#[test]
fn a_surface_follows_the_median_of_a_quorum_step_by_step() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(30);
    let future = world.list(BTC, Future, expiry, 0.0);
    let [a, b, c] = committee(&mut world);

    let alone = post(&mut world, &a, expiry, (-50_000, 30_000, 40_000)).accepted();
    assert!(!alone.event::<SurfacePosted>().moved, "one is no quorum");
    post(&mut world, &b, expiry, (-90_000, 50_000, 60_000)).accepted();
    let in_force = |world: &World| {
        let e = world.book(BTC).expiries[0];
        (e.skew, e.curvature, e.basis)
    };
    // Of two the one nearer to what was in force, which was nothing.
    assert_eq!(in_force(&world), (-50_000, 30_000, 40_000));

    // Once something may be open in it: within the minute nothing moves; after it, by a step, toward the median of three.
    open(&mut world, future).accepted();
    post(&mut world, &c, expiry, (-95_000, 200_000, 40_500)).accepted();
    assert_eq!(in_force(&world), (-50_000, 30_000, 40_000));
    world.advance(60);
    post(&mut world, &c, expiry, (-95_000, 200_000, 40_500)).accepted();
    assert_eq!(in_force(&world), (-51_000, 31_000, 40_500));
}

#[test]
fn strangers_stale_postings_and_wild_figures_do_not_count() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(30);
    world.list(BTC, Future, expiry, 0.0);
    let [a, b, _] = committee(&mut world);
    let mallory = keypair("mallory");
    endow(&mut world.svm, mallory.pubkey());
    post(&mut world, &mallory, expiry, (0, 0, 0)).refused(RiskEngineError::NotPublisher);
    for wild in [
        (500_001, 0, 0),
        (-500_001, 0, 0),
        (0, -1, 0),
        (0, 250_001, 0),
        (0, 0, 500_001),
        (0, 0, -500_001),
    ] {
        post(&mut world, &a, expiry, wild).refused(RiskEngineError::SurfaceOutOfRange);
    }
    post(&mut world, &a, expiry + 3_600, (0, 0, 0)).refused(RiskEngineError::UnknownExpiry);

    post(&mut world, &a, expiry, (-10_000, 10_000, 0)).accepted();
    world.advance(86_401);
    let receipt = post(&mut world, &b, expiry, (-20_000, 10_000, 0)).accepted();
    assert!(
        !receipt.event::<SurfacePosted>().moved,
        "the first is too old"
    );
    // A seat that changed hands takes its word along.
    post(&mut world, &a, expiry, (-10_000, 10_000, 0)).accepted();
    assert_eq!(world.book(BTC).expiries[0].skew, -10_000);
    world.forge::<RiskConfig>(&address::risk_config(), |config| {
        config.publishers[0] = keypair("successor").pubkey();
    });
    world.advance(60);
    let receipt = post(&mut world, &b, expiry, (-90_000, 10_000, 0)).accepted();
    assert!(!receipt.event::<SurfacePosted>().moved);
}

#[test]
fn only_the_authority_lists_and_opens() {
    let mut world = options::world(1);
    let (expiry, mallory) = (world.expiry_in(7), keypair("mallory"));
    endow(&mut world.svm, mallory.pubkey());
    let book = world.book_address(BTC);
    let list = cep_sdk::instruction::instruments::list_instrument(
        mallory.pubkey(),
        book,
        Future,
        expiry,
        0,
    );
    world
        .send(&[list], &[&mallory])
        .refused(RiskEngineError::NotAuthority);
    let (slot, id) = world.list(BTC, Future, expiry, 0.0);
    let open = open_instrument(mallory.pubkey(), book, slot, id);
    world
        .send(&[open], &[&mallory])
        .refused(RiskEngineError::NotAuthority);
}

#[test]
fn a_price_in_doubt_does_not_settle() {
    let mut world = options::world(1);
    let expiry = world.expiry_in(1);
    world.list(BTC, Future, expiry, 0.0);
    walk(&mut world, expiry - 1_800, |_| 120_000.0);
    let book = world.book_address(BTC);
    // One source of two, all through the window.
    world.forge::<RiskBook>(&book, |b| b.min_sources = 2);
    walk(&mut world, expiry + 30, |_| 60_000.0);
    settle(&mut world, expiry).refused(RiskEngineError::SettlementPending);
}
