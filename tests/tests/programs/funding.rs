//! Funding: who trades above the index pays who trades below, and nobody can choose it alone.

use {
    super::venues::{Stage, stage},
    cep_sdk::{instruction, programs::margin_pool::Leg},
    cep_tests::{BTC, Outcome, World, world::admin},
};

const HOUR: i64 = 3_600;

fn premium(world: &World) -> i64 {
    world.market(BTC).funding.premium()
}

/// Fills of 2 BTC at a tenth of a per cent above the index, once a minute for an hour.
fn busy_hour(s: &mut Stage) {
    for minute in 0..60 {
        s.world.advance(59);
        s.world.republish();
        let price = s.world.book(BTC).price / 1_000 * 1_001;
        let quantity = if minute % 2 == 0 {
            2_000_000
        } else {
            -1_900_000
        };
        s.fill(Leg::perpetual(BTC, quantity, price)).accepted();
    }
}

#[test]
fn longs_pay_shorts_the_premium_over_its_period() {
    let mut s = stage();
    busy_hour(&mut s);
    // 1 - 1/e of a tenth of a per cent and a bit less: windows are longer than the minute they stand for.
    let premium = premium(&s.world);
    assert!((500_000..700_000).contains(&premium), "{premium}");

    let equity = |s: &Stage| [&s.taker, &s.maker].map(|t| s.world.health(t).initial.equity);
    let before = equity(&s);
    s.world.advance(8 * HOUR - 3);
    s.world.republish();
    let after = equity(&s);
    let base = s.world.base(&s.taker, BTC);
    assert_eq!(base, 3_000_000);
    // The period is eight hours, but nobody trades in them: the premium decays from minute to minute by a part in 61, and
    // with it what is paid, to the premium for 3,660 seconds; and the last minute's fills are still to come.
    let owed = i128::from(base) * 120_000 * i128::from(premium) / 1_000_000_000 * 3_660 / 28_800;
    let paid = i128::from(before[0] - after[0]);
    assert!((owed - paid).abs() < owed / 30, "{paid} of {owed}");
    let given = before[0] - after[0] + before[1] - after[1];
    assert!((0..=2).contains(&given), "{given}");

    // Touching writes it down and changes nobody's equity; the SDK knew.
    for trader in [&s.taker, &s.maker] {
        let books = [s.world.book_address(BTC)];
        let ix = instruction::pool::settle_pnl(trader.account, &books);
        s.world.send(&[ix], &[&admin()]).accepted();
    }
    let settled = equity(&s);
    for (now, before) in settled.iter().zip(after) {
        assert!((0..=1).contains(&(before - now)), "{before} {now}");
    }
}

#[test]
fn without_trades_the_premium_fades() {
    let mut s = stage();
    busy_hour(&mut s);
    let before = premium(&s.world);
    for _ in 0..12 {
        s.world.advance(HOUR);
        s.world.republish();
        let ix = instruction::pool::settle_pnl(s.taker.account, &[s.world.book_address(BTC)]);
        s.world.send(&[ix], &[&admin()]).accepted();
    }
    assert!(premium(&s.world) < before / 1_000);
}

#[test]
fn what_two_parties_agree_on_between_themselves_moves_no_funding() {
    let mut s = stage();
    for _ in 0..10 {
        s.world.advance(120);
        s.world.republish();
        let price = s.world.book(BTC).price / 100 * 104;
        let legs = [Leg::perpetual(BTC, 1_000_000, price)];
        s.world.trade(&s.taker, &s.maker, &legs).accepted();
        let legs = [Leg::perpetual(BTC, -1_000_000, price)];
        s.world.trade(&s.taker, &s.maker, &legs).accepted();
    }
    assert_eq!(premium(&s.world), 0);
}

#[test]
fn a_few_trades_in_a_thin_market_hardly_count() {
    let mut s = stage();
    s.world.advance(61);
    s.world.republish();
    let price = s.world.book(BTC).price / 100 * 104;
    // 1,200 USD of the 100,000 that make a window count, at the clip of half a per cent, for a minute of an hour.
    s.fill(Leg::perpetual(BTC, 10_000, price)).accepted();
    s.world.advance(61);
    s.world.republish();
    s.fill(Leg::perpetual(BTC, 10, price)).accepted();
    let moved = premium(&s.world);
    assert!((1..=1_100).contains(&moved), "{moved}");
}
