//! `cargo xtask demo`: the whole protocol through the crash of 10 October 2025, on a chain in this process.
//! What it shows and what it does not: docs/demo.md.

mod actors;
mod auctions;
mod checks;
mod cluster;
mod keeper;
mod prices;
mod progress;
mod replay;
mod report;
mod sample;
mod tokens;

use {
    crate::{
        actors::{Cast, Role},
        checks::require_story,
        cluster::Cluster,
        keeper::Keeper,
        prices::{Feeds, PRINT_SECONDS, Tape, receiver},
        progress::Progress,
        replay::Replay,
        sample::Watch,
    },
    anyhow::{Context, Result},
    cep_migrations::{Parameters, ProgramFiles, apply, deploy, refresh},
    cep_scenarios::ScenarioSet,
    clap::Parser,
    std::{fs, path::PathBuf, process::ExitCode},
};

#[derive(Parser)]
#[command(
    name = "cargo xtask demo",
    about = "Replay the crash of 10 October 2025 against the programs on a local chain"
)]
struct Cli {
    /// Do not wait for wall-clock slots: as quickly as the keeper keeps up
    #[arg(long)]
    fast: bool,
    /// Where `cargo xtask build` put the programs
    #[arg(long, default_value = "target/deploy")]
    program_dir: PathBuf,
    /// Where the report and the keeper's log go
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // The chain of causes and no backtrace: the messages say what to do.
        Err(error) => {
            eprintln!("error: {error}");
            error
                .chain()
                .skip(1)
                .for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    fs::create_dir_all(&cli.out).with_context(|| format!("cannot create {}", cli.out.display()))?;
    let tape = Tape::shipped()?;
    let programs = ProgramFiles::all(&cli.program_dir)?;
    let mut progress = Progress::new();

    progress.stage("starting a local chain");
    let cluster = Cluster::start(cli.fast).await?;
    progress.stage("deploying three programs through the upgradeable loader");
    for program in &programs {
        deploy(&cluster.client, &cluster.payer, program, &|p| {
            progress.migration(p)
        })
        .await?;
        progress.stage(&format!(
            "  {} deployed, {} bytes",
            program.name,
            program.bytes.len()
        ));
    }

    let usdc = tokens::create_mint(&cluster.client, &cluster.payer, 6).await?;
    let sol = tokens::create_mint(&cluster.client, &cluster.payer, 9).await?;
    let mut parameters = Parameters::standard(usdc, sol);
    // The replay's prints are a quarter of an hour apart, where a feed speaks every second: each is let through whole.
    parameters.risk.step_burst = 1_000_000;
    let scenarios = ScenarioSet::shipped().context("the shipped scenario set is damaged")?;
    let feeds = Feeds::new();
    progress.stage("initialising: risk books, pool, markets, auctions, scenario set");
    let report = |p: &_| progress.migration(p);
    let (client, payer) = (&cluster.client, &cluster.payer);
    apply(client, payer, &parameters, &scenarios, &[], &report).await?;
    // Collateral is listed once its book has a price, and a price does not keep: it comes when all else is done.
    let now = cluster.client.clock().await?.unix_timestamp;
    for (account, bytes) in feeds.updates(&tape.start, now)? {
        cluster.write_account(&account, &bytes, &receiver())?;
    }
    let prices = feeds.by_book(&parameters);
    apply(client, payer, &parameters, &scenarios, &prices, &report).await?;
    progress.stage("opening accounts and making deposits");
    let cast = Cast::assemble(&cluster, usdc, sol).await?;
    actors::fund_insurance(&cluster, &usdc).await?;

    // The replay begins on a whole hour in the chain's future; the trades come one print earlier.
    let now = cluster.client.clock().await?.unix_timestamp;
    let start = (now / 3_600 + 2) * 3_600;
    progress.stage("posting prices and trading");
    cluster.travel_to(start - PRINT_SECONDS)?;
    for (account, bytes) in feeds.updates(&tape.start, start - PRINT_SECONDS)? {
        cluster.write_account(&account, &bytes, &receiver())?;
    }
    refresh(&cluster.client, &cluster.payer, &feeds.by_book(&parameters)).await?;
    for role in [Role::Hedger, Role::Pair, Role::Directional] {
        cast.trade(&cluster, &feeds, role, &tape.start).await?;
    }

    progress.stage("starting the keeper");
    let liquidator = cast.get(Role::Liquidator)?;
    let mut keeper = Keeper::start(&cluster, &feeds, &liquidator.key, &cli.out).await?;
    let watch = Watch::new(&cluster.client, &cast).await?;
    progress.start_replay(tape.prints.len());
    let replay = Replay {
        cluster: &cluster,
        cast: &cast,
        watch: &watch,
        feeds: &feeds,
        keeper: &mut keeper,
        offset: start - tape.prints.first().map_or(0, |p| p.time),
        fast: cli.fast,
    };
    let recording = replay.run(&tape, &mut progress).await?;
    progress.finish();
    report::publish(&recording, progress.elapsed(), &cli.out)?;
    require_story(&recording)
}
