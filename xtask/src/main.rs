//! The project's own commands: `cargo xtask --help`. How the build works: docs/building.md.

mod fuzz;
mod idl;
mod keys;
mod process;
mod progress;
mod run;
mod sbf;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Build, run and check the Capital Efficiency Protocol"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile the programs to SBF bytecode in target/deploy
    Build {
        /// Which compiler makes the bytecode
        #[arg(long, value_enum, default_value_t, env = "CEP_SBF_TOOLCHAIN")]
        toolchain: sbf::Choice,
    },
    /// Write the programs' IDLs to idl/
    Idl {
        /// Write nothing; fail when a committed IDL differs from its program
        #[arg(long)]
        check: bool,
    },
    /// Build the programs, then run every test of the workspace
    Test {
        /// Passed on to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Replay a real crash against the programs on a local chain (all flags go to the demo)
    #[command(disable_help_flag = true)]
    Demo {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure compute units and binary sizes into bench/ledger.json
    Bench {
        /// Write nothing; fail when the committed ledger differs from what is measured
        #[arg(long)]
        check: bool,
    },
    /// Search for bytes that the readers of accounts mishandle, with libFuzzer (needs a C++ compiler)
    Fuzz {
        /// How long, over all targets
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// One target only: a folder of fuzz/corpus
        target: Option<String>,
    },
    /// Print the program ids that `declare_id!` must carry on a local chain
    Keys,
    /// Build one program's IDL and print it (used by `idl`, which sets the stage for it)
    #[command(hide = true)]
    IdlOf { program: std::path::PathBuf },
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
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

fn execute(command: Command) -> Result<()> {
    match command {
        Command::Build { toolchain } => sbf::build(toolchain),
        Command::Idl { check } => idl::run(check),
        Command::Test { args } => run::test(&args),
        Command::Demo { args } => run::demo(&args),
        Command::Bench { check } => run::bench(check),
        Command::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Command::Keys => keys::print(),
        Command::IdlOf { program } => idl::print_one(&program),
    }
}
