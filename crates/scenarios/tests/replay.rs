//! The crash replay: what it says about 10 October 2025, and that it follows from the hourly prices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::ReadError;
use cep_scenarios::replay::{FIRST_HOUR, HOURS, ReplayTable, derive};
use common::{HOURLY, shared, symbols};

const TABLE: &str = include_str!("../data/replay_2025-10-10.csv");
/// 2025-10-10T21:00 UTC.
const CRASH: i64 = 1_760_130_000;

/// Fall from the close of the hour before to the low of the crash hour.
fn fall(name: &str) -> f64 {
    let table = ReplayTable::shipped().expect("the table reads");
    let column = table.column(symbols(&[name])[0]).expect("a column");
    let at = table
        .hours
        .iter()
        .position(|h| h.timestamp == CRASH)
        .expect("the crash hour");
    table.hours[at].bars[column].low / table.hours[at - 1].bars[column].close - 1.0
}

#[test]
fn one_hour_took_a_quarter_off_sol() {
    // SOL 196.65 to 146.57, ETH 3,865.21 to 3,311.76, BTC 114,225.1 to 101,045.9.
    for (name, expected) in [("SOL", -0.25467), ("ETH", -0.14319), ("BTC", -0.11538)] {
        assert!(
            (fall(name) - expected).abs() < 1e-5,
            "{name} fell {}",
            fall(name)
        );
    }
}

#[test]
fn it_covers_two_days_without_a_gap() {
    let table = ReplayTable::shipped().unwrap();
    assert_eq!(table.hours.len(), HOURS);
    assert!(
        table
            .hours
            .windows(2)
            .all(|h| h[1].timestamp - h[0].timestamp == 3_600)
    );
    assert_eq!(table.hours[0].timestamp, CRASH - 21 * 3_600);
    assert!(
        table
            .starts
            .iter()
            .all(|s| (0.005..0.1).contains(&s.sigma_daily)),
        "{:?}",
        table.starts
    );
}

#[test]
fn the_committed_table_equals_its_derivation() {
    let Some(path) = shared(HOURLY) else { return };
    let prices = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        derive(&prices, &symbols(&["BTC", "ETH", "SOL"])).unwrap(),
        TABLE
    );
}

#[test]
fn rebuilt_prices_are_the_true_ones_within_20_millionths() {
    let Some(path) = shared(HOURLY) else { return };
    let prices = std::fs::read_to_string(path).unwrap();
    let table = ReplayTable::shipped().unwrap();
    let hours = prices.lines().skip_while(|l| !l.starts_with(FIRST_HOUR));
    let mut seen = 0;
    for (line, hour) in hours.zip(&table.hours) {
        let truth: Vec<f64> = line
            .split(',')
            .skip(1)
            .map(|c| c.parse().unwrap())
            .collect();
        for (bar, truth) in hour.bars.iter().zip(truth.chunks(4)) {
            for (found, truth) in [bar.open, bar.high, bar.low, bar.close].iter().zip(truth) {
                assert!((found / truth - 1.0).abs() < 20e-6, "{found} for {truth}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, HOURS);
}

#[test]
fn prices_that_do_not_reach_the_crash_are_refused() {
    let header = "ts,btc_open,btc_high,btc_low,btc_close\n";
    let early = format!("{header}2025-10-01T00:00,1,1,1,1\n");
    let refused = derive(&early, &symbols(&["BTC"])).unwrap_err();
    assert!(refused.to_string().contains(FIRST_HOUR), "{refused}");
    assert!(derive(&early, &symbols(&["SOL"])).is_err());
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let head = "# start BTC price=100 sigma_daily=0.02\nhour,btc_open,btc_high,btc_low,btc_close\n";
    let read = |rest: &str| ReplayTable::read(&format!("{head}{rest}"));
    assert!(read("2025-10-10T00:00,0,5,-5,1\n").is_ok());
    for (rest, bad) in [
        ("2025-10-10T00:00,0,5,-5\n", 3),
        ("2025-10-10T0:30,0,5,-5,1\n", 3),
        ("2025-10-10T24:00,0,5,-5,1\n", 3),
        ("2025-10-10T00:00,0,x,-5,1\n", 3),
        ("2025-10-10T00:00,0,5,2,1\n", 3),
        ("2025-10-10T00:00,0,5,-5,1\n2025-10-10T02:00,0,5,-5,1\n", 4),
    ] {
        let found = read(rest);
        assert!(
            matches!(&found, Err(ReadError::Line { line, .. }) if *line == bad),
            "{rest}: {found:?}"
        );
    }
    assert!(matches!(read(""), Err(ReadError::Incomplete(_))));
}
