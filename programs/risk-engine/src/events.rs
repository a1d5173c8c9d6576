//! What an indexer needs to follow this program.

use anchor_lang::prelude::*;

/// A book took a new oracle price.
#[event]
pub struct PriceRefreshed {
    pub book: Pubkey,
    /// Micro-USD per contract.
    pub price: u64,
    pub confidence: u64,
    /// Unix seconds, from the oracle.
    pub publish_time: i64,
    /// Realised variance per day, Q48.
    pub variance: u64,
}

/// A book's scenario column was scaled anew.
#[event]
pub struct ScenariosRefreshed {
    pub book: Pubkey,
    pub scenario_generation: u64,
    /// Variance per day that the column now stands for, Q48.
    pub scaled_variance: u64,
}

/// A scenario set was put in force.
#[event]
pub struct ScenarioSetActivated {
    pub scenario_set: Pubkey,
    pub generation: u64,
    pub hash: [u8; 32],
}

/// An underlying was listed.
#[event]
pub struct UnderlyingAdded {
    pub book: Pubkey,
    pub symbol: [u8; 8],
    pub feed_id: [u8; 32],
}
