//! Who pays for what an account cannot: the fund within its tranche, the contracts that won by the move that caused it, cash
//! of those who trade, and the other side of what nobody takes.

use {
    cep_sdk::programs::{
        liquidation::error::LiquidationError,
        margin_pool::{
            Covered,
            error::MarginPoolError,
            events::{PositionReduced, SliceTransferred},
            state::{MarginAccount, Market, Pool},
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, SOL, Trader, World,
        actions::{ALL, leg},
    },
};

const USD: i64 = 1_000_000;

/// The loser is long `contracts` of BTC from 120,000 USD against the winners' shares (in contracts), and falls to `price`.
fn fallen(cash: f64, winners: &[f64], price: f64) -> (World, Trader, Vec<Trader>, Trader) {
    let mut world = World::new();
    let loser = world.trader("loser", cash);
    let keeper = world.trader("keeper", 200_000.0);
    let mut others = Vec::new();
    for (i, contracts) in winners.iter().enumerate() {
        let winner = world.trader(&format!("winner {i}"), 100_000.0);
        let legs = [leg(BTC, *contracts, 120_000.0)];
        world.trade(&loser, &winner, &legs).accepted();
        others.push(winner);
    }
    world.set_price(BTC, price);
    (world, loser, others, keeper)
}

fn insolvent() -> (World, Trader, Vec<Trader>, Trader) {
    // 4,000 USD are lost beyond the 16,000 that were there, less fees.
    fallen(16_000.0, &[0.5, 0.3, 0.2], 100_000.0)
}

fn market(world: &World) -> Box<Market> {
    world.read(&world.pool().underlyings[usize::from(BTC)].market)
}

fn covered(receipt: &Receipt) -> Covered {
    receipt.event::<SliceTransferred>().covered
}

fn equity(world: &World, trader: &Trader) -> i64 {
    world.health(trader).maintenance.equity
}

/// Takes what is due of shared losses and reductions, as anyone may do for anyone.
fn write_down(world: &mut World, winners: &[Trader]) {
    for winner in winners {
        world.settle(winner, BTC).accepted();
    }
}

fn without_fees_in_the_fund(world: &mut World) {
    let fund = world.pool().ledger.insurance;
    world.forge::<Pool>(&cep_sdk::address::pool(), |p| {
        p.ledger.insurance = 0;
        p.ledger.fees += fund;
        p.insurance_income -= fund;
    });
}

#[test]
fn contracts_that_won_share_what_the_fund_cannot_pay_in_proportion_and_to_the_unit() {
    let (mut world, loser, winners, keeper) = insolvent();
    without_fees_in_the_fund(&mut world);
    let before: Vec<i64> = winners.iter().map(|w| equity(&world, w)).collect();
    let mine = equity(&world, &keeper);
    world.open(&loser, &keeper).accepted();
    let lacking = -equity(&world, &loser);
    assert!(lacking > 3_900 * USD);

    let receipt = world.bid(&loser, &keeper, ALL, i64::MAX).accepted();

    let paid = covered(&receipt);
    assert_eq!((paid.fund, paid.profits, paid.cash), (0, lacking, 0));
    // The bidder is made whole and no more: nobody's profit is its gain.
    let gained = equity(&world, &keeper) - mine;
    assert!((-3..=0).contains(&gained), "{gained}");
    let lost: Vec<i64> = winners
        .iter()
        .zip(&before)
        .map(|(w, b)| b - equity(&world, w))
        .collect();
    for (lost, part) in lost.iter().zip([5, 3, 2]) {
        let share = lacking * part / 10;
        assert!((share..=share + 1).contains(lost), "{lost} of {share}");
    }
    // Taken or only read, it is the same, and nothing but units of rounding is left over.
    write_down(&mut world, &winners);
    let still = winners
        .iter()
        .zip(&before)
        .map(|(w, b)| b - equity(&world, w));
    assert_eq!(still.collect::<Vec<i64>>(), lost);
    assert!((0..=3).contains(&(lost.iter().sum::<i64>() - lacking)));
    world.close(&loser, keeper.owner(), &keeper).accepted();
}

#[test]
fn the_published_haircuts_come_out() {
    // `default_fund_adl.json`: profits of 500, 300, 200, 0 and -50 bear a deficit of 100 with 50, 30, 20, 0 and 0.
    let expected = [50.0, 30.0, 20.0, 0.0, 0.0];
    if let Some(file) = cep_tests::shared("reference/default_fund_adl.json") {
        let data: serde_json::Value = serde_json::from_str(&file).unwrap();
        let haircuts = &data["expected"]["adl_pro_rata_haircuts"];
        assert_eq!(*haircuts, serde_json::json!(expected));
        assert_eq!(
            data["inputs"]["adl"]["winner_pnl"],
            serde_json::json!([500, 300, 200, 0, -50])
        );
    }
    let (mut world, loser, mut winners, keeper) = fallen(16_000.0, &[0.5, 0.3, 0.2], 100_000.0);
    without_fees_in_the_fund(&mut world);
    // One who came late and won nothing, and one who lost, both flat again.
    world.refresh_scenarios(BTC).accepted();
    for (name, price) in [("late", 100_000.0), ("lost", 99_000.0)] {
        let who = world.trader(name, 50_000.0);
        let maker = world.trader(&format!("maker of {name}"), 50_000.0);
        for (contracts, price) in [(-0.01, price), (0.01, 100_000.0)] {
            world
                .trade(&who, &maker, &[leg(BTC, contracts, price)])
                .accepted();
        }
        winners.push(who);
    }
    let before: Vec<i64> = winners.iter().map(|w| equity(&world, w)).collect();
    world.open(&loser, &keeper).accepted();
    let deficit = covered(&world.bid(&loser, &keeper, ALL, i64::MAX).accepted()).profits;
    for ((winner, before), share) in winners.iter().zip(before).zip(expected) {
        let lost = (before - equity(&world, winner)) as f64;
        assert!(
            (lost - deficit as f64 * share / 100.0).abs() <= 1.0,
            "{lost} of {deficit}"
        );
    }
}

#[test]
fn dividing_an_account_in_two_changes_nobodys_share() {
    let shares = |split: &[f64]| {
        let (mut world, loser, winners, keeper) = fallen(16_000.0, split, 100_000.0);
        without_fees_in_the_fund(&mut world);
        let before: Vec<i64> = winners.iter().map(|w| equity(&world, w)).collect();
        world.open(&loser, &keeper).accepted();
        world.bid(&loser, &keeper, ALL, i64::MAX).accepted();
        let lost = winners
            .iter()
            .zip(before)
            .map(|(w, b)| b - equity(&world, w));
        lost.collect::<Vec<i64>>()
    };
    let (whole, divided) = (shares(&[0.6, 0.4]), shares(&[0.35, 0.25, 0.4]));
    assert!((divided[0] + divided[1] - whole[0]).abs() <= 2);
    assert!((divided[2] - whole[1]).abs() <= 2);
}

#[test]
fn the_fund_pays_no_more_than_a_markets_tranche() {
    let (mut world, loser, _, keeper) = insolvent();
    world.insure(&keeper, 5_000.0).accepted();
    world.open(&loser, &keeper).accepted();
    let (fund, lacking) = (world.pool().ledger.insurance, -equity(&world, &loser));

    let paid = covered(&world.bid(&loser, &keeper, ALL, i64::MAX).accepted());

    let tranche = fund * i64::try_from(world.parameters.auction.tranche).unwrap() / 1_000_000;
    assert!(tranche < lacking);
    assert_eq!((paid.fund, paid.profits), (tranche, lacking - tranche));
    assert_eq!(market(&world).insured, tranche);
    // What another account loses there finds the tranche used up.
    let left = cep_sdk::programs::margin_pool::clearing::tranche_left(
        world.pool().ledger.insurance,
        tranche,
        world.parameters.auction.tranche,
    );
    assert_eq!(left, 0);
}

#[test]
fn cash_of_those_who_trade_bears_what_is_left_and_of_others_none() {
    // SETUP: the fall is behind the reference price, so that no contract won by it since.
    let (mut world, loser, winners, keeper) = insolvent();
    for _ in 0..2 {
        world.advance(3_600);
        world.republish();
    }
    without_fees_in_the_fund(&mut world);
    let idle = world.trader("idle", 300_000.0);
    world.open(&loser, &keeper).accepted();
    let lacking = -equity(&world, &loser);
    let before: Vec<i64> = winners.iter().map(|w| equity(&world, w)).collect();

    // ACT: the three pay, and not the bidder, though it has a position from here on.
    let mine = equity(&world, &keeper);
    let paid = covered(&world.bid(&loser, &keeper, ALL, i64::MAX).accepted());

    // CHECK
    assert_eq!((paid.fund, paid.profits, paid.cash), (0, 0, lacking));
    let gained = equity(&world, &keeper) - mine;
    assert!((-3..=0).contains(&gained), "{gained}");
    assert_eq!(equity(&world, &idle), 300_000 * USD);
    world.withdraw_usd(&idle, 300_000 * USD).accepted();
    let lost: Vec<i64> = winners
        .iter()
        .zip(before)
        .map(|(w, b)| b - equity(&world, w))
        .collect();
    assert!(lost.iter().all(|l| *l > 0));
    for winner in &winners {
        world.deposit_usd(winner, 1.0);
    }
    assert!(world.pool().losses.due >= -10);
}

#[test]
fn a_bidder_who_asks_for_more_than_there_is_waits() {
    let (mut world, loser, _, keeper) = insolvent();
    world.open(&loser, &keeper).accepted();
    let lacking = -equity(&world, &loser);
    world
        .bid(&loser, &keeper, ALL, -lacking - 1_000 * USD)
        .refused(LiquidationError::PriceAboveLimit);
    world.wait(1_800);
    world
        .bid(&loser, &keeper, ALL, -lacking - 1_000 * USD)
        .refused(MarginPoolError::LossUncovered);
    world.bid(&loser, &keeper, ALL, -lacking).accepted();
}

#[test]
fn what_nobody_takes_is_closed_against_the_other_side_at_the_bankruptcy_price() {
    let (mut world, loser, winners, keeper) = insolvent();
    world.open(&loser, &keeper).accepted();
    world
        .reduce_opposite(&loser, &keeper)
        .refused(LiquidationError::AuctionRunning);
    world.wait(3_600);
    let lacking = -equity(&world, &loser);
    let before: Vec<i64> = winners.iter().map(|w| equity(&world, w)).collect();

    let receipt = world.reduce_opposite(&loser, &keeper).accepted();

    // The loser has nothing left but units, and nobody was paid by the fund.
    let reduced = receipt.event::<PositionReduced>();
    assert_eq!(reduced.base, 1_000_000);
    assert!((0..100).contains(&equity(&world, &loser)));
    // At 104,000 USD and a bit instead of 100,000 the shorts bought back.
    assert!((-reduced.quote - 100_000 * USD - lacking).abs() <= 70);
    let m = market(&world);
    assert_eq!((m.open_long, m.open_short), (0, 0));
    let lost: Vec<i64> = winners
        .iter()
        .zip(before)
        .map(|(w, b)| b - equity(&world, w))
        .collect();
    for (lost, part) in lost.iter().zip([5, 3, 2]) {
        assert!(
            (lost - lacking * part / 10).abs() <= 70,
            "{lost} of {lacking}"
        );
    }
    // Each takes its part when it is next touched, and then nothing is left of it.
    for winner in &winners {
        assert_eq!(world.health(winner).maintenance.requirement, 0);
    }
    write_down(&mut world, &winners);
    assert!(market(&world).reductions.iter().all(|r| r.base == 0));
    world.close(&loser, keeper.owner(), &keeper).accepted();
    write_down_all_again(&mut world, &winners);
}

/// What a settled winner has left is a claim, paid out of what losers paid in.
fn write_down_all_again(world: &mut World, winners: &[Trader]) {
    for winner in winners {
        let _ = world.settle(winner, BTC);
        let account = world.account(&winner.account);
        assert!(
            account.positions.iter().all(|p| p.is_free()),
            "{:?}",
            account.positions[0]
        );
    }
}

#[test]
fn a_reduction_leaves_the_other_side_its_part_and_trading_goes_on() {
    // SETUP: a healthy long beside the loser.
    let (mut world, loser, winners, keeper) = insolvent();
    let healthy = world.trader("healthy", 200_000.0);
    world.refresh_scenarios(BTC).accepted();
    world
        .trade(&healthy, &winners[0], &[leg(BTC, 1.0, 100_000.0)])
        .accepted();
    world.open(&loser, &keeper).accepted();
    world.wait(3_600);

    world.reduce_opposite(&loser, &keeper).accepted();

    // CHECK: of 2 contracts short one was closed: half of each.
    let m = market(&world);
    assert_eq!((m.open_long, m.open_short), (1_000_000, 1_000_000));
    world.refresh_scenarios(BTC).accepted();
    world
        .trade_at_mark(&winners[1], &winners[2], BTC, 0.01)
        .accepted();
    write_down(&mut world, &winners);
    let bases: Vec<i64> = winners
        .iter()
        .map(|w| world.account(&w.account).positions[0].base)
        .collect();
    assert_eq!(bases, [-750_000, -140_000, -110_000]);
    assert_eq!(world.account(&healthy.account).positions[0].base, 1_000_000);
}

#[test]
fn a_solvent_account_reduces_nobody_and_one_that_holds_something_is_not_written_off() {
    let (mut world, loser, _, keeper) = fallen(16_000.0, &[1.0], 109_000.0);
    world.open(&loser, &keeper).accepted();
    world
        .reduce_opposite(&loser, &keeper)
        .refused(LiquidationError::AccountSolvent);
    world
        .write_off(&loser, &keeper)
        .refused(MarginPoolError::NotOnlyDebt);
}

#[test]
fn debt_alone_is_written_off_by_the_fund_and_then_by_cash() {
    // SETUP: an account with collateral and debt, whose collateral is gone.
    let mut world = World::new();
    let (debtor, bob) = (
        world.trader("debtor", 1_000.0),
        world.trader("bob", 100_000.0),
    );
    let keeper = world.trader("keeper", 10_000.0);
    world.trade_at_mark(&bob, &keeper, SOL, 1.0).accepted();
    world.insure(&bob, 500.0).accepted();
    without_fees_in_the_fund_but(&mut world, 500);
    world.forge_cash(&debtor, &bob, 2_200 * USD);
    world.open(&debtor, &keeper).accepted();
    world.wait(3_600);
    world
        .reduce_opposite(&debtor, &keeper)
        .refused(MarginPoolError::NothingToReduce);

    world.write_off(&debtor, &keeper).accepted();

    assert_eq!(world.account(&debtor.account).cash, 0);
    // No market caused it: it has a tranche as a market has.
    let half = world.pool().ledger.insurance;
    assert!((250 * USD..251 * USD).contains(&half), "{half}");
    let shared = world.pool().losses.due;
    assert!((949 * USD..951 * USD).contains(&shared), "{shared}");
    world.close(&debtor, keeper.owner(), &keeper).accepted();
    // With nobody left who trades there is nothing to share it.
    let (mut world, debtor, keeper) = alone();
    world
        .write_off(&debtor, &keeper)
        .refused(MarginPoolError::LossUncovered);
}

fn without_fees_in_the_fund_but(world: &mut World, usd: i64) {
    let beyond = world.pool().ledger.insurance - usd * USD;
    world.forge::<Pool>(&cep_sdk::address::pool(), |p| {
        p.ledger.insurance -= beyond;
        p.ledger.fees += beyond;
        p.insurance_income -= beyond;
    });
}

fn alone() -> (World, Trader, Trader) {
    let mut world = World::new();
    let (debtor, keeper) = (
        world.trader("debtor", 1_000.0),
        world.trader("keeper", 10_000.0),
    );
    world.forge_cash(&debtor, &keeper, 1_200 * USD);
    world.open(&debtor, &keeper).accepted();
    (world, debtor, keeper)
}

#[test]
fn an_account_with_every_slot_full_takes_its_part() {
    // A claim from an old reduction and positions elsewhere do not stand in the way.
    let (mut world, loser, winners, keeper) = insolvent();
    write_down(&mut world, &winners);
    world.forge::<MarginAccount>(&keeper.account, |_| {});
    world.open(&loser, &keeper).accepted();
    world.bid(&loser, &keeper, ALL / 3, i64::MAX).accepted();
    world.bid(&loser, &winners[0], ALL / 2, i64::MAX).accepted();
    world.bid(&loser, &winners[1], ALL, i64::MAX).accepted();
    assert!(
        world
            .account(&loser.account)
            .positions
            .iter()
            .all(|p| p.is_free())
    );
    write_down(&mut world, &winners);
}

#[test]
fn a_side_that_was_closed_whole_takes_its_part_before_it_is_reduced_again() {
    // SETUP: all shorts are closed and have not been touched since; two new ones trade.
    let (mut world, loser, winners, keeper) = insolvent();
    world.open(&loser, &keeper).accepted();
    world.wait(3_600);
    world.reduce_opposite(&loser, &keeper).accepted();
    let (second, other) = (
        world.trader("second", 16_000.0),
        world.trader("other", 100_000.0),
    );
    world.refresh_scenarios(BTC).accepted();
    world
        .trade(&second, &other, &[leg(BTC, 0.7, 100_000.0)])
        .accepted();
    world.set_price(BTC, 75_000.0);
    world.open(&second, &keeper).accepted();
    world.wait(3_600);

    // ACT
    world
        .reduce_opposite(&second, &keeper)
        .refused(MarginPoolError::ReductionPending);
    write_down(&mut world, &winners);
    world.reduce_opposite(&second, &keeper).accepted();

    // CHECK: the winners of the first have nothing to do with the second.
    world.settle(&other, BTC).accepted();
    let m = market(&world);
    assert!(m.reductions.iter().all(|r| r.base == 0) && m.open_short == 0);
    assert!((0..100).contains(&equity(&world, &second)));
}

#[test]
fn an_account_that_waits_for_its_claims_leaves_auction_all_the_same() {
    // SETUP: closed at the bankruptcy price against winners who have not been touched: a claim, and a debt that bears interest.
    let (mut world, loser, winners, keeper) = fallen(16_000.0, &[0.6, 0.4], 120_000.0);
    world.insure(&keeper, 1_000.0).accepted();
    world.forge_cash(&loser, &keeper, 20_000 * USD);
    world.open(&loser, &keeper).accepted();
    world.wait(3_600);
    world.reduce_opposite(&loser, &keeper).accepted();
    world.advance(30 * 86_400);
    for _ in 0..2 {
        world.republish();
    }
    let account = world.account(&loser.account);
    let claims: i64 = account.positions.iter().map(|p| p.quote).sum();
    assert!(claims > 0 && account.cash < 0, "{claims} {}", account.cash);
    assert!(equity(&world, &loser) < 0);
    world
        .close(&loser, keeper.owner(), &keeper)
        .refused(LiquidationError::AccountNotRecovered);

    world.write_off(&loser, &keeper).accepted();

    assert_eq!(equity(&world, &loser), 0);
    world.close(&loser, keeper.owner(), &keeper).accepted();
    write_down(&mut world, &winners);
}
