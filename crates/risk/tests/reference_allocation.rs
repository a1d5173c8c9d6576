//! Cover-k and pro-rata haircuts against the vectors beside the repository.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod common;

use {
    cep_risk::{
        allocation::{Claim, Layers, Split, cover, haircuts, waterfall},
        loss_index::{index_increment, owed},
    },
    common::reference,
    serde_json::Value,
};

fn integers(v: &Value) -> Vec<i64> {
    v.as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_i64().unwrap())
        .collect()
}

#[test]
fn cover_k_equals_the_vectors() {
    let Some(data) = reference("default_fund_adl.json") else {
        return;
    };
    let scenarios: Vec<Vec<i64>> = data["inputs"]["stress_shortfalls_by_scenario"]
        .as_array()
        .unwrap()
        .iter()
        .map(integers)
        .collect();
    let expected = &data["expected"];
    for (k, name) in [(1, "cover1"), (2, "cover2"), (usize::MAX, "cover_all")] {
        assert_eq!(expected[name], cover(&scenarios, k).unwrap(), "{name}");
    }
}

#[test]
fn haircuts_equal_the_vectors_and_overshoot_by_nothing() {
    let Some(data) = reference("default_fund_adl.json") else {
        return;
    };
    let adl = &data["inputs"]["adl"];
    let profits = integers(&adl["winner_pnl"]);
    let deficit = adl["deficit"].as_u64().unwrap();
    let claims: Vec<_> = (0..)
        .zip(&profits)
        .map(|(key, profit)| Claim {
            key,
            profit: *profit,
        })
        .collect();
    let cuts = haircuts(&claims, deficit).unwrap();
    let want: Vec<u64> = data["expected"]["adl_pro_rata_haircuts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap() as u64)
        .collect();
    assert_eq!(cuts, want);
    let overshoot = cuts.iter().sum::<u64>() - deficit;
    assert_eq!(data["expected"]["adl_overshoot"], overshoot);
    // Equity after is never below what it was before the winning move.
    for (profit, cut) in profits.iter().zip(&cuts) {
        assert!(*cut as i64 <= (*profit).max(0));
    }

    // The same by index, in one step: the shares are whole numbers, so it collects the same.
    let winners: Vec<u64> = profits.iter().map(|p| (*p).max(0) as u64).collect();
    let delta = index_increment(deficit, winners.iter().sum(), 0)
        .unwrap()
        .delta;
    let by_index: Vec<u64> = winners.iter().map(|w| owed(*w, delta).unwrap()).collect();
    assert_eq!(by_index, want);

    // A fund of 40 that may spend 30 on this market leaves 70 to the winners, and nothing to cash.
    let layers = Layers {
        fund: 40,
        tranche: 30,
        profit: winners.iter().sum(),
        cash: 5_000,
    };
    assert_eq!(
        waterfall(deficit, &layers),
        Split {
            fund: 30,
            profit: 70,
            cash: 0,
            uncovered: 0
        }
    );
}
