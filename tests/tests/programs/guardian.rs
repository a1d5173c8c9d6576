//! What the guardian, and the authority like it, may do at once.

use {
    super::governance::{TIMELOCK, TIMELOCK_SECONDS, mallory, timelocked},
    anchor_lang::error::ErrorCode,
    cep_sdk::{
        instruction::governance,
        programs::{
            margin_pool::error::MarginPoolError,
            risk_engine::{
                error::RiskEngineError,
                events::{BookPaused, FloorRaised, ParamsTightened},
                state::{Change, RiskBook, RiskParams, Stricter, degraded},
            },
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, keypair,
        world::{admin, guardian},
    },
    solana_sdk::{pubkey::Pubkey, signature::Signer},
};

#[test]
fn strangers_neither_cancel_nor_pause_nor_tighten() {
    let mut world = timelocked();
    let mallory = mallory(&mut world);
    let number = world.propose(Change::Guardian(Pubkey::default()));
    let (me, book) = (mallory.pubkey(), world.book_address(BTC));
    let params = world.config().params;
    for ix in [
        governance::cancel_proposal(me, number, admin().pubkey()),
        governance::pause_book(me, book),
        governance::raise_floor(me, book, u64::MAX),
        governance::tighten_params(me, params),
    ] {
        world
            .govern(ix, &mallory)
            .refused(RiskEngineError::NotGuardian);
    }
    let mut ix = governance::pause_book(guardian().pubkey(), book);
    ix.accounts[2].is_signer = false;
    // Naming the guardian is not enough.
    world
        .govern(ix, &admin())
        .refused(ErrorCode::AccountNotSigner);
}

#[test]
fn the_guardian_cannot_loosen_any_single_field() {
    let mut world = timelocked();
    let now = world.config().params;
    let fields: [u64; size_of::<RiskParams>() / 8] = bytemuck::cast(now);
    let lines = now.strictness(&now);
    for (at, line) in lines.iter().enumerate() {
        let with = |value| {
            let mut fields = fields;
            fields[at] = value;
            bytemuck::cast::<_, RiskParams>(fields)
        };
        let (up, down) = (with(fields[at] + 1), with(fields[at].saturating_sub(1)));
        let loose = match line.stricter {
            Stricter::Higher => vec![down],
            Stricter::Lower(_) => vec![up],
            Stricter::Neither => vec![up, down],
        };
        for params in loose.into_iter().filter(|p| *p != now) {
            for by in [guardian(), admin()] {
                let ix = governance::tighten_params(by.pubkey(), params);
                let refusal = world.govern(ix, &by).refused(RiskEngineError::NotTighter);
                let named = format!("Program log: {}: ", line.name);
                assert!(
                    refusal.logs.iter().any(|l| l.starts_with(&named)),
                    "{named}"
                );
            }
        }
    }
    assert_eq!(world.config().params, now);
}

#[test]
fn the_guardian_tightens_every_field_at_once_and_within_its_range() {
    let mut world = timelocked();
    let now = world.config().params;
    let tighter = RiskParams {
        max_price_age: 30,
        max_deviation: 5_000,
        implied_weight: now.implied_weight + 1,
        rise_per_hour: 10_000,
        curve_max_age: 1_800,
        curve_centre_band: 25_000,
        curve_volatility_band: 50_000,
        surface_max_age: 43_200,
        surface_quorum: 3,
        surface_max_step: 500,
        scenario_max_change: 100_000,
        timelock: TIMELOCK * 2,
        ..now
    };
    let me = guardian().pubkey();

    let ix = governance::tighten_params(me, tighter);
    let receipt = world.govern(ix, &guardian()).accepted();

    let event = receipt.event::<ParamsTightened>();
    assert_eq!((event.by, event.params), (me, tighter));
    assert_eq!(world.config().params, tighter);
    world.set_price(BTC, 120_000.0);
    assert_eq!(world.book(BTC).max_price_age, 30, "books follow");
    for beyond in [
        RiskParams {
            surface_quorum: 6,
            ..tighter
        },
        RiskParams {
            timelock: 2_592_001,
            ..tighter
        },
    ] {
        world
            .govern(governance::tighten_params(me, beyond), &guardian())
            .refused(RiskEngineError::ParameterOutOfRange);
    }
}

#[test]
fn a_paused_book_alone_is_in_doubt_until_a_proposal_ends_it() {
    let mut world = timelocked();
    let (alice, bob) = (world.trader("alice", 1e6), world.trader("bob", 1e6));
    let book = world.book_address(BTC);

    let ix = governance::pause_book(guardian().pubkey(), book);
    let receipt = world.govern(ix, &guardian()).accepted();

    let event = receipt.event::<BookPaused>();
    assert_eq!((event.book, event.by), (book, guardian().pubkey()));
    world.republish();
    assert_eq!(
        world.book(BTC).degraded,
        degraded::PAUSED,
        "refreshing does not end it"
    );
    assert_eq!(world.book(ETH).degraded, 0);
    world.trade_at_mark(&alice, &bob, ETH, 1.0).accepted();
    world
        .trade_at_mark(&alice, &bob, BTC, 20.0)
        .refused(MarginPoolError::NewRiskInDoubt);

    let change = Change::Unpause { book };
    let number = world.propose(change.clone());
    world
        .execute(number, &change)
        .refused(RiskEngineError::TimelockRunning);
    world.advance(TIMELOCK_SECONDS);
    world.execute(number, &change).accepted();
    world.republish();
    assert_eq!(world.book(BTC).degraded, 0);
    world.trade_at_mark(&alice, &bob, BTC, 20.0).accepted();
}

#[test]
fn a_floor_rises_at_once_fourfold_in_all_and_maintenance_only_at_its_rate() {
    let mut world = timelocked();
    // A market so calm that the floor decides.
    let address = world.book_address(BTC);
    world.forge::<RiskBook>(&address, |b| b.variance = 0);
    // Margin comes down at a limited rate.
    world.advance(10 * 86_400);
    world.refresh_scenarios(BTC).accepted();
    let (book, before) = (world.book_address(BTC), world.book(BTC));
    let (me, floor) = (guardian().pubkey(), before.variance_floor);
    for out_of_reach in [floor - 1, floor, floor * 4 + 1] {
        world
            .govern(governance::raise_floor(me, book, out_of_reach), &guardian())
            .refused(RiskEngineError::FloorOutOfReach);
    }

    let receipt = world
        .govern(governance::raise_floor(me, book, floor * 2), &guardian())
        .accepted();
    // Four times what was governed, not four times what the first raise left.
    world
        .govern(
            governance::raise_floor(me, book, floor * 4 + 1),
            &guardian(),
        )
        .refused(RiskEngineError::FloorOutOfReach);
    world
        .govern(governance::raise_floor(me, book, floor * 4), &guardian())
        .accepted();

    let event = receipt.event::<FloorRaised>();
    assert_eq!(
        (event.book, event.by, event.previous, event.variance_floor),
        (book, me, floor, floor * 2)
    );
    world.advance(3_600);
    world.refresh_scenarios(BTC).accepted();
    let after = world.book(BTC);
    assert_eq!(after.scaled_variance, floor * 4, "initial at once");
    // Two per cent of volatility an hour is a little over four of variance.
    let growth = after.maintenance_variance as f64 / before.maintenance_variance as f64;
    assert!(growth > 1.0 && growth < 1.042, "{growth}");
}

#[test]
fn raising_a_floor_day_after_day_ends_at_twice_the_governed_volatility() {
    let mut world = timelocked();
    let (me, book) = (guardian().pubkey(), world.book_address(BTC));
    let floor = world.book(BTC).governed_floor;

    for _ in 0..14 {
        let highest = floor * 4;
        let next = (world.book(BTC).variance_floor * 2).min(highest);
        let raise = governance::raise_floor(me, book, next);
        if next > world.book(BTC).variance_floor {
            world.govern(raise, &guardian()).accepted();
        } else {
            let beyond = governance::raise_floor(me, book, highest + 1);
            world
                .govern(beyond, &guardian())
                .refused(RiskEngineError::FloorOutOfReach);
        }
        world.advance(86_400);
        world.set_price(BTC, 120_000.0);
        world.refresh_scenarios(BTC).accepted();
    }

    let after = world.book(BTC);
    assert_eq!(after.maintenance_variance, floor * 4);
    assert_eq!(after.governed_floor, floor);
    let change = Change::Underlying {
        book,
        variance_floor: floor * 2,
        daily_volume: after.daily_volume,
        new_risk_age: after.new_risk_age,
    };
    let number = world.propose(change.clone());
    world.advance(TIMELOCK_SECONDS);
    world.execute(number, &change).accepted();
    let governed = world.book(BTC);
    assert_eq!(
        (governed.variance_floor, governed.governed_floor),
        (floor * 2, floor * 2)
    );
    world
        .govern(governance::raise_floor(me, book, floor * 8), &guardian())
        .accepted();
}

#[test]
fn a_guardian_cannot_hold_up_its_own_replacement() {
    let mut world = timelocked();
    let number = world.propose(Change::Guardian(keypair("successor").pubkey()));
    world
        .cancel(number, &guardian())
        .refused(RiskEngineError::NotAuthority);
    world.cancel(number, &admin()).accepted();
}
