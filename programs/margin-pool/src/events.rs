//! What an indexer needs to rebuild every balance. Money is micro-USD, quantities are millionths.

use anchor_lang::prelude::*;

#[event]
pub struct AccountCreated {
    pub margin_account: Pubkey,
    pub owner: Pubkey,
    pub id: u16,
}

#[event]
pub struct Deposited {
    pub margin_account: Pubkey,
    pub mint: Pubkey,
    /// Smallest unit of the token.
    pub amount: u64,
}

#[event]
pub struct Withdrawn {
    pub margin_account: Pubkey,
    pub mint: Pubkey,
    /// Smallest unit of the token.
    pub amount: u64,
}

/// One leg of a trade.
#[event]
pub struct Traded {
    pub market: Pubkey,
    /// Id of the instrument in the book; zero for the perpetual.
    pub instrument: u64,
    pub account_a: Pubkey,
    pub account_b: Pubkey,
    /// Positive: A bought from B.
    pub quantity: i64,
    pub price: u64,
    /// What A and B paid.
    pub fees: [i64; 2],
}

/// Profit or loss of one position moved into cash.
#[event]
pub struct PnlSettled {
    pub margin_account: Pubkey,
    pub market: Pubkey,
    /// Id of the instrument in the book; zero for the perpetual.
    pub instrument: u64,
    /// Positive: the account received cash.
    pub amount: i64,
}

/// An account's positions of one expiry became cash and claims.
#[event]
pub struct ExpirySettled {
    pub margin_account: Pubkey,
    pub market: Pubkey,
    /// Unix seconds.
    pub expiry: i64,
    /// Settlement price, micro-USD per contract.
    pub price: u64,
    /// Positive: the account received cash. What it is still owed stays a claim.
    pub amount: i64,
}

/// Fees left the pool.
#[event]
pub struct FeesCollected {
    /// Micro-USD.
    pub amount: u64,
    pub destination: Pubkey,
}

#[event]
pub struct LiquidationChanged {
    pub margin_account: Pubkey,
    pub in_liquidation: bool,
}

/// A pro-rata slice of a liquidated account went to a bidder.
#[event]
pub struct SliceTransferred {
    pub from: Pubkey,
    pub to: Pubkey,
    /// Parts per billion of everything for sale.
    pub fraction: u64,
    /// Positive: the bidder paid the account. Negative: the insurance fund paid the bidder.
    pub payment: i64,
}

#[event]
pub struct InsuranceDeposited {
    pub amount: u64,
    /// Fund balance after.
    pub balance: i64,
}

/// A registered venue cleared a fill; its legs are [`Traded`] events before this one.
#[event]
pub struct VenueFilled {
    pub venue: Pubkey,
    pub taker: Pubkey,
    pub maker: Pubkey,
    /// What the venue got of the fees, micro-USD.
    pub fee_share: i64,
}
