//! `cargo xtask idl`: the programs' interfaces, through Anchor's own IDL build.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use similar::{ChangeTag, TextDiff};

use crate::progress::Stage;
use crate::workspace::{Program, Workspace};

/// Changed lines that a failed check shows per IDL.
const SHOWN: usize = 20;

pub fn run(check: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut differing = Vec::new();
    for program in workspace.programs.iter().filter(|program| program.core) {
        let stage = Stage::start(format!("idl of {}", program.lib));
        let idl = build(program, &workspace)?;
        let name = format!("{}.json", program.lib);
        write(&workspace.root.join("target/idl").join(&name), &idl)?;
        let committed = workspace.root.join("idl").join(&name);
        if !check {
            write(&committed, &idl)?;
            stage.done("written");
            continue;
        }
        let old = fs::read_to_string(&committed).unwrap_or_default();
        if old == idl {
            stage.done("as committed");
        } else {
            stage.done("differs");
            eprintln!("{}", diff(&old, &idl));
            differing.push(format!("idl/{name}"));
        }
    }
    ensure!(
        differing.is_empty(),
        "{} differs from the program: run `cargo xtask idl` and commit the result",
        differing.join(", ")
    );
    Ok(())
}

/// Anchor's builder runs `cargo test` for one program and reads what it prints. It wants an environment
/// of its own, so it runs in another process of this same executable.
fn build(program: &Program, workspace: &Workspace) -> Result<String> {
    let mut command = Command::new(env::current_exe()?);
    command
        .arg("idl-of")
        .arg(&program.dir)
        // The builder's extra RUSTFLAGS would recompile everything that host builds share.
        .env("CARGO_TARGET_DIR", workspace.target.join("idl-build"))
        // Anchor passes this one on wrongly; the toolchain in use is put first in PATH instead.
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(bin) = env::var_os("CARGO")
        .as_deref()
        .and_then(|cargo| Path::new(cargo).parent())
    {
        let paths = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bin.to_owned()).chain(env::split_paths(&paths));
        command.env("PATH", env::join_paths(paths)?);
    }
    let out = command
        .output()
        .context("cannot start xtask's own executable")?;
    if !out.status.success() {
        bail!(
            "no IDL for {}; what cargo and Anchor said:\n{}\nTo see more: \
             cargo test -p {} --features idl-build __anchor_private_print_idl",
            program.lib,
            String::from_utf8_lossy(&out.stderr).trim(),
            program.package
        );
    }
    Ok(String::from_utf8(out.stdout)?)
}

pub fn print_one(program: &Path) -> Result<()> {
    let idl = anchor_lang_idl::build::IdlBuilder::new()
        .program_path(program.to_owned())
        .cargo_args(["--lib", "--locked"].map(str::to_owned).to_vec())
        .build()?;
    println!("{}", serde_json::to_string_pretty(&idl)?);
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The first changed lines, - as committed, + as the program has it.
fn diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let changed: Vec<String> = diff
        .iter_all_changes()
        .filter_map(|change| match change.tag() {
            ChangeTag::Delete => Some(format!("    - {}", change.value().trim_end())),
            ChangeTag::Insert => Some(format!("    + {}", change.value().trim_end())),
            ChangeTag::Equal => None,
        })
        .collect();
    let mut text = changed[..changed.len().min(SHOWN)].join("\n");
    if changed.len() > SHOWN {
        text.push_str(&format!(
            "\n    ... and {} more changed lines",
            changed.len() - SHOWN
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_short_and_says_which_side_is_which() {
        assert_eq!(diff("a\nb\n", "a\nc\n"), "    - b\n    + c");
        let long: String = (0..50).map(|n| format!("{n}\n")).collect();
        assert!(diff("", &long).ends_with("... and 30 more changed lines"));
    }
}
