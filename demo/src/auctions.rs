//! Liquidations as the chain tells them: from the events in the logs of the liquidation program, not from the
//! keeper's own words.

use {
    crate::actors::Cast,
    anchor_lang::{AnchorDeserialize, Discriminator},
    anyhow::{Context, Result},
    base64::{Engine, prelude::BASE64_STANDARD},
    cep_sdk::{
        Client, Pubkey, address,
        programs::liquidation::events::{AuctionBid, AuctionClosed, AuctionOpened},
    },
    solana_client::{
        rpc_client::GetConfirmedSignaturesForAddress2Config,
        rpc_config::{RpcTransactionConfig, UiTransactionEncoding},
    },
    solana_commitment_config::CommitmentConfig,
    solana_sdk::signature::Signature,
    solana_sdk::signer::Signer,
};

/// One auction. Times are Unix seconds of October 2025; actors are places in the cast.
#[derive(Clone, Debug)]
pub struct Liquidation {
    pub actor: usize,
    /// The print that took the account below maintenance margin.
    pub breach: i64,
    pub opened: i64,
    pub opened_by: Option<usize>,
    /// At the opening, micro-USD.
    pub equity: i64,
    pub requirement: i64,
    pub bids: Vec<Bid>,
    pub closed: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Bid {
    pub time: i64,
    pub bidder: Option<usize>,
    /// Parts per billion of what was for sale.
    pub fraction: u64,
    /// Micro-USD; negative when the insurance fund paid.
    pub payment: i64,
    /// Price over value, parts per billion; zero for an insolvent account.
    pub discount: u64,
    /// Before the bid.
    pub equity: i64,
}

/// Collects auctions while the replay goes on.
#[derive(Default)]
pub struct Chronicle {
    pub liquidations: Vec<Liquidation>,
    last: Option<Signature>,
}

/// When something was found out, in original time.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The print.
    pub print: i64,
    /// Chain time less original time.
    pub offset: i64,
    /// Chain time of the latest price.
    pub chain: i64,
}

impl Chronicle {
    /// Reads what the liquidation program did since the last call.
    pub async fn update(&mut self, client: &Client, cast: &Cast, moment: Moment) -> Result<()> {
        let config = GetConfirmedSignaturesForAddress2Config {
            until: self.last,
            commitment: Some(CommitmentConfig::confirmed()),
            ..GetConfirmedSignaturesForAddress2Config::default()
        };
        let found = client
            .rpc
            .get_signatures_for_address_with_config(&address::liquidation_config(), config)
            .await
            .context("reading the liquidation program's history")?;
        // Newest first.
        for entry in found.iter().rev() {
            let signature: Signature = entry
                .signature
                .parse()
                .context("the local chain returned a malformed signature")?;
            if entry.err.is_none() {
                let time = entry
                    .block_time
                    .map_or(moment.chain, |t| t.max(moment.chain));
                for line in logs(client, &signature).await? {
                    self.record(&line, cast, moment.print, time - moment.offset);
                }
            }
            self.last = Some(signature);
        }
        Ok(())
    }

    fn record(&mut self, line: &str, cast: &Cast, print: i64, time: i64) {
        let place = |key: &Pubkey| {
            cast.actors
                .iter()
                .position(|a| a.account == *key || a.key.pubkey() == *key)
        };
        if let Some(e) = event::<AuctionOpened>(line) {
            let Some(actor) = place(&e.margin_account) else {
                return;
            };
            self.liquidations.push(Liquidation {
                actor,
                breach: print,
                opened: time,
                opened_by: place(&e.opened_by),
                equity: e.equity,
                requirement: e.requirement,
                bids: Vec::new(),
                closed: None,
            });
        } else if let Some(e) = event::<AuctionBid>(line) {
            if let Some(open) = self.open(place(&e.margin_account)) {
                open.bids.push(Bid {
                    time,
                    bidder: place(&e.bidder),
                    fraction: e.fraction,
                    payment: e.payment - e.covered.total().unwrap_or(i64::MAX),
                    discount: e.discount,
                    equity: e.equity,
                });
            }
        } else if let Some(e) = event::<AuctionClosed>(line)
            && let Some(open) = self.open(place(&e.margin_account))
        {
            open.closed = Some(time);
        }
    }

    fn open(&mut self, actor: Option<usize>) -> Option<&mut Liquidation> {
        self.liquidations
            .iter_mut()
            .rev()
            .find(|l| Some(l.actor) == actor && l.closed.is_none())
    }
}

async fn logs(client: &Client, signature: &Signature) -> Result<Vec<String>> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
    };
    let found = client
        .rpc
        .get_transaction_with_config(signature, config)
        .await
        .with_context(|| format!("reading transaction {signature}"))?;
    let meta = found.transaction.meta;
    Ok(meta
        .and_then(|meta| Option::from(meta.log_messages))
        .unwrap_or_default())
}

/// The event that a log line carries, if it is of this type.
fn event<T: Discriminator + AnchorDeserialize>(line: &str) -> Option<T> {
    let data = BASE64_STANDARD
        .decode(line.strip_prefix("Program data: ")?)
        .ok()?;
    T::deserialize(&mut data.strip_prefix(T::DISCRIMINATOR)?).ok()
}
