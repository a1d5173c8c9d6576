//! Whole portfolios against published figures: Hull's two, and SPAN's sixteen rows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod common;
#[path = "common/distribution.rs"]
mod distribution;

use {
    cep_risk::{
        AddonParams, Book, Breakdown, Holding, Instrument, Kind, MarginParams, PPM, Portfolio,
        Price, Quantity, ROWS, STRESS_ROWS, Scratch, WEIGHT_ONE,
        margin::{FLAT_LEVELS, FLAT_STRESS_LEVELS},
    },
    common::reference,
    distribution::bins,
    serde_json::Value,
};

/// Expected Shortfall alone, at 99 % (initial) and 97.5 % (maintenance).
const TAIL_ONLY: MarginParams = MarginParams {
    stress_weight: 0,
    retained: 0,
    maintenance_factor: PPM,
    confidence_multiple: 0,
    addons: AddonParams::NONE,
};
const ONE_Q24: f64 = 16_777_216.0;

struct Rows {
    price: Price,
    returns: Vec<[i32; ROWS]>,
    stress: Vec<[i32; STRESS_ROWS]>,
    weights: [u32; ROWS],
}

impl Rows {
    /// Margin of whole contracts, one quantity per underlying, and the sum over them alone.
    fn evaluate(&self, contracts: &[f64], params: &MarginParams, kind: Kind) -> (Breakdown, i64) {
        let books: Vec<Book> = self
            .returns
            .iter()
            .zip(&self.stress)
            .map(|(returns, stress)| Book {
                age: 0,
                sigma: 0,
                horizon: 86_400,
                daily_volume: 0,
                open_interest: 0,
                doubt: 0,
                basis_step: 0,
                levels: &FLAT_LEVELS,
                stress_levels: &FLAT_STRESS_LEVELS,
                price: self.price,
                confidence: 0,
                returns,
                extremes: (
                    *returns.iter().min().unwrap(),
                    *returns.iter().max().unwrap(),
                ),
                weights: &self.weights,
                stress,
                scenario_set: 1,
            })
            .collect();
        let holdings: Vec<Holding> = contracts
            .iter()
            .enumerate()
            .map(|(book, q)| Holding {
                instrument: Instrument::Index,
                book,
                quantity: Quantity((q * 1e6).round() as i64),
                quote: 0,
            })
            .collect();
        let portfolio = Portfolio {
            cash: 0,
            holdings: &holdings,
            books: &books,
        };
        let mut scratch = Scratch::new();
        let joint = portfolio.evaluate(params, kind, &mut scratch).unwrap();
        (
            joint,
            portfolio.isolated(params, kind, &mut scratch).unwrap(),
        )
    }
}

/// Whole weights with the sum of the library, from probabilities.
fn whole(probabilities: impl Iterator<Item = f64>) -> [u32; ROWS] {
    let (mut out, mut cumulative, mut last) = ([0; ROWS], 0.0, 0);
    for (slot, p) in out.iter_mut().zip(probabilities) {
        cumulative += p;
        let up_to = (cumulative * f64::from(WEIGHT_ONE)).round() as u32;
        *slot = up_to - last;
        last = up_to;
    }
    assert_eq!(out.iter().sum::<u32>(), WEIGHT_ONE);
    out
}

fn usd(micro: i64) -> f64 {
    micro as f64 / 1e6
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn two_assets_diversify_as_published() {
    let (Some(data), Some(es)) = (
        reference("hull_two_asset_var.json"),
        reference("es_var_normal_student_t.json"),
    ) else {
        return;
    };
    let inputs = &data["inputs"];
    let (va, vb) = (
        number(&inputs["daily_vol"]["MSFT"]),
        number(&inputs["daily_vol"]["ATT"]),
    );
    let rho = number(&inputs["rho"]);
    let positions = [
        number(&inputs["positions_usd"]["MSFT"]),
        number(&inputs["positions_usd"]["ATT"]),
    ];
    let days = number(&inputs["horizon_days"]).sqrt();

    // A product of two normals in 32 x 16 bins, correlated as published.
    let (first, second) = (bins("normal", 32, 2.1), bins("normal", 16, 2.1));
    let grid: Vec<_> = first
        .iter()
        .flat_map(|a| {
            second
                .iter()
                .map(move |b| (a.0 * b.0, a.1 / a.0, b.1 / b.0))
        })
        .collect();
    let mut returns = vec![[0; ROWS]; 2];
    for (k, (_, x, y)) in grid.iter().enumerate() {
        let z = rho * x + (1.0 - rho * rho).sqrt() * y;
        returns[0][k] = (va * days * x * ONE_Q24).round() as i32;
        returns[1][k] = (vb * days * z * ONE_Q24).round() as i32;
    }
    let rows = Rows {
        price: Price::new(1_000_000).unwrap(),
        returns,
        stress: vec![[0; STRESS_ROWS]; 2],
        weights: whole(grid.iter().map(|x| x.0)),
    };
    // The source gives value at risk; for a normal portfolio ES is a fixed multiple of it.
    let case = es["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["dist"] == "normal" && c["alpha"] == 0.99)
        .unwrap();
    let multiple = number(&case["ES"]) / number(&case["VaR"]);
    let want = &data["expected_exact_z"];
    let [a, b, both] = ["var_10d_msft", "var_10d_att", "var_10d_portfolio"]
        .map(|name| number(&want[name]) * multiple);

    let (joint, isolated) = rows.evaluate(&positions, &TAIL_ONLY, Kind::Initial);
    let (joint, isolated) = (usd(joint.requirement), usd(isolated));
    assert!((joint / both - 1.0).abs() < 0.01, "{joint} for {both}");
    assert!(
        (isolated / (a + b) - 1.0).abs() < 0.01,
        "{isolated} for {}",
        a + b
    );
    assert!(((isolated - joint) / (a + b - both) - 1.0).abs() < 0.05);
}

#[test]
fn four_indices_need_the_expected_shortfall_of_their_covariance() {
    let Some(data) = reference("hull_four_index_var.json") else {
        return;
    };
    let inputs = &data["inputs"];
    let positions: Vec<f64> = ["DJIA", "FTSE100", "CAC40", "NIKKEI"]
        .iter()
        .map(|name| number(&inputs["positions_kusd"][*name]) * 1_000.0)
        .collect();
    let n = number(&inputs["n_returns"]);
    let covariance: Vec<Vec<f64>> = inputs["cov_daily_unbiased_n_minus_1"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| numbers(row).iter().map(|x| x * (n - 1.0) / n).collect())
        .collect();
    let with_all: Vec<f64> = covariance
        .iter()
        .map(|row| row.iter().zip(&positions).map(|(c, w)| c * w).sum())
        .collect();
    let variance: f64 = with_all.iter().zip(&positions).map(|(c, w)| c * w).sum();

    // Each row moves the indices by what they do when the portfolio moves by z, and by a part that the
    // positions cancel: a long trip for the legs, none for the whole.
    let z = bins("normal", ROWS, 2.3);
    let mut returns = vec![[0; ROWS]; 4];
    for (k, (p, moment)) in z.iter().enumerate() {
        let swing = if k % 2 == 0 { 30_000.0 } else { -30_000.0 };
        let apart = [
            swing / positions[0],
            -swing / positions[1],
            -swing / positions[2],
            swing / positions[3],
        ];
        for (u, column) in returns.iter_mut().enumerate() {
            let own = with_all[u] / variance.sqrt() * moment / p;
            column[k] = ((own + apart[u]) * ONE_Q24).round() as i32;
        }
    }
    let rows = Rows {
        price: Price::new(1_000_000).unwrap(),
        returns,
        stress: vec![[0; STRESS_ROWS]; 4],
        weights: whole(z.iter().map(|x| x.0)),
    };
    for (kind, name) in [
        (Kind::Initial, "es_99_usd"),
        (Kind::Maintenance, "es_97.5_usd"),
    ] {
        let (joint, isolated) = rows.evaluate(&positions, &TAIL_ONLY, kind);
        let want = number(&data["computed"][name]);
        let error = usd(joint.requirement) / want - 1.0;
        assert!(error.abs() < 5e-4, "{} for {want}", usd(joint.requirement));
        assert!(isolated > joint.requirement);
    }
}

/// SPAN's sixteen rows fill the sixteen mandated rows exactly. An option's array stands for what the
/// scenario does to its price; how it comes about is not the library's.
#[test]
fn sixteen_span_rows_give_the_published_scan_risk() {
    let Some(data) = reference("span_16_scenarios.json") else {
        return;
    };
    let worst_row_only = MarginParams {
        stress_weight: PPM,
        ..TAIL_ONLY
    };
    let rows_of = |price: f64, arrays: &[Vec<f64>]| Rows {
        price: Price::new((price * 1e6).round() as u64).unwrap(),
        returns: vec![[0; ROWS]; arrays.len()],
        stress: arrays
            .iter()
            .map(|array| {
                let mut out = [0; STRESS_ROWS];
                for (slot, x) in out.iter_mut().zip(array) {
                    *slot = (x / price * ONE_Q24).round() as i32;
                }
                out
            })
            .collect(),
        weights: [WEIGHT_ONE / ROWS as u32; ROWS],
    };
    // A price at which one unit of return is a tenth of a cent: the arrays are exact.
    let mcmillan = &data["mcmillan"];
    let rows = rows_of(
        16_777.216,
        &[
            numbers(&mcmillan["long_future_array"]),
            numbers(&mcmillan["long_call_array"]),
        ],
    );
    let expected = &mcmillan["expected"];
    for (contracts, name) in [
        ([1.0, 0.0], "req_long_future"),
        ([0.0, 1.0], "req_long_call"),
        ([1.0, -1.0], "req_covered_write"),
    ] {
        let (joint, _) = rows.evaluate(&contracts, &worst_row_only, Kind::Initial);
        let want = (number(&expected[name]) * 1e6) as i64;
        // Two roundings up: to a row unit, and to a micro-USD.
        assert!(
            (0..=2).contains(&(joint.requirement - want)),
            "{name} {}",
            joint.requirement
        );
        if name == "req_covered_write" {
            assert_eq!(
                joint.worst_stress_row + 1,
                expected["worst_scenario_covered_write"].as_u64().unwrap() as usize
            );
        }
    }

    let example = &data["computed_example"];
    let future = &example["cases"]["long_future"];
    for (array, risk) in [
        ("pnl_array_ext2x_w0.35", "scan_risk_2x35"),
        ("pnl_array_ext3x_w0.33", "scan_risk_3x33"),
    ] {
        let rows = rows_of(number(&example["F"]), &[numbers(&future[array])]);
        let (joint, _) = rows.evaluate(&[1.0], &worst_row_only, Kind::Initial);
        assert!((usd(joint.requirement) / number(&future[risk]) - 1.0).abs() < 1e-6);
    }
}
