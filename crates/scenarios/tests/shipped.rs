//! The set that ships: its shape, its moments, and that it follows from the public prices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use cep_scenarios::measure::options::OptionBook;
use cep_scenarios::measure::{Cloud, agreement};
use cep_scenarios::shape::{LEVEL_ONE, MAX_STRESS, RETURN_ONE, ROWS, WEIGHT_ONE, Z_ONE};
use cep_scenarios::{
    Basis, BuildParams, Origin, Population, PriceHistory, ScenarioSet, StressKind, StressRow,
    Symbol,
};
use cep_scenarios::{build, verify};
use common::{DAILY, shared, shipped_prices, symbols};

/// BTC, ETH and SOL come first.
const MARKETS: usize = 3;

fn shipped() -> ScenarioSet {
    ScenarioSet::shipped().expect("the shipped set reads")
}

fn row(set: &ScenarioSet, kind: StressKind) -> &StressRow {
    let row = set.stress().iter().find(|s| s.kind == kind);
    row.expect("a mandated row")
}

fn share(units: i32) -> f64 {
    f64::from(units) / f64::from(RETURN_ONE)
}

#[test]
fn it_has_the_shape_of_the_account() {
    let set = shipped();
    let names = ["BTC", "ETH", "SOL", "USDC", "USDT", "SOLGAP"];
    assert_eq!(set.symbols(), symbols(&names));
    assert_eq!(set.symbols(), ScenarioSet::shipped_symbols());
    assert_eq!(set.provenance().pegged, symbols(&names[MARKETS..]));
    assert_eq!(set.draws().len(), ROWS);
    assert_eq!(
        set.draws().iter().map(|d| d.weight).sum::<u32>(),
        WEIGHT_ONE
    );
    let kinds: Vec<StressKind> = set.stress().iter().map(|s| s.kind).collect();
    let days = (0..6)
        .map(StressKind::WorstDay)
        .chain((0..3).map(StressKind::BestDay));
    let rest = [
        StressKind::AllDown,
        StressKind::AllUp,
        StressKind::Decorrelated,
        StressKind::DecorrelatedMirror,
        StressKind::VolatilityDown,
        StressKind::StablecoinDepeg,
        StressKind::StakedDepeg,
    ];
    assert_eq!(kinds, days.chain(rest).collect::<Vec<_>>());
    assert_eq!(kinds.len(), MAX_STRESS);
}

#[test]
fn every_column_has_mean_zero_and_variance_one_and_levels_mean_zero() {
    let set = shipped();
    let moments = set.moments();
    for column in 0..set.symbols().len() {
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
    let set = shipped();
    let body = |d: &&cep_scenarios::Draw| matches!(d.origin, Origin::Body { .. });
    let rows = set.draws().iter().filter(body).count();
    let weight: u32 = set.draws().iter().filter(body).map(|d| d.weight).sum();
    assert_eq!(rows, 112);
    assert!(weight > WEIGHT_ONE / 2, "{weight}");
}

#[test]
fn the_known_crash_days_are_in_it_to_their_lows() {
    let set = shipped();
    for (day, basis, column, z) in [
        ("2021-05-19", Basis::Low, 0, -3),
        ("2022-11-09", Basis::Low, 2, -3),
        ("2025-10-10", Basis::Low, 0, -10),
        ("2025-10-10", Basis::Low, 2, -9),
        ("2023-03-11", Basis::Peg, 3, -30),
    ] {
        let day = day.parse().unwrap();
        let origin = Origin::Day { day, basis };
        let draw = set
            .draws()
            .iter()
            .find(|d| d.origin == origin)
            .expect("the day");
        assert!(draw.z[column] < z * Z_ONE, "{day}: {draw:?}");
        assert!((draw.level > 0) == (basis == Basis::Low), "{day}: {draw:?}");
    }
}

#[test]
fn stress_rows_carry_the_worst_that_happened() {
    let set = shipped();
    let worst = |kind, column: usize| share(row(&set, kind).returns[column]);
    // 12 March 2020: 7,911.43 to 4,860.35 (BTC), 194.87 to 111.21 (ETH). 9 November 2022: 24.153 to 12.506 (SOL).
    // 11 March 2023: 0.9995 to 0.8774 (USDC). 13 March 2020: 1.0536 to 0.8995 (USDT).
    let losses = [-0.3857, -0.4293, -0.4822, -0.1221, -0.1463];
    for (column, loss) in losses.into_iter().enumerate() {
        assert!((worst(StressKind::WorstDay(column as u8), column) - loss).abs() < 1e-4);
        assert!((worst(StressKind::AllDown, column) - loss).abs() < 1e-4);
    }
    assert_eq!(worst(StressKind::Decorrelated, 0), 0.0);
    assert!(worst(StressKind::Decorrelated, 1) > 0.1 && worst(StressKind::Decorrelated, 2) < -0.1);
    let march = row(&set, StressKind::WorstDay(0));
    assert!(march.inferred, "SOL was not listed on 12 March 2020");
}

#[test]
fn pegs_break_in_rows_of_their_own() {
    let set = shipped();
    let depeg = row(&set, StressKind::StablecoinDepeg);
    // Both stablecoins at their worst, the markets as on the day USDC broke: they barely moved.
    assert!(share(depeg.returns[3]) < -0.12 && share(depeg.returns[4]) < -0.14);
    assert!(share(depeg.returns[0]).abs() < 0.01);
    assert_eq!(depeg.day, Some("2023-03-11".parse().unwrap()));
    // Staked SOL under its redemption value on SOL's own worst day: 1 - 0.518 x 0.851.
    let staked = row(&set, StressKind::StakedDepeg);
    let (sol, gap) = (share(staked.returns[2]), share(staked.returns[5]));
    assert!((sol - -0.4822).abs() < 1e-4 && (gap - -0.1494).abs() < 1e-4);
    let worst_day = row(&set, StressKind::WorstDay(5));
    assert!(gap < share(worst_day.returns[5]));
}

#[test]
fn a_long_vega_book_loses_in_the_row_of_falling_volatility() {
    let set = shipped();
    let down = row(&set, StressKind::VolatilityDown);
    assert!(down.returns.iter().all(|r| *r == 0));
    assert_eq!(down.level, -LEVEL_ONE / 4);
    let level = f64::from(down.level) / f64::from(LEVEL_ONE);
    let book = OptionBook::straddles(&[0.03], 1.0, 30.0, 0.0);
    // A quarter of a log point takes a fifth off a straddle of 30 days.
    assert!(book.profit(&[0.0], level) < 0.18 * book.profit(&[0.0], -20.0));
}

#[test]
fn rows_have_names_for_people() {
    let set = shipped();
    let low = |day: &str| {
        let wanted = day.parse().unwrap();
        let place = set.draws().iter().position(
            |d| matches!(d.origin, Origin::Day { day, basis: Basis::Low } if day == wanted),
        );
        set.label(place.expect("a crash day")).unwrap()
    };
    assert_eq!(low("2025-10-10"), "10 Oct 2025, to the lows");
    assert_eq!(set.label(ROWS).unwrap(), "worst day of BTC (12 Mar 2020)");
    assert_eq!(set.label(ROWS + 9).unwrap(), "all down");
    assert!(set.label(ROWS - 1).unwrap().starts_with("an ordinary day"));
    assert_eq!(set.label(ROWS + MAX_STRESS), None);
}

#[test]
fn it_rebuilds_from_public_prices_to_the_same_hash_and_the_same_text() {
    let Some(prices) = shipped_prices() else {
        return;
    };
    let shipped = shipped();
    let params = BuildParams::default();
    let columns = params.available(&prices, &ScenarioSet::shipped_symbols());
    let rebuilt = build(&prices, &columns, &params).unwrap();
    assert_eq!(rebuilt.hash_hex(), shipped.hash_hex());
    assert_eq!(rebuilt.write(), include_str!("../data/default.csv"));
    assert_eq!(verify(&shipped, &prices), Ok(()));
}

fn markets_only(cloud: &Cloud) -> Cloud {
    Cloud {
        points: cloud.points.iter().map(|p| p[..MARKETS].to_vec()).collect(),
        weights: cloud.weights.clone(),
    }
}

/// The whole population that the shipped set stands for.
fn population(set: &ScenarioSet) -> Option<Population> {
    let params = &set.provenance().params;
    let prices = shipped_prices()?;
    Some(Population::filter(&prices, set.symbols(), params).expect("a population"))
}

#[test]
fn its_tails_and_correlations_are_those_of_the_whole_history() {
    let set = shipped();
    let Some(population) = population(&set) else {
        return;
    };
    let correlation = set.moments().correlation();
    for i in 0..6 {
        for j in 0..6 {
            let error = correlation.at(i, j) - population.correlation.at(i, j);
            assert!(error.abs() < 1e-3, "correlation {i},{j} off by {error}");
        }
    }
    let (rows, whole) = (set.cloud(), Cloud::from(&population));
    for tail in [0.025, 0.01] {
        let (own, own_whole) = (markets_only(&rows), markets_only(&whole));
        let found = agreement(&own, &own_whole, tail, 1_000, 20_251_010);
        println!("markets, tail {tail}: {found:?}");
        assert!(found.worst < 0.000_1, "{found:?}");
        let found = agreement(&rows, &whole, tail, 1_000, 20_251_010);
        println!("all columns, tail {tail}: {found:?}");
        assert!(found.worst_understatement < 0.015, "{found:?}");
        assert!(found.worst < 0.03, "{found:?}");
    }
}

#[test]
fn option_books_have_the_tails_of_the_whole_history() {
    let set = shipped();
    let Some(population) = population(&set) else {
        return;
    };
    let (rows, whole) = (set.cloud(), Cloud::from(&population));
    for decay in [0.0, 1.0] {
        let mut squares = 0.0;
        for seed in 1_000..1_040 {
            let book = OptionBook::random(&[0.025, 0.035, 0.045], decay, seed);
            let found = book.expected_shortfall(&rows, &set.levels(), 0.025);
            let wanted = book.expected_shortfall(&whole, &population.levels(), 0.025);
            let error = found / wanted - 1.0;
            assert!(error > -0.04, "book {seed} understated by {error}");
            squares += error * error;
        }
        let rmse = f64::sqrt(squares / 40.0);
        println!("decay {decay}: RMSE {rmse}");
        assert!(rmse < 0.02, "{rmse}");
    }
}

#[test]
fn other_columns_and_a_single_file_build_too() {
    let Some(path) = shared(DAILY) else { return };
    let prices = PriceHistory::open(&path).unwrap();
    let params = BuildParams {
        directions: 500,
        ..BuildParams::default()
    };
    for names in [&["ETH", "STETH", "USDC", "USDT"][..], &["USDT"]] {
        let columns = symbols(names);
        let set = build(&prices, &columns, &params).unwrap();
        assert_eq!(set.symbols(), columns);
    }
    let wanted = symbols(&["SOLGAP", "DOGE", "ETH"]);
    let has: Vec<Symbol> = params.available(&prices, &wanted);
    assert_eq!(has, symbols(&["SOLGAP", "ETH"]));
}
