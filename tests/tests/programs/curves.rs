//! The curve crank: what it builds, when, and that it keeps a whole chain fresh.

use {
    cep_risk::{
        Price,
        black76::{OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms, NODES, Stale},
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
fn curves_wait_for_a_price_that_holds_and_for_no_other_doubt() {
    let mut world = chain(1, 1);
    let address = world.book_address(BTC);
    for moving in [degraded::DISAGREEMENT, degraded::STEP_LIMITED] {
        world.forge::<RiskBook>(&address, |b| b.degraded = moving);
        world
            .refresh_curves(BTC, 0, 2)
            .refused(RiskEngineError::PriceInDoubt);
    }
    world.forge::<RiskBook>(&address, |b| {
        b.degraded = degraded::SHORTAGE | degraded::PAUSED;
    });
    world.refresh_curves(BTC, 0, 2).accepted();
    assert_eq!(world.book(BTC).instruments[0].built_at, world.now());
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
fn a_stale_curve_says_why() {
    let mut world = chain(1, 1);
    let why = |world: &World| {
        let book = world.book(BTC);
        book.instruments[0].curve_stale(&book.header, world.now())
    };
    assert_eq!(why(&world), Some(Stale::Old), "never built");
    world.crank_curves(BTC, 2);
    assert_eq!(why(&world), None);
    world.set_price(BTC, 126_000.0);
    assert_eq!(why(&world), None, "5 % and no further");
    world.set_price(BTC, 126_001.0);
    assert_eq!(why(&world), Some(Stale::SpotLeftBand));
    world.set_price(BTC, 120_000.0);
    world.set_volatility(0.551);
    assert_eq!(why(&world), Some(Stale::VolatilityMoved));
    world.set_volatility(0.5);
    world.advance(3_600);
    assert_eq!(why(&world), Some(Stale::Old));
}

#[test]
fn an_expired_option_is_worth_its_payoff_until_it_is_settled() {
    let mut world = chain(1, 1);
    let expiry = world.book(BTC).instruments[0].expiry;
    world.advance(expiry - world.now() - 10);
    world.set_price(BTC, 120_000.0);
    world.crank_curves(BTC, 2);
    world.advance(10);
    world.set_price(BTC, 120_000.0);

    let (_, built) = world.crank_curves(BTC, 2);

    assert_eq!(built, 2, "though the curves are seconds old");
    let book = world.book(BTC);
    let spot = Price::new(book.price).unwrap();
    let worth = |slot: usize| book.instruments[slot].curve().unwrap().value(spot);
    // 119,000 strike; values round up to units of the curve.
    assert!(
        (1_000_000_000..1_000_002_000).contains(&worth(0)),
        "{}",
        worth(0)
    );
    assert_eq!(worth(1), 0);
}

#[test]
fn no_fall_leaves_a_put_behind_whose_curve_would_hold_up_the_others() {
    let mut world = chain(2, 1);
    world.extend_book(BTC, 1);
    let expiry = world.book(BTC).instruments[0].expiry;
    world.list(BTC, Put, expiry, 480_000.0);
    world.crank_curves(BTC, 8);

    for price in [60_000.0, 33_000.0, 25_000.0, 20_000.0] {
        world.set_price(BTC, price);
        let (_, built) = world.crank_curves(BTC, 8);
        // Nothing is skipped: the crank checks.
        assert!(built == 5 || price < 32_000.0, "{price}");
        let book = world.book(BTC);
        // A fifteenth of the highest put at least.
        assert_eq!(book.centre, (price * 1e6).max(32_000e6) as u64);
        assert!(book.instruments.iter().all(|i| i.centre == book.centre));
    }
    let (book, now) = (world.book(BTC), world.now());
    let built_at = book.instruments[4].built_at;
    assert_eq!(
        book.instruments[4].curve_stale(&book.header, now),
        Some(Stale::SpotLeftBand)
    );
    world.advance(1_801);
    world.set_price(BTC, 20_000.0);
    world.crank_curves(BTC, 8);
    let (book, now) = (world.book(BTC), world.now());
    assert!(book.instruments[4].built_at > built_at);
    for it in &book.instruments {
        assert!(it.values == native(&book, it, now), "instrument {}", it.id);
    }
}

#[test]
fn a_put_out_of_reach_waits_and_its_call_is_built_alone() {
    let mut world = chain(2, 1);
    world.extend_book(BTC, 2);
    world.crank_curves(BTC, 4);
    // The centre is on its way to 150,000 when the price is ten times that.
    world.set_price(BTC, 150_000.0);
    world.refresh_curves(BTC, 0, 2).accepted();
    // In three steps, as fast as the breaker of these worlds lets it.
    for price in [300_000.0, 600_000.0, 1_200_000.0] {
        world.set_price(BTC, price);
    }
    let expiry = world.book(BTC).instruments[0].expiry;
    world.list(BTC, Call, expiry, 4_800_000.0);
    world.list(BTC, Put, expiry, 4_800_000.0);

    let receipt = world.refresh_curves(BTC, 2, 100).accepted();

    let event = receipt.event::<CurvesRefreshed>();
    assert_eq!((event.built, event.skipped), (3, 1));
    let (book, now) = (world.book(BTC), world.now());
    let call = &book.instruments[4];
    assert!(call.values == native(&book, call, now));
    assert_eq!(book.instruments[5].built_at, 0);
    assert_eq!(world.crank_curves(BTC, 100), (1, 6));
    assert_eq!(world.book(BTC).centre, 1_200_000_000_000);
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
