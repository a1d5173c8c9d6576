//! Auction arithmetic against published numbers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod common;

use {
    cep_risk::auction::{AuctionParams, PPB, max_fraction, slice_of, solvent_price},
    common::reference,
    serde_json::Value,
};

const LYRA: AuctionParams = AuctionParams {
    start: 950_000_000,
    cut: 700_000_000,
    fast_seconds: 900,
    slow_seconds: 43_200,
    insolvent_seconds: 3_600,
    incentive: 1_000_000,
    buffer: 150_000,
};

fn micro(v: &Value) -> i64 {
    (v.as_f64().unwrap() * 1e6).round() as i64
}

/// Value and requirement once `fraction` is gone and `paid` has come in for it.
fn after(value: i64, maintenance: i64, fraction: u64, paid: i64) -> (i64, i64) {
    let (gone, need) = (slice_of(value, fraction), slice_of(maintenance, fraction));
    (value - gone + paid, maintenance - need)
}

#[test]
fn auction_prices_and_fractions_equal_the_published_path() {
    let Some(data) = reference("dutch_auction.json") else {
        return;
    };
    let inputs = &data["inputs"];
    assert_eq!(micro(&inputs["start"]) * 1_000, LYRA.start as i64);
    assert_eq!(micro(&inputs["cut"]) * 1_000, LYRA.cut as i64);
    assert_eq!(inputs["fast"], LYRA.fast_seconds);
    assert_eq!(inputs["slow"], LYRA.slow_seconds);
    assert_eq!(inputs["insolvent"], LYRA.insolvent_seconds);
    assert_eq!(micro(&inputs["buffer"]), LYRA.buffer as i64);
    let solvent = data["expected"]["solvent"].as_array().unwrap();
    assert_eq!(solvent.len(), 15);
    for case in solvent {
        let value = micro(&case["MtM"]);
        // The source's "MM" is equity less requirement.
        let maintenance = value - micro(&case["MM"]);
        let t = case["t_s"].as_u64().unwrap();
        let d = LYRA.discount(t);
        assert!((d as f64 / PPB as f64 - case["discount"].as_f64().unwrap()).abs() < 2e-9);
        let bm = LYRA.buffer_margin(value, maintenance).unwrap();
        assert_eq!(bm, micro(&case["buffer_margin"]));
        let price = solvent_price(value, 0, d).unwrap();
        assert!((price - micro(&case["bid_price_full"])).abs() <= value / 500_000_000 + 1);
        let f = max_fraction(bm, value, 0, d);
        let want = case["max_proportion"].as_f64().unwrap();
        assert!((f as f64 / PPB as f64 - want).abs() < 3e-9, "{case}");
        // Price and fraction are each within a few parts per billion of the value.
        let paid = slice_of(price, f);
        let slack = value / 100_000_000 + 2;
        assert!(
            (paid - micro(&case["cash_paid_for_max"])).abs() <= slack,
            "{case}"
        );
        // After that bid the buffer is met, to the same rounding.
        let (left, need) = after(value, maintenance, f, paid);
        let bm = LYRA.buffer_margin(left, need).unwrap();
        let slack = slack + maintenance / 100_000_000;
        assert!(
            bm.abs() <= slack || f == PPB && bm >= 0,
            "{bm} after {case}"
        );

        // Two bids at one price take together what one may: a part, then all that is still allowed.
        for part in [0, f / 3, f / 2, f] {
            let paid = slice_of(price, part);
            let (left, need) = after(value, maintenance, part, paid);
            let bm = LYRA.buffer_margin(left, need).unwrap();
            let more = max_fraction(bm, left, paid, d) as f64 / PPB as f64;
            let taken = part as f64 / PPB as f64;
            let both = taken + (1.0 - taken) * more;
            assert!((both - want).abs() < 1e-8, "{both} in {case}");
        }
    }
    let insolvent = data["expected"]["insolvent"].as_array().unwrap();
    assert_eq!(insolvent.len(), 6);
    for case in insolvent {
        let value = micro(&case["MtM"]);
        let maintenance = value - micro(&case["MM"]);
        let t = case["t_s"].as_u64().unwrap();
        assert_eq!(
            LYRA.insolvent_price(value, maintenance, t).unwrap(),
            micro(&case["bid_price"])
        );
    }
}
