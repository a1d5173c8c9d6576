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
    /// Build a set from daily and hourly prices by filtered historical simulation
    Build {
        /// CSV of daily or hourly prices, with columns <sym>_open, _high, _low, _close; may be repeated, the first
        /// file that has a day counts
        #[arg(long, required = true)]
        prices: Vec<PathBuf>,
        /// File to write
        #[arg(long)]
        out: PathBuf,
        /// Joint draws; the chain takes 512
        #[arg(long, default_value_t = 512)]
        rows: u16,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Columns, in order; without it those of the shipped set that the prices have
        #[arg(long, value_delimiter = ',')]
        symbols: Vec<Symbol>,
    },
    /// Show a set; without a file the one that ships with the project
    Show { set: Option<PathBuf> },
    /// Rebuild a set from its prices and compare the hashes
    Verify {
        set: PathBuf,
        /// The CSV it was built from; repeated, and in the same order, if there were several
        #[arg(long, required = true)]
        prices: Vec<PathBuf>,
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
            let symbols = if symbols.is_empty() {
                params.available(&history, &ScenarioSet::shipped_symbols())
            } else {
                symbols
            };
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

fn history(paths: &[PathBuf]) -> Result<PriceHistory, Failure> {
    PriceHistory::open_all(paths).map_err(|error| Failure::Input(format!("--prices: {error}")))
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
    let provenance = set.provenance();
    let posted = set.posted_moments();
    let correlations = posted.as_ref().map(|m| &m.correlations[..]);
    let text = format!(
        "{headline}\nhash     {}\nsource   {}\ncolumns  {}\ndraws    {}\nstress   {}{}",
        set.hash_hex(),
        provenance.source,
        symbols.join(", "),
        set.draws().len(),
        stress.join(", "),
        correlations.map_or_else(String::new, |c| triangle(&symbols, c)),
    );
    let json = json!({
        "hash": set.hash_hex(),
        "source": provenance.source,
        "pegged": provenance.pegged.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "symbols": symbols,
        "rows": set.draws().len(),
        "stress": stress,
        // As they are posted: 2^-32, of columns (0,1), (0,2), (1,2), (0,3) and so on.
        "correlations": correlations,
    });
    Output { text, json }
}

/// Correlations with earlier columns, a line for each column.
fn triangle(symbols: &[String], mut correlations: &[i64]) -> String {
    let mut text = String::from("\nposted correlations");
    for (j, symbol) in symbols.iter().enumerate().skip(1) {
        let (row, rest) = correlations.split_at(j.min(correlations.len()));
        correlations = rest;
        let cells: String = row
            .iter()
            .map(|c| format!(" {:>7.4}", *c as f64 / 4_294_967_296.0))
            .collect();
        text += &format!("\n  {symbol:<8}{cells}");
    }
    text
}
