//! A2: an expiry settles at an average of half an hour, and was valued at the price of the moment until then.

use {
    cep_sdk::{
        instruction::instruments,
        programs::{
            liquidation::error::LiquidationError,
            margin_pool::error::MarginPoolError,
            risk_engine::{events::ExpirySettled, state::InstrumentKind},
        },
    },
    cep_tests::{
        BTC, Outcome, Setup, Trader, World,
        actions::leg,
        options::{self, CALL, FUTURE, PUT},
        world::admin,
    },
    solana_sdk::signature::Signer,
};

const USD: i64 = 1_000_000;
const STRIKE: f64 = 120_000.0;

/// The circuit breaker as shipped (the harness loosens it).
fn shipped(mut setup: Setup) -> Setup {
    setup.parameters.risk.step_burst = 50_000;
    setup.parameters.risk.step_rate = 2_000;
    setup
}

/// A call and a put at 120,000 and a future that expire in a day or two, open for trading.
fn chain(setup: &Setup) -> (World, i64) {
    let mut world = World::ready(setup);
    world.extend_book(BTC, 4);
    let expiry = world.expiry_in(1);
    world.list(BTC, InstrumentKind::Call, expiry, STRIKE);
    world.list(BTC, InstrumentKind::Put, expiry, STRIKE);
    world.list(BTC, InstrumentKind::Future, expiry, 0.0);
    world.set_volatility(0.5);
    world.set_price(BTC, STRIKE);
    world.crank_curves(BTC, 8);
    world.refresh_scenarios(BTC).accepted();
    world.open_all(BTC);
    (world, expiry)
}

/// Goes to some seconds before the expiry, at a price refreshed every half minute.
fn quiet(world: &mut World, expiry: i64, left: i64, price: f64) {
    let start = expiry - 1_830 - world.now();
    if start > 0 {
        world.advance(start);
    }
    while world.now() < expiry - left - 30 {
        world.set_price(BTC, price);
        world.advance(29);
    }
    world.advance(expiry - left - 1 - world.now());
    world.set_price(BTC, price);
}

/// Two hours before the expiry, everything current.
fn two_hours_before(world: &mut World, expiry: i64) {
    world.advance(expiry - 7_200 - world.now());
    world.set_volatility(0.5);
    world.set_price(BTC, STRIKE);
    world.crank_curves(BTC, 8);
    for underlying in world.underlyings() {
        world.refresh_scenarios(underlying).accepted();
    }
    world.republish();
}

fn settle(world: &mut World, expiry: i64) -> f64 {
    let book = world.book_address(BTC);
    let ix = instruments::settle_expiry(admin().pubkey(), book, expiry);
    let event = world
        .send(&[ix], &[&admin()])
        .accepted()
        .event::<ExpirySettled>();
    event.price as f64 / 1e6
}

fn equity(world: &World, who: &Trader) -> i64 {
    world.health(who).maintenance.equity
}

/// 100 futures against 100 perpetuals half a minute before the expiry, on both of an owner's accounts: 17,000 USD became
/// 295,931.
#[test]
fn a2_nothing_is_opened_in_an_expiry_whose_price_is_being_averaged() {
    let (mut world, expiry) = chain(&shipped(options::setup()));
    let (a, b) = (world.trader("a", 5_000.0), world.trader("b", 12_000.0));
    let (c, d) = (world.trader("c", 200_000.0), world.trader("d", 200_000.0));
    two_hours_before(&mut world, expiry);
    let one = |world: &World, q| world.dated_leg(BTC, FUTURE, q, world.mark(BTC, FUTURE));
    let legs = [one(&world, 1.0)];
    world.trade(&c, &d, &legs).accepted();
    // Its last second before the window, and its first within.
    quiet(&mut world, expiry, 1_801, STRIKE);
    let more = [one(&world, 0.1)];
    world.clone().trade(&c, &d, &more).accepted();
    quiet(&mut world, expiry, 1_800, STRIKE);
    world
        .trade(&c, &d, &more)
        .refused(MarginPoolError::ExpirySettling);

    quiet(&mut world, expiry, 31, STRIKE);
    world.set_price(BTC, 123_000.0);
    world.refresh_scenarios(BTC).accepted();
    let legs = [
        world.dated_leg(BTC, FUTURE, 100.0, world.mark(BTC, FUTURE)),
        leg(BTC, -100.0, 123_000.0),
    ];
    world
        .trade(&a, &b, &legs)
        .refused(MarginPoolError::ExpirySettling);
    // The index price is far outside the band by then: what the future will pay is all but known.
    let mark = world.mark(BTC, FUTURE);
    assert!((120_000.0..120_060.0).contains(&mark), "{mark}");
    let wild = [world.dated_leg(BTC, FUTURE, -0.4, 127_000.0)];
    world
        .trade(&c, &d, &wild)
        .refused(MarginPoolError::PriceOutsideBand);
    // What is open may shrink, and not turn around.
    let (less, beyond) = ([one(&world, -0.4)], [one(&world, -1.4)]);
    world
        .trade(&c, &d, &beyond)
        .refused(MarginPoolError::ExpirySettling);
    world.trade(&c, &d, &less).accepted();
}

/// What a future counts for passes from its forward into its settlement price: a second moves it by nothing, a price by the
/// part of the average that is still to come, and the settlement changes nobody's equity.
#[test]
fn a2_a_future_is_worth_its_expected_settlement_all_along() {
    let (mut world, expiry) = chain(&options::setup());
    let (a, b) = (world.trader("a", 400_000.0), world.trader("b", 400_000.0));
    two_hours_before(&mut world, expiry);
    let legs = [
        world.dated_leg(BTC, FUTURE, 1.0, STRIKE),
        leg(BTC, -1.0, STRIKE),
    ];
    world.trade(&a, &b, &legs).accepted();
    world.advance(expiry - 1_850 - world.now());
    world.set_price(BTC, STRIKE);
    let (mut sum, mut known, mut price) = (0.0, 0, STRIKE);
    let mut last = world.now();
    for step in 0.. {
        // Up and down by as much as 6 %; the price before stood until now.
        let next = STRIKE * (1.0 + 0.06 * f64::sin(f64::from(step) * 0.3));
        world.set_price(BTC, next);
        let stood = (world.now() - last.max(expiry - 1_800)).max(0);
        (known, sum) = (known + stood, sum + stood as f64 * price);
        price = next;
        let want = (sum + (1_800 - known) as f64 * price) / 1_800.0;
        let mark = world.mark(BTC, FUTURE);
        assert!((mark - want).abs() < 0.01, "{step}: {mark} {want}");
        last = world.now();
        if world.now() > expiry - 40 {
            break;
        }
        world.advance(29);
        let later = world.mark(BTC, FUTURE);
        assert!((later - mark).abs() < 0.01, "{later} {mark}");
    }
    let share = (expiry - world.now()) as f64 / 1_800.0;
    let mut naked = world.clone();
    // The swings have raised volatility.
    naked.refresh_scenarios(BTC).accepted();
    let exposed = naked.health(&a).initial;
    let alone = naked.trader("alone", 400_000.0);
    naked.trade(&alone, &b, &[leg(BTC, -1.0, price)]).accepted();
    let of_perpetual = naked.health(&alone).initial.expected_shortfall as f64;
    let ratio = exposed.expected_shortfall as f64 / of_perpetual;
    assert!((ratio - (1.0 - share)).abs() < 0.02, "{ratio} at {share}");

    world.advance(expiry - world.now());
    let before = [&a, &b].map(|t| equity(&world, t));
    let mark = world.mark(BTC, FUTURE);
    let price = settle(&mut world, expiry);
    assert!((mark - price).abs() < 1e-5, "{mark} {price}");
    // The price is decided: whatever the index does now, and before the positions are settled.
    world.set_price(BTC, 90_000.0);
    world.set_price(BTC, STRIKE);
    world
        .settle_expired(BTC, expiry, &[a.account, b.account])
        .accepted();
    let perpetual = |w: &World, t: &Trader| w.base(t, BTC);
    assert_eq!(
        (perpetual(&world, &a), perpetual(&world, &b)),
        (-1_000_000, 1_000_000)
    );
    let after = [&a, &b].map(|t| equity(&world, t));
    let total = |of: [i64; 2]| of[0] + of[1];
    assert!(
        (total(before) - total(after)).abs() <= 4,
        "{before:?} {after:?}"
    );
}

/// As soon as the price is decided it counts, whatever state the instrument is in; and it can be settled at once.
#[test]
fn a2_a_decided_price_counts_before_anybody_settles_the_expiry() {
    let (mut world, expiry) = chain(&options::setup());
    let (a, b) = (world.trader("a", 400_000.0), world.trader("b", 400_000.0));
    two_hours_before(&mut world, expiry);
    let legs = [FUTURE, CALL].map(|s| world.dated_leg(BTC, s, 1.0, world.mark(BTC, s)));
    world.trade(&a, &b, &legs).accepted();
    quiet(&mut world, expiry, 5, 123_000.0);
    world.advance(5);
    world.set_price(BTC, 123_000.0);
    assert_ne!(world.book(BTC).expiries[0].settlement_price, 0);
    assert_eq!(world.book(BTC).instruments[usize::from(CALL)].state, 2);
    let before = [&a, &b].map(|t| equity(&world, t));
    let needs = world.health(&b).initial.requirement;
    assert_eq!(needs, 0, "nothing moves it any more");
    world.set_price(BTC, 90_000.0);
    assert_eq!([&a, &b].map(|t| equity(&world, t)), before);
    let cash = world.cash(&b);
    world.settle(&b, BTC).accepted();
    assert!(cash - world.cash(&b) > 5_900 * USD, "3,000 of each");
    let after = [&a, &b].map(|t| equity(&world, t));
    assert!((0..=2).contains(&(before[0] - after[0])) && (0..=2).contains(&(before[1] - after[1])));
}

/// Three actors, and a price that falls in the last minutes: an owner of two accounts bought deep puts from himself at the
/// mark, of which the average knew that they are worthless. 117,000 USD went to him.
fn puts_before_a_fall(setup: &Setup, fall: f64, before: i64) {
    let (mut world, expiry) = chain(setup);
    let a = world.trader("mallory", 60_000.0);
    let b = world.sibling("mallory", 1);
    world.deposit_usd(&b, 3_000_000.0);
    let honest = world.trader("honest", 5_000_000.0);
    world.insure(&honest, 500_000.0).accepted();
    two_hours_before(&mut world, expiry);
    let brought = equity(&world, &a) + equity(&world, &b);
    let fund = world.pool().ledger.insurance;
    let legs = [world.dated_leg(BTC, PUT, 10.0, world.mark(BTC, PUT))];
    world.trade(&a, &b, &legs).accepted();
    quiet(&mut world, expiry, before, STRIKE);
    let price = STRIKE * fall;
    loop {
        world.set_price(BTC, price);
        if world.book(BTC).degraded == 0 && world.book(BTC).price < 120_000_000_000 {
            break;
        }
        assert!(world.now() < expiry, "too late");
    }
    // The mark is the payoff at the average so far, and not 18,000.
    let left = (expiry - world.now()) as f64;
    let most = (STRIKE - price) * (before as f64 + 60.0) / 1_800.0 + 40.0;
    let mark = world.mark(BTC, PUT);
    assert!(mark <= most, "{mark} of {most}, {left} s before");
    let more = [world.dated_leg(BTC, PUT, 10.0, mark.max(1.0))];
    world
        .trade(&a, &b, &more)
        .refused(MarginPoolError::ExpirySettling);
    while world.now() < expiry - 31 {
        world.advance(29);
        world.set_price(BTC, price);
    }
    world.advance(expiry - world.now());
    let expected = world.mark(BTC, PUT);
    let settled = settle(&mut world, expiry);
    assert!((expected - (STRIKE - settled).max(0.0)).abs() < 1e-4);
    world
        .settle_expired(BTC, expiry, &[a.account, b.account])
        .accepted();
    world.set_price(BTC, price);
    let after = [&a, &b].map(|t| equity(&world, t));
    assert!(after.iter().all(|e| *e >= 0), "{after:?}");
    assert!(after[0] + after[1] <= brought, "{after:?} of {brought}");
    // The fund took its share of fees.
    assert!(world.pool().ledger.insurance >= fund);
}

#[test]
fn a2_a_put_is_not_marked_at_a_price_that_its_average_will_not_reach() {
    for fall in [0.90, 0.80] {
        puts_before_a_fall(&options::setup(), fall, 60);
    }
}

#[test]
fn a2_nor_with_the_shipped_breaker() {
    for (fall, before) in [(0.85, 240), (0.80, 240)] {
        puts_before_a_fall(&shipped(options::setup()), fall, before);
    }
}

/// Three actors and no market move: a carry trade through its window. Its margin grows as the future's part is settled, so
/// that what is left at the end is what a naked perpetual needs; who does not reduce is sold while solvent, and nobody
/// ends with more than was brought.
#[test]
fn a2_a_carry_trade_needs_more_as_its_future_settles() {
    let (mut world, expiry) = chain(&shipped(options::setup()));
    let (a, b) = (world.trader("a", 100_000.0), world.trader("b", 100_000.0));
    let keeper = world.trader("keeper", 2_000_000.0);
    two_hours_before(&mut world, expiry);
    let brought = equity(&world, &a) + equity(&world, &b) + equity(&world, &keeper);
    let legs = [
        world.dated_leg(BTC, FUTURE, 30.0, STRIKE),
        leg(BTC, -30.0, STRIKE),
    ];
    world.trade(&a, &b, &legs).accepted();
    let mut last = world.health(&a).maintenance.requirement;
    for left in [1_500, 1_200, 900] {
        quiet(&mut world, expiry, left, STRIKE);
        let now = world.health(&a).maintenance.requirement;
        assert!(now > last, "{left}: {now} {last}");
        last = now;
    }
    // Long before its end the margin is short, and equity is there.
    quiet(&mut world, expiry, 300, STRIKE);
    let health = world.health(&a).maintenance;
    assert!(
        health.health() < 0 && health.equity > 90_000 * USD,
        "{health:?}"
    );
    world.open(&a, &keeper).accepted();
    world
        .bid(&a, &keeper, cep_tests::actions::ALL, i64::MAX)
        .accepted();
    let ended = equity(&world, &a) + equity(&world, &b) + equity(&world, &keeper);
    assert!(ended <= brought, "{ended} of {brought}");
    assert!(equity(&world, &a) > 0);
}

/// An honest short of a future was liquidated on a spike of the last minute, which its expiry did not pay.
#[test]
fn a2_a_spike_that_the_expiry_will_not_pay_liquidates_nobody() {
    let (mut world, expiry) = chain(&options::setup());
    let (a, b) = (world.trader("a", 20_000.0), world.trader("b", 200_000.0));
    let keeper = world.trader("keeper", 200_000.0);
    two_hours_before(&mut world, expiry);
    let legs = [world.dated_leg(BTC, FUTURE, -1.0, STRIKE)];
    world.trade(&a, &b, &legs).accepted();
    quiet(&mut world, expiry, 31, STRIKE);
    world.set_price(BTC, STRIKE * 1.2);
    let health = world.health(&a).maintenance;
    // 24,000 on the index; half a minute of half an hour on the average.
    assert!(health.health() > 15_000 * USD, "{health:?}");
    world
        .open(&a, &keeper)
        .refused(LiquidationError::AccountHealthy);
}
