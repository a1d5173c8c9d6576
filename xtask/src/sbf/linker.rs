//! Stage 3: sbpf-linker, which turns LLVM bitcode into a program. Built on this machine against the
//! LLVM of stage 2, run with that LLVM's own libc.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::llvm::Layout;
use super::toolchain::Toolchain;
use crate::process::{self, Log};
use crate::progress::Stage;

const VERSION: &str = "0.2.6";

pub fn ensure(toolchain: &Toolchain) -> Result<()> {
    let linker = toolchain.linker();
    if linker.exists() {
        return Ok(());
    }
    let stage = Stage::start(format!("[3/4] sbpf-linker {VERSION}"));
    let root = toolchain.partial("linker")?;
    let log = toolchain.log("linker")?;
    let llvm = Layout::of(&toolchain.llvm())?;
    stage.note("compiling it, one to three minutes");
    let flags = [
        // LLVM's libraries want a newer libc than this machine may have; they get it when they run.
        "-Clink-arg=-Wl,--allow-shlib-undefined".to_owned(),
        format!("-Clink-arg=-L{}", llvm.libraries.display()),
    ];
    log.run(
        process::cargo()
            .args([
                "install",
                "sbpf-linker",
                "--version",
                VERSION,
                "--locked",
                "--force",
            ])
            .args([
                "--no-default-features",
                "--features",
                "bpf-linker/llvm-23",
                "--root",
            ])
            .arg(&root)
            .current_dir(&root)
            .env("CARGO_TARGET_DIR", root.join("target"))
            .env("LLVM_PREFIX", &llvm.prefix)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env_remove("RUSTC_WRAPPER"),
        "Building the linker needs crates.io and a C compiler (`apt-get install build-essential`).",
    )?;
    let built = root.join("bin/sbpf-linker");
    runs(&log, &llvm, &built)?;
    let bin = linker.parent().context("the linker is in a folder")?;
    fs::create_dir_all(bin)?;
    fs::rename(&built, &linker)?;
    stage.done("built");
    Ok(())
}

/// Finds a missing library now, not in the middle of a program's build.
fn runs(log: &Log, llvm: &Layout, linker: &std::path::Path) -> Result<()> {
    let path = format!(
        "{}:{}",
        llvm.libraries.display(),
        llvm.prefix.join("lib").display()
    );
    log.run(
        Command::new(&llvm.loader).arg("--library-path").arg(path).arg(linker).arg("--version"),
        "The linker was built but does not start: Debian's LLVM packages may be in the middle of an \
         update. Try again in some hours, or install `cargo build-sbf`.",
    )
}
