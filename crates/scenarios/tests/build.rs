//! The builder on made-up prices: deterministic, and its errors say what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::{Basis, BuildError, BuildParams, Date, Population, PriceHistory, VerifyError};
use cep_scenarios::{build, verify};
use common::{made_up_prices, symbols};

fn params() -> BuildParams {
    BuildParams {
        directions: 200,
        ..BuildParams::default()
    }
    .with_rows(128)
}

fn history(days: i32) -> PriceHistory {
    PriceHistory::parse(&made_up_prices(days)).expect("prices that parse")
}

#[test]
fn the_same_arguments_give_the_same_bytes_and_a_seed_changes_them() {
    let (prices, columns) = (history(500), symbols(&["AAA", "BBB", "CCC"]));
    let set = build(&prices, &columns, &params()).unwrap();
    assert_eq!(set, build(&prices, &columns, &params()).unwrap());
    let other = build(
        &prices,
        &columns,
        &BuildParams {
            seed: 2,
            ..params()
        },
    )
    .unwrap();
    assert_ne!(set.hash(), other.hash());
}

#[test]
fn a_set_verifies_against_its_prices_and_not_against_others() {
    let (prices, columns) = (history(500), symbols(&["AAA", "CCC"]));
    let set = build(&prices, &columns, &params()).unwrap();
    assert_eq!(verify(&set, &prices), Ok(()));
    let refused = verify(&set, &history(501)).unwrap_err();
    assert!(matches!(refused, VerifyError::Differs { .. }));
    assert!(
        refused.to_string().contains("not the price file"),
        "{refused}"
    );
}

#[test]
fn only_days_with_all_columns_count_and_crash_days_run_to_the_low() {
    let prices = history(500);
    let joint = Population::filter(&prices, &symbols(&["AAA", "CCC"]), &params()).unwrap();
    // The third column is listed on day 100, has its first return on day 101, and 60 returns seed its volatility.
    assert_eq!(joint.draws[0].day, Date::from_days(10_957 + 161));
    assert_eq!(joint.days, 500 - 161);
    let lows: Vec<i32> = joint
        .draws
        .iter()
        .filter(|d| d.basis == Basis::Low)
        .map(|d| d.day.days() - 10_957)
        .collect();
    assert_eq!(lows, [199, 249, 299, 349, 399, 449, 499]);
    assert_eq!(joint.draws.len(), joint.days, "one draw a day");
}

#[test]
fn what_cannot_be_built_is_refused_in_words() {
    let prices = history(500);
    let attempt = |names: &[&str], params: BuildParams| build(&prices, &symbols(names), &params);
    let cases = [
        (attempt(&[], params()), BuildError::ColumnCount(0)),
        (
            attempt(&["AAA", "AAA"], params()),
            BuildError::Duplicate(symbols(&["AAA"])[0]),
        ),
        (
            attempt(&["AAA", "XRP"], params()),
            BuildError::UnknownSymbol(symbols(&["XRP"])[0]),
        ),
        (
            attempt(&["AAA"], params().with_rows(512)),
            BuildError::TooFewDays {
                have: 439,
                need: 512,
            },
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, Err(expected));
    }
    let bad = BuildParams {
        lambda_ppm: 1_000_000,
        ..params()
    };
    assert!(matches!(
        attempt(&["AAA"], bad),
        Err(BuildError::Parameter { .. })
    ));
}

#[test]
fn two_columns_that_move_as_one_are_refused() {
    let text = made_up_prices(500);
    // A copy of the first column under another name.
    let doubled: String = text
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let copy = cells[1..5].join(",").replace("aaa", "twin");
            format!("{line},{copy}\n")
        })
        .collect();
    let prices = PriceHistory::parse(&doubled).unwrap();
    let found = build(&prices, &symbols(&["AAA", "TWIN"]), &params());
    assert_eq!(found, Err(BuildError::Degenerate));
}

#[test]
fn eight_columns_keep_within_the_stress_rows_of_the_account() {
    let text = made_up_prices(600);
    // Eight columns from three: each further one is the first times a wave of its own, so none is another's copy.
    let mut lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
    for extra in 0..5 {
        for (at, line) in lines.iter_mut().enumerate() {
            let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            if at == 0 {
                for field in ["open", "high", "low", "close"] {
                    line.push_str(&format!(",x{extra}_{field}"));
                }
            } else {
                let wave = 1.0 + 0.01 * ((at * (extra + 2) * (extra + 7)) as f64).sin();
                let first: f64 = cells[4].parse().unwrap();
                let close = first * wave;
                line.push_str(&format!(
                    ",{close},{},{},{close}",
                    close * 1.01,
                    close * 0.97
                ));
            }
        }
    }
    let prices = PriceHistory::parse(&lines.join("\n")).unwrap();
    let names = ["AAA", "BBB", "CCC", "X0", "X1", "X2", "X3", "X4"];
    let set = build(&prices, &symbols(&names), &params().with_rows(256)).unwrap();
    assert_eq!((set.stress().len(), set.symbols().len()), (16, 8));
    let read = cep_scenarios::ScenarioSet::read(&set.write()).unwrap();
    assert_eq!(read, set);
}
