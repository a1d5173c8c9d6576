//! `test`, `demo` and `bench`: build the programs, then one host build, then the thing itself.
//!
//! Every command builds the whole workspace in the same profile. Asking cargo for fewer packages would
//! change which features their shared dependencies have, and compile about a thousand crates again.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::sbf::{self, Choice};
use crate::workspace::Workspace;

pub fn test(args: &[String]) -> Result<()> {
    sbf::build(Choice::from_env()?)?;
    let workspace = Workspace::load()?;
    explain_first_build(&workspace);
    // Cargo would silently ignore a package that is asked for beside `--workspace`.
    let one = args
        .iter()
        .any(|arg| arg == "--package" || arg.starts_with("--package=") || arg.starts_with("-p"));
    process::show(
        process::cargo()
            .args(["test", "--locked"])
            .args(if one { None } else { Some("--workspace") })
            .args(args)
            .current_dir(&workspace.root),
    )
}

pub fn demo(args: &[String]) -> Result<()> {
    run_binary("cep-demo", args)
}

pub fn bench(check: bool) -> Result<()> {
    run_binary("ledger", if check { &["--check"] } else { &[] })
}

/// Runs a binary of the workspace from the workspace root, with the programs and all other binaries
/// (the demo starts the keeper) freshly built.
fn run_binary<S: AsRef<std::ffi::OsStr>>(name: &str, args: &[S]) -> Result<()> {
    sbf::build(Choice::from_env()?)?;
    let workspace = Workspace::load()?;
    explain_first_build(&workspace);
    process::show(
        process::cargo()
            .args(["build", "--workspace", "--bins", "--locked"])
            .current_dir(&workspace.root),
    )?;
    let binary = workspace.target.join("debug").join(name);
    process::show(Command::new(binary).args(args).current_dir(&workspace.root))
}

fn explain_first_build(workspace: &Workspace) {
    let built = std::fs::read_dir(workspace.target.join("debug/deps")).is_ok_and(|mut files| {
        files.any(|file| {
            file.is_ok_and(|file| {
                file.file_name()
                    .to_string_lossy()
                    .starts_with("liblitesvm-")
            })
        })
    });
    if !built {
        eprintln!(
            "First build: cargo now compiles about 1,000 crates (a Solana runtime and a local chain among\n\
             them). That takes about 8 minutes on two cores, once; later builds take seconds."
        );
    }
}
