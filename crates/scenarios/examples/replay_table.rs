//! Derives the crash replay: `cargo run -p cep-scenarios --example replay_table -- PRICES OUT`.

use std::process::ExitCode;

use cep_scenarios::Symbol;
use cep_scenarios::replay::{ReplayTable, derive};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [prices, out] = arguments.as_slice() else {
        eprintln!("usage: replay_table PRICES OUT");
        return ExitCode::from(2);
    };
    match run(prices, out) {
        Ok(hours) => {
            println!("wrote {hours} hours to {out}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(prices: &str, out: &str) -> Result<usize, Box<dyn std::error::Error>> {
    let symbols: Vec<Symbol> = ["BTC", "ETH", "SOL"]
        .iter()
        .filter_map(|s| Symbol::new(s))
        .collect();
    let text = derive(&std::fs::read_to_string(prices)?, &symbols)?;
    let table = ReplayTable::read(&text)?;
    std::fs::write(out, text)?;
    Ok(table.hours.len())
}
