//! What an indexer needs to tell the story of a liquidation. Money is micro-USD.

use {
    anchor_lang::prelude::*,
    margin_pool::{Covered, transfer_leg::Taking},
};

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
    /// What the bidder paid, or who paid the bidder.
    pub payment: i64,
    pub covered: Covered,
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

/// A liquidator took a single leg.
#[event]
pub struct LegTaken {
    pub margin_account: Pubkey,
    pub liquidator: Pubkey,
    pub taking: Taking,
    /// Positive: the liquidator paid.
    pub payment: i64,
    /// What the leg was worth beyond the payment.
    pub cost: i64,
    /// Margin to the buffer, before and after.
    pub before: i64,
    pub after: i64,
}

/// Nobody took the account: its positions were closed against the other side at its bankruptcy price.
#[event]
pub struct OppositeReduced {
    pub margin_account: Pubkey,
    /// What the other side bore.
    pub shortfall: i64,
}

#[event]
pub struct InsuranceFunded {
    pub depositor: Pubkey,
    pub amount: u64,
    /// What the protocol got for it.
    pub shares: u64,
}

#[event]
pub struct InsuranceStaked {
    pub owner: Pubkey,
    pub amount: u64,
    pub shares: u64,
}

#[event]
pub struct UnstakeRequested {
    pub owner: Pubkey,
    /// All that are leaving now.
    pub shares: u64,
    /// Unix seconds.
    pub unlock_at: i64,
}

#[event]
pub struct UnstakeCancelled {
    pub owner: Pubkey,
    pub shares: u64,
}

#[event]
pub struct InsuranceUnstaked {
    pub owner: Pubkey,
    pub shares: u64,
    pub amount: u64,
    /// What open auctions might draw then, which was not paid for.
    pub claims: u64,
}

/// The fund was used up: stakes of earlier epochs are worth nothing.
#[event]
pub struct FundWipedOut {
    /// That begins now.
    pub epoch: u64,
    /// What was left, the protocol's now. Micro-USD.
    pub left: u64,
}
