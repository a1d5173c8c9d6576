//! `cep`: the protocol from a shell. Prints for a person, or JSON with `--json`. Exit status 0 done,
//! 1 refused (with a sentence that says what to do), 2 bad input (naming the field).

mod cluster;
mod commands;

use {
    clap::{Parser, Subcommand},
    commands::{account, authorities, backtest, cash, margin, price, scenarios},
    std::process::ExitCode,
};

#[derive(Parser)]
#[command(name = "cep", version, about = "Capital Efficiency Protocol")]
struct Cli {
    #[command(flatten)]
    cluster: cluster::Options,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a portfolio needs in a market, both described in files (no cluster needed)
    Margin(margin::Margin),
    /// Price European options on a forward with the chain's own Black-76 (no cluster needed)
    Price(price::Price),
    /// Build, show and verify scenario sets (no cluster needed)
    #[command(subcommand)]
    Scenarios(scenarios::Command),
    /// Walk a history with only what was known at each time (no cluster needed)
    Backtest(backtest::Backtest),
    /// Show who may upgrade the programs and change their parameters
    Authorities,
    /// Create and show margin accounts
    #[command(subcommand)]
    Account(account::Command),
    /// Put quote currency or collateral into a margin account
    Deposit(cash::Deposit),
    /// Take settled cash or collateral out of a margin account
    Withdraw(cash::Withdraw),
}

/// Why a command ended without doing what it was asked.
enum Failure {
    /// The input is wrong: exit status 2.
    Input(String),
    /// It was refused: exit status 1.
    Refused(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

type Outcome = Result<Output, Failure>;

/// What a command prints.
struct Output {
    text: String,
    json: serde_json::Value,
}

impl Output {
    /// Of a command that has printed its answers as it went.
    const PRINTED: Self = Self {
        text: String::new(),
        json: serde_json::Value::Null,
    };
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Margin(args) => margin::run(args),
        Command::Price(args) => price::run(args),
        Command::Scenarios(command) => scenarios::run(command),
        Command::Backtest(args) => backtest::run(args),
        Command::Authorities => authorities::run(&cli.cluster).await,
        Command::Account(command) => account::run(&cli.cluster, command).await,
        Command::Deposit(args) => cash::deposit(&cli.cluster, args).await,
        Command::Withdraw(args) => cash::withdraw(&cli.cluster, args).await,
    };
    match outcome {
        Ok(output) if output.text.is_empty() => ExitCode::SUCCESS,
        Ok(output) if cli.json => {
            println!("{}", output.json);
            ExitCode::SUCCESS
        }
        Ok(output) => {
            println!("{}", output.text);
            ExitCode::SUCCESS
        }
        Err(Failure::Refused(error)) => {
            eprintln!("refused: {error:#}");
            ExitCode::from(1)
        }
        Err(Failure::Input(sentence)) => {
            eprintln!("bad input: {sentence}");
            ExitCode::from(2)
        }
    }
}
