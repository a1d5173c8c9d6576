//! Deploys the programs to a cluster and initialises them. What is done already is skipped, so run it again
//! after a failure.

use {
    anyhow::{Context, Result},
    cep_migrations::{
        Deployed, Parameters, ProgramFiles, Progress, apply, deploy, files::PROGRAMS, hand_over,
        parameters,
    },
    cep_scenarios::ScenarioSet,
    cep_sdk::{Client, Pubkey, address, units::symbol},
    clap::Parser,
    indicatif::{ProgressBar, ProgressStyle},
    solana_sdk::signer::keypair::read_keypair_file,
    std::{collections::BTreeMap, path::PathBuf, process::ExitCode},
};

#[derive(Parser)]
#[command(about = "Deploy and initialise the Capital Efficiency Protocol on a cluster")]
struct Cli {
    /// JSON-RPC endpoint of the cluster
    #[arg(long, default_value = "http://127.0.0.1:8899")]
    url: String,
    /// Keypair that pays, owns the programs' upgrade right and becomes the protocol's authority
    #[arg(long)]
    keypair: PathBuf,
    /// Where `cargo xtask build` put the programs and their keypairs
    #[arg(long, default_value = "target/deploy")]
    program_dir: PathBuf,
    /// Mint of the quote currency; six decimals
    #[arg(long, default_value_t = parameters::USDC)]
    quote_mint: Pubkey,
    /// Mint of the SOL token that is taken as collateral
    #[arg(long, default_value_t = parameters::WRAPPED_SOL)]
    sol_mint: Pubkey,
    /// Who may pause and tighten the risk engine at once, beside the authority
    #[arg(long)]
    guardian: Option<Pubkey>,
    /// Who may upgrade the programs from the end of the set-up on, for good: a multisig behind a timelock
    #[arg(long)]
    upgrade_authority: Option<Pubkey>,
    /// Leave the programs as they are and only initialise
    #[arg(long)]
    skip_deploy: bool,
    /// Oracle account of an underlying, for the first price of its book; repeat for each and for each source
    #[arg(long, value_name = "SYMBOL=ADDRESS", value_parser = price_account)]
    price_account: Vec<(Pubkey, Pubkey)>,
}

/// A risk book and the price account for it.
fn price_account(text: &str) -> Result<(Pubkey, Pubkey), String> {
    let (name, account) = text
        .split_once('=')
        .ok_or("write it as SOL=<address of the price account>")?;
    let account = account.parse().map_err(|error| format!("{error}"))?;
    Ok((address::risk_book(&symbol(name)), account))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    let keypair = read_keypair_file(&cli.keypair).map_err(|error| {
        anyhow::anyhow!(
            "{} is not a keypair file ({error}); make one with `solana-keygen new`",
            cli.keypair.display()
        )
    })?;
    let client = Client::new(cli.url);
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("  {msg} {wide_bar} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let report = |progress: &Progress| show(&bar, progress);
    if !cli.skip_deploy {
        for program in ProgramFiles::all(&cli.program_dir)? {
            if deploy(&client, &keypair, &program, &report).await? == Deployed::Upgraded {
                say(&bar, &format!("{} was upgraded", program.name));
            }
        }
    }
    let scenarios = ScenarioSet::shipped().context("the shipped scenario set is damaged")?;
    let mut parameters = Parameters::standard(cli.quote_mint, cli.sol_mint);
    parameters.guardian = cli.guardian.unwrap_or_default();
    let mut by_book: BTreeMap<Pubkey, Vec<Pubkey>> = BTreeMap::new();
    for (book, account) in cli.price_account {
        by_book.entry(book).or_default().push(account);
    }
    let prices: Vec<_> = by_book.into_iter().collect();
    let applied = apply(&client, &keypair, &parameters, &scenarios, &prices, &report).await?;
    match (cli.upgrade_authority, applied.waiting) {
        (Some(to), 0) => {
            for program in PROGRAMS {
                hand_over(&client, &keypair, program, to, &report).await?;
            }
        }
        (Some(_), _) => say(
            &bar,
            "waiting  upgrade authority, until the listings above are made",
        ),
        (None, _) => say(
            &bar,
            "the upgrade authority stays with this key; hand it to a multisig with --upgrade-authority",
        ),
    }
    bar.finish_and_clear();
    let wait = if applied.waiting == 1 {
        "waits"
    } else {
        "wait"
    };
    println!(
        "{} steps done, {} were done already, {} {wait} for a price; scenario set {} in force",
        applied.done, applied.skipped, applied.waiting, applied.scenario_set
    );
    Ok(())
}

fn show(bar: &ProgressBar, progress: &Progress) {
    match progress {
        Progress::Done { what } => say(bar, &format!("done     {what}")),
        Progress::Skipped { what } => say(bar, &format!("skipped  {what}")),
        Progress::Next { what } => say(bar, &format!("next     {what}")),
        Progress::Waiting { what, until } => say(bar, &format!("waiting  {what}, until {until}")),
        Progress::Uploaded { what, parts, of } => {
            bar.set_message(what.clone());
            bar.set_length(u64::try_from(*of).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(*parts).unwrap_or(u64::MAX));
        }
    }
}

/// A line that stays, with or without a terminal.
fn say(bar: &ProgressBar, line: &str) {
    bar.suspend(|| println!("  {line}"));
}
