//! Instruments, surfaces and curves: each instruction once, and what keeping curves costs.

use {
    crate::measure::record,
    cep_migrations::{
        UnderlyingParameters,
        parameters::{feeds, switchboard},
    },
    cep_sdk::{
        address,
        instruction::{instruments, pool, risk},
        programs::risk_engine::{
            SurfaceArgs,
            events::CurvesRefreshed,
            state::{InstrumentKind, RiskConfig, StakedArgs},
        },
        units::symbol,
    },
    cep_tests::{
        BTC, Outcome, SOL, Setup, World, candidate::Candidate, keypair, options, oracle::StakePool,
        world::admin,
    },
    solana_sdk::{clock::Clock, instruction::Instruction, signature::Signer},
    std::collections::BTreeMap,
};

const DAY: i64 = 86_400;
/// Option series on one underlying whose upkeep is measured.
const SERIES: usize = 256;

pub fn instructions(into: &mut BTreeMap<String, u64>) {
    life_of_a_call(into);
    rate_of_a_staked_token(into);
    let mut world = World::new();
    let spare = keypair("spare set");
    world.upload(&Candidate::shipped(), &spare);
    let close = risk::close_scenario_set(admin().pubkey(), spare.pubkey());
    note(into, &mut world, close);
    let trader = world.trader("trader", 0.0);
    let check = pool::check_margin(trader.account, &[]);
    note(into, &mut world, check);
}

fn note(into: &mut BTreeMap<String, u64>, world: &mut World, ix: Instruction) {
    record(into, &world.send(&[ix], &[&admin()]).accepted());
}

fn life_of_a_call(into: &mut BTreeMap<String, u64>) {
    let mut world = World::ready(&options::setup());
    let (book, me) = (world.book_address(BTC), admin().pubkey());
    note(into, &mut world, risk::extend_book(me, me, book, 12));
    let expiry = world.expiry_in(1);
    let listed = world.try_list(BTC, InstrumentKind::Call, expiry, 125_000.0);
    record(into, &listed.accepted());
    record(into, &world.set_volatility(0.6));
    world.forge::<RiskConfig>(&address::risk_config(), |config| {
        config.publishers[0] = me;
        config.params.surface_quorum = 1;
    });
    let args = SurfaceArgs {
        expiry,
        skew: -50_000,
        curvature: 10_000,
        basis: 20_000,
    };
    note(into, &mut world, instruments::post_surface(me, book, args));
    world.set_price(BTC, 121_000.0);
    record(into, &world.refresh_curves(BTC, 0, 1).accepted());
    note(
        into,
        &mut world,
        instruments::open_instrument(me, book, 0, 1),
    );
    world.advance(3 * DAY);
    note(
        into,
        &mut world,
        instruments::settle_expiry(me, book, expiry),
    );
    world.advance(7 * DAY);
    note(into, &mut world, instruments::close_instrument(book, 0, 1));
}

fn rate_of_a_staked_token(into: &mut BTreeMap<String, u64>) {
    let mut setup = options::setup();
    let mut staked = UnderlyingParameters::new("JITOSOL", feeds::SOL, (0.0097, 0.0097), 0.0, 1e6);
    staked.column = symbol("SOLGAP");
    staked.sources = vec![switchboard(&keypair("market").pubkey())];
    let args = StakedArgs {
        mint: keypair("stake pool's mint").pubkey(),
        stake_pool: keypair("stake pool").pubkey(),
        rate_source: None,
        max_growth: 1_000,
        gap_band: 30_000,
    };
    staked.staked = Some((symbol("SOL"), args));
    setup.parameters.underlyings.push(staked);
    setup.prices.push(250.0);
    let mut world = World::bare(&setup);
    world.initialise();
    world.advance(1_000);
    world.set_price(SOL, 200.0);

    let market = world.post_feed("market", 240.0);
    let pool = keypair("stake pool").pubkey();
    let epoch = world.svm.get_sysvar::<Clock>().epoch;
    StakePool::new(
        keypair("stake pool's mint").pubkey(),
        1_200_000_000,
        1_000_000_000,
        epoch,
    )
    .write(&mut world.svm, pool);
    let (book, base) = (world.book_address(3), world.book_address(SOL));
    let refresh = risk::refresh_staked(book, base, &[market, pool]);
    record(into, &world.send(&[refresh], &[&admin()]).accepted());
}

/// BTC from Pyth and Switchboard, both wanted, with a volatility sample.
fn refresh_of_two_oracles() -> u64 {
    let mut setup = Setup::standard();
    let btc = &mut setup.parameters.underlyings[usize::from(BTC)];
    btc.sources.push(switchboard(&keypair("second").pubkey()));
    btc.min_sources = 2;
    let mut world = World::bare(&setup);
    world.initialise();
    let mut units = 0;
    for price in [120_000.0, 121_000.0] {
        world.advance(3_600);
        let pyth = world.post_price(BTC, price, 20.0);
        let feed = world.post_feed("second", price);
        units = world
            .refresh_from(BTC, &[pyth, feed])
            .accepted()
            .compute_units;
    }
    assert_eq!(world.book(BTC).degraded, 0);
    units
}

pub fn shapes(into: &mut BTreeMap<String, u64>) {
    into.insert("refresh_two_oracles".into(), refresh_of_two_oracles());
    let mut world = options::chain(SERIES / 2, 4);
    // How many fit is found by trying one too many.
    world.may_exhaust = true;
    let pair = world.clone().refresh_curves(BTC, 0, 2).accepted();
    into.insert("curves_pair".into(), pair.compute_units);
    let fit = per_transaction(&world);
    into.insert("curves_per_transaction".into(), u64::from(fit));
    let first = round(&mut world, fit);
    into.insert("curves_256_round".into(), first.compute_units);
    into.insert("curves_256_round_transactions".into(), first.transactions);
    // A quiet hour: curves are rebuilt when they are half an hour old.
    let mut hour = Upkeep::default();
    for _ in 0..2 {
        world.advance(1_801);
        world.republish();
        let again = round(&mut world, fit);
        hour.compute_units += again.compute_units;
        hour.transactions += again.transactions;
    }
    into.insert("curves_256_quiet_hour".into(), hour.compute_units);
    let name = "curves_256_quiet_hour_transactions";
    into.insert(name.into(), hour.transactions);
    let idle = world.refresh_curves(BTC, 0, fit).accepted();
    into.insert("curves_256_idle".into(), idle.compute_units);
}

/// Curves that one transaction builds wherever in the chain it begins, in pairs: expiries differ by some percent.
fn per_transaction(world: &World) -> u8 {
    let mut least = u8::MAX;
    for from in (0..).step_by(SERIES / 8).take(8) {
        let fits = |count: &u8| world.clone().refresh_curves(BTC, from, *count).is_ok();
        least = least.min((2..=32).step_by(2).take_while(fits).last().unwrap());
    }
    least
}

#[derive(Default)]
struct Upkeep {
    transactions: u64,
    compute_units: u64,
}

/// Over the whole book, so many curves at a time.
fn round(world: &mut World, at_a_time: u8) -> Upkeep {
    let (mut done, mut built, mut from) = (Upkeep::default(), 0, 0);
    while usize::from(from) < SERIES {
        let receipt = world.refresh_curves(BTC, from, at_a_time).accepted();
        let event = receipt.event::<CurvesRefreshed>();
        built += usize::from(event.built);
        from = event.next;
        done.transactions += 1;
        done.compute_units += receipt.compute_units;
    }
    assert_eq!(built, SERIES);
    done
}
