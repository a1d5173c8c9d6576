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
    let workspace = build_all()?;
    let cargo_test = |args: &[&str]| {
        process::show(
            process::cargo()
                .args(["test", "--locked"])
                .args(args)
                .current_dir(&workspace.root),
        )
    };
    if args.is_empty() {
        // Examples in the docs first, so that the output closes on the tests proper.
        cargo_test(&["--workspace", "--doc"])?;
        return cargo_test(&["--workspace", "--lib", "--bins", "--tests", "--examples"]);
    }
    // Cargo would silently ignore a package that is asked for beside `--workspace`.
    let one = args
        .iter()
        .any(|arg| arg == "--package" || arg.starts_with("--package=") || arg.starts_with("-p"));
    let scope = if one { None } else { Some("--workspace") };
    let args: Vec<&str> = scope
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .collect();
    cargo_test(&args)
}

pub fn demo(args: &[String]) -> Result<()> {
    run_binary("cep-demo", args)
}

pub fn bench(check: bool) -> Result<()> {
    run_binary("ledger", if check { &["--check"] } else { &[] })
}

/// Runs a binary of the workspace from the workspace root.
fn run_binary<S: AsRef<std::ffi::OsStr>>(name: &str, args: &[S]) -> Result<()> {
    let workspace = build_all()?;
    let binary = workspace.target.join("debug").join(name);
    process::show(Command::new(binary).args(args).current_dir(&workspace.root))
}

/// The programs and all binaries, freshly built: the demo and the system test start the keeper.
fn build_all() -> Result<Workspace> {
    sbf::build(Choice::from_env()?)?;
    let workspace = Workspace::load()?;
    explain_first_build(&workspace);
    process::show(
        process::cargo()
            .args(["build", "--workspace", "--bins", "--locked"])
            .current_dir(&workspace.root),
    )?;
    Ok(workspace)
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
