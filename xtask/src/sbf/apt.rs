//! Debian packages without installing them: a private apt state, the archive this machine already
//! uses, and the machine's own sources untouched. Works without root.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::process::{self, Log};
use crate::progress::Stage;

const NO_APT: &str = "This step takes Debian packages, through apt-get and dpkg. On another system install \
     Solana's tools instead: where `cargo build-sbf` exists, it is used.";
const NO_DOWNLOAD: &str = "Check that this machine reaches its Debian archive (`apt-get update`) and run \
     this again: finished parts are kept.";
/// Names an archive on a machine whose own apt has no Debian one.
const ARCHIVE_VAR: &str = "CEP_DEBIAN_ARCHIVE";

pub struct Apt<'a> {
    dir: PathBuf,
    log: &'a Log,
}

/// A package file as apt's signed index describes it.
#[derive(Debug, PartialEq)]
struct Listed {
    file: String,
    size: u64,
    sha256: String,
}

impl<'a> Apt<'a> {
    /// Fetches the package lists of `suites` into `dir`.
    pub fn open(dir: PathBuf, suites: &[&str], log: &'a Log) -> Result<Self> {
        for tool in ["apt-get", "dpkg"] {
            log.run(Command::new(tool).arg("--version"), NO_APT)?;
        }
        let archive = archive(log)?;
        let keyring = ["gpg", "pgp"]
            .map(|end| format!("/usr/share/keyrings/debian-archive-keyring.{end}"))
            .into_iter()
            .find(|path| Path::new(path).exists())
            .context(
                "Debian's archive keys are missing: `apt-get install debian-archive-keyring`",
            )?;
        for sub in ["lists/partial", "cache/archives/partial", "debs"] {
            fs::create_dir_all(dir.join(sub))?;
        }
        let sources: String = suites
            .iter()
            .map(|suite| format!("deb [signed-by={keyring}] {archive} {suite} main\n"))
            .collect();
        fs::write(dir.join("sources.list"), sources)?;
        let apt = Self { dir, log };
        log.run(apt.command("apt-get").args(["update", "-q"]), NO_DOWNLOAD)?;
        // apt calls an update a success when nothing could be fetched; one missing suite does no harm.
        let lists = fs::read_dir(apt.dir.join("lists"))?.flatten();
        let fetched = lists.filter(|file| file.file_name().to_string_lossy().contains("_Packages"));
        ensure!(
            fetched.count() > 0,
            "no package list came. {NO_DOWNLOAD}\n{}",
            log.tail()
        );
        Ok(apt)
    }

    fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        let at = |name: &str| self.dir.join(name).display().to_string();
        for option in [
            format!("Dir::State::Lists={}", at("lists")),
            format!("Dir::Cache={}", at("cache")),
            format!("Dir::Etc::SourceList={}", at("sources.list")),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            "Acquire::Retries=3".to_owned(),
            // Else root's apt drops to a user that may not read a private cache.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
            .env("LC_ALL", "C")
            .current_dir(self.dir.join("debs"));
        command
    }

    /// A package's dependencies, all the way down.
    pub fn closure(&self, package: &str) -> Result<Vec<String>> {
        let relations = [
            "recommends",
            "suggests",
            "conflicts",
            "breaks",
            "replaces",
            "enhances",
        ];
        let mut command = self.command("apt-cache");
        command.args(["depends", "--recurse"]);
        command.args(relations.map(|relation| format!("--no-{relation}")));
        let out = process::read(command.arg(package))
            .with_context(|| format!("Debian has no package {package} (any more)"))?;
        // Names stand at the line's start; what is indented is the kind of relation.
        let names = out
            .lines()
            .filter(|line| !line.starts_with([' ', '|', '<']));
        Ok(names.map(str::to_owned).collect())
    }

    /// Downloads packages, checks each against the index, and returns the files in the order asked.
    pub fn download(&self, packages: &[String], stage: &Stage) -> Result<Vec<PathBuf>> {
        let listed = process::read(
            self.command("apt-get")
                .args(["download", "-qq", "--print-uris"])
                .args(packages),
        )
        .with_context(|| {
            format!(
                "Debian has not what this step needs: {}",
                packages.join(", ")
            )
        })?;
        let listed: Vec<Listed> = listed.lines().map(parse).collect::<Result<_>>()?;
        ensure!(
            listed.len() == packages.len(),
            "apt lists {} of {packages:?}",
            listed.len()
        );
        let total: u64 = listed.iter().map(|file| file.size).sum();
        stage.note(&format!(
            "downloading {} packages, {} MB",
            listed.len(),
            total >> 20
        ));
        self.log.run(
            self.command("apt-get")
                .args(["download", "-q"])
                .args(packages),
            NO_DOWNLOAD,
        )?;
        listed.iter().map(|file| self.verified(file)).collect()
    }

    fn verified(&self, listed: &Listed) -> Result<PathBuf> {
        let path = self.dir.join("debs").join(&listed.file);
        let (size, sha256) =
            hash(&path).with_context(|| format!("apt did not bring {}", listed.file))?;
        ensure!(
            size == listed.size && sha256 == listed.sha256,
            "{} is not the file that the archive's index describes. {NO_DOWNLOAD}",
            listed.file
        );
        Ok(path)
    }

    pub fn unpack(&self, deb: &Path, into: &Path) -> Result<()> {
        self.log.run(
            Command::new("dpkg").arg("-x").arg(deb).arg(into),
            "Is the disk full? About 1.5 GB must be free while this runs.",
        )
    }
}

/// The archive that this machine's apt uses already; no host is named in the project.
fn archive(log: &Log) -> Result<String> {
    if let Ok(archive) = std::env::var(ARCHIVE_VAR) {
        return Ok(format!("{}/", archive.trim_end_matches('/')));
    }
    let ask = || {
        let targets = [
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
        ];
        let out = process::read(Command::new("apt-get").args(targets)).ok()?;
        let found = out
            .lines()
            .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))?;
        Some(format!("{}/", found.trim_end_matches('/')))
    };
    if let Some(found) = ask() {
        return Ok(found);
    }
    // A fresh machine may not have fetched any lists yet. Only root may; others are told below.
    log.run(Command::new("apt-get").args(["update", "-q"]), NO_DOWNLOAD)
        .ok();
    ask().with_context(|| {
        format!(
            "this machine's apt knows no Debian archive. As root, run `apt-get update` if it is a Debian \
             system; else set {ARCHIVE_VAR} to the address of one, or install `cargo build-sbf`"
        )
    })
}

/// A line of `--print-uris`: 'uri' file size SHA256:digest
fn parse(line: &str) -> Result<Listed> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, file, size, digest] = fields[..] else {
        bail!("apt printed an unknown line: {line}")
    };
    let sha256 = digest
        .strip_prefix("SHA256:")
        .with_context(|| format!("no SHA-256 for {file}"))?;
    Ok(Listed {
        file: file.into(),
        size: size.parse()?,
        sha256: sha256.into(),
    })
}

fn hash(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
    Ok((
        size,
        hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_apt_prints() {
        let listed = parse("'http://x/libz_1.deb' libz_1%3a2.deb 307 SHA256:9e57").unwrap();
        let expected = Listed {
            file: "libz_1%3a2.deb".into(),
            size: 307,
            sha256: "9e57".into(),
        };
        assert_eq!(listed, expected);
        assert!(parse("'http://x/libz_1.deb' libz_1.deb 307 MD5Sum:9e57").is_err());
        assert!(parse("E: nothing").is_err());
    }

    #[test]
    fn a_download_that_differs_from_the_index_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::create(dir.path().join("log")).unwrap();
        fs::create_dir(dir.path().join("debs")).unwrap();
        fs::write(dir.path().join("debs/a.deb"), "abc").unwrap();
        let apt = Apt {
            dir: dir.path().into(),
            log: &log,
        };
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let listed = |sha256: &str| Listed {
            file: "a.deb".into(),
            size: 3,
            sha256: sha256.into(),
        };
        assert!(apt.verified(&listed(abc)).is_ok());
        assert!(apt.verified(&listed("00")).is_err());
    }
}
