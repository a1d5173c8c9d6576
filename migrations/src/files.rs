//! Programs on disk.

use {
    crate::error::MigrationError,
    cep_sdk::{
        Pubkey,
        programs::{liquidation, margin_pool, risk_engine},
    },
    solana_sdk::{
        signature::{Keypair, Signer},
        signer::keypair::read_keypair_file,
    },
    std::{fs, path::Path},
};

/// The protocol's programs by the names of their files, in the order in which they depend on each other.
pub const PROGRAMS: [(&str, Pubkey); 3] = [
    ("risk_engine", risk_engine::ID),
    ("margin_pool", margin_pool::ID),
    ("liquidation", liquidation::ID),
];

/// A program as `cargo xtask build` leaves it.
pub struct ProgramFiles {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Signs the first deployment; afterwards only its address matters.
    pub keypair: Keypair,
}

impl ProgramFiles {
    /// Reads `<name>.so` and `<name>-keypair.json`, whose key must be the `id` the program was built with.
    ///
    /// # Errors
    /// [`MigrationError::NoFile`], [`MigrationError::WrongKeypair`].
    pub fn read(directory: &Path, name: &str, id: Pubkey) -> Result<Self, MigrationError> {
        let path = directory.join(format!("{name}.so"));
        let bytes = fs::read(&path).map_err(|error| MigrationError::NoFile {
            path,
            reason: error.to_string(),
        })?;
        let path = directory.join(format!("{name}-keypair.json"));
        let keypair = read_keypair_file(&path).map_err(|error| MigrationError::NoFile {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        if keypair.pubkey() != id {
            return Err(MigrationError::WrongKeypair {
                path,
                found: keypair.pubkey(),
                expected: id,
            });
        }
        Ok(Self {
            name: name.to_owned(),
            bytes,
            keypair,
        })
    }

    /// The protocol's three programs, in the order in which they depend on each other.
    ///
    /// # Errors
    /// As [`ProgramFiles::read`].
    pub fn all(directory: &Path) -> Result<Vec<Self>, MigrationError> {
        PROGRAMS
            .into_iter()
            .map(|(name, id)| Self::read(directory, name, id))
            .collect()
    }

    /// Whether the room a cluster keeps for a program holds these bytes, followed by nothing but zeros.
    #[must_use]
    pub fn is_held_by(&self, room: &[u8]) -> bool {
        room.split_at_checked(self.bytes.len())
            .is_some_and(|(head, rest)| head == self.bytes && rest.iter().all(|b| *b == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_there_when_only_zeros_follow() {
        let program = ProgramFiles {
            name: "x".into(),
            bytes: b"abc".to_vec(),
            keypair: Keypair::new(),
        };
        assert!(program.is_held_by(b"abc\0\0") && program.is_held_by(b"abc"));
        for other in [b"abcd".as_slice(), b"ab", b"abd"] {
            assert!(!program.is_held_by(other));
        }
    }
}
