//! Program keypairs for local chains.
//!
//! They are derived from the program's name, so every clone deploys at the same addresses and no key
//! file has to be committed. Anyone can derive them: they are worth nothing outside a local chain.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;

fn localnet_key(lib_name: &str) -> SigningKey {
    let seed = Sha256::digest(format!("cep localnet program keypair: {lib_name}"));
    SigningKey::from_bytes(&seed.into())
}

pub fn program_id(lib_name: &str) -> String {
    bs58::encode(localnet_key(lib_name).verifying_key().as_bytes()).into_string()
}

/// Writes `<lib>-keypair.json` where Anchor looks for it. A file that is there already is somebody's
/// own key for a real cluster and stays as it is.
pub fn write_if_absent(lib_name: &str, deploy_dir: &Path) -> Result<()> {
    let path = deploy_dir.join(format!("{lib_name}-keypair.json"));
    if path.exists() {
        return Ok(());
    }
    let json = serde_json::to_string(&localnet_key(lib_name).to_keypair_bytes().to_vec())?;
    fs::write(&path, json).with_context(|| format!("cannot write {}", path.display()))
}

pub fn print() -> Result<()> {
    for program in Workspace::load()?.programs {
        println!("{:<16} {}", program.lib, program_id(&program.lib));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids stand in `declare_id!` of the programs: a change here breaks every local deployment.
    #[test]
    fn localnet_ids_are_stable() {
        assert_eq!(
            program_id("risk_engine"),
            "BBAWpcQcRTGVA6YGZdQ63SdAp1RnUUiRJEocuEuawToQ"
        );
        assert_eq!(
            program_id("margin_pool"),
            "HSTWees6Y8ifCgSTEgTEBNAvCs2ossqQfkfrg4mJbg6H"
        );
        assert_eq!(
            program_id("liquidation"),
            "9Q9i7Zrjj541u2ezc6Z1eYzUQRKkUgYePRxZBj2YKWSK"
        );
    }

    #[test]
    fn an_existing_keypair_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("margin_pool-keypair.json");
        fs::write(&path, "mine").unwrap();
        write_if_absent("margin_pool", dir.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_written_keypair_has_solanas_form() {
        let dir = tempfile::tempdir().unwrap();
        write_if_absent("margin_pool", dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join("margin_pool-keypair.json")).unwrap();
        let bytes: Vec<u8> = serde_json::from_str(&text).unwrap();
        assert_eq!(bytes.len(), 64);
        assert_eq!(
            bs58::encode(&bytes[32..]).into_string(),
            program_id("margin_pool")
        );
    }
}
