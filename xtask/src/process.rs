//! Running other programs: either with their output shown, or quietly with a log and a useful error.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};

/// Last lines of a log that an error message shows.
const TAIL: usize = 25;

/// The cargo that runs this xtask. Cargo sets `CARGO` for what it runs to its own executable, never
/// rustup's proxy, so that a toolchain chosen for xtask is the toolchain of everything below it.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command with its output on the terminal.
pub fn show(command: &mut Command) -> Result<()> {
    let name = display(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// Trimmed standard output of a command.
pub fn read(command: &mut Command) -> Result<String> {
    let name = name(command.get_program());
    let out = command
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !out.status.success() {
        bail!(
            "`{name}` failed: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Where quiet commands write what they say.
pub struct Log {
    path: PathBuf,
    tail: usize,
}

impl Log {
    pub fn create(path: PathBuf) -> Result<Self> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, tail: TAIL })
    }

    /// What the log says so far, for errors that no exit code reports.
    pub fn tail(&self) -> String {
        format!(
            "{}\n(the whole log: {})",
            tail(&self.path, self.tail),
            self.path.display()
        )
    }

    /// Shows more of the log in an error, for commands that say much.
    pub fn showing(self, tail: usize) -> Self {
        Self { tail, ..self }
    }

    /// Runs a command with its output appended to the log; on failure the error carries `advice`, the
    /// log's last lines and its path.
    pub fn run(&self, command: &mut Command, advice: &str) -> Result<()> {
        let mut log = File::options().append(true).open(&self.path)?;
        writeln!(log, "$ {}", display(command))?;
        let status = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    anyhow!(
                        "`{}` is not installed. {advice}",
                        name(command.get_program())
                    )
                }
                _ => anyhow!("cannot start `{}`: {error}", display(command)),
            })?;
        if !status.success() {
            bail!(
                "`{}` failed ({status}). {advice}\n{}",
                name(command.get_program()),
                self.tail()
            );
        }
        Ok(())
    }
}

fn name(program: &OsStr) -> String {
    Path::new(program)
        .file_name()
        .unwrap_or(program)
        .to_string_lossy()
        .into_owned()
}

fn display(command: &Command) -> String {
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name(command.get_program()))
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}

fn tail(path: &Path, count: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(count)..];
    shown
        .iter()
        .map(|line| format!("    | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_shows_its_last_words_and_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::create(dir.path().join("x.log")).unwrap();
        let error = log
            .run(
                Command::new("sh").args(["-c", "echo broken; exit 3"]),
                "Try again.",
            )
            .unwrap_err()
            .to_string();
        assert!(error.contains("| broken"), "{error}");
        assert!(
            error.contains("Try again.") && error.contains("x.log"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::create(dir.path().join("x.log")).unwrap();
        let error = log
            .run(&mut Command::new("no-such-tool"), "Install it.")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "`no-such-tool` is not installed. Install it.");
    }
}
