//! Stage 2: LLVM 23 and the libraries it was built against, from Debian, unpacked beside everything
//! else. Its BPF backend is the first that passes arguments beyond the fifth on the stack.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::apt::Apt;
use super::toolchain::Toolchain;
use crate::progress::Stage;

pub const LIBRARY: &str = "libllvm23";
/// What the linker's build asks for: `llvm-config`, headers, and the link name of the library.
const FOR_BUILDS: [&str; 2] = ["llvm-23-dev", "llvm-23"];
const SUITES: [&str; 1] = ["sid"];

/// Where things lie in the unpacked tree.
pub struct Layout {
    /// LLVM's own folder.
    pub prefix: PathBuf,
    /// The libraries, libc among them: newer than this machine's, so used only by the linker.
    pub libraries: PathBuf,
    /// The dynamic loader that belongs to that libc.
    pub loader: PathBuf,
}

impl Layout {
    pub fn of(tree: &Path) -> Result<Self> {
        let (triple, loader) = match std::env::consts::ARCH {
            "x86_64" => ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
            "aarch64" => ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
            other => anyhow::bail!(
                "no upstream SBF toolchain for {other}. Install Solana's tools (`cargo build-sbf`)"
            ),
        };
        let libraries = tree.join("usr/lib").join(triple);
        let loader = libraries.join(loader);
        Ok(Self {
            prefix: tree.join("usr/lib/llvm-23"),
            libraries,
            loader,
        })
    }
}

pub fn ensure(toolchain: &Toolchain) -> Result<()> {
    if toolchain.llvm().exists() {
        return Ok(());
    }
    let stage = Stage::start("[2/4] LLVM 23");
    let work = toolchain.partial("llvm")?;
    let log = toolchain.log("llvm")?;
    stage.note("package lists");
    let apt = Apt::open(work.join("apt"), &SUITES, &log)?;
    let mut packages = apt.closure(LIBRARY)?;
    packages.extend(FOR_BUILDS.map(str::to_owned));
    let debs = apt.download(&packages, &stage)?;

    let tree = work.join("tree");
    for (number, deb) in debs.iter().enumerate() {
        stage.note(&format!("unpacking {} of {}", number + 1, debs.len()));
        apt.unpack(deb, &tree)?;
    }
    let layout = Layout::of(&tree)?;
    let needed = [
        layout.loader,
        layout.prefix.join("bin/llvm-config"),
        layout.prefix.join("lib/libLLVM.so"),
    ];
    for path in needed {
        ensure!(
            path.exists(),
            "Debian's LLVM 23 has no {}. Please report it; `cargo build-sbf` is the way around",
            path.strip_prefix(&tree).unwrap_or(&path).display()
        );
    }
    drop_static_archives(&tree.join("usr/lib/llvm-23/lib"))?;
    fs::rename(&tree, toolchain.llvm())?;
    stage.done("from Debian, signatures and digests checked");
    Ok(())
}

/// Half of the tree, and nothing here links statically.
fn drop_static_archives(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "a") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
