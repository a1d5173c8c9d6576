//! The upstream SBF toolchain in the user's cache: made once, in stages, each of which is either whole
//! or absent. Nothing in the user's Rust installation changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{linker, llvm, std_source, target};
use crate::process;

/// Raise it whenever the recipe changes: it names the cache folder.
const RECIPE: u32 = 1;

pub struct Toolchain {
    pub dir: PathBuf,
    /// Compiler version such as `1.95.0`.
    pub version: String,
    /// The user's own sysroot.
    pub sysroot: PathBuf,
}

impl Toolchain {
    /// The toolchain for the compiler in use, set up first if need be.
    pub fn ensure() -> Result<Self> {
        let toolchain = Self::locate()?;
        if toolchain.is_complete()? {
            return Ok(toolchain);
        }
        fs::create_dir_all(&toolchain.dir)
            .with_context(|| format!("cannot create {}", toolchain.dir.display()))?;
        let lock = File::create(toolchain.dir.join("lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("Another run is setting up the SBF toolchain; waiting for it.");
            lock.lock()?;
        }
        if !toolchain.is_complete()? {
            toolchain.set_up()?;
        }
        Ok(toolchain)
    }

    fn locate() -> Result<Self> {
        if !cfg!(target_os = "linux") {
            bail!(
                "without `cargo build-sbf` the programs can be built on Linux only. \
                 Install Solana's tools (they bring `cargo build-sbf`) and run this again"
            );
        }
        let rustc = rustc();
        let verbose = process::read(std::process::Command::new(&rustc).arg("-vV"))?;
        let field = |name: &str| {
            let line = verbose.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim)
                .with_context(|| format!("`rustc -vV` prints no {name}"))
        };
        let version = field("release:")?.to_owned();
        let hash: String = field("commit-hash:")
            .unwrap_or("unknown")
            .chars()
            .take(9)
            .collect();
        let sysroot =
            process::read(std::process::Command::new(&rustc).args(["--print", "sysroot"]))?;
        let cache = dirs::cache_dir().context("no home directory: set XDG_CACHE_HOME")?;
        Ok(Self {
            dir: cache.join(format!("cep/sbf/{version}-{hash}-r{RECIPE}")),
            version,
            sysroot: sysroot.into(),
        })
    }

    fn set_up(&self) -> Result<()> {
        if !self.linker().exists() {
            eprintln!(
                "Setting up the SBF toolchain for rustc {} in {}\n\
                 (once; about 150 MB to download, 2 to 5 minutes on two cores)",
                self.version,
                self.dir.display()
            );
        }
        self.sweep()?;
        std_source::ensure(self)?;
        llvm::ensure(self)?;
        linker::ensure(self)?;
        target::write(self)?;
        self.sweep()?;
        fs::write(self.stamp(), self.stamp_text()?)?;
        eprintln!("SBF toolchain ready.");
        Ok(())
    }

    /// Work in progress of a run that was interrupted.
    fn sweep(&self) -> Result<()> {
        let partial = self.partial_dir();
        if partial.exists() {
            fs::remove_dir_all(&partial).with_context(|| {
                format!("cannot remove {}; delete it by hand", partial.display())
            })?;
        }
        Ok(())
    }

    fn partial_dir(&self) -> PathBuf {
        self.dir.join("partial")
    }

    /// An empty folder to build a stage in. What is finished is renamed out of it, so that an
    /// interrupted stage leaves nothing that could be taken for a finished one.
    pub fn partial(&self, name: &str) -> Result<PathBuf> {
        let dir = self.partial_dir().join(name);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }

    pub fn log(&self, stage: &str) -> Result<process::Log> {
        process::Log::create(self.dir.join(format!("logs/{stage}.log")))
    }

    fn stamp(&self) -> PathBuf {
        self.dir.join("complete")
    }

    /// The links into the user's Rust installation are part of what is complete.
    fn stamp_text(&self) -> Result<String> {
        let texts = target::Texts::of(self)?.id();
        let (sysroot, dir) = (self.sysroot.display(), self.dir.display());
        Ok(format!(
            "recipe {RECIPE}\ntexts {texts}\nsysroot {sysroot}\nat {dir}\n"
        ))
    }

    fn is_complete(&self) -> Result<bool> {
        let wanted = self.stamp_text()?;
        Ok(fs::read_to_string(self.stamp()).is_ok_and(|text| text == wanted))
    }

    /// Short name that changes with everything that cargo does not look at itself.
    pub fn id(&self) -> Result<String> {
        Ok(super::short_hash(&self.stamp_text()?))
    }

    pub fn std_source(&self) -> PathBuf {
        self.dir.join("library")
    }

    pub fn llvm(&self) -> PathBuf {
        self.dir.join("llvm")
    }

    pub fn linker(&self) -> PathBuf {
        self.dir.join("bin/sbpf-linker")
    }

    pub fn rustc(&self) -> PathBuf {
        self.dir.join("rustc")
    }

    pub fn target_json(&self) -> PathBuf {
        self.dir.join(target::NAME).with_extension("json")
    }
}

/// The compiler beside the cargo in use.
fn rustc() -> PathBuf {
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name("rustc"));
    beside
        .filter(|rustc| rustc.exists())
        .unwrap_or_else(|| "rustc".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &Path, sysroot: &str) -> Toolchain {
        Toolchain {
            dir: dir.into(),
            version: "1.95.0".into(),
            sysroot: sysroot.into(),
        }
    }

    #[test]
    fn a_moved_rust_installation_asks_for_a_new_set_up() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = at(dir.path(), "/a");
        assert!(!toolchain.is_complete().unwrap());
        fs::write(toolchain.stamp(), toolchain.stamp_text().unwrap()).unwrap();
        assert!(toolchain.is_complete().unwrap());
        let moved = at(dir.path(), "/b");
        assert!(!moved.is_complete().unwrap());
        assert_ne!(moved.id().unwrap(), toolchain.id().unwrap());
    }

    #[test]
    fn an_interrupted_stage_is_swept_away() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = at(dir.path(), "/a");
        fs::write(toolchain.partial("std").unwrap().join("half"), "").unwrap();
        toolchain.sweep().unwrap();
        assert!(!toolchain.partial_dir().exists());
    }
}
