//! What an indexer needs to tell the story of a liquidation. Money is micro-USD.

use anchor_lang::prelude::*;

#[event]
pub struct AuctionOpened {
    pub margin_account: Pubkey,
    pub opened_by: Pubkey,
    pub equity: i64,
    /// Maintenance requirement.
    pub requirement: i64,
    pub reward: u64,
}

#[event]
pub struct AuctionBid {
    pub margin_account: Pubkey,
    pub bidder: Pubkey,
    /// Parts per billion of what was for sale.
    pub fraction: u64,
    /// Positive: the bidder paid. Negative: the insurance fund paid the bidder.
    pub payment: i64,
    /// Price over value, ppb; zero for an insolvent account.
    pub discount: u64,
    /// Equity and maintenance requirement of the account before the bid.
    pub equity: i64,
    pub requirement: i64,
}

#[event]
pub struct AuctionClosed {
    pub margin_account: Pubkey,
    pub equity: i64,
    pub requirement: i64,
}

#[event]
pub struct InsuranceFunded {
    pub depositor: Pubkey,
    pub amount: u64,
}
