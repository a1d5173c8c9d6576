//! Stage 4: what ties the parts together. A sysroot of links with the patched std in it, a `rustc` that
//! uses that sysroot, the linker's wrapper, and the target's description.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::llvm::Layout;
use super::toolchain::Toolchain;
use crate::progress::Stage;

/// Name of the target, and so of cargo's output folder.
pub const NAME: &str = "sbpf-solana";

/// The texts that this stage writes: when one changes, the stage runs again and programs are rebuilt.
pub struct Texts {
    rustc: String,
    link: String,
    json: String,
}

impl Texts {
    pub fn of(toolchain: &Toolchain) -> Result<Self> {
        Ok(Self {
            rustc: rustc_wrapper(toolchain),
            link: link_wrapper(toolchain)?,
            json: target_json(&link_path(toolchain))?,
        })
    }

    pub fn id(&self) -> String {
        super::short_hash(&[&*self.rustc, &self.link, &self.json].concat())
    }
}

fn link_path(toolchain: &Toolchain) -> PathBuf {
    toolchain.dir.join("link")
}

pub fn write(toolchain: &Toolchain) -> Result<()> {
    let stage = Stage::start("[4/4] sysroot and target");
    let texts = Texts::of(toolchain)?;
    sysroot(toolchain)?;
    script(&toolchain.rustc(), &texts.rustc)?;
    script(&link_path(toolchain), &texts.link)?;
    fs::write(toolchain.target_json(), &texts.json)?;
    stage.done("written");
    Ok(())
}

/// `-Zbuild-std` looks for std inside the compiler's sysroot. This one borrows everything else from the
/// user's, which stays as it is.
fn sysroot(toolchain: &Toolchain) -> Result<()> {
    let mine = toolchain.dir.join("sysroot");
    if mine.exists() {
        fs::remove_dir_all(&mine)?;
    }
    let real = &toolchain.sysroot;
    let source = mine.join("lib/rustlib/src/rust");
    fs::create_dir_all(&source)?;
    link_all(real, &mine, "lib")?;
    link_all(&real.join("lib"), &mine.join("lib"), "rustlib")?;
    link_all(&real.join("lib/rustlib"), &mine.join("lib/rustlib"), "src")?;
    symlink(toolchain.std_source(), source.join("library"))?;
    Ok(())
}

fn link_all(from: &Path, to: &Path, except: &str) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_name() != except {
            symlink(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn rustc_wrapper(toolchain: &Toolchain) -> String {
    format!(
        "#!/bin/sh\nexec {} --sysroot {} \"$@\"\n",
        quoted(&toolchain.sysroot.join("bin/rustc")),
        quoted(&toolchain.dir.join("sysroot"))
    )
}

/// Rustc adds its own `--cpu` and `-O`; the programs want sBPF v3, 4 KiB frames and full optimisation. The
/// chain's machine reads and writes at any address; without telling LLVM, each public key would be copied
/// byte by byte (measured: 928 KB instead of 500 KB for a program).
fn link_wrapper(toolchain: &Toolchain) -> Result<String> {
    let llvm = Layout::of(&toolchain.llvm())?;
    Ok(format!(
        r#"#!/bin/sh
left=$#
drop=
while [ "$left" -gt 0 ]; do
  arg=$1
  shift
  left=$((left - 1))
  if [ -n "$drop" ]; then drop=; continue; fi
  case $arg in
    --cpu) drop=1 ;;
    -O*) ;;
    *) set -- "$@" "$arg" ;;
  esac
done
exec {loader} --library-path {libraries}:{prefix}/lib {linker} \
  --llvm-args=--bpf-stack-size=4096 --arch=v3 --cpu=v3 -O3 --deploy=false \
  --cpu-features=+allows-misaligned-mem-access "$@"
"#,
        loader = quoted(&llvm.loader),
        libraries = quoted(&llvm.libraries),
        prefix = quoted(&llvm.prefix),
        linker = quoted(&toolchain.linker()),
    ))
}

fn target_json(link: &Path) -> Result<String> {
    let json = serde_json::json!({
        "arch": "bpf",
        "os": "solana",
        "vendor": "solana",
        "llvm-target": "bpfel",
        "data-layout": "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128",
        "target-pointer-width": 64,
        "linker-flavor": "bpf",
        "linker": link,
        "linker-is-gnu": false,
        "obj-is-bitcode": true,
        "dynamic-linking": true,
        "merge-functions": "disabled",
        "panic-strategy": "abort",
        "position-independent-executables": true,
        "singlethread": true,
        "crt-objects-fallback": "false",
        "min-atomic-width": 8,
        "max-atomic-width": 64,
        "atomic-cas": true,
    });
    Ok(serde_json::to_string_pretty(&json)?)
}

/// For the shell: a cache directory may have any name.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_quote_survives_the_shell() {
        let path = Path::new("/tmp/o'brien dir");
        let mut shell = std::process::Command::new("sh");
        let said = crate::process::read(shell.args(["-c", &format!("echo {}", quoted(path))]));
        assert_eq!(said.unwrap(), "/tmp/o'brien dir");
    }

    #[test]
    fn rustcs_own_cpu_and_optimisation_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let toolchain = Toolchain {
            dir: dir.path().into(),
            version: String::new(),
            sysroot: "/".into(),
        };
        let Ok(text) = link_wrapper(&toolchain) else {
            return;
        };
        let head = text.split("exec").next().unwrap();
        script(&dir.path().join("w"), &format!("{head}echo \"$@\"\n")).unwrap();
        let mut wrapper = std::process::Command::new(dir.path().join("w"));
        let said = crate::process::read(wrapper.args([
            "--cpu", "v2", "a b", "-O", "-O2", "--export", "x", "-o", "out",
        ]));
        assert_eq!(said.unwrap(), "a b --export x -o out");
    }
}
