//! Against published numbers. They live beside the repository; a clone without them skips and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::auction::{AuctionParams, PPB, max_fraction, solvent_price},
    serde_json::Value,
    std::path::Path,
};

fn reference(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference")
        .join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            println!("skipped: {name} is not beside this clone");
            None
        }
    }
}

fn micro(v: &Value) -> i64 {
    (v.as_f64().unwrap() * 1e6).round() as i64
}

#[test]
fn auction_prices_and_fractions_equal_the_published_path() {
    let Some(data) = reference("dutch_auction.json") else {
        return;
    };
    let params = AuctionParams {
        start: 950_000_000,
        cut: 700_000_000,
        fast_seconds: 900,
        slow_seconds: 43_200,
        insolvent_seconds: 3_600,
        buffer: 150_000,
    };
    let solvent = data["expected"]["solvent"].as_array().unwrap();
    assert!(solvent.len() >= 5);
    for case in solvent {
        let value = micro(&case["MtM"]);
        // The source's "MM" is equity less requirement.
        let maintenance = value - micro(&case["MM"]);
        let t = case["t_s"].as_u64().unwrap();
        let d = params.discount(t);
        assert!((d as f64 / PPB as f64 - case["discount"].as_f64().unwrap()).abs() < 2e-9);
        let bm = params.buffer_margin(value, maintenance).unwrap();
        assert_eq!(bm, micro(&case["buffer_margin"]));
        let price = solvent_price(value, 0, d).unwrap();
        assert!((price - micro(&case["bid_price_full"])).abs() <= value / 500_000_000 + 1);
        let f = max_fraction(bm, value, 0, d);
        let want = case["max_proportion"].as_f64().unwrap();
        assert!((f as f64 / PPB as f64 - want).abs() < 3e-9, "{case}");
    }
    for case in data["expected"]["insolvent"].as_array().unwrap() {
        let value = micro(&case["MtM"]);
        let maintenance = value - micro(&case["MM"]);
        let t = case["t_s"].as_u64().unwrap();
        assert_eq!(
            params.insolvent_price(value, maintenance, t).unwrap(),
            micro(&case["bid_price"])
        );
    }
}
