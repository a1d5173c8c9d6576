//! The curve crank: what it builds, when, and that it keeps a whole chain fresh.

use {
    cep_risk::{
        Price,
        black76::{OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms, NODES},
        smile::{Smile, forward, forward_ratio},
    },
    cep_sdk::{
        book::Book,
        programs::risk_engine::{
            curves::is_due,
            error::RiskEngineError,
            events::CurvesRefreshed,
            state::{Instrument, InstrumentKind, RiskBook, degraded},
        },
    },
    cep_tests::{
        BTC, Outcome, World,
        options::{self, chain},
    },
    std::collections::BTreeSet,
};

use InstrumentKind::{Call, Put};

fn native(book: &Book, it: &Instrument, now: i64) -> [u32; NODES] {
    let expiry = &book.expiries[usize::from(it.expiry_slot)];
    let seconds = it.seconds(now);
    let (spot, strike) = (
        Price::new(book.price).unwrap(),
        Price::new(it.strike).unwrap(),
    );
    let ratio = forward_ratio(expiry.basis, seconds).unwrap();
    let smile = Smile {
        atm: expiry.atm,
        skew: expiry.skew,
        curvature: expiry.curvature,
    };
    let kind = if it.kind == Put.code() {
        OptionKind::Put
    } else {
        OptionKind::Call
    };
    let terms = CurveTerms {
        terms: Terms { kind, strike },
        seconds,
        volatility: smile
            .volatility(forward(spot, ratio).unwrap(), strike, seconds)
            .unwrap(),
        rate: 0,
        forward_ratio: ratio,
        response: 1_000_000,
    };
    let mut values = [0; NODES];
    let centre = Price::new(it.centre).unwrap();
    CurveBuilder::new(terms, centre)
        .unwrap()
        .fill(&mut values)
        .unwrap();
    values
}

#[test]
fn curves_on_chain_are_the_librarys_bit_for_bit() {
    let mut world = chain(6, 3);
    let address = world.book_address(BTC);
    world.forge::<RiskBook>(&address, |b| {
        for e in &mut b.expiries {
            (e.skew, e.curvature, e.basis) = (-80_000, 60_000, 50_000);
        }
    });
    world.crank_curves(BTC, 16);
    let (book, now) = (world.book(BTC), world.now());
    assert_eq!(book.instruments.len(), 12);
    for it in &book.instruments {
        assert!(it.values == native(&book, it, now), "instrument {}", it.id);
    }
}

#[test]
fn the_crank_stops_where_it_is_told_and_goes_on_from_there() {
    let mut world = chain(6, 3);
    let first = world.refresh_curves(BTC, 0, 5).accepted();
    let event = first.event::<CurvesRefreshed>();
    // A pair is never split.
    assert_eq!((event.built, event.next), (6, 6));
    let second = world.refresh_curves(BTC, event.next, 100).accepted();
    let event = second.event::<CurvesRefreshed>();
    assert_eq!((event.built, event.next), (6, 12));
    let again = world.refresh_curves(BTC, 0, 100).accepted();
    let event = again.event::<CurvesRefreshed>();
    assert_eq!((event.built, event.next), (0, 12), "nothing is due twice");
}

#[test]
fn a_curve_is_due_for_age_volatility_and_surface_at_half_of_what_makes_it_stale() {
    let mut world = chain(1, 1);
    world.crank_curves(BTC, 2);
    let due = |world: &World| {
        let book = world.book(BTC);
        is_due(&book.header, &book.instruments[0], world.now())
    };
    assert!(!due(&world));
    world.set_volatility(0.52);
    assert!(!due(&world), "4 % of 10 %");
    world.set_volatility(0.53);
    assert!(due(&world));
    world.set_price(BTC, 120_000.0);
    world.crank_curves(BTC, 2);
    world.advance(1_800);
    assert!(!due(&world));
    world.advance(1);
    assert!(due(&world));
    world.set_price(BTC, 120_000.0);
    world.crank_curves(BTC, 2);
    let address = world.book_address(BTC);
    world.forge::<RiskBook>(&address, |b| b.expiries[0].skew += 1);
    assert!(due(&world));
}

#[test]
fn curves_wait_for_a_price_that_holds() {
    let mut world = chain(1, 1);
    let address = world.book_address(BTC);
    world.forge::<RiskBook>(&address, |b| b.degraded = degraded::DISAGREEMENT);
    world
        .refresh_curves(BTC, 0, 2)
        .refused(RiskEngineError::PriceInDoubt);
    world.forge::<RiskBook>(&address, |b| b.degraded = 0);
    world.advance(61);
    world
        .refresh_curves(BTC, 0, 2)
        .refused(RiskEngineError::PriceInDoubt);
}

#[test]
fn curves_of_at_most_two_centres_live_however_fast_the_market_is() {
    let mut world = chain(6, 3);
    world.crank_curves(BTC, 16);
    let mut price = 120_000.0;
    let mut seen = BTreeSet::new();
    let mut from = 0;
    for step in 0..40 {
        price *= if step % 3 == 0 { 0.96 } else { 1.01 };
        world.set_price(BTC, price);
        let receipt = world.refresh_curves(BTC, from, 2).accepted();
        from = receipt.event::<CurvesRefreshed>().next % 12;
        let book = world.book(BTC);
        let centres: BTreeSet<u64> = book.instruments.iter().map(|i| i.centre).collect();
        assert!(centres.len() <= 2, "{centres:?}");
        seen.extend(centres);
    }
    assert!(seen.len() > 3, "the centre follows: {seen:?}");
}

#[test]
fn an_option_without_a_volatility_is_passed_over() {
    let mut world = options::world(2);
    let expiry = world.expiry_in(7);
    world.list(BTC, Call, expiry, 120_000.0);
    world.set_price(BTC, 120_000.0);
    let receipt = world.refresh_curves(BTC, 0, 2).accepted();
    let event = receipt.event::<CurvesRefreshed>();
    assert_eq!((event.built, event.skipped), (0, 1));
}

#[test]
fn the_crank_keeps_256_series_fresh_and_a_tick_touches_none() {
    let mut world = chain(128, 4);
    let (transactions, built) = world.crank_curves(BTC, 16);
    assert_eq!(built, 256);
    println!("a full round of 256 curves takes {transactions} transactions");
    let start = world.now();
    let mut rounds = (0, 0);
    let mut tick = 0;
    while world.now() < start + 3_600 {
        world.advance(29);
        // Within 2 % of the centre: a quiet hour.
        let price = 120_000.0 + 1_200.0 * f64::from(tick % 3 - 1);
        let before = world.book(BTC).instruments;
        world.set_price(BTC, price);
        assert!(
            world.book(BTC).instruments == before,
            "a tick touched a curve"
        );
        tick += 1;
        let book = world.book(BTC);
        let now = world.now();
        if book
            .instruments
            .iter()
            .any(|i| is_due(&book.header, i, now))
        {
            let (transactions, built) = world.crank_curves(BTC, 16);
            rounds = (rounds.0 + transactions, rounds.1 + built);
        }
        let now = world.now();
        let oldest = world
            .book(BTC)
            .instruments
            .iter()
            .map(|i| now - i.built_at)
            .max();
        assert!(
            oldest.unwrap() <= 1_860,
            "no curve comes near its age limit"
        );
    }
    println!(
        "a quiet hour takes {} transactions for {} curves",
        rounds.0, rounds.1
    );
    assert!(rounds.1 >= 256);
}
