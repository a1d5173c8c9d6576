//! `cargo xtask fuzz`: libFuzzer over every account that the programs parse, built with the coverage
//! instrumentation that stable rustc passes on to LLVM. docs/fuzzing.md.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// What `cargo fuzz` sets as well, but for the sanitizers: what is parsed here is safe Rust.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];
const PREFIX: &str = "fuzz-";
/// Longest input: a header and the largest account, a scenario set.
const MAX_LEN: u32 = 24_000;

/// Runs every target, or `only` one, for `seconds` in all.
pub fn run(seconds: u64, only: Option<&str>) -> Result<()> {
    let workspace = Workspace::load()?;
    let home = workspace.target.join("fuzz");
    let targets = targets(&workspace.root, only)?;
    let host = process::read(Command::new("rustc").args(["--print", "host-tuple"]))?;
    process::show(
        process::cargo()
            .args([
                "build",
                "--locked",
                "--release",
                "--package",
                "cep-fuzz",
                "--bins",
            ])
            .args(["--features", "libfuzzer"])
            // With a target named, build scripts and macros are spared the instrumentation.
            .args(["--target", &host])
            .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
            .env("CARGO_TARGET_DIR", &home)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .current_dir(&workspace.root),
    )
    .context(
        "the fuzz targets do not build; libFuzzer's runtime needs a C++ compiler (g++ or clang++)",
    )?;
    let count = u64::try_from(targets.len())?;
    let each = (seconds / count).max(1);
    for target in targets {
        eprintln!("  fuzz {target} for {each} s ...");
        let binary = home.join(format!("{host}/release/{PREFIX}{target}"));
        one(&workspace.root, &home, &binary, &target, each)?;
    }
    Ok(())
}

/// Names of the targets, which are the folders of the corpus.
fn targets(root: &Path, only: Option<&str>) -> Result<Vec<String>> {
    let corpus = root.join("fuzz/corpus");
    let mut names = Vec::new();
    for entry in
        fs::read_dir(&corpus).with_context(|| format!("cannot read {}", corpus.display()))?
    {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    match only {
        None => Ok(names),
        Some(name) if names.iter().any(|it| it == name) => Ok(vec![name.to_owned()]),
        Some(name) => bail!("no fuzz target `{name}`; there are {}", names.join(", ")),
    }
}

/// What is found goes to `<target>/fuzz/corpus`; the committed corpus is only read.
fn one(root: &Path, home: &Path, binary: &Path, target: &str, seconds: u64) -> Result<()> {
    let found = home.join("corpus").join(target);
    let artifacts = home.join("artifacts").join(target);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(artifacts.join(""));
    process::show(
        Command::new(binary)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_LEN}"))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .arg(prefix)
            .arg(&found)
            .arg(root.join("fuzz/corpus").join(target))
            .current_dir(root),
    )
    .with_context(|| {
        format!(
            "{target} broke a promise; the input is in {}: fix the cause, and add the input to fuzz/corpus/{target}",
            artifacts.display()
        )
    })
}
