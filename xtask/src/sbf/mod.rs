//! `cargo xtask build`: the programs as sBPF v3 bytecode in `target/deploy`.

mod apt;
mod elf;
mod linker;
mod llvm;
mod std_patch;
mod std_source;
mod target;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use sha2::{Digest, Sha256};

use crate::progress::Stage;
use crate::workspace::{Program, Workspace};
use crate::{keys, process};
use toolchain::Toolchain;

#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
pub enum Choice {
    /// Solana's own compiler where `cargo build-sbf` is installed, else the upstream one
    #[default]
    Auto,
    /// `cargo build-sbf`
    Platform,
    /// Stock Rust, LLVM and sbpf-linker, set up by this command
    Upstream,
}

impl Choice {
    /// For the commands that build on their way to something else.
    pub fn from_env() -> Result<Self> {
        match std::env::var("CEP_SBF_TOOLCHAIN") {
            Ok(name) => Self::from_str(&name, true)
                .map_err(|_| anyhow!("CEP_SBF_TOOLCHAIN={name}: use auto, platform or upstream")),
            Err(_) => Ok(Self::Auto),
        }
    }
}

pub fn build(choice: Choice) -> Result<()> {
    let workspace = Workspace::load()?;
    let deploy = workspace.deploy_dir();
    fs::create_dir_all(&deploy).with_context(|| format!("cannot create {}", deploy.display()))?;
    // First of all: `cargo build-sbf` makes up random ones where it finds none.
    for program in &workspace.programs {
        keys::write_if_absent(&program.lib, &deploy)?;
    }

    let upstream = match choice {
        Choice::Platform => None,
        Choice::Auto if has_platform_tools() => None,
        Choice::Auto | Choice::Upstream => Some(Toolchain::ensure()?),
    };
    // One cargo run per program: built together they would share features, and a program that another
    // one calls would lose its entry point to that caller's `no-entrypoint`.
    for program in &workspace.programs {
        match &upstream {
            Some(toolchain) => build_upstream(&workspace, program, toolchain)?,
            None => build_platform(program, &deploy)?,
        }
        let so = deploy.join(format!("{}.so", program.lib));
        let size = elf::check(&so)?;
        eprintln!("  {}.so: {size} bytes, sBPF v3", program.lib);
    }
    Ok(())
}

fn has_platform_tools() -> bool {
    process::cargo()
        .args(["build-sbf", "--version"])
        .output()
        .is_ok_and(|out| out.status.success())
}

fn build_platform(program: &Program, deploy: &Path) -> Result<()> {
    process::show(
        process::cargo()
            .args(["build-sbf", "--arch", "v3", "--manifest-path"])
            .arg(program.dir.join("Cargo.toml"))
            .arg("--sbf-out-dir")
            .arg(deploy),
    )
}

fn build_upstream(workspace: &Workspace, program: &Program, toolchain: &Toolchain) -> Result<()> {
    ensure!(
        program.links_sbf_abi,
        "{} must depend on cep-sbf-abi to be built with the upstream toolchain: see docs/building.md",
        program.package
    );
    let stage = Stage::start(format!("compile {}", program.lib));
    let target = sbf_target_dir(workspace, toolchain)?;
    let log = process::Log::create(workspace.target.join(format!("sbf/{}.log", program.lib)))?;
    log.showing(200).run(
        &mut cargo_for_chain(workspace, program, toolchain, &target),
        &format!("{} does not build for the chain:", program.package),
    )?;
    let built = target.join(format!("{}/release/lib{}.so", target::NAME, program.lib));
    let so = workspace.deploy_dir().join(format!("{}.so", program.lib));
    let result = if publish(&built, &so)? {
        ""
    } else {
        "unchanged"
    };
    stage.done(result);
    Ok(())
}

/// Whether the program is a new one. An unchanged file keeps its time, so that what embeds it is not rebuilt;
/// a changed one is renamed into place, so that no reader sees half a program.
fn publish(built: &Path, so: &Path) -> Result<bool> {
    let program = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    if fs::read(so).is_ok_and(|old| old == program) {
        return Ok(false);
    }
    let fresh = so.with_extension("so.new");
    fs::write(&fresh, program)
        .and_then(|()| fs::rename(&fresh, so))
        .with_context(|| format!("cannot write {}", so.display()))?;
    Ok(true)
}

fn cargo_for_chain(
    workspace: &Workspace,
    program: &Program,
    toolchain: &Toolchain,
    target: &Path,
) -> Command {
    let mut flags = vec![
        "-Zunstable-options".to_owned(),
        "-Cpanic=immediate-abort".to_owned(),
    ];
    // Paths end up in error logs; without these the bytecode would differ from machine to machine.
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| dirs::home_dir().map(|home| home.join(".cargo")));
    for (from, to) in [
        (cargo_home.as_deref(), "/cargo"),
        (Some(toolchain.dir.as_path()), "/sbf"),
        (Some(workspace.root.as_path()), "/cep"),
    ] {
        if let Some(from) = from {
            flags.push(format!("--remap-path-prefix={}={to}", from.display()));
        }
    }
    let mut cargo = process::cargo();
    cargo
        .args([
            "build",
            "--release",
            "--lib",
            "--locked",
            "--package",
            &program.package,
        ])
        .args([
            "-Zjson-target-spec",
            "-Zbuild-std=std,panic_abort",
            "--target",
        ])
        .arg(toolchain.target_json())
        .current_dir(&workspace.root)
        .env("RUSTC", toolchain.rustc())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("CARGO_TARGET_DIR", target)
        // A dependency's cdylib has the same file name as the program proper, which is built with other
        // features. This gives each its own name, as the build of rustc itself does.
        .env("__CARGO_DEFAULT_LIB_METADATA", "cep")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    cargo
}

/// Cargo does not notice when the std source or the linker changes, so each toolchain has a folder of its
/// own. So has each clone: a target folder that clones share tells their packages apart by file times only,
/// and a program must never be another clone's.
fn sbf_target_dir(workspace: &Workspace, toolchain: &Toolchain) -> Result<PathBuf> {
    let parent = workspace.target.join("sbf");
    let clone = short_hash(&workspace.root.display().to_string());
    let mine = parent.join(format!("{clone}-{}", toolchain.id()?));
    fs::create_dir_all(&mine).with_context(|| format!("cannot create {}", mine.display()))?;
    let owner = mine.join("clone");
    fs::write(&owner, workspace.root.display().to_string())?;
    for entry in fs::read_dir(&parent)?.flatten().map(|entry| entry.path()) {
        if entry != mine && is_stale(&entry, &workspace.root) {
            fs::remove_dir_all(&entry).ok();
        }
    }
    Ok(mine)
}

/// Left by an earlier toolchain of this clone, or by a clone that is gone.
fn is_stale(target: &Path, root: &Path) -> bool {
    fs::read_to_string(target.join("clone"))
        .is_ok_and(|clone| Path::new(&clone) == root || !Path::new(&clone).exists())
}

fn short_hash(text: &str) -> String {
    Sha256::digest(text)[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_builds_of_no_more_use_are_stale() {
        let dir = tempfile::tempdir().unwrap();
        let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
        fs::create_dir(&other).unwrap();
        let target = dir.path().join("target");
        fs::create_dir(&target).unwrap();
        assert!(!is_stale(&target, &mine), "somebody else's folder");
        for (owner, stale) in [
            (&mine, true),
            (&other, false),
            (&dir.path().join("gone"), true),
        ] {
            fs::write(target.join("clone"), owner.display().to_string()).unwrap();
            assert_eq!(is_stale(&target, &mine), stale);
        }
    }
}
