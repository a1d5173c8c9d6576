//! Futures and options: traded, margined, settled at expiry, liquidated.

use {
    cep_sdk::{
        instruction::instruments::close_instrument,
        programs::{
            margin_pool::{error::MarginPoolError, events::ExpirySettled, state::Market},
            risk_engine::state::InstrumentKind,
        },
    },
    cep_tests::{
        BTC, Outcome, Trader, World,
        actions::ALL,
        options::{CALL, FUTURE, PUT, week},
        world::admin,
    },
};

fn two(world: &mut World, usd: f64) -> (Trader, Trader) {
    (world.trader("alice", usd), world.trader("bob", usd))
}

fn position(world: &World, who: &Trader, slot: u16) -> (i64, i64) {
    let id = world.book(BTC).instruments[usize::from(slot)].id;
    let account = world.account(&who.account);
    let found = account.positions.iter().find(|p| p.instrument == id);
    found.map_or((0, 0), |p| (p.base, p.quote))
}

#[test]
fn a_premium_is_paid_in_cash_and_the_mark_is_equity() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let mark = world.mark(BTC, CALL);
    assert!((2_500.0..4_500.0).contains(&mark), "{mark}");
    let leg = world.dated_leg(BTC, CALL, 2.0, mark);

    world.trade(&alice, &bob, &[leg]).accepted();

    // The fee: 2 bp of 240,000 USD of contracts.
    let paid = (2.0 * mark * 1e6).round() as i64;
    assert_eq!(world.cash(&alice), 100_000_000_000 - paid - 48_000_000);
    assert_eq!(world.cash(&bob), 100_000_000_000 + paid - 48_000_000);
    assert_eq!(position(&world, &alice, CALL), (2_000_000, 0));
    let (long, short) = (world.health(&alice), world.health(&bob));
    for side in [&long, &short] {
        let lost = 100_000_000_000 - side.initial.equity;
        assert!((48_000_000..=48_000_005).contains(&lost), "{lost}");
    }
    // A long can lose its premium, a short more.
    assert!(long.initial.requirement <= paid + 1_000_000);
    assert!(short.initial.requirement > paid);
}

#[test]
fn a_fee_is_no_more_than_an_eighth_of_the_premium() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    // Far from its mark of thousands, inside the band of 5 % and 1 % of the index only at the mark.
    let mark = world.mark(BTC, PUT);
    world.set_price(BTC, 140_000.0);
    world.crank_curves(BTC, 8);
    let cheap = world.mark(BTC, PUT).max(0.000_001);
    assert!(cheap < mark / 5.0, "{cheap}");
    let leg = world.dated_leg(BTC, PUT, 1.0, cheap);
    let before = world.cash(&bob);
    world.trade(&alice, &bob, &[leg]).accepted();
    let premium = (cheap * 1e6).round() as i64;
    let fee = premium.div_euclid(8) + 1;
    let got = world.cash(&bob) - before - premium;
    assert!((-fee..=0).contains(&got), "{got} of {fee}");
}

#[test]
fn prices_of_options_stay_near_the_mark() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let mark = world.mark(BTC, CALL);
    // 5 % of the mark and 1 % of the index.
    let edge = mark * 0.05 + 1_200.0;
    for (price, inside) in [
        (mark + edge - 1.0, true),
        (mark + edge + 1.0, false),
        (mark - edge + 1.0, true),
        (mark - edge - 1.0, false),
    ] {
        let leg = world.dated_leg(BTC, CALL, 0.01, price);
        let done = world.clone().trade(&alice, &bob, &[leg]);
        if inside {
            done.accepted();
        } else {
            done.refused(MarginPoolError::PriceOutsideBand);
        }
    }
}

#[test]
fn a_spread_of_options_needs_less_than_its_legs() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let legs = [
        world.dated_leg(BTC, CALL, -1.0, world.mark(BTC, CALL)),
        world.dated_leg(BTC, FUTURE, 1.0, world.mark(BTC, FUTURE)),
    ];
    world.trade(&alice, &bob, &legs).accepted();
    let both = world.health(&alice);
    assert!(both.initial.requirement < both.isolated_initial * 9 / 10);
}

#[test]
fn only_what_is_open_is_traded_and_nothing_after_its_expiry() {
    let (mut world, expiry) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let next = world.expiry_in(20);
    let (slot, _) = world.list(BTC, InstrumentKind::Future, next, 0.0);
    let leg = world.dated_leg(BTC, slot, 0.1, 120_000.0);
    world
        .trade(&alice, &bob, &[leg])
        .refused(MarginPoolError::NotTrading);

    let leg = world.dated_leg(BTC, FUTURE, 0.1, 120_000.0);
    let mut unknown = leg;
    unknown.instrument += 1_000;
    world
        .trade(&alice, &bob, &[unknown])
        .refused(MarginPoolError::InstrumentMissing);
    // From half an hour before the expiry positions in it only shrink.
    world.advance(expiry - 1_800 - world.now());
    world.republish();
    world
        .trade(&alice, &bob, &[leg])
        .refused(MarginPoolError::ExpirySettling);
    world.advance(expiry - world.now());
    world.republish();
    world
        .trade(&alice, &bob, &[leg])
        .refused(MarginPoolError::NotTrading);
}

#[test]
fn open_interest_of_a_series_and_of_one_account_are_limited() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 1_000_000.0);
    let market = world.pool().underlyings[0].market;
    let trade = |world: &mut World, contracts| {
        let leg = world.dated_leg(BTC, FUTURE, contracts, 120_000.0);
        world.trade(&alice, &bob, &[leg])
    };
    world.forge::<Market>(&market, |m| m.series_limit = 1_000_000);
    trade(&mut world, 1.1).refused(MarginPoolError::OpenInterestLimit);
    trade(&mut world, 1.0).accepted();
    world.forge::<Market>(&market, |m| m.account_limit = 900_000);
    trade(&mut world, 0.1).refused(MarginPoolError::OpenInterestLimit);
    world.forge::<Market>(&market, |m| m.series_limit = 2_000_000);
    trade(&mut world, 0.1).refused(MarginPoolError::AccountLimit);
    trade(&mut world, -0.05).accepted();
    trade(&mut world, -0.95).accepted();
    trade(&mut world, -0.95).refused(MarginPoolError::AccountLimit);
}

#[test]
fn stale_curves_stop_new_risk_and_not_reducing() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let trade = |world: &mut World, contracts| {
        let leg = world.dated_leg(BTC, CALL, contracts, world.mark(BTC, CALL));
        world.trade(&alice, &bob, &[leg])
    };
    trade(&mut world, 1.0).accepted();
    world.advance(3_700);
    world.republish();
    trade(&mut world, 1.0).refused(MarginPoolError::CurvesStale);
    trade(&mut world, -0.5).accepted();
    world.crank_curves(BTC, 8);
    trade(&mut world, 1.0).accepted();
}

#[test]
fn futures_settle_from_day_to_day_and_no_equity_changes() {
    let (mut world, _) = week();
    let (alice, bob) = two(&mut world, 100_000.0);
    let leg = world.dated_leg(BTC, FUTURE, 1.0, 120_000.0);
    world.trade(&alice, &bob, &[leg]).accepted();
    world.set_price(BTC, 118_000.0);
    let before = [&alice, &bob].map(|t| world.health(t).initial.equity);
    for trader in [&alice, &bob] {
        world.settle(trader, BTC).accepted();
    }
    assert_eq!(
        [&alice, &bob].map(|t| world.health(t).initial.equity),
        before
    );
    assert_eq!(
        world.cash(&alice),
        100_000_000_000 - 24_000_000 - 2_000_000_000
    );
    // Options have nothing to settle before their expiry: they are only written down.
    let leg = world.dated_leg(BTC, CALL, 1.0, world.mark(BTC, CALL));
    let (carol, dave) = (
        world.trader("carol", 50_000.0),
        world.trader("dave", 50_000.0),
    );
    world.trade(&carol, &dave, &[leg]).accepted();
    let before = world.cash(&carol);
    world.settle(&carol, BTC).accepted();
    assert_eq!(world.cash(&carol), before);
}

#[test]
fn an_expiry_pays_out_to_the_unit_in_whatever_order() {
    for longs_first in [true, false] {
        let (mut world, expiry) = week();
        let (alice, bob) = two(&mut world, 200_000.0);
        let legs = [(CALL, 1.0), (PUT, 0.333_333), (FUTURE, 0.5)]
            .map(|(slot, q)| world.dated_leg(BTC, slot, q, world.mark(BTC, slot)));
        world.trade(&alice, &bob, &legs).accepted();
        world.set_price(BTC, 131_000.0);
        let mut order = [&alice, &bob];
        if !longs_first {
            order.reverse();
        }
        let before = order.map(|t| world.cash(t));

        world.expire(BTC, expiry);
        world
            .settle_expired(BTC, expiry, &[order[0].account])
            .accepted();
        let receipt = world
            .settle_expired(BTC, expiry, &[order[1].account, order[0].account])
            .accepted();

        let event = receipt.event::<ExpirySettled>();
        assert_eq!((event.expiry, event.price), (expiry, 131_000_000_000));
        let gained = world.cash(&alice) - before[usize::from(!longs_first)];
        // 11,000 of the call, nothing of the put, 5,500 of the future over its forward at the trade.
        assert!(
            (16_000_000_000..=16_600_000_000).contains(&gained),
            "{gained}"
        );
        let lost = world.cash(&bob) - before[usize::from(longs_first)];
        assert!((0..=3).contains(&-(gained + lost)), "{gained} {lost}");
        for trader in [&alice, &bob] {
            let account = world.account(&trader.account);
            assert!(account.positions.iter().all(|p| p.kind == 0));
        }
        // Again changes nothing.
        let cash = world.cash(&alice);
        world
            .settle_expired(BTC, expiry, &[alice.account])
            .accepted();
        assert_eq!(world.cash(&alice), cash);
    }
}

#[test]
fn a_slot_is_reused_after_its_last_position_is_settled_however_late() {
    let (mut world, expiry) = week();
    let (alice, bob) = two(&mut world, 200_000.0);
    let leg = world.dated_leg(BTC, FUTURE, 1.0, 120_000.0);
    world.trade(&alice, &bob, &[leg]).accepted();
    world.set_price(BTC, 125_000.0);
    world.expire(BTC, expiry);
    world.advance(8 * 86_400);
    world.republish();
    let id = world.book(BTC).instruments[usize::from(FUTURE)].id;
    let ix = close_instrument(world.book_address(BTC), FUTURE, id);
    world.send(&[ix], &[&admin()]).accepted();

    // Nobody settled it: its holders are told what to do, and its successor waits.
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::InstrumentMissing);
    let next = world.expiry_in(7);
    let (slot, _) = world.list(BTC, InstrumentKind::Future, next, 0.0);
    assert_eq!(slot, FUTURE);
    world.open_all(BTC);
    let (carol, dave) = (
        world.trader("carol", 50_000.0),
        world.trader("dave", 50_000.0),
    );
    for underlying in world.underlyings() {
        world.refresh_scenarios(underlying).accepted();
    }
    let leg = world.dated_leg(BTC, FUTURE, 0.1, 125_000.0);
    world
        .trade(&carol, &dave, &[leg])
        .refused(MarginPoolError::SeriesNotSettled);

    world
        .settle_expired(BTC, expiry, &[alice.account, bob.account])
        .accepted();
    // Alice came before bob had paid: her claim outlived its instrument's slot.
    world.settle(&alice, BTC).accepted();
    world.trade(&carol, &dave, &[leg]).accepted();
    assert_eq!(
        world.cash(&alice),
        200_000_000_000 - 24_000_000 + 5_000_000_000
    );
}

#[test]
fn settlement_is_of_its_own_book_pool_and_expiry() {
    let (mut world, expiry) = week();
    let (alice, bob) = two(&mut world, 200_000.0);
    let leg = world.dated_leg(BTC, FUTURE, 1.0, 120_000.0);
    world.trade(&alice, &bob, &[leg]).accepted();
    world.expire(BTC, expiry);
    let book = world.book_address(BTC);
    let mut ix = cep_sdk::instruction::pool::settle_expired(&book, expiry, &[alice.account]);
    ix.accounts[1].pubkey = world.pool().underlyings[1].market;
    world
        .send(&[ix], &[&admin()])
        .refused(MarginPoolError::RiskAccountsMismatch);
    world
        .settle_expired(BTC, expiry, &[book])
        .refused(anchor_lang::error::ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn an_account_of_options_is_sold_in_slices_and_its_auction_closes() {
    let (mut world, _) = week();
    let (alice, bob) = (
        world.trader("alice", 30_000.0),
        world.trader("bob", 900_000.0),
    );
    let keeper = world.trader("keeper", 900_000.0);
    let legs = [
        world.dated_leg(BTC, CALL, -1.0, world.mark(BTC, CALL)),
        world.dated_leg(BTC, FUTURE, -0.5, world.mark(BTC, FUTURE)),
    ];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, 137_000.0);
    // The curves have left their band and are stale: liquidation goes on.
    let health = world.health(&alice);
    assert!(health.maintenance.health() < 0, "{:?}", health.maintenance);
    assert_ne!(health.report.stale_curves, 0);

    world.open(&alice, &keeper).accepted();
    world.bid(&alice, &keeper, ALL / 3, i64::MAX).accepted();
    let (call, _) = position(&world, &keeper, CALL);
    assert!(call < 0 && position(&world, &alice, CALL).0 < 0);
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    world.close(&alice, keeper.owner(), &keeper).accepted();
}

#[test]
fn an_account_in_liquidation_is_settled_at_expiry_like_all_others() {
    let (mut world, expiry) = week();
    let (alice, bob) = (
        world.trader("alice", 20_000.0),
        world.trader("bob", 900_000.0),
    );
    let keeper = world.trader("keeper", 900_000.0);
    let leg = world.dated_leg(BTC, FUTURE, -1.0, world.mark(BTC, FUTURE));
    world.trade(&alice, &bob, &[leg]).accepted();
    world.set_price(BTC, 134_000.0);
    world.open(&alice, &keeper).accepted();
    world.expire(BTC, expiry);
    let before = world.health(&alice).maintenance.equity;
    world
        .settle_expired(BTC, expiry, &[alice.account])
        .accepted();
    let after = world.health(&alice).maintenance.equity;
    assert!((0..=1).contains(&(before - after)), "{before} {after}");
    world.settle_expired(BTC, expiry, &[bob.account]).accepted();
}
