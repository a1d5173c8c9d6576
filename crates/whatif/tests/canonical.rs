//! Canonical books priced from the Deribit chain of 4 February 2026, 21:33 UTC, and what they earned or lost in the next 24
//! hours, in which BTC fell by 12.8 % and its 30-day volatility rose from 51 to 81 %.
//!
//! `cargo test -p cep-whatif --test canonical -- --nocapture` prints the table of docs/risk-model.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::MarginParams,
    cep_scenarios::ScenarioSet,
    cep_whatif::{Answer, Market, Model, Portfolio, margin},
    serde_json::{Map, Value, json},
    std::{collections::BTreeMap, path::Path},
};

/// One moment of the chain: USD marks by instrument, and the market file it makes.
struct Chain {
    marks: BTreeMap<String, f64>,
    market: Market,
}

impl Chain {
    fn read(name: &str, time: &str) -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/data")
            .join(name);
        let Ok(mut file) = csv::Reader::from_path(&path) else {
            println!("skipped: {name} is not beside this clone");
            return None;
        };
        let mut marks = BTreeMap::new();
        let mut underlyings = Map::new();
        let mut instruments = Map::new();
        for row in file.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            let number = |column: &str| row[column].parse::<f64>().ok();
            let (currency, instrument) = (&row["currency"], &row["instrument_name"]);
            let index = number("index_price").unwrap();
            underlyings.insert(currency.clone(), json!({ "spot": index }));
            instruments.insert(format!("{currency}-PERP"), json!({ "mark": index }));
            marks.insert(format!("{currency}-PERP"), index);
            marks.insert(currency.clone(), index);
            let forward = number("futures_price").unwrap();
            let expiry = instrument.rsplitn(3, '-').nth(2).unwrap();
            instruments.insert(expiry.to_owned(), json!({ "forward": forward }));
            marks.insert(expiry.to_owned(), forward);
            let (Some(mark), Some(iv)) = (number("mark_price"), number("implied_volatility"))
            else {
                continue;
            };
            // Options are quoted in the coin.
            marks.insert(instrument.clone(), mark * index);
            if (0.05..=10.0).contains(&iv) {
                instruments.insert(instrument.clone(), json!({ "forward": forward, "iv": iv }));
            }
        }
        let market =
            json!({ "time": time, "underlyings": underlyings, "instruments": instruments });
        Some(Self {
            marks,
            market: serde_json::from_value(market).unwrap(),
        })
    }
}

/// Name, collateral, positions.
type BookOf = (
    &'static str,
    Vec<(&'static str, f64)>,
    Vec<(&'static str, f64)>,
);

fn books(chain: &Chain, model: &Model, set: &ScenarioSet) -> Vec<BookOf> {
    let straddle = |q: f64| vec![("BTC-27FEB26-74000-C", q), ("BTC-27FEB26-74000-P", q)];
    let hedged = |q: f64| {
        let legs = straddle(q);
        let delta = run(model, set, &[], &legs).greeks["BTC"].delta;
        let mut legs = legs;
        legs.push(("BTC-PERP", -delta));
        legs
    };
    let ratio = chain.marks["BTC"] / chain.marks["ETH"];
    vec![
        ("long 1 BTC perpetual", vec![], vec![("BTC-PERP", 1.0)]),
        ("short 1 BTC perpetual", vec![], vec![("BTC-PERP", -1.0)]),
        (
            "spot against short perpetual",
            vec![("BTC", 1.0)],
            vec![("BTC-PERP", -1.0)],
        ),
        (
            "calendar: long MAR, short JUN future",
            vec![],
            vec![("BTC-27MAR26", 1.0), ("BTC-26JUN26", -1.0)],
        ),
        (
            "covered call, 80,000 FEB",
            vec![("BTC", 1.0)],
            vec![("BTC-27FEB26-80000-C", -1.0)],
        ),
        (
            "collar, 65,000 to 82,000 FEB",
            vec![("BTC", 1.0)],
            vec![("BTC-27FEB26-65000-P", 1.0), ("BTC-27FEB26-82000-C", -1.0)],
        ),
        (
            "iron condor, 60 / 65 / 82 / 90 thousand FEB",
            vec![],
            vec![
                ("BTC-27FEB26-60000-P", 1.0),
                ("BTC-27FEB26-65000-P", -1.0),
                ("BTC-27FEB26-82000-C", -1.0),
                ("BTC-27FEB26-90000-C", 1.0),
            ],
        ),
        (
            "short straddle, delta-hedged, 74,000 FEB",
            vec![],
            hedged(-1.0),
        ),
        (
            "long straddle, delta-hedged, 74,000 FEB",
            vec![],
            hedged(1.0),
        ),
        (
            "box, 60,000 / 80,000 MAR",
            vec![],
            vec![
                ("BTC-27MAR26-60000-C", 1.0),
                ("BTC-27MAR26-80000-C", -1.0),
                ("BTC-27MAR26-60000-P", -1.0),
                ("BTC-27MAR26-80000-P", 1.0),
            ],
        ),
        (
            "pair: long BTC, short equal USD of ETH",
            vec![],
            vec![("BTC-PERP", 1.0), ("ETH-PERP", -ratio)],
        ),
    ]
}

fn run(
    model: &Model,
    set: &ScenarioSet,
    collateral: &[(&str, f64)],
    positions: &[(&str, f64)],
) -> Answer {
    let portfolio: Portfolio = serde_json::from_value(json!({
        "cash": 0,
        "collateral": collateral.iter().map(|(s, q)| ((*s).to_owned(), json!(q))).collect::<Map<String, Value>>(),
        "positions": positions.iter().map(|(i, q)| json!({ "instrument": i, "quantity": q })).collect::<Vec<_>>(),
    }))
    .unwrap();
    margin(model, &portfolio, set, &MarginParams::STANDARD).unwrap()
}

#[test]
fn the_requirement_covers_what_each_book_lost() {
    let before = Chain::read("deribit_chain_20260204T213308Z.csv", "2026-02-04T21:33:08Z");
    let after = Chain::read("deribit_chain_20260205T212937Z.csv", "2026-02-05T21:29:37Z");
    let (Some(before), Some(after)) = (before, after) else {
        return;
    };
    let set = ScenarioSet::shipped().unwrap();
    let model = Model::new(&before.market, &set).unwrap();
    println!("| book | initial | maintenance | add-ons in initial | one by one | P&L in 24 h |");
    println!("|---|---|---|---|---|---|");
    for (name, collateral, positions) in books(&before, &model, &set) {
        let a = run(&model, &set, &collateral, &positions);
        let pnl: f64 = collateral
            .iter()
            .chain(&positions)
            .map(|(i, q)| q * (after.marks[*i] - before.marks[*i]))
            .sum();
        let addons =
            a.addons.basis + a.addons.oracle + a.addons.concentration + a.addons.short_option;
        println!(
            "| {name} | {:.0} | {:.0} | {addons:.0} | {:.0} | {pnl:+.0} |",
            a.initial, a.maintenance, a.isolated
        );
        assert!(a.initial >= -pnl, "{name}: {} against {pnl}", a.initial);
        if name.starts_with("box") || name.starts_with("spot against") {
            let rest = a.initial - addons;
            assert!(
                rest <= before.marks["BTC"] * 1e-4,
                "{name}: {rest} beyond add-ons"
            );
        }
    }
}
