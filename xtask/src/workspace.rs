//! What cargo knows about this workspace: where things are and which packages are programs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::{CrateType, MetadataCommand};

/// Folders whose packages with a `cdylib` are programs for the chain.
const PROGRAM_DIRS: [&str; 2] = ["programs", "tests/programs"];

pub struct Workspace {
    pub root: PathBuf,
    /// Where cargo puts host builds (`CARGO_TARGET_DIR` counts).
    pub target: PathBuf,
    pub programs: Vec<Program>,
}

pub struct Program {
    pub package: String,
    /// Name of the library, which is also the name of the `.so`.
    pub lib: String,
    pub dir: PathBuf,
    /// Examples and test programs are built but have no committed IDL.
    pub core: bool,
    /// Whether it brings the 128-bit helpers that the upstream toolchain lacks.
    pub links_sbf_abi: bool,
}

impl Workspace {
    pub fn load() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("`cargo metadata` failed; run it in the workspace to see why")?;
        let root: PathBuf = metadata.workspace_root.clone().into();
        let mut programs: Vec<Program> = metadata
            .workspace_packages()
            .into_iter()
            .filter_map(|package| {
                let dir: PathBuf = package.manifest_path.parent()?.into();
                let place = dir.strip_prefix(&root).ok()?.to_owned();
                if !PROGRAM_DIRS.iter().any(|parent| place.starts_with(parent)) {
                    return None;
                }
                let lib = package
                    .targets
                    .iter()
                    .find(|target| target.crate_types.contains(&CrateType::CDyLib))?;
                let links_sbf_abi = package
                    .dependencies
                    .iter()
                    .any(|it| it.name == "cep-sbf-abi");
                Some(Program {
                    links_sbf_abi,
                    package: package.name.to_string(),
                    lib: lib.name.clone(),
                    core: place.parent() == Some(Path::new("programs")),
                    dir,
                })
            })
            .collect();
        if programs.is_empty() {
            bail!(
                "no program found: a program is a package under programs/ with a `cdylib` crate type"
            );
        }
        programs.sort_by(|a, b| a.lib.cmp(&b.lib));
        Ok(Self {
            target: metadata.target_directory.into(),
            root,
            programs,
        })
    }

    /// Always inside the workspace, even when `CARGO_TARGET_DIR` points elsewhere: tests, the demo and
    /// Anchor's users look here.
    pub fn deploy_dir(&self) -> PathBuf {
        self.root.join("target/deploy")
    }
}
