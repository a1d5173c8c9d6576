//! Builds the default set: `cargo run -p cep-scenarios --example build -- PRICES OUT`.

use std::path::Path;
use std::process::ExitCode;

use cep_scenarios::{BuildParams, PriceHistory, Symbol, build, verify};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [prices, out] = arguments.as_slice() else {
        eprintln!("usage: build PRICES OUT");
        return ExitCode::from(2);
    };
    match run(Path::new(prices), Path::new(out)) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(prices: &Path, out: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let history = PriceHistory::open(prices)?;
    let symbols: Vec<Symbol> = ["BTC", "ETH", "SOL"]
        .iter()
        .filter_map(|s| Symbol::new(s))
        .collect();
    let set = build(&history, &symbols, &BuildParams::default())?;
    verify(&set, &history)?;
    std::fs::write(out, set.write())?;
    let p = set.provenance();
    Ok(format!(
        "{} rows and {} stress rows from {} draws on {} days\nhash {}\nwrote {}",
        set.draws().len(),
        set.stress().len(),
        p.draws,
        p.days,
        set.hash_hex(),
        out.display()
    ))
}
