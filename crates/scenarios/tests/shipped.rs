//! The set that ships: its shape, its moments, and that it follows from the public prices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::measure::{Cloud, agreement};
use cep_scenarios::shape::{ROWS, WEIGHT_ONE};
use cep_scenarios::{
    Basis, BuildParams, Origin, Population, PriceHistory, ScenarioSet, StressKind,
};
use cep_scenarios::{build, verify};
use common::{DAILY, shared, symbols};

#[test]
fn it_has_the_shape_of_the_account() {
    let set = ScenarioSet::shipped().unwrap();
    assert_eq!(set.symbols(), symbols(&["BTC", "ETH", "SOL"]));
    assert_eq!(set.draws().len(), ROWS);
    assert_eq!(
        set.draws().iter().map(|d| d.weight).sum::<u32>(),
        WEIGHT_ONE
    );
    let kinds: Vec<StressKind> = set.stress().iter().map(|s| s.kind).collect();
    let days = (0..3)
        .map(StressKind::WorstDay)
        .chain((0..3).map(StressKind::BestDay));
    let rest = [
        StressKind::AllDown,
        StressKind::AllUp,
        StressKind::Decorrelated,
        StressKind::DecorrelatedMirror,
    ];
    assert_eq!(kinds, days.chain(rest).collect::<Vec<_>>());
}

#[test]
fn every_column_has_mean_zero_and_variance_one_and_levels_mean_zero() {
    let set = ScenarioSet::shipped().unwrap();
    let moments = set.moments();
    for column in 0..3 {
        assert!(moments.mean[column].abs() < 1e-4);
        assert!((moments.covariance.at(column, column) - 1.0).abs() < 1e-4);
    }
    let level: i64 = set
        .draws()
        .iter()
        .map(|d| i64::from(d.level) * i64::from(d.weight))
        .sum();
    assert!(
        level.abs() < i64::from(WEIGHT_ONE),
        "mean level {level} of a unit in 16 million"
    );
}

#[test]
fn most_rows_are_tail_days_and_the_body_carries_most_weight() {
    let set = ScenarioSet::shipped().unwrap();
    let body = |d: &&cep_scenarios::Draw| matches!(d.origin, Origin::Body { .. });
    let rows = set.draws().iter().filter(body).count();
    let weight: u32 = set.draws().iter().filter(body).map(|d| d.weight).sum();
    assert_eq!(rows, 64);
    assert!(weight > WEIGHT_ONE / 2, "{weight}");
}

#[test]
fn the_known_crash_days_are_in_it_to_their_lows() {
    let set = ScenarioSet::shipped().unwrap();
    for (day, column) in [("2021-05-19", 0), ("2022-11-09", 2)] {
        let origin = Origin::Day {
            day: day.parse().unwrap(),
            basis: Basis::Low,
        };
        let draw = set.draws().iter().find(|d| d.origin == origin).expect(day);
        assert!(
            draw.z[column] < -3 * (1 << 16) && draw.level > 0,
            "{day}: {draw:?}"
        );
    }
}

#[test]
fn stress_rows_carry_the_worst_that_happened() {
    let set = ScenarioSet::shipped().unwrap();
    let worst = |kind, column: usize| {
        let row = set.stress().iter().find(|s| s.kind == kind).unwrap();
        f64::from(row.returns[column]) / f64::from(1 << 24)
    };
    // 12 March 2020: 7,911.43 to 4,860.35 (BTC), 194.87 to 111.21 (ETH). 9 November 2022: 24.153 to 12.506 (SOL).
    for (column, loss) in [(0, -0.3857), (1, -0.4293), (2, -0.4822)] {
        assert!((worst(StressKind::WorstDay(column as u8), column) - loss).abs() < 1e-4);
        assert!((worst(StressKind::AllDown, column) - loss).abs() < 1e-4);
    }
    assert_eq!(worst(StressKind::Decorrelated, 0), 0.0);
    assert!(worst(StressKind::Decorrelated, 1) > 0.1 && worst(StressKind::Decorrelated, 2) < -0.1);
    let march = set.stress()[0].clone();
    assert!(march.inferred, "SOL was not listed on 12 March 2020");
}

#[test]
fn it_rebuilds_from_public_prices_to_the_same_hash_and_the_same_text() {
    let Some(path) = shared(DAILY) else { return };
    let prices = PriceHistory::open(&path).unwrap();
    let shipped = ScenarioSet::shipped().unwrap();
    let rebuilt = build(
        &prices,
        &symbols(&["BTC", "ETH", "SOL"]),
        &BuildParams::default(),
    )
    .unwrap();
    assert_eq!(rebuilt.hash_hex(), shipped.hash_hex());
    assert_eq!(rebuilt.write(), include_str!("../data/default.csv"));
    assert_eq!(verify(&shipped, &prices), Ok(()));
}

#[test]
fn its_tails_and_correlations_are_those_of_the_whole_history() {
    let Some(path) = shared(DAILY) else { return };
    let prices = PriceHistory::open(&path).unwrap();
    let set = ScenarioSet::shipped().unwrap();
    let population = Population::filter(&prices, set.symbols(), &set.provenance().params).unwrap();
    let correlation = set.moments().correlation();
    for i in 0..3 {
        for j in 0..3 {
            let error = correlation.at(i, j) - population.correlation.at(i, j);
            assert!(error.abs() < 1e-3, "correlation {i},{j} off by {error}");
        }
    }
    let (rows, whole) = (set.cloud(), Cloud::from(&population));
    for tail in [0.025, 0.01] {
        let found = agreement(&rows, &whole, tail, 1_000, 20_251_010);
        println!("tail {tail}: {found:?}");
        assert!(found.worst_understatement < 0.002, "{found:?}");
        assert!(found.worst < 0.002, "{found:?}");
    }
}

#[test]
fn stablecoins_and_staked_tokens_build_too() {
    let Some(path) = shared(DAILY) else { return };
    let prices = PriceHistory::open(&path).unwrap();
    let columns = symbols(&["ETH", "STETH", "USDC", "USDT"]);
    let params = BuildParams {
        directions: 500,
        ..BuildParams::default()
    };
    let set = build(&prices, &columns, &params).unwrap();
    assert_eq!(set.symbols(), columns);
    assert!(set.moments().correlation().at(0, 1) > 0.95);
}
