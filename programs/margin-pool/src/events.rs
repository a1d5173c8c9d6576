//! What an indexer needs to rebuild every balance. Money is micro-USD, quantities are millionths.

use {
    crate::{clearing::Covered, instructions::transfer_leg::Taking},
    anchor_lang::prelude::*,
};

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
pub struct OutflowBreakerTripped {
    /// Of all tokens together, parts per million of their limits.
    pub used: u64,
    /// Unix seconds.
    pub until: i64,
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

/// Some lots of a quote were cleared, after a [`Traded`] for each leg.
#[event]
pub struct QuoteFilled {
    pub maker: Pubkey,
    pub taker: Pubkey,
    pub nonce: u64,
    /// SHA-256 of what the maker signed.
    pub digest: [u8; 32],
    /// Lots filled now.
    pub lots: u32,
    /// Lots filled so far, these included.
    pub filled: u32,
}

/// Quotes under this nonce that expire at `expires_at` (Unix seconds) or earlier are void.
#[event]
pub struct QuoteCancelled {
    pub maker: Pubkey,
    pub nonce: u64,
    pub expires_at: i64,
}

/// Quotes with a lower nonce are void.
#[event]
pub struct QuoteFloorRaised {
    pub maker: Pubkey,
    pub floor: u64,
}

#[event]
pub struct FillClosed {
    pub maker: Pubkey,
    pub serial: u64,
    pub nonce: u64,
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

/// A position took its part of what its side was reduced by.
#[event]
pub struct ReductionApplied {
    pub margin_account: Pubkey,
    pub market: Pubkey,
    /// Id of the instrument in the book; zero for the perpetual.
    pub instrument: u64,
    /// Millionths of a contract.
    pub before: i64,
    pub after: i64,
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
    /// What the bidder paid the account.
    pub payment: i64,
    /// Or who paid the bidder.
    pub covered: Covered,
}

/// A part of a liquidated account went to a liquidator.
#[event]
pub struct LegTransferred {
    pub from: Pubkey,
    pub to: Pubkey,
    pub taking: Taking,
    /// Positive: the liquidator paid the account.
    pub payment: i64,
}

/// A position that nobody took was closed against all on the other side, pro rata.
#[event]
pub struct PositionReduced {
    pub margin_account: Pubkey,
    pub market: Pubkey,
    /// Id in the book, zero for the perpetual.
    pub instrument: u64,
    pub base: i64,
    /// What the other side is given for it (negative: pays).
    pub quote: i64,
}

/// What an account owed that had nothing else was made good.
#[event]
pub struct DebtWrittenOff {
    pub margin_account: Pubkey,
    pub debt: i64,
    pub covered: Covered,
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

/// A change was proposed; it takes effect not before `ready_at`.
#[event]
pub struct PoolChangeProposed {
    pub proposal: Pubkey,
    pub number: u64,
    pub proposer: Pubkey,
    /// Unix seconds.
    pub ready_at: i64,
    /// `state::PoolChange` in Borsh.
    pub change: Vec<u8>,
}

/// A proposed change took effect.
#[event]
pub struct PoolChangeExecuted {
    pub proposal: Pubkey,
    pub number: u64,
    /// `state::PoolChange` in Borsh.
    pub change: Vec<u8>,
}

/// A proposed change will not take effect.
#[event]
pub struct PoolChangeCancelled {
    pub proposal: Pubkey,
    pub number: u64,
    pub by: Pubkey,
}

/// The authority changed hands.
#[event]
pub struct PoolAuthorityAccepted {
    pub previous: Pubkey,
    pub authority: Pubkey,
}

/// Terms were tightened at once.
#[event]
pub struct PoolTightened {
    pub by: Pubkey,
    /// `state::PoolChange` in Borsh.
    pub change: Vec<u8>,
}

/// Nothing is withdrawn for a while.
#[event]
pub struct WithdrawalsHalted {
    pub by: Pubkey,
    /// Unix seconds.
    pub until: i64,
}

/// Money of the insurance fund left the vault.
#[event]
pub struct InsuranceWithdrawn {
    pub amount: u64,
    /// Fund balance after.
    pub balance: i64,
    pub destination: Pubkey,
}
