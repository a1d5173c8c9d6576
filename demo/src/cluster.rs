//! The local chain: Surfpool in this process, reached by everyone (this program, the keeper) over RPC only.

use {
    anyhow::{Context, Result},
    cep_sdk::{Client, Pubkey},
    solana_sdk::signature::Keypair,
    surfpool_sdk::{BlockProductionMode, SimnetCommand, Surfnet},
};

/// Slot time of mainnet, milliseconds.
const SLOT_MS: u64 = 400;
/// What the payer starts with.
const LAMPORTS: u64 = 100_000_000_000_000;

/// A chain of its own, gone when this program ends.
pub struct Cluster {
    surfnet: Surfnet,
    pub client: Client,
    /// Pays for everything and is the protocol's authority.
    pub payer: Keypair,
}

impl Cluster {
    /// With `fast` a slot passes with every transaction, otherwise every 400 ms.
    pub async fn start(fast: bool) -> Result<Self> {
        let payer = Keypair::new();
        let mode = if fast {
            BlockProductionMode::Transaction
        } else {
            BlockProductionMode::Clock
        };
        let surfnet = Surfnet::builder()
            .offline(true)
            .block_production_mode(mode)
            .slot_time_ms(SLOT_MS)
            .payer(payer.insecure_clone())
            .airdrop_sol(LAMPORTS)
            .start()
            .await
            .context("the local chain did not start; is another one using up all ports?")?;
        // Surfpool profiles every instruction on a copy of the whole chain, which is most of its time, except
        // while one of its runbooks is under way. This one never ends.
        surfnet.send_command(SimnetCommand::StartRunbookExecution("cep-demo".into()))?;
        let client = Client::new(surfnet.rpc_url().to_owned());
        Ok(Self {
            surfnet,
            client,
            payer,
        })
    }

    pub fn url(&self) -> &str {
        self.surfnet.rpc_url()
    }

    pub fn ws_url(&self) -> &str {
        self.surfnet.ws_url()
    }

    /// Moves the chain's clock forward.
    pub fn travel_to(&self, unix_seconds: i64) -> Result<()> {
        let milliseconds = u64::try_from(unix_seconds)
            .ok()
            .and_then(|s| s.checked_mul(1_000))
            .context("the replay asked for a time before 1970; report this as a bug")?;
        self.surfnet
            .cheatcodes()
            .time_travel_to_timestamp(milliseconds)
            .context("the local chain's clock could not be moved forward; run the demo again")?;
        Ok(())
    }

    /// Writes an account that no instruction on this chain could write.
    pub fn write_account(&self, address: &Pubkey, data: &[u8], owner: &Pubkey) -> Result<()> {
        self.surfnet
            .cheatcodes()
            .set_account(address, LAMPORTS, data, owner)
            .context("the local chain refused to write a price account; run the demo again")
    }

    /// Gives `address` SOL for fees and rent.
    pub fn endow(&self, address: &Pubkey) -> Result<()> {
        self.surfnet
            .cheatcodes()
            .fund_sol(address, LAMPORTS)
            .context("the local chain refused to hand out SOL; run the demo again")
    }
}
