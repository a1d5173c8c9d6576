//! What each proposed change does.

use {
    cep_migrations::parameters::{feeds, pyth, switchboard},
    cep_sdk::{
        address,
        instruction::{self, governance},
        programs::risk_engine::{
            error::RiskEngineError,
            state::{AtmFeedArgs, Change, RiskBook, StakedArgs, degraded},
        },
        units::symbol,
    },
    cep_tests::{
        BTC, ETH, Outcome, SOL, Setup, World, keypair,
        oracle::Feed,
        world::{admin, guardian},
    },
    solana_sdk::{clock::Clock, pubkey::Pubkey, signature::Signer},
};

const DAY: u32 = 86_400;

#[test]
fn new_sources_keep_the_price_and_drop_what_the_old_ones_said() {
    let mut world = World::new();
    let (book, before) = (world.book_address(SOL), world.book(SOL));
    let feed = keypair("sol feed").pubkey();
    let change = |sources, min_sources| Change::Sources {
        book,
        sources,
        min_sources,
    };
    let twice = change(vec![pyth(feeds::SOL), pyth(feeds::SOL)], 1);
    let ix = governance::propose(admin().pubkey(), world.config().proposals, twice);
    world
        .govern(ix, &admin())
        .refused(RiskEngineError::ParameterOutOfRange);

    let both = vec![pyth(feeds::SOL), switchboard(&feed)];
    world.enact(change(both, 2)).accepted();

    let after = world.book(SOL);
    assert_eq!(
        (after.price, after.publish_time, after.min_sources),
        (before.price, before.publish_time, 2)
    );
    assert!(
        after
            .sources
            .iter()
            .all(|s| s.price == 0 && s.publish_time == 0)
    );
    world.refresh_from(SOL, &[]).accepted();
    assert_eq!(world.book(SOL).degraded, degraded::SHORTAGE);
    let clock = world.svm.get_sysvar::<Clock>();
    Feed::new(221.0, 0.1, clock.unix_timestamp, clock.slot).write(&mut world.svm, feed);
    let update = world.post_price(SOL, 221.0, 0.1);
    world.refresh_from(SOL, &[update, feed]).accepted();
    let book = world.book(SOL);
    assert_eq!((book.price, book.degraded), (221_000_000, 0));
}

#[test]
fn new_implied_feeds_go_on_from_the_volatility_in_force() {
    let mut world = World::new();
    let book = world.book_address(BTC);
    let (old, new) = (keypair("old").pubkey(), keypair("new").pubkey());
    let feed = |tenor: u32, at: &Pubkey| AtmFeedArgs {
        tenor,
        source: switchboard(at),
    };
    let change = |feeds| Change::ImpliedFeeds { book, feeds };
    let say = |world: &mut World, at: Pubkey, value: f64| {
        let clock = world.svm.get_sysvar::<Clock>();
        Feed::new(value, 0.001, clock.unix_timestamp, clock.slot).write(&mut world.svm, at);
        let ix = instruction::risk::refresh_volatility(world.book_address(BTC), &[at]);
        world.govern(ix, &admin()).accepted();
    };
    world.enact(change(vec![feed(30 * DAY, &old)])).accepted();
    say(&mut world, old, 0.50);
    let before = world.book(BTC);
    assert!(before.implied_variance > 0);

    world
        .enact(change(vec![feed(7 * DAY, &old), feed(30 * DAY, &new)]))
        .accepted();

    let after = world.book(BTC);
    assert_eq!(after.implied_variance, before.implied_variance);
    assert_eq!(after.implied[1].volatility, 500_000_000);
    assert_eq!(after.implied[1].source.publish_time, 0);
    assert_eq!(after.implied[0].volatility, 0, "a new tenor starts afresh");
    say(&mut world, new, 2.0);
    assert!(
        world.book(BTC).implied[1].volatility <= 625_000_001,
        "a quarter at once, whatever the new feed says"
    );

    world.enact(change(vec![])).accepted();
    let none = world.book(BTC);
    assert_eq!(none.implied_variance, 0);
    assert!(none.target_variance < world.book(ETH).target_variance);
}

#[test]
fn floor_and_volume_of_an_underlying_are_set() {
    let mut world = World::new();
    let (book, floor) = (world.book_address(BTC), world.book(BTC).variance_floor);
    let change = |variance_floor| Change::Underlying {
        book,
        variance_floor,
        daily_volume: 77,
        new_risk_age: 5,
    };
    world
        .enact(change(0))
        .refused(RiskEngineError::ParameterOutOfRange);

    world.enact(change(floor / 2)).accepted();

    let after = world.book(BTC);
    assert_eq!((after.variance_floor, after.daily_volume), (floor / 2, 77));
    assert_eq!(after.new_risk_age, 5);
    world.enact(change(floor * 100)).accepted();
    assert_eq!(world.book(BTC).target_variance, floor * 100);
}

#[test]
fn a_staked_tokens_rate_gets_a_new_source_and_stays() {
    let mut setup = Setup::standard();
    let pool = keypair("stake pool").pubkey();
    let args = StakedArgs {
        mint: keypair("jitosol mint").pubkey(),
        stake_pool: pool,
        rate_source: None,
        max_growth: 500,
        gap_band: 20_000,
    };
    let mut jito = setup.parameters.underlyings[usize::from(SOL)].clone();
    jito.symbol = symbol("JITOSOL");
    jito.sources = vec![pyth([9; 32])];
    jito.staked = Some((symbol("SOL"), args));
    setup.parameters.underlyings.push(jito);
    let mut world = World::bare(&setup);
    world.initialise();
    let book = address::risk_book(&symbol("JITOSOL"));
    world.forge::<RiskBook>(&book, |b| {
        b.staked.rate = 1_200_000_000;
    });
    let args = StakedArgs {
        mint: keypair("jitosol mint").pubkey(),
        stake_pool: Pubkey::default(),
        rate_source: Some(switchboard(&keypair("rate").pubkey())),
        max_growth: 300,
        gap_band: 10_000,
    };

    world.enact(Change::Staked { book, args }).accepted();

    let after = world.book(3).staked;
    assert_eq!((after.rate, after.max_growth), (1_200_000_000, 300));
    assert_eq!(after.base_book, world.book_address(SOL));
    assert_eq!(after.rate_source.feed, keypair("rate").pubkey().to_bytes());
    let book = world.book_address(SOL);
    world
        .enact(Change::Staked { book, args })
        .refused(RiskEngineError::NotStakedBook);
}

#[test]
fn publishers_and_guardian_are_replaced() {
    let mut world = World::new();
    let (a, b) = (keypair("a").pubkey(), keypair("b").pubkey());
    let none = Pubkey::default();
    world
        .enact(Change::Publishers([a, a, none, none, none]))
        .refused(RiskEngineError::ParameterOutOfRange);

    world
        .enact(Change::Publishers([a, none, b, none, none]))
        .accepted();
    world.enact(Change::Guardian(a)).accepted();

    let config = world.config();
    assert_eq!(config.seat_of(&b), Some(2));
    assert_eq!(config.guardian, a);
    let pause = governance::pause_book(guardian().pubkey(), world.book_address(BTC));
    world
        .govern(pause, &guardian())
        .refused(RiskEngineError::NotGuardian);
}

#[test]
fn a_change_touches_the_account_that_it_names_and_no_other() {
    let mut world = World::new();
    let (btc, eth) = (world.book_address(BTC), world.book_address(ETH));
    let change = Change::Unpause { book: btc };
    let number = world.propose(change.clone());
    let set = Change::ScenarioSet {
        set: world.scenario_set,
        hash: [0; 32],
    };
    for other in [
        Change::Unpause { book: eth },
        Change::Guardian(Pubkey::default()),
        set.clone(),
    ] {
        world
            .execute(number, &other)
            .refused(RiskEngineError::WrongTarget);
    }
    world.execute(number, &change).accepted();
    let number = world.propose(set);
    world
        .execute(number, &Change::Guardian(Pubkey::default()))
        .refused(RiskEngineError::WrongTarget);
}
