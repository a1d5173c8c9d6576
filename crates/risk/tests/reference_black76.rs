//! Black-76 against published tables. They live beside the repository; a clone without them skips and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod common;

use {
    cep_risk::{
        Price,
        black76::{Inputs, OptionKind, Terms, greeks, price},
    },
    common::reference,
    serde_json::Value,
};

/// An option as the tables print it, on a forward of 2³⁶ and more micro-USD per unit: the tables' own
/// prices are too small for whole micro-USD to carry twelve digits.
struct Published {
    terms: Terms,
    inputs: Inputs,
    /// Micro-USD per unit of the table.
    scale: f64,
    /// e^((r-q)T): what a unit of spot is in the forward.
    growth: f64,
    years: f64,
}

impl Published {
    fn of(case: &Value) -> Self {
        let number = |name: &str| case[name].as_f64();
        let get = |name: &str| number(name).unwrap();
        let (rate, years, strike) = (get("r"), get("T"), get("K"));
        let growth = match number("S") {
            Some(_) => ((rate - get("q")) * years).exp(),
            None => 1.0,
        };
        let forward = number("S").or(number("F")).unwrap() * growth;
        let scale = (1e12 / strike).round();
        let micro = |usd: f64| Price::new((usd * scale).round() as u64).unwrap();
        // Whole seconds: the table's T is met by the rate and the volatility over the seconds there are.
        let seconds = (years * 31_536_000.0).round();
        let stretch = years * 31_536_000.0 / seconds;
        let q32 = |x: f64| (x * 2f64.powi(32)).round();
        Self {
            terms: Terms {
                kind: match case["type"].as_str().unwrap() {
                    "C" => OptionKind::Call,
                    "P" => OptionKind::Put,
                    other => panic!("type {other}"),
                },
                strike: micro(strike),
            },
            inputs: Inputs::new(
                micro(forward),
                seconds as u64,
                q32(get("vol") * stretch.sqrt()) as u64,
                q32(rate * stretch) as i64,
            )
            .unwrap(),
            scale,
            growth,
            years,
        }
    }

    fn price(&self) -> f64 {
        let premium = price(&self.terms, &self.inputs).unwrap();
        premium.0 as f64 / 65_536.0 / self.scale
    }

    /// To the spot price, per 1.00 of volatility and rate, per year: as the tables have them.
    fn greek(&self, name: &str) -> f64 {
        let greeks = greeks(&self.terms, &self.inputs).unwrap();
        let one = 2f64.powi(32);
        let forward = self.inputs.forward().micro_usd() as f64 / self.scale;
        match name {
            "delta" => greeks.delta as f64 / one * self.growth,
            "gamma" => greeks.gamma as f64 / one / forward * self.growth * self.growth,
            // At a fixed spot price the forward moves with time and rate.
            "theta_per_year" => {
                let drift = self.growth.ln() / self.years;
                let delta = greeks.delta as f64 / one;
                greeks.theta.0 as f64 * 365.0 / 65_536.0 / self.scale - delta * forward * drift
            }
            "rho" => self.years * (greeks.delta as f64 / one * forward - self.price()),
            "vega" => greeks.vega.0 as f64 / 65_536.0 / self.scale,
            other => panic!("greek {other}"),
        }
    }
}

/// Four or so printed digits, and the full value that goes with them.
fn agrees(got: f64, case: &Value, printed: f64, exact: f64) {
    let want = case["expected"].as_f64().unwrap();
    assert!((got - want).abs() <= printed, "{case}: {got}");
    if let Some(want) = case["exact"].as_f64() {
        let error = (got - want).abs();
        assert!(error <= exact * (1.0 + want.abs()), "{case}: {error:e}");
    }
}

#[test]
fn black_76_prices_equal_the_published_tables() {
    let Some(data) = reference("black_scholes_published.json") else {
        return;
    };
    let haug = data["published_haug"].as_array().unwrap();
    assert!(haug.len() >= 40);
    for case in haug {
        agrees(Published::of(case).price(), case, 6e-5, 1e-8);
    }
    for case in data["hull"].as_array().unwrap() {
        let published = Published::of(case);
        let got = match case["output"].as_str().unwrap() {
            "price" => published.price(),
            other => published.greek(other),
        };
        // Theta and vega feel that the seconds are whole: 3 x 10⁻⁸ of the time here.
        agrees(got, case, case["tolerance_abs"].as_f64().unwrap(), 1e-7);
    }
    let case = &data["hull_black76"];
    agrees(Published::of(case).price(), case, 5e-3, 1e-9);
}

#[test]
fn greeks_equal_the_published_tables() {
    let Some(data) = reference("black_scholes_published.json") else {
        return;
    };
    let cases = data["published_haug_greeks"].as_array().unwrap();
    for case in cases {
        let name = case["greek"].as_str().unwrap();
        agrees(Published::of(case).greek(name), case, 6e-5, 1e-8);
    }
}
