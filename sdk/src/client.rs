//! Reading and sending over RPC.

use {
    crate::{
        account::{decode, decode_bytes},
        address,
        book::{Book, Listed},
        clock::{CLOCK, ChainTime},
        error::{SdkError, explain},
        health::Health,
    },
    anchor_lang::{
        Discriminator, Owner,
        prelude::{AccountInfo, Pubkey},
    },
    bytemuck::Pod,
    margin_pool::{
        margin::Books,
        state::{MarginAccount, Market, Pool},
    },
    risk_engine::{deployer::upgrade_authority, state::RiskBook},
    solana_client::{
        nonblocking::rpc_client::RpcClient,
        rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, UiAccountEncoding},
        rpc_filter::{Memcmp, RpcFilterType},
    },
    solana_commitment_config::CommitmentConfig,
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_sdk::{
        instruction::Instruction,
        signature::{Keypair, Signature, Signer},
        transaction::Transaction,
    },
};

/// A cluster, as this protocol sees it.
pub struct Client {
    pub rpc: RpcClient,
}

/// Most compute units a transaction may use.
pub const MAX_COMPUTE_UNITS: u32 = 1_400_000;

impl Client {
    /// `url` is the JSON-RPC endpoint. Reads and confirmations are at `confirmed`.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self {
            rpc: RpcClient::new_with_commitment(url, CommitmentConfig::confirmed()),
        }
    }

    /// One zero-copy account of the protocol.
    ///
    /// # Errors
    /// [`SdkError::NotFound`], a decoding error, or [`SdkError::Rpc`].
    pub async fn account<T: Pod + Discriminator + Owner>(
        &self,
        address: &Pubkey,
    ) -> Result<Box<T>, SdkError> {
        let response = self
            .rpc
            .get_account_with_commitment(address, CommitmentConfig::confirmed())
            .await?;
        let account = response
            .value
            .ok_or(SdkError::NotFound { address: *address })?;
        decode(address, &account)
    }

    /// Who may upgrade a program; `None` when nobody may.
    ///
    /// # Errors
    /// [`SdkError::NotFound`] for what is no program of the upgradeable loader, or [`SdkError::Rpc`].
    pub async fn upgrade_authority(&self, program: &Pubkey) -> Result<Option<Pubkey>, SdkError> {
        let address = address::program_data(program);
        let response = self
            .rpc
            .get_account_with_commitment(&address, CommitmentConfig::confirmed())
            .await?;
        let mut account = response.value.ok_or(SdkError::NotFound { address })?;
        let (lamports, data) = (&mut account.lamports, &mut account.data);
        let info = AccountInfo::new(
            &address,
            false,
            false,
            lamports,
            data,
            &account.owner,
            false,
        );
        Ok(upgrade_authority(program, &info))
    }

    /// # Errors
    /// As [`Client::account`].
    pub async fn pool(&self) -> Result<Box<Pool>, SdkError> {
        self.account(&address::pool()).await
    }

    /// The books of all listed underlyings with their markets' open interest and the cluster's time, read at once.
    ///
    /// # Errors
    /// As [`Client::account`].
    pub async fn books(&self, pool: &Pool) -> Result<Books<Listed<Book, Box<Market>>>, SdkError> {
        let listed = || (0..pool.underlying_count).zip(&pool.underlyings);
        let addresses: Vec<Pubkey> = std::iter::once(CLOCK)
            .chain(listed().flat_map(|(_, u)| [u.book, u.market]))
            .collect();
        let found = self
            .rpc
            .get_multiple_accounts_with_commitment(&addresses, CommitmentConfig::confirmed())
            .await?;
        let mut found = addresses.iter().zip(found.value).map(|(address, account)| {
            let account = account.ok_or(SdkError::NotFound { address: *address })?;
            Ok::<_, SdkError>((address, account))
        });
        let mut next = || found.next().ok_or(SdkError::NotFound { address: CLOCK })?;
        let clock = ChainTime::from_sysvar(&next()?.1.data)
            .ok_or(SdkError::WrongAccountType { address: CLOCK })?;
        let mut list = Vec::new();
        for (index, _) in listed() {
            let ((at, book), (market_at, market)) = (next()?, next()?);
            let pair = Listed {
                book: Book::decode(at, &book)?,
                market: decode(market_at, &market)?,
            };
            list.push(pair.at(index));
        }
        Ok(Books {
            list,
            now: clock.unix_timestamp,
        })
    }

    /// Every risk book of the deployment.
    ///
    /// # Errors
    /// [`SdkError::Rpc`] or a decoding error.
    pub async fn all_books(&self) -> Result<Vec<(Pubkey, Book)>, SdkError> {
        let found = self.all_bytes::<RiskBook>(&risk_engine::ID).await?;
        found
            .into_iter()
            .map(|(address, data)| Ok((address, Book::decode_bytes(&address, &data)?)))
            .collect()
    }

    /// Every margin account of the deployment.
    ///
    /// # Errors
    /// [`SdkError::Rpc`] or a decoding error.
    pub async fn margin_accounts(&self) -> Result<Vec<(Pubkey, Box<MarginAccount>)>, SdkError> {
        self.all::<MarginAccount>(&margin_pool::ID).await
    }

    /// Every account of one type that `program` owns.
    ///
    /// # Errors
    /// [`SdkError::Rpc`] or a decoding error.
    pub async fn all<T: Pod + Discriminator>(
        &self,
        program: &Pubkey,
    ) -> Result<Vec<(Pubkey, Box<T>)>, SdkError> {
        let found = self.all_bytes::<T>(program).await?;
        found
            .into_iter()
            .map(|(address, data)| Ok((address, decode_bytes(&address, &data)?)))
            .collect()
    }

    async fn all_bytes<T: Discriminator>(
        &self,
        program: &Pubkey,
    ) -> Result<Vec<(Pubkey, Vec<u8>)>, SdkError> {
        let config = RpcProgramAccountsConfig {
            filters: Some(vec![RpcFilterType::Memcmp(Memcmp::new_raw_bytes(
                0,
                T::DISCRIMINATOR.to_vec(),
            ))]),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let found = self
            .rpc
            .get_program_ui_accounts_with_config(program, config)
            .await?;
        Ok(found
            .into_iter()
            .filter_map(|(address, account)| Some((address, account.data.decode()?)))
            .collect())
    }

    /// Both requirements of an account on the books as they stand on chain.
    ///
    /// # Errors
    /// As [`Client::account`], or [`SdkError::Margin`].
    pub async fn health(&self, margin_account: &Pubkey) -> Result<Health, SdkError> {
        let pool = self.pool().await?;
        let account = self.account::<MarginAccount>(margin_account).await?;
        let books = self.books(&pool).await?;
        Health::of(&pool, &account, &books)
    }

    /// Signs, sends and waits for confirmation. The first signer pays. A refusal by one of the programs
    /// comes back as [`SdkError::Refused`], in words.
    ///
    /// # Errors
    /// [`SdkError::Refused`] or [`SdkError::Rpc`].
    pub async fn send(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Signature, SdkError> {
        let payer = signers.first().map(|s| s.pubkey());
        let budget = ComputeBudgetInstruction::set_compute_unit_limit(MAX_COMPUTE_UNITS);
        let all: Vec<Instruction> = std::iter::once(budget)
            .chain(instructions.iter().cloned())
            .collect();
        let blockhash = self.rpc.get_latest_blockhash().await?;
        let transaction =
            Transaction::new_signed_with_payer(&all, payer.as_ref(), signers, blockhash);
        match self.rpc.send_and_confirm_transaction(&transaction).await {
            Ok(signature) => Ok(signature),
            Err(error) => Err(logs_of(&error)
                .and_then(|logs| explain(&logs))
                .unwrap_or_else(|| SdkError::from(error))),
        }
    }
}

/// The program logs that a preflight failure carries.
fn logs_of(error: &solana_client::client_error::ClientError) -> Option<String> {
    use solana_client::{
        client_error::ClientErrorKind,
        rpc_request::{RpcError, RpcResponseErrorData},
    };
    match error.kind() {
        ClientErrorKind::RpcError(RpcError::RpcResponseError {
            data: RpcResponseErrorData::SendTransactionPreflightFailure(result),
            ..
        }) => result.logs.as_ref().map(|logs| logs.join("\n")),
        _ => None,
    }
}
