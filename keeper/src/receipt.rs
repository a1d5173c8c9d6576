//! What a confirmed transaction did, in the programs' own words: their events, out of its log.

use {
    anchor_lang::{AnchorDeserialize, Discriminator},
    base64::{Engine, prelude::BASE64_STANDARD},
    cep_sdk::{
        Client,
        programs::{
            liquidation::events::{AuctionBid, AuctionClosed, AuctionOpened},
            margin_pool::events::PnlSettled,
            risk_engine::events::{PriceRefreshed, ScenariosRefreshed},
        },
    },
    serde_json::{Value, json},
    solana_client::rpc_config::{RpcTransactionConfig, UiTransactionEncoding},
    solana_commitment_config::CommitmentConfig,
    solana_sdk::signature::Signature,
    tracing::debug,
};

pub struct Receipt {
    pub signature: Signature,
    /// `None` when the node would not tell.
    pub slot: Option<u64>,
    log: Vec<String>,
}

impl Receipt {
    /// A node that cannot tell about a transaction it just confirmed costs detail, not the action.
    pub async fn read(client: &Client, signature: Signature) -> Self {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(0),
        };
        let found = client
            .rpc
            .get_transaction_with_config(&signature, config)
            .await;
        match found {
            Ok(found) => Self {
                signature,
                slot: Some(found.slot),
                log: found
                    .transaction
                    .meta
                    .and_then(|meta| Option::from(meta.log_messages))
                    .unwrap_or_default(),
            },
            Err(error) => {
                debug!(%signature, %error, "no receipt");
                Self {
                    signature,
                    slot: None,
                    log: Vec::new(),
                }
            }
        }
    }

    /// The event that tells most about the transaction, as JSON. Money in micro-USD, fractions and
    /// discounts in parts per billion. Empty without a receipt.
    #[must_use]
    pub fn details(&self) -> Value {
        self.bid()
            .or_else(|| self.opened())
            .or_else(|| self.closed())
            .or_else(|| self.settled())
            .or_else(|| self.scenarios())
            .or_else(|| self.refreshed())
            .unwrap_or_else(|| json!({}))
    }

    fn bid(&self) -> Option<Value> {
        let e: AuctionBid = self.first()?;
        // One figure, negative when the bidder was paid, and by whom.
        let paid = e.covered.total().ok()?;
        let mut told = json!({
            "fraction": e.fraction, "payment": e.payment - paid, "discount": e.discount,
            "equity": e.equity, "requirement": e.requirement,
        });
        if paid != 0 {
            let by = e.covered;
            told["paid_by"] = json!({ "fund": by.fund, "profits": by.profits, "cash": by.cash });
        }
        Some(told)
    }

    fn opened(&self) -> Option<Value> {
        let e: AuctionOpened = self.first()?;
        Some(json!({ "equity": e.equity, "requirement": e.requirement, "reward": e.reward }))
    }

    fn closed(&self) -> Option<Value> {
        let e: AuctionClosed = self.first()?;
        Some(json!({ "equity": e.equity, "requirement": e.requirement }))
    }

    fn settled(&self) -> Option<Value> {
        let first: PnlSettled = self.first()?;
        let amounts = self.events::<PnlSettled>().map(|e| e.amount);
        let total = amounts.fold(0i64, i64::saturating_add);
        Some(json!({ "amount": total, "market": first.market.to_string() }))
    }

    fn refreshed(&self) -> Option<Value> {
        let e: PriceRefreshed = self.first()?;
        Some(json!({
            "price": e.price, "confidence": e.confidence, "publish_time": e.publish_time,
            "variance": e.variance,
        }))
    }

    fn scenarios(&self) -> Option<Value> {
        let e: ScenariosRefreshed = self.first()?;
        Some(json!({
            "scenario_generation": e.scenario_generation, "scaled_variance": e.scaled_variance,
        }))
    }

    fn first<T: Discriminator + AnchorDeserialize>(&self) -> Option<T> {
        self.events().next()
    }

    fn events<T: Discriminator + AnchorDeserialize>(&self) -> impl Iterator<Item = T> {
        self.log.iter().filter_map(|line| {
            let data = line.strip_prefix("Program data: ")?;
            let data = BASE64_STANDARD.decode(data).ok()?;
            T::deserialize(&mut data.strip_prefix(T::DISCRIMINATOR)?).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_among_other_lines() {
        let mut bytes = AuctionOpened::DISCRIMINATOR.to_vec();
        bytes.extend([7; 64]);
        for word in [-5i64, 10, 1_000_000] {
            bytes.extend(word.to_le_bytes());
        }
        let receipt = Receipt {
            signature: Signature::default(),
            slot: Some(1),
            log: vec![
                "Program log: Instruction: OpenAuction".into(),
                "Program data: AAAA".into(),
                format!("Program data: {}", BASE64_STANDARD.encode(bytes)),
            ],
        };
        let want = json!({ "equity": -5, "requirement": 10, "reward": 1_000_000 });
        assert_eq!(receipt.details(), want);
    }
}
