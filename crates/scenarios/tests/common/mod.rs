//! The market data that lies beside the repository, and made-up prices for tests that must run without it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cep_scenarios::{PriceHistory, Symbol};

/// A file of `../shared/data` (beside the workspace), or `None` with a sentence on the skipped check.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not beside the repository", path.display());
    None
}

pub const DAILY: &str = "daily_btc_eth_sol_usdc_usdt_steth_2018_2024.csv";
pub const HOURLY: &str = "hourly_btc_eth_sol_perp_2025-09_2025-10.csv";

/// The files that the shipped set was built from, in order.
pub fn shipped_prices() -> Option<PriceHistory> {
    let files = [shared(DAILY)?, shared(HOURLY)?];
    Some(PriceHistory::open_all(&files).expect("prices that parse"))
}

pub fn symbols(names: &[&str]) -> Vec<Symbol> {
    names
        .iter()
        .map(|n| Symbol::new(n).expect("a symbol"))
        .collect()
}

/// Three correlated columns; the third starts 100 days late; every fiftieth day is a crash that closes half recovered. The first
/// day is 2000-01-01.
pub fn made_up_prices(days: i32) -> String {
    let mut state = 12_345u64;
    let mut noise = move || {
        // Sum of four uniforms, centred: close enough to a bell.
        (0..4)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
            })
            .sum::<f64>()
    };
    let mut text = String::from("date");
    for symbol in ["aaa", "bbb", "ccc"] {
        write!(
            text,
            ",{symbol}_open,{symbol}_high,{symbol}_low,{symbol}_close"
        )
        .expect("a string");
    }
    let mut close = [100.0f64, 50.0, 10.0];
    for day in 0..days {
        write!(text, "\n{}", cep_scenarios::Date::from_days(10_957 + day)).expect("a string");
        let common = noise();
        let crash = if day % 50 == 49 { -0.2 } else { 0.0 };
        for (column, price) in close.iter_mut().enumerate() {
            let open = *price;
            *price = open * (0.03 * (common + 0.5 * noise()) + crash / 2.0).exp();
            let high = open.max(*price) * 1.005;
            let low = open.min(*price) * (0.995 + crash);
            if column == 2 && day < 100 {
                text.push_str(",,,,");
            } else {
                write!(text, ",{open},{high},{low},{price}").expect("a string");
            }
        }
    }
    text.push('\n');
    text
}
