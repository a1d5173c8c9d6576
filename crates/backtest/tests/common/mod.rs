//! The market data that lies beside the repository, and the books that are backtested.
#![allow(dead_code, reason = "each user takes its own part")]

use {
    cep_backtest::Book,
    cep_scenarios::Symbol,
    std::path::{Path, PathBuf},
};

pub const DAILY: &str = "daily_btc_eth_sol_usdc_usdt_steth_2018_2024.csv";
pub const HOURLY: &str = "hourly_btc_eth_sol_2020-10_2024-06.csv";
pub const OCTOBER_2025: &str = "hourly_btc_eth_sol_perp_2025-09_2025-10.csv";

/// A file of `../shared/data` (beside the workspace), or `None` with a sentence on the skipped check.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not beside this clone");
    None
}

pub fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().filter_map(|name| Symbol::new(name)).collect()
}

/// A name and the underlyings held, each at a million USD with this sign.
pub type Named = (&'static str, &'static [(&'static str, f64)]);

const M: f64 = 1e6;

/// The six books of the table: constant USD weights.
pub const BOOKS: [Named; 6] = [
    ("long BTC", &[("BTC", M)]),
    ("long ETH", &[("ETH", M)]),
    ("long SOL", &[("SOL", M)]),
    ("equal weights", &[("BTC", M), ("ETH", M), ("SOL", M)]),
    ("BTC/ETH pair", &[("BTC", M), ("ETH", -M)]),
    ("SOL/BTC pair", &[("SOL", M), ("BTC", -M)]),
];

pub fn usd(book: &[(&str, f64)]) -> Book {
    Book::usd(book.iter().copied()).unwrap_or(Book::Usd(Default::default()))
}
