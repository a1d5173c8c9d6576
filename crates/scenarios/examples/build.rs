//! Builds the default set: `cargo run -p cep-scenarios --example build -- OUT PRICES...`.

use std::path::Path;
use std::process::ExitCode;

use cep_scenarios::{BuildParams, PriceHistory, ScenarioSet, build, verify};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((out, prices)) = arguments.split_first().filter(|(_, p)| !p.is_empty()) else {
        eprintln!("usage: build OUT PRICES...");
        return ExitCode::from(2);
    };
    match run(Path::new(out), prices) {
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

fn run(out: &Path, prices: &[String]) -> Result<String, Box<dyn std::error::Error>> {
    let history = PriceHistory::open_all(prices)?;
    let params = BuildParams::default();
    let symbols = params.available(&history, &ScenarioSet::shipped_symbols());
    let set = build(&history, &symbols, &params)?;
    verify(&set, &history)?;
    std::fs::write(out, set.write())?;
    let p = set.provenance();
    Ok(format!(
        "{} rows and {} stress rows of {:?} from {} draws on {} days\nhash {}\nwrote {}",
        set.draws().len(),
        set.stress().len(),
        set.symbols(),
        p.draws,
        p.days,
        set.hash_hex(),
        out.display()
    ))
}
