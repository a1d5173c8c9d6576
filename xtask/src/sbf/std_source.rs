//! Stage 1: the standard library's source, of the very version of the compiler, taught the chain.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::apt::Apt;
use super::std_patch;
use super::toolchain::Toolchain;
use crate::process::Log;
use crate::progress::Stage;

/// Where Debian keeps compilers newer than its stable release; apt picks the one whose version fits.
const SUITES: [&str; 4] = ["trixie-backports", "forky", "sid", "experimental"];

pub fn ensure(toolchain: &Toolchain) -> Result<()> {
    if toolchain.std_source().exists() {
        return Ok(());
    }
    let stage = Stage::start("[1/4] standard library source");
    let work = toolchain.partial("std")?;
    let library = work.join("library");
    let installed = toolchain.sysroot.join("lib/rustlib/src/rust/library");
    let origin = if installed.join("std/src/lib.rs").exists() {
        let log = toolchain.log("std")?;
        copy(&installed, &library, &log)?;
        "from the rust-src component"
    } else {
        from_debian(toolchain, &work, &library, &stage).with_context(|| {
            format!(
                "the source of Rust {0}'s standard library could not be had. With rustup, \
                 `rustup component add rust-src` brings it; run this again afterwards",
                toolchain.version
            )
        })?;
        "from Debian"
    };
    std_patch::apply(&library.join("std"), &toolchain.version)?;
    fs::rename(&library, toolchain.std_source())?;
    stage.done(&format!("{origin}, patched"));
    Ok(())
}

fn copy(from: &Path, to: &Path, log: &Log) -> Result<()> {
    let advice = "Is the disk full?";
    log.run(
        std::process::Command::new("cp").arg("-r").arg(from).arg(to),
        advice,
    )
}

fn from_debian(toolchain: &Toolchain, work: &Path, library: &Path, stage: &Stage) -> Result<()> {
    let log = toolchain.log("std")?;
    stage.note("package lists");
    let apt = Apt::open(work.join("apt"), &SUITES, &log)?;
    // `1.95.0*`, not `1.95*`: the library must be the compiler's own.
    let debs = apt.download(&[format!("rust-src={}*", toolchain.version)], stage)?;
    stage.note("unpacking");
    let tree = work.join("tree");
    apt.unpack(&debs[0], &tree)?;
    let source = tree.join(format!("usr/src/rustc-{}/library", toolchain.version));
    fs::rename(&source, library)
        .with_context(|| format!("Debian's rust-src has no {}", source.display()))
}
