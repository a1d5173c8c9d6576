//! Bytes into an account, part by part: many writes in flight, confirmed by reading the account back and
//! sending again what is missing. An upload that was cut off goes on where it stopped.

use {
    crate::{
        error::MigrationError,
        progress::{Progress, Report},
    },
    cep_sdk::{Client, Pubkey, SdkError},
    futures::{StreamExt, stream},
    solana_client::rpc_config::RpcSendTransactionConfig,
    solana_commitment_config::CommitmentConfig,
    solana_sdk::{
        instruction::Instruction,
        signature::{Keypair, Signer},
        transaction::Transaction,
    },
    std::time::Duration,
    tokio::time::sleep,
};

/// Bytes that fit one transaction beside a signature, a blockhash, four keys and an instruction's head.
const PART: usize = 960;
/// Writes in flight at once.
const IN_FLIGHT: usize = 12;
/// Writes under one blockhash: a chain that makes a block per transaction forgets it after 150.
const PER_BLOCKHASH: usize = 96;
/// How often to look for writes that were sent, and how long: so many slots without news, or so many looks where a chain makes
/// no slots by itself.
const POLL: Duration = Duration::from_millis(200);
const SLOTS: u64 = 8;
const POLLS: usize = 50;
/// Rounds in a row without a single new part before giving up.
const PATIENCE: usize = 3;

pub(crate) struct Upload<'a, W> {
    pub what: &'a str,
    pub account: Pubkey,
    /// Where the bytes begin in the account.
    pub start: usize,
    pub bytes: &'a [u8],
    /// The instruction that writes a part at an offset from `start`.
    pub write: W,
}

impl<W: Fn(u32, Vec<u8>) -> Instruction> Upload<'_, W> {
    /// `authority` signs and pays.
    pub(crate) async fn run(
        &self,
        client: &Client,
        authority: &Keypair,
        report: Report<'_>,
    ) -> Result<(), MigrationError> {
        let of = self.bytes.len().div_ceil(PART);
        let mut missing = self.missing(client).await?;
        let mut idle = 0;
        let mut reason = String::from("the cluster confirms nothing");
        while !missing.is_empty() {
            self.report(report, of - missing.len(), of);
            let before = missing.len();
            for batch in missing.chunks(PER_BLOCKHASH) {
                if let Some(error) = self.send(client, authority, batch).await? {
                    reason = error.to_string();
                }
            }
            missing = self.settle(client, report, of).await?;
            idle = if missing.len() < before { 0 } else { idle + 1 };
            if idle == PATIENCE {
                return Err(MigrationError::UploadStalled {
                    what: self.what.to_owned(),
                    parts: of - missing.len(),
                    of,
                    reason,
                });
            }
        }
        self.report(report, of, of);
        Ok(())
    }

    /// Sends the parts at these places; returns the last refusal.
    async fn send(
        &self,
        client: &Client,
        authority: &Keypair,
        parts: &[usize],
    ) -> Result<Option<SdkError>, MigrationError> {
        let blockhash = client.rpc.get_latest_blockhash().await?;
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            ..RpcSendTransactionConfig::default()
        };
        let sent = stream::iter(parts)
            .map(|part| {
                let instruction = self.instruction(*part);
                let transaction = Transaction::new_signed_with_payer(
                    &[instruction],
                    Some(&authority.pubkey()),
                    &[authority],
                    blockhash,
                );
                async move {
                    client
                        .rpc
                        .send_transaction_with_config(&transaction, config)
                        .await
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .collect::<Vec<_>>()
            .await;
        Ok(sent
            .into_iter()
            .filter_map(Result::err)
            .last()
            .map(Into::into))
    }

    /// Waits until all parts are there or no more arrive, and says which are missing.
    async fn settle(
        &self,
        client: &Client,
        report: Report<'_>,
        of: usize,
    ) -> Result<Vec<usize>, MigrationError> {
        let mut missing = self.missing(client).await?;
        let mut news = self.slot(client).await?;
        // A slot or two take a write in. The cluster's own slots count: one that is slow has lost nothing yet.
        for _ in 0..POLLS {
            let slot = self.slot(client).await?;
            if missing.is_empty() || slot.saturating_sub(news) >= SLOTS {
                break;
            }
            sleep(POLL).await;
            let now = self.missing(client).await?;
            if now.len() < missing.len() {
                news = slot;
            }
            missing = now;
            self.report(report, of - missing.len(), of);
        }
        Ok(missing)
    }

    async fn slot(&self, client: &Client) -> Result<u64, MigrationError> {
        let rpc = &client.rpc;
        Ok(rpc
            .get_slot_with_commitment(CommitmentConfig::processed())
            .await?)
    }

    async fn missing(&self, client: &Client) -> Result<Vec<usize>, MigrationError> {
        let account = client
            .rpc
            .get_account_with_commitment(&self.account, CommitmentConfig::confirmed())
            .await?
            .value
            .ok_or(SdkError::NotFound {
                address: self.account,
            })?;
        let there = account.data.get(self.start..).unwrap_or_default();
        let parts = self.bytes.chunks(PART).enumerate();
        Ok(parts
            .filter(|(i, part)| there.get(i * PART..i * PART + part.len()) != Some(*part))
            .map(|(i, _)| i)
            .collect())
    }

    fn instruction(&self, part: usize) -> Instruction {
        let from = part * PART;
        let to = self.bytes.len().min(from + PART);
        let bytes = self.bytes.get(from..to).unwrap_or_default();
        (self.write)(u32::try_from(from).unwrap_or(u32::MAX), bytes.to_vec())
    }

    fn report(&self, report: Report<'_>, parts: usize, of: usize) {
        report(&Progress::Uploaded {
            what: self.what.to_owned(),
            parts,
            of,
        });
    }
}
