use {
    crate::{Failure, Outcome, Output},
    cep_scenarios::{BuildParams, PriceHistory, ScenarioSet, Symbol, build, verify},
    clap::Subcommand,
    serde_json::json,
    std::{
        fs,
        path::{Path, PathBuf},
    },
};

#[derive(Subcommand)]
pub enum Command {
    /// Build a set from daily prices by filtered historical simulation
    Build {
        /// CSV of daily prices, with columns <sym>_open, _high, _low, _close
        #[arg(long)]
        prices: PathBuf,
        /// File to write
        #[arg(long)]
        out: PathBuf,
        /// Joint draws; the chain takes 512
        #[arg(long, default_value_t = 512)]
        rows: u16,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Columns, in order
        #[arg(long, value_delimiter = ',', default_value = "BTC,ETH,SOL")]
        symbols: Vec<Symbol>,
    },
    /// Show a set; without a file the one that ships with the project
    Show { set: Option<PathBuf> },
    /// Rebuild a set from its prices and compare the hashes
    Verify {
        set: PathBuf,
        /// The CSV it was built from
        #[arg(long)]
        prices: PathBuf,
    },
}

pub fn run(command: Command) -> Outcome {
    match command {
        Command::Build {
            prices,
            out,
            rows,
            seed,
            symbols,
        } => {
            let history = history(&prices)?;
            let params = BuildParams {
                seed,
                ..BuildParams::default()
            }
            .with_rows(rows);
            let set = build(&history, &symbols, &params)?;
            fs::write(&out, set.write())?;
            Ok(describe(&set, &format!("wrote {}", out.display())))
        }
        Command::Show { set: None } => Ok(describe(&ScenarioSet::shipped()?, "the shipped set")),
        Command::Show { set: Some(path) } => {
            Ok(describe(&read(&path)?, &path.display().to_string()))
        }
        Command::Verify { set, prices } => {
            let read = read(&set)?;
            verify(&read, &history(&prices)?)?;
            Ok(describe(&read, "verified: the prices rebuild this set"))
        }
    }
}

fn history(path: &Path) -> Result<PriceHistory, Failure> {
    PriceHistory::open(path).map_err(|error| Failure::Input(format!("--prices: {error}")))
}

pub(super) fn read(path: &Path) -> Result<ScenarioSet, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!("SET: {} cannot be read: {error}", path.display()))
    })?;
    ScenarioSet::read(&text).map_err(|error| Failure::Input(format!("SET: {error}")))
}

fn describe(set: &ScenarioSet, headline: &str) -> Output {
    let symbols: Vec<String> = set.symbols().iter().map(ToString::to_string).collect();
    let stress: Vec<String> = set
        .stress()
        .iter()
        .map(|row| row.kind.name(set.symbols()))
        .collect();
    let text = format!(
        "{headline}\nhash     {}\ncolumns  {}\ndraws    {}\nstress   {}",
        set.hash_hex(),
        symbols.join(", "),
        set.draws().len(),
        stress.join(", "),
    );
    let json = json!({
        "hash": set.hash_hex(),
        "symbols": symbols,
        "rows": set.draws().len(),
        "stress": stress,
    });
    Output { text, json }
}
