//! `ledger`: what every instruction costs in compute units and every program in bytes, measured on the
//! bytecode in LiteSVM. Writes bench/ledger.json and the tables of docs/compute.md; `--check` compares.
// A measurement that cannot be taken stops with the reason, as a test does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clearing;
mod compare;
mod functions;
mod instruments;
mod insurance;
mod measure;
mod quotes;
mod shapes;
mod table;
mod waterfall;

use {
    anyhow::{Context, Result, bail},
    clap::Parser,
    serde::{Deserialize, Serialize},
    std::{collections::BTreeMap, fs, path::PathBuf},
};

/// Compute units and binary sizes, by name.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub instructions: BTreeMap<String, u64>,
    #[serde(default)]
    pub functions: BTreeMap<String, u64>,
    pub shapes: BTreeMap<String, u64>,
    pub binaries: BTreeMap<String, u64>,
}

/// Measures compute units and binary sizes into bench/ledger.json and docs/compute.md
#[derive(Parser)]
struct Arguments {
    /// Write nothing; fail when a budget is exceeded or the committed ledger is off by more than 5 %
    #[arg(long)]
    check: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let (ledger_file, page_file) = (root.join("bench/ledger.json"), root.join("docs/compute.md"));
    let measured = measure::all();
    let page = fs::read_to_string(&page_file).context("docs/compute.md cannot be read")?;

    if !arguments.check {
        let text = serde_json::to_string_pretty(&measured)? + "\n";
        fs::create_dir_all(root.join("bench"))?;
        fs::write(&ledger_file, text)?;
        fs::write(&page_file, table::insert(&page, &measured)?)?;
        println!("{}", table::render(&measured));
        println!("bench/ledger.json and docs/compute.md are written");
        return compare::budgets(&measured);
    }

    let committed = fs::read_to_string(&ledger_file)
        .context("bench/ledger.json cannot be read; write it with `cargo xtask bench`")?;
    let committed: Ledger = serde_json::from_str(&committed)?;
    compare::drift(&committed, &measured)?;
    if table::insert(&page, &committed)? != page {
        bail!(
            "the tables of docs/compute.md are not those of bench/ledger.json; run `cargo xtask bench`"
        );
    }
    compare::budgets(&measured)
}
