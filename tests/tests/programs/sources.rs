//! Several oracles behind one price, the circuit breaker, implied volatility.

use {
    cep_migrations::parameters::switchboard,
    cep_sdk::{
        instruction,
        programs::risk_engine::{
            events::{PriceRefreshed, VolatilityRefreshed},
            oracle::Fault,
            state::{AtmFeedArgs, degraded},
        },
    },
    cep_tests::{BTC, Outcome, Receipt, SOL, Setup, World, keypair, oracle::Feed, world::admin},
    solana_sdk::{clock::Clock, signature::Signer},
};

const DAY: u32 = 86_400;

/// SOL from Pyth and a Switchboard feed, both wanted.
fn two_sources() -> Setup {
    let mut setup = Setup::standard();
    let sol = &mut setup.parameters.underlyings[usize::from(SOL)];
    sol.sources.push(switchboard(&World::feed_at("sol feed")));
    sol.min_sources = 2;
    setup
}

/// Posts both and refreshes SOL from both.
fn refresh_both(world: &mut World, pyth: f64, switchboard: f64) -> Receipt {
    let update = world.post_price(SOL, pyth, 0.1);
    let feed = world.post_feed("sol feed", switchboard);
    world.refresh_from(SOL, &[update, feed]).accepted()
}

fn two_source_world() -> World {
    let setup = two_sources();
    let mut world = World::bare(&setup);
    world.initialise();
    world.advance(1_000);
    refresh_both(&mut world, 220.0, 220.2);
    world
}

#[test]
fn two_sources_that_agree_give_their_midpoint() {
    let world = two_source_world();
    let book = world.book(SOL);
    assert_eq!((book.price, book.degraded), (220_100_000, 0));
    // The wider of both, as far as each is from the midpoint.
    assert!(book.confidence > 200_000 && book.confidence < 250_000);
}

#[test]
fn one_source_of_two_is_a_shortage_and_its_price_still_counts() {
    let mut world = two_source_world();
    world.advance(61);
    let update = world.post_price(SOL, 210.0, 0.1);

    world.refresh_from(SOL, &[update]).accepted();

    let book = world.book(SOL);
    assert_eq!(
        (book.price, book.degraded),
        (210_000_000, degraded::SHORTAGE)
    );
    assert!(book.price_is_fresh(world.now()) && book.is_degraded(world.now()));
    world.advance(1);
    refresh_both(&mut world, 210.0, 210.0);
    assert_eq!(
        world.book(SOL).degraded,
        0,
        "and heals with the next refresh"
    );
}

#[test]
fn sources_that_disagree_leave_the_price_with_the_one_nearer_to_the_last() {
    let mut world = two_source_world();
    world.advance(5);
    let receipt = refresh_both(&mut world, 221.0, 154.0);
    let book = world.book(SOL);
    assert_eq!(book.price, 221_000_000);
    assert_eq!(book.degraded, degraded::DISAGREEMENT);
    assert_eq!(
        receipt.event::<PriceRefreshed>().degraded,
        degraded::DISAGREEMENT
    );
}

#[test]
fn the_last_word_of_a_source_counts_until_it_is_too_old() {
    let mut world = two_source_world();
    world.advance(30);
    let update = world.post_price(SOL, 220.4, 0.1);
    world.refresh_from(SOL, &[update]).accepted();
    let book = world.book(SOL);
    // 220.4 and 220.2 of half a minute ago.
    assert_eq!((book.price, book.degraded), (220_300_000, 0));
    assert_eq!(book.publish_time, world.now() - 30);
}

#[test]
fn nobody_can_put_a_source_in_doubt_with_accounts_of_their_own() {
    let mut world = two_source_world();
    world.advance(5);
    let clock = world.svm.get_sysvar::<Clock>();
    let forged = keypair("forged").pubkey();
    Feed::new(1.0, 0.0, clock.unix_timestamp, clock.slot).write(&mut world.svm, forged);
    let mut stolen = world.update(SOL, 1.0, 0.0);
    stolen.owner = keypair("mallory").pubkey();
    let stolen = {
        let address = keypair("stolen").pubkey();
        stolen.write(&mut world.svm, address);
        address
    };

    world
        .refresh_from(SOL, &[forged, stolen, admin().pubkey()])
        .accepted();

    let book = world.book(SOL);
    assert_eq!((book.price, book.degraded), (220_100_000, 0));
}

/// The circuit breaker as it ships.
fn with_breaker() -> World {
    let mut setup = Setup::standard();
    (
        setup.parameters.risk.step_burst,
        setup.parameters.risk.step_rate,
    ) = (50_000, 2_000);
    let mut world = World::bare(&setup);
    world.initialise();
    world.advance(1_000);
    let price = world.post_price(SOL, 200.0, 0.1);
    world.refresh(SOL, price).accepted();
    world
}

#[test]
fn a_wrong_zero_is_held_back_and_a_true_crash_is_followed() {
    let mut world = with_breaker();
    world.advance(10);
    let wrong = world.post_price(SOL, 20.0, 0.01);
    world.refresh(SOL, wrong).accepted();
    let book = world.book(SOL);
    // 5 % at once, however long the price stood.
    assert_eq!(book.price, 190_000_000);
    assert_eq!(book.degraded, degraded::STEP_LIMITED);

    // It goes on without a new price, and arrives.
    let mut seconds = 10;
    while world.book(SOL).degraded != 0 {
        world.advance(10);
        seconds += 10;
        let again = world.post_price(SOL, 100.0, 0.01);
        world.refresh(SOL, again).accepted();
        assert!(seconds < 600, "the breaker delays and never traps");
    }
    assert_eq!(world.book(SOL).price, 100_000_000);
    assert!(seconds > 120, "half the price is gone in {seconds} s");
}

fn atm(days: u32, name: &str) -> AtmFeedArgs {
    AtmFeedArgs {
        tenor: days * DAY,
        source: switchboard(&World::feed_at(name)),
    }
}

#[test]
fn implied_volatility_lifts_the_target_and_a_silent_feed_keeps_its_last_word() {
    let mut setup = Setup::standard();
    let btc = &mut setup.parameters.underlyings[usize::from(BTC)];
    btc.implied = vec![atm(7, "atm 7d"), atm(30, "atm 30d")];
    let mut world = World::bare(&setup);
    world.initialise();
    world.advance(1_000);
    let calm = world.book(BTC).target_variance;
    let feeds = [
        world.post_feed("atm 7d", 0.9),
        world.post_feed("atm 30d", 0.8),
    ];

    let refresh = instruction::risk::refresh_volatility(world.book_address(BTC), &feeds);
    let receipt = world
        .send(std::slice::from_ref(&refresh), &[&admin()])
        .accepted();

    let event = receipt.event::<VolatilityRefreshed>();
    assert_eq!(event.faults, [0; 4]);
    let book = world.book(BTC);
    // 0.8 a year is 4.19 % a day, times 1.19.
    let daily = (book.implied_variance as f64 / 2f64.powi(48)).sqrt();
    assert!((daily - 0.8 / 365f64.sqrt()).abs() < 1e-6, "{daily}");
    let target = (book.target_variance as f64 / 2f64.powi(48)).sqrt();
    assert!((target - 1.19 * daily).abs() < 1e-6 && book.target_variance > calm);
    assert!(!book.scenarios_cover_volatility());

    world.advance(7_200);
    let receipt = world.send(&[refresh], &[&admin()]).accepted();
    let silent = receipt.event::<VolatilityRefreshed>();
    assert_eq!(Fault::from_code(silent.faults[0]), Some(Fault::TooOld));
    assert_eq!(world.book(BTC).implied_variance, book.implied_variance);
}

#[test]
fn one_wrong_volatility_feed_moves_what_it_feeds_step_by_step() {
    let mut setup = Setup::standard();
    let btc = &mut setup.parameters.underlyings[usize::from(BTC)];
    btc.implied = vec![atm(30, "atm 30d")];
    let mut world = World::bare(&setup);
    world.initialise();
    world.advance(1_000);
    let refresh = |world: &mut World, value: f64| {
        let feed = world.post_feed("atm 30d", value);
        let ix = instruction::risk::refresh_volatility(world.book_address(BTC), &[feed]);
        world.send(&[ix], &[&admin()]).accepted();
        world.book(BTC).implied[0].volatility
    };
    assert_eq!(refresh(&mut world, 0.5), 500_000_000);
    world.advance(1);
    // A quarter at once.
    assert_eq!(refresh(&mut world, 5.0), 625_000_000);
}
