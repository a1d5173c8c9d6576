//! What an indexer needs to rebuild every balance. Money is micro-USD, quantities are millionths.

use anchor_lang::prelude::*;

#[event]
pub struct AccountCreated {
    pub margin_account: Pubkey,
    pub owner: Pubkey,
    pub id: u16,
    /// No other account ever has it.
    pub serial: u64,
}

#[event]
pub struct AccountClosed {
    pub margin_account: Pubkey,
    pub owner: Pubkey,
    pub serial: u64,
}

/// A key may act for an account until it expires.
#[event]
pub struct DelegateSet {
    pub margin_account: Pubkey,
    pub key: Pubkey,
    /// Bits of `state::permission`.
    pub permissions: u64,
    /// Unix seconds.
    pub expires_at: i64,
}

#[event]
pub struct DelegateRevoked {
    pub margin_account: Pubkey,
    pub key: Pubkey,
}

#[event]
pub struct Deposited {
    pub margin_account: Pubkey,
    pub mint: Pubkey,
    /// What arrived, smallest unit of the token.
    pub amount: u64,
}

#[event]
pub struct Withdrawn {
    pub margin_account: Pubkey,
    pub mint: Pubkey,
    /// What left the account, a fee of the token included; smallest unit of the token.
    pub amount: u64,
}

/// Cash or collateral went to another account of the owner.
#[event]
pub struct Transferred {
    pub from: Pubkey,
    pub to: Pubkey,
    pub mint: Pubkey,
    /// Smallest unit of the token.
    pub amount: u64,
    /// Who signed: the owner or a delegate.
    pub by: Pubkey,
}

/// More left lately than the breaker lets pass.
#[event]
pub struct WithdrawalsHalted {
    /// Of all tokens together, parts per million of their limits.
    pub used: u64,
    /// Unix seconds.
    pub until: i64,
}

/// One leg of a block trade.
#[event]
pub struct Traded {
    pub market: Pubkey,
    pub account_a: Pubkey,
    pub account_b: Pubkey,
    /// Positive: A bought from B.
    pub quantity: i64,
    pub price: u64,
    /// Fee each side paid.
    pub fee: i64,
}

/// Profit or loss of one position moved into cash.
#[event]
pub struct PnlSettled {
    pub margin_account: Pubkey,
    pub market: Pubkey,
    /// Positive: the account received cash.
    pub amount: i64,
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
