//! Client of the Capital Efficiency Protocol.
//!
//! | module | what it is for |
//! |---|---|
//! | [`address`] | where every account lives |
//! | [`instruction`] | one builder per instruction |
//! | [`account`] | accounts from bytes, with owner and discriminator checked |
//! | [`book`] | risk books with the instruments behind them |
//! | [`health`] | the chain's own margin check, on decoded accounts |
//! | [`rfq`] | quotes: making, signing, checking and taking them |
//! | [`client`] | reading and sending over RPC |
//! | [`clock`] | the cluster's time |
//! | [`follow`] | account changes over websocket |
//! | [`error`] | program errors in words |
//!
//! Quantities are millionths of a contract, money and prices micro-USD, as on chain; [`units`] converts.

pub mod account;
pub mod address;
pub mod book;
pub mod client;
pub mod clock;
pub mod error;
pub mod follow;
pub mod health;
pub mod instruction;
pub mod rfq;
pub mod units;

pub use {
    anchor_lang::prelude::Pubkey,
    book::{Book, Listed},
    cep_risk::{Breakdown, Kind},
    client::Client,
    error::SdkError,
    health::Health,
};

/// Re-exports of the programs, for their types and ids.
pub mod programs {
    pub use {liquidation, margin_pool, risk_engine};
}
