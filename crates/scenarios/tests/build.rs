//! The builder on made-up prices: deterministic, and its errors say what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::{
    Basis, BuildError, BuildParams, Date, Population, PriceHistory, StressKind, VerifyError,
};
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
        refused.to_string().contains("not the price files"),
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
    // Eight worst days and five mandated rows leave room for three best days.
    let best = set
        .stress()
        .iter()
        .filter(|s| matches!(s.kind, StressKind::BestDay(_)));
    assert_eq!(best.count(), 3);
    let read = cep_scenarios::ScenarioSet::read(&set.write()).unwrap();
    assert_eq!(read, set);
}

/// `text` with a stablecoin that is missing before day 300 and loses a tenth inside day 400.
fn with_stablecoin(text: &str) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        let (noise, dip) = (
            0.001 * ((at * at) as f64).sin(),
            if at == 401 { 0.9 } else { 1.0 },
        );
        let (close, low) = (1.0 + noise, (1.0 + noise).min(1.0) * dip);
        let cells = match at {
            0 => "usd_open,usd_high,usd_low,usd_close".to_owned(),
            1..=300 => ",,,".to_owned(),
            _ => format!("1,{},{low},{close}", close.max(1.0)),
        };
        out.push_str(&format!("{line},{cells}\n"));
    }
    out
}

#[test]
fn a_stablecoin_neither_cuts_the_history_nor_moves_the_markets() {
    let text = made_up_prices(600);
    let params = params();
    let plain = PriceHistory::parse(&text).unwrap();
    let alone = Population::filter(&plain, &symbols(&["AAA", "BBB"]), &params).unwrap();
    let prices = PriceHistory::parse(&with_stablecoin(&text)).unwrap();
    let columns = symbols(&["AAA", "BBB", "USD"]);
    let joint = Population::filter(&prices, &columns, &params).unwrap();
    assert_eq!(joint.days, alone.days);
    for (with, without) in joint.draws.iter().zip(&alone.draws) {
        assert_eq!(with.day, without.day);
        assert_eq!(with.z[..2], without.z[..]);
        assert_eq!(with.level, without.level, "a peg does not move the level");
    }
    // Filled up to day 300, whose return needs a close before it.
    let filled = joint.draws.iter().filter(|d| d.filled_from.is_some());
    assert_eq!(filled.count() as u32, joint.filled[2]);
    assert_eq!(joint.filled[2], 300 - 60);
    let depeg = joint.draws.iter().find(|d| d.basis == Basis::Peg).unwrap();
    assert_eq!(depeg.day, Date::from_days(10_957 + 400));
    assert!(depeg.z[2] < -10.0);
    let set = build(&prices, &columns, &params).unwrap();
    let kinds: Vec<StressKind> = set.stress().iter().map(|s| s.kind).collect();
    assert!(kinds.contains(&StressKind::StablecoinDepeg));
    assert!(!kinds.contains(&StressKind::StakedDepeg));
    assert_eq!(verify(&set, &prices), Ok(()));
}

#[test]
fn a_second_file_adds_its_own_days_and_no_return_between() {
    // The same market again, 500 days later and a hundred times as dear.
    let later: String = made_up_prices(200)
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line}\n"),
            at => {
                let cells = line.split(',').skip(1);
                let prices: Vec<String> = cells
                    .map(|c| {
                        c.parse::<f64>()
                            .map_or(String::new(), |p| (p * 100.0).to_string())
                    })
                    .collect();
                let day = Date::from_days(10_957 + 1_000 + at as i32);
                format!("{day},{}\n", prices.join(","))
            }
        })
        .collect();
    let columns = symbols(&["AAA", "BBB"]);
    let count = |texts: &[String]| {
        let prices = PriceHistory::parse_all(texts).unwrap();
        let population = Population::filter(&prices, &columns, &params()).unwrap();
        let extreme = population.draws.iter().flat_map(|d| &d.z);
        (population.days, extreme.fold(0.0f64, |w, z| w.max(z.abs())))
    };
    let (first, widest) = count(&[made_up_prices(500)]);
    let (both, joint_widest) = count(&[made_up_prices(500), later]);
    // The second file's first 61 days have no return or seed its volatility.
    assert_eq!(both, first + 200 - 61);
    assert!(
        joint_widest < widest * 1.2,
        "{joint_widest} against {widest}"
    );
}
