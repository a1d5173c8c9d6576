//! C8. Funding depended on who looked: for the same 8 hours 221, 55, 33 or 29 USD, as the market was brought up to date
//! every 8 hours, every hour, every 10 minutes or every minute.

use {
    cep_sdk::{instruction, programs::margin_pool::Leg},
    cep_tests::{BTC, Outcome, Trader, World, keypair},
    solana_sdk::signature::Signer,
};

const HOUR: i64 = 3_600;

/// A taker who holds 3 BTC after an hour of fills on a venue at a tenth of a per cent above the index.
fn after_an_hour_above_the_index() -> (World, Trader) {
    let mut world = World::new();
    let taker = world.trader("taker", 500_000.0);
    let maker = world.trader("maker", 500_000.0);
    let fees = world.trader("venue owner", 0.0);
    let venue = keypair("venue");
    world.open_venue(&venue, fees.account, &[&taker, &maker]);
    for minute in 0..60 {
        world.advance(59);
        world.set_price(BTC, 120_000.0);
        let quantity = if minute % 2 == 0 {
            2_000_000
        } else {
            -1_900_000
        };
        let leg = Leg::perpetual(BTC, quantity, 120_120_000_000);
        let books = world.books_of(&[taker.account, maker.account], &[BTC]);
        let ix = instruction::pool::trade_venue(
            venue.pubkey(),
            fees.account,
            taker.account,
            maker.account,
            vec![leg],
            &books,
        );
        world
            .send(&[ix], &[&cep_tests::world::admin(), &venue])
            .accepted();
    }
    assert_eq!(world.base(&taker, BTC), 3_000_000);
    (world, taker)
}

/// What the holder of 3 BTC pays for 8 hours at an unchanged price, micro-USD, when anyone settles the account every `step`
/// seconds.
fn paid(world: &World, taker: &Trader, step: i64) -> i64 {
    let mut world = world.clone();
    let before = world.market(BTC).funding.index;
    let end = world.now() + 8 * HOUR;
    while world.now() < end {
        world.advance(step - 1);
        world.set_price(BTC, 120_000.0);
        world.settle(taker, BTC).accepted();
    }
    // Micro-USD per contract, 2⁻²⁰.
    (world.market(BTC).funding.index - before) * 3 / (1 << 20)
}

#[test]
fn c8_funding_is_the_same_however_often_it_is_looked_at() {
    let (mut world, taker) = after_an_hour_above_the_index();
    world.settle(&taker, BTC).accepted();
    let once = paid(&world, &taker, 8 * HOUR);
    // The average was 1 - 1/e of a tenth of a per cent and decays with a time constant of an hour.
    assert!((20_000_000..40_000_000).contains(&once), "{once}");
    for step in [HOUR, 600, 60, 7] {
        if 8 * HOUR % step == 0 {
            let often = paid(&world, &taker, step);
            // A millionth of a dollar a contract for every look would be allowed; it is far less.
            assert!(
                (often - once).abs() <= 3,
                "{often} every {step} s, {once} once"
            );
        }
    }
}

#[test]
fn c8_an_account_that_nobody_settles_sees_the_same_funding() {
    let (mut world, taker) = after_an_hour_above_the_index();
    world.settle(&taker, BTC).accepted();
    let start = world.health(&taker).maintenance.equity;
    let [often, never] = [600, 8 * HOUR].map(|step| {
        let mut world = world.clone();
        for _ in 0..8 * HOUR / step {
            world.advance(step - 1);
            world.set_price(BTC, 120_000.0);
            // Of somebody else: the market is brought up to date by any account.
            if step != 8 * HOUR {
                world.settle(&Trader::named("maker", 0), BTC).accepted();
            }
        }
        start - world.health(&taker).maintenance.equity
    });
    assert!(never > 20_000_000);
    assert!((often - never).abs() <= 3, "{often} {never}");
}
