//! Crashes of the past through the programs: whatever the market does, the books balance, nobody healthy is liquidated, and
//! every auction ends.
// A replay that breaks a rule stops with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use {
    cep_sdk::{address, programs::liquidation::state::InsuranceFund},
    cep_tests::replay::{
        crowd::set_the_scene,
        run::{Plan, Report, run},
        tape::{Crash, MAY_2021, NOVEMBER_2022, OCTOBER_2025},
    },
};

/// Liquidators look once a minute, prices jump from one point to the next, and the fund holds a million USD.
const FUNDED: Plan = Plan {
    slots: 150,
    fund: 1_000_000.0,
    makers_bid: false,
    jumps: true,
};
/// They look every six minutes, and there is nothing in the fund.
// Often enough that prices serve throughout: an auction's clock stands still while nobody refreshes.
const UNFUNDED: Plan = Plan {
    slots: 125,
    fund: 0.0,
    ..FUNDED
};
/// Makers take what the fund cannot pay for.
const TAKEN_BACK: Plan = Plan {
    makers_bid: true,
    ..UNFUNDED
};

/// `None` when the prices are not beside the repository.
fn replay(crash: &Crash, plan: Plan) -> Option<Report> {
    // SETUP, ACT: the run itself checks all books again and again, and tries to liquidate who is healthy.
    let report = run(&set_the_scene(crash, 1)?, plan);

    // CHECK
    assert_eq!(report.difference, 0, "the vault holds what the books say");
    assert!(report.stuck.is_empty(), "nobody can end {:?}", report.stuck);
    assert!(report.false_alarms > 0);
    let record = &report.record;
    assert!(
        record.defaulters.len() > 50,
        "no crash: {}",
        record.defaulters.len()
    );
    let fund = report
        .world
        .read::<InsuranceFund>(&address::insurance_fund());
    assert_eq!(i64::try_from(fund.paid_out).unwrap(), record.covered.fund);
    // What defaulters lost beyond their margin somebody bore, and nobody bore more than that but the fund, which pays
    // bidders for coming.
    let shortfall: i64 = record.shortfalls().iter().sum();
    let shared = record.covered.profits + record.covered.cash + record.by_reduction;
    let rounding = i64::try_from(record.bids + record.written_off).unwrap();
    assert!(shared <= shortfall + rounding, "{shared} of {shortfall}");
    assert!(
        shared + record.covered.fund + rounding >= shortfall,
        "{shared} of {shortfall}"
    );
    Some(report)
}

#[test]
fn october_2025_with_a_fund() {
    replay(&OCTOBER_2025, FUNDED);
}

#[test]
fn october_2025_without_a_fund() {
    replay(&OCTOBER_2025, UNFUNDED);
}

#[test]
fn may_2021_with_a_fund() {
    replay(&MAY_2021, FUNDED);
}

#[test]
fn may_2021_without_a_fund() {
    if let Some(report) = replay(&MAY_2021, UNFUNDED) {
        assert!(
            report.record.by_reduction > 0,
            "the other side was never reduced"
        );
    }
}

#[test]
fn may_2021_without_a_fund_and_makers_that_take_their_side_back() {
    if let Some(report) = replay(&MAY_2021, TAKEN_BACK) {
        let shared = report.record.covered;
        assert!(shared.profits > 0, "no profit shared a loss: {shared:?}");
    }
}

#[test]
fn november_2022_with_a_fund() {
    replay(&NOVEMBER_2022, FUNDED);
}

#[test]
fn november_2022_without_a_fund() {
    replay(&NOVEMBER_2022, UNFUNDED);
}
