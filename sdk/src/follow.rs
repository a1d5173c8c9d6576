//! Following accounts over websocket: every change as it is confirmed, until the connection ends.

use {
    anchor_lang::{Discriminator, Owner, prelude::Pubkey},
    futures::{
        StreamExt,
        stream::{BoxStream, select_all},
    },
    solana_client::{
        nonblocking::pubsub_client::{PubsubClient, PubsubClientError},
        rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, UiAccountEncoding},
        rpc_filter::{Memcmp, RpcFilterType},
        rpc_response::UiAccount,
    },
    solana_commitment_config::CommitmentConfig,
    solana_sdk::account::Account,
    std::time::Duration,
    tokio::{sync::mpsc::Sender, time::timeout},
};

/// What to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    One(Pubkey),
    /// Every account of one type that a program owns.
    All {
        program: Pubkey,
        discriminator: &'static [u8],
    },
}

impl Target {
    #[must_use]
    pub fn all<T: Discriminator + Owner>() -> Self {
        Self::All {
            program: T::owner(),
            discriminator: T::DISCRIMINATOR,
        }
    }
}

/// What following tells.
#[derive(Clone, Debug)]
pub enum Change {
    /// All subscriptions stand. Read what was there before now: changes in between are not told.
    Connected,
    /// A closed account comes with no lamports, where the cluster tells at all: it does for
    /// [`Target::One`], not for [`Target::All`].
    Account(Pubkey, Account),
}

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error("no websocket at {url}: {source}; check the URL, and that the node runs")]
    Unreachable {
        url: String,
        source: Box<PubsubClientError>,
    },
    #[error("the websocket at {url} did not answer within {PATIENCE_SECONDS} s")]
    Silent { url: String },
    #[error("the websocket refused a subscription: {0}")]
    Refused(#[source] Box<PubsubClientError>),
    #[error("the websocket connection ended")]
    Ended,
}

const PATIENCE_SECONDS: u64 = 20;

type Changes<'a> = BoxStream<'a, Option<(Pubkey, Account)>>;

/// Whether a websocket answers at `url`; for a clear message before anything depends on it.
///
/// # Errors
/// [`FollowError::Unreachable`] or [`FollowError::Silent`].
pub async fn reachable(url: &str) -> Result<(), FollowError> {
    connect(url).await.map(drop)
}

/// Follows `targets` at `url` and tells `changes`. Returns `Ok` when nobody listens any more.
///
/// # Errors
/// [`FollowError`]; after [`FollowError::Ended`] the connection had stood, so calling again is sensible.
pub async fn follow(
    url: &str,
    targets: &[Target],
    changes: &Sender<Change>,
) -> Result<(), FollowError> {
    let client = connect(url).await?;
    let mut streams = Vec::with_capacity(targets.len());
    for target in targets {
        let stream = in_time(url, subscribe(&client, *target))
            .await?
            .map_err(|error| FollowError::Refused(Box::new(error)))?;
        // One that ends takes the whole connection with it: a follower with a blind spot is worse.
        let end = futures::stream::iter([None]);
        streams.push(stream.map(Some).chain(end).boxed());
    }
    if changes.send(Change::Connected).await.is_err() {
        return Ok(());
    }
    let mut all = select_all(streams);
    while let Some(Some(item)) = all.next().await {
        let Some((address, account)) = item else {
            continue;
        };
        let change = Change::Account(address, account);
        if changes.send(change).await.is_err() {
            return Ok(());
        }
    }
    Err(FollowError::Ended)
}

async fn connect(url: &str) -> Result<PubsubClient, FollowError> {
    in_time(url, PubsubClient::new(url))
        .await?
        .map_err(|source| FollowError::Unreachable {
            url: url.to_owned(),
            source: Box::new(source),
        })
}

async fn in_time<F: Future>(url: &str, future: F) -> Result<F::Output, FollowError> {
    timeout(Duration::from_secs(PATIENCE_SECONDS), future)
        .await
        .map_err(|_| FollowError::Silent {
            url: url.to_owned(),
        })
}

async fn subscribe(
    client: &PubsubClient,
    target: Target,
) -> Result<Changes<'_>, PubsubClientError> {
    let config = RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        ..RpcAccountInfoConfig::default()
    };
    Ok(match target {
        Target::One(address) => {
            let (stream, _) = client.account_subscribe(&address, Some(config)).await?;
            stream
                .map(move |update| Some((address, decode(&update.value)?)))
                .boxed()
        }
        Target::All {
            program,
            discriminator,
        } => {
            let start = Memcmp::new_raw_bytes(0, discriminator.to_vec());
            let config = RpcProgramAccountsConfig {
                filters: Some(vec![RpcFilterType::Memcmp(start)]),
                account_config: config,
                ..RpcProgramAccountsConfig::default()
            };
            let (stream, _) = client.program_subscribe(&program, Some(config)).await?;
            stream
                .map(|update| {
                    let address = update.value.pubkey.parse().ok()?;
                    Some((address, decode(&update.value.account)?))
                })
                .boxed()
        }
    })
}

fn decode(account: &UiAccount) -> Option<Account> {
    Some(Account {
        lamports: account.lamports,
        data: account.data.decode()?,
        owner: account.owner.parse().ok()?,
        executable: account.executable,
        rent_epoch: account.rent_epoch,
    })
}
