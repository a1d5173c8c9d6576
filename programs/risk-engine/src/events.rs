//! What an indexer needs to follow this program.

use {crate::state::RiskBook, anchor_lang::prelude::*};

/// A book was refreshed from its oracles.
#[event]
pub struct PriceRefreshed {
    pub book: Pubkey,
    /// Micro-USD per contract.
    pub price: u64,
    pub confidence: u64,
    /// Unix seconds, of the oldest source that agrees.
    pub publish_time: i64,
    /// Realised variance per day, Q48.
    pub variance: u64,
    /// Bits of `state::degraded`; zero when all is well.
    pub degraded: u8,
    /// By source: why its account was passed over, a code of `oracle::Fault`; zero when it was taken or not passed.
    pub faults: [u8; 4],
}

impl PriceRefreshed {
    pub(crate) fn of(address: Pubkey, book: &RiskBook, faults: [u8; 4]) -> Self {
        Self {
            book: address,
            price: book.price,
            confidence: book.confidence,
            publish_time: book.publish_time,
            variance: book.variance,
            degraded: book.degraded,
            faults,
        }
    }
}

/// A staked token's redemption rate was looked at.
#[event]
pub struct StakeRateRefreshed {
    pub book: Pubkey,
    /// Base tokens per staked token in force, 10⁻⁹.
    pub rate: u64,
    /// Micro-USD per token.
    pub redemption: u64,
    /// How far the market stands below redemption, ppm.
    pub gap: u64,
    /// Whether the rate grows faster than is believed.
    pub rate_limited: bool,
    /// Whether the gap stops new deposits.
    pub deposits_stopped: bool,
    /// Why no new rate was taken, a code of `oracle::Fault`; zero when one was.
    pub fault: u8,
}

/// A book's implied volatilities were refreshed from their feeds.
#[event]
pub struct VolatilityRefreshed {
    pub book: Pubkey,
    /// Variances per day, Q48: implied at 30 days, and what scenarios are to stand for.
    pub implied_variance: u64,
    pub target_variance: u64,
    /// By feed, as in [`PriceRefreshed`].
    pub faults: [u8; 4],
}

/// A book's scenario columns were scaled anew.
#[event]
pub struct ScenariosRefreshed {
    pub book: Pubkey,
    pub scenario_generation: u64,
    /// Variance per day that the columns of initial and of maintenance margin now stand for, Q48.
    pub scaled_variance: u64,
    pub maintenance_variance: u64,
}

/// A scenario set was announced: from here on anyone may rebuild it and compare hashes.
#[event]
pub struct ScenarioSetAnnounced {
    pub scenario_set: Pubkey,
    pub hash: [u8; 32],
}

/// Every column of a scenario set was verified, and the set compared with the one in force.
#[event]
pub struct ScenarioSetVerified {
    pub scenario_set: Pubkey,
    pub hash: [u8; 32],
    /// What it may become.
    pub generation: u64,
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
    pub column: [u8; 8],
    pub sources: u8,
    pub min_sources: u8,
}
