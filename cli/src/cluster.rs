//! Which cluster and which key, from the flags or the Solana command line's own configuration.

use {
    crate::Failure,
    cep_sdk::Client,
    clap::Args,
    solana_cli_config::{CONFIG_FILE, Config},
    solana_sdk::signature::{Keypair, read_keypair_file},
};

#[derive(Args)]
pub struct Options {
    /// JSON-RPC URL; by default the one of the Solana configuration
    #[arg(long, global = true)]
    url: Option<String>,
    /// Keypair file of the owner, who also pays; by default the one of the Solana configuration
    #[arg(long, global = true)]
    keypair: Option<String>,
}

impl Options {
    pub fn client(&self) -> Client {
        Client::new(
            self.url
                .clone()
                .unwrap_or_else(|| configured().json_rpc_url),
        )
    }

    pub fn signer(&self) -> Result<Keypair, Failure> {
        let path = self
            .keypair
            .clone()
            .unwrap_or_else(|| configured().keypair_path);
        read_keypair_file(&path).map_err(|error| {
            Failure::Input(format!(
                "--keypair: {path} cannot be read ({error}); make one with solana-keygen or name another"
            ))
        })
    }
}

/// The Solana configuration, or its defaults where there is none.
fn configured() -> Config {
    CONFIG_FILE
        .as_ref()
        .and_then(|path| Config::load(path).ok())
        .unwrap_or_default()
}
