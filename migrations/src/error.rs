//! What can go wrong, and what to do about it.

use {
    cep_sdk::{Pubkey, SdkError},
    solana_client::client_error::ClientError,
    std::path::PathBuf,
};

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error("{path} cannot be read ({reason}); run `cargo xtask build` first")]
    NoFile { path: PathBuf, reason: String },
    #[error(
        "{path} holds the key of {found}, but the program is built for {expected}; put the matching keypair \
         there, or change `declare_id!` and build again"
    )]
    WrongKeypair {
        path: PathBuf,
        found: Pubkey,
        expected: Pubkey,
    },
    #[error(
        "{program} can only be upgraded by {}; run this with that keypair",
        authority.map_or_else(|| "nobody any more".to_owned(), |key| key.to_string())
    )]
    NotUpgradeAuthority {
        program: Pubkey,
        authority: Option<Pubkey>,
    },
    #[error(
        "the cluster does not know {address}, which is to get the upgrade authority; check it, and send it a few lamports first"
    )]
    UnknownAuthority { address: Pubkey },
    #[error(
        "{address} exists but is not a program of the upgradeable loader; build with another program id"
    )]
    NotAProgram { address: Pubkey },
    #[error(
        "{address} should hold an unfinished upload of this run but holds something else; close it with \
         `solana program close {address}` and run again"
    )]
    ForeignBuffer { address: Pubkey },
    #[error(
        "the upload of {what} stopped at {parts} of {of} parts ({reason}); run the same command again, it \
         continues where it stopped"
    )]
    UploadStalled {
        what: String,
        parts: usize,
        of: usize,
        reason: String,
    },
    #[error(
        "{payer} has {balance} lamports but {what} needs {needed}; send it SOL and run again, what is uploaded \
         stays"
    )]
    NotEnoughSol {
        payer: Pubkey,
        what: String,
        balance: u64,
        needed: u64,
    },
    #[error("the bytes of {program} on the cluster are not the ones sent; run again to upgrade it")]
    NotVerified { program: Pubkey },
    #[error("the scenario set that ships with the project cannot be read: {0}")]
    Scenarios(String),
    #[error("{what}: {source}")]
    Step {
        what: String,
        #[source]
        source: Box<SdkError>,
    },
    #[error(transparent)]
    Sdk(Box<SdkError>),
}

impl From<SdkError> for MigrationError {
    fn from(error: SdkError) -> Self {
        Self::Sdk(Box::new(error))
    }
}

impl From<ClientError> for MigrationError {
    fn from(error: ClientError) -> Self {
        SdkError::from(error).into()
    }
}

impl MigrationError {
    /// Names the step in which the SDK failed.
    pub(crate) fn during(what: impl Into<String>) -> impl FnOnce(SdkError) -> Self {
        let what = what.into();
        move |source| Self::Step {
            what,
            source: Box::new(source),
        }
    }
}
