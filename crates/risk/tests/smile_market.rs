//! The smile's shape against a market: quotes of BTC and ETH options, every expiry fitted by least squares.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use {
    cep_risk::{
        Price,
        smile::{MAX_CURVATURE, MAX_SKEW, Smile},
    },
    std::{collections::BTreeMap, path::Path},
};

const CHAIN: &str = "deribit_chain_20260204T213308Z.csv";

/// One quote: USD, and volatility as a number.
struct Quote {
    strike: f64,
    forward: f64,
    years: f64,
    volatility: f64,
}

/// Quotes with 0.1 < |delta| < 0.9, by currency and expiry.
fn quotes(text: &str) -> BTreeMap<(String, String), Vec<Quote>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut expiries = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let text = |name| cells[names.iter().position(|n| *n == name).unwrap()];
        let number = |name| text(name).parse::<f64>().unwrap();
        if (0.1..0.9).contains(&number("delta").abs()) {
            let key = (
                text("currency").to_owned(),
                text("expiry_datetime").to_owned(),
            );
            expiries.entry(key).or_default().push(Quote {
                strike: number("strike"),
                forward: number("futures_price"),
                years: number("time_to_maturity"),
                volatility: number("implied_volatility"),
            });
        }
    }
    expiries
}

/// At-the-money volatility on the line between the strikes next to the forward.
fn at_the_money(quotes: &[Quote]) -> f64 {
    let nearest = |below: bool| {
        quotes
            .iter()
            .filter(|q| (q.strike <= q.forward) == below)
            .min_by(|a, b| {
                (a.strike - a.forward)
                    .abs()
                    .total_cmp(&(b.strike - b.forward).abs())
            })
            .unwrap()
    };
    let (low, high) = (nearest(true), nearest(false));
    let part = (low.forward - low.strike) / (high.strike - low.strike);
    low.volatility + (high.volatility - low.volatility) * part
}

/// Least squares of iv / atm - 1 = skew x + curvature x², within the bounds.
fn fit(quotes: &[Quote]) -> Smile {
    let atm = at_the_money(quotes);
    let (mut xx, mut xxx, mut xxxx, mut xy, mut xxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for q in quotes {
        let x = (q.strike / q.forward).ln() / (atm * q.years.sqrt());
        let y = q.volatility / atm - 1.0;
        xx += x * x;
        xxx += x * x * x;
        xxxx += x * x * x * x;
        xy += x * y;
        xxy += x * x * y;
    }
    let determinant = xx * xxxx - xxx * xxx;
    let ppm = |share: f64| (share * 1e6).round() as i32;
    Smile {
        atm: (atm * 2f64.powi(32)) as u64,
        skew: ppm((xy * xxxx - xxy * xxx) / determinant).clamp(-MAX_SKEW, MAX_SKEW),
        curvature: ppm((xxy * xx - xy * xxx) / determinant).clamp(0, MAX_CURVATURE),
    }
}

#[test]
fn a_parabola_is_within_a_volatility_point_of_a_market_on_every_expiry() {
    // SETUP
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(CHAIN);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: {CHAIN} is not beside this clone");
        return;
    };
    let (mut squares, mut count) = (0.0, 0);
    for ((currency, expiry), quotes) in quotes(&text) {
        // ACT
        let smile = fit(&quotes);
        let sum: f64 = quotes
            .iter()
            .map(|q| {
                let price = |usd: f64| Price::new((usd * 1e6).round() as u64).unwrap();
                let seconds = (q.years * 31_536_000.0) as u64;
                let got = smile
                    .volatility(price(q.forward), price(q.strike), seconds)
                    .unwrap();
                (got as f64 / 2f64.powi(32) - q.volatility).powi(2)
            })
            .sum();
        // CHECK
        let points = 100.0 * (sum / quotes.len() as f64).sqrt();
        println!(
            "{currency} {expiry}: {:3} quotes, atm {:5.1} %, skew {:8}, curvature {:7}, RMSE {points:.2} points",
            quotes.len(),
            100.0 * smile.atm as f64 / 2f64.powi(32),
            smile.skew,
            smile.curvature,
        );
        assert!(points < 1.0, "{currency} {expiry}: {points}");
        (squares, count) = (squares + sum, count + quotes.len());
    }
    let points = 100.0 * (squares / count as f64).sqrt();
    println!("all: {count} quotes, RMSE {points:.2} points");
    assert!(count > 500 && points < 0.5, "{points}");
}
