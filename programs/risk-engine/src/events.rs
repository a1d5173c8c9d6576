//! What an indexer needs to follow this program.

use {
    crate::state::{InstrumentKind, RiskBook, RiskParams},
    anchor_lang::prelude::*,
};

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

/// A book's oracles were announced to be silent. A refresh withdraws it.
#[event]
pub struct SilenceAnnounced {
    pub book: Pubkey,
    /// The last price, micro-USD per contract, and when it was published, Unix seconds.
    pub price: u64,
    pub publish_time: i64,
    /// From when on liquidation may use that price, Unix seconds.
    pub serves_from: i64,
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

/// An instrument was listed. Micro-USD, Unix seconds.
#[event]
pub struct InstrumentListed {
    pub book: Pubkey,
    pub slot: u16,
    pub id: u64,
    pub kind: InstrumentKind,
    pub expiry: i64,
    pub strike: u64,
}

/// An instrument may be traded.
#[event]
pub struct InstrumentOpened {
    pub book: Pubkey,
    pub slot: u16,
    pub id: u64,
}

/// An instrument's slot is free again.
#[event]
pub struct InstrumentClosed {
    pub book: Pubkey,
    pub slot: u16,
    pub id: u64,
}

/// The crank went over a range of slots.
#[event]
pub struct CurvesRefreshed {
    pub book: Pubkey,
    /// The slot to go on from: one past the last visited.
    pub next: u16,
    pub built: u16,
    /// Options that could not be built, for want of a volatility or beyond the curve's range.
    pub skipped: u16,
    /// Spot that the curves are centred on, micro-USD.
    pub centre: u64,
}

/// A publisher posted; what is in force now, see `state::Expiry`.
#[event]
pub struct SurfacePosted {
    pub book: Pubkey,
    pub publisher: Pubkey,
    pub expiry: i64,
    /// Whether a quorum was fresh and the surface moved.
    pub moved: bool,
    pub skew: i32,
    pub curvature: i32,
    pub basis: i32,
}

/// An expiry has its settlement price, micro-USD. `how` as in `state::Settlement`.
#[event]
pub struct ExpirySettled {
    pub book: Pubkey,
    pub expiry: i64,
    pub price: u64,
    pub how: u8,
}

// Governance.

/// A change was proposed; it takes effect not before `ready_at`.
#[event]
pub struct ChangeProposed {
    pub proposal: Pubkey,
    pub number: u64,
    pub proposer: Pubkey,
    /// Unix seconds.
    pub ready_at: i64,
    /// `state::Change` in Borsh.
    pub change: Vec<u8>,
}

/// A proposed change took effect.
#[event]
pub struct ChangeExecuted {
    pub proposal: Pubkey,
    pub number: u64,
    /// `state::Change` in Borsh.
    pub change: Vec<u8>,
}

/// A proposed change will not take effect.
#[event]
pub struct ChangeCancelled {
    pub proposal: Pubkey,
    pub number: u64,
    pub by: Pubkey,
}

/// The authority changed hands.
#[event]
pub struct AuthorityAccepted {
    pub previous: Pubkey,
    pub authority: Pubkey,
}

/// Parameters were tightened at once.
#[event]
pub struct ParamsTightened {
    pub by: Pubkey,
    pub params: RiskParams,
}

/// An underlying was put in doubt until a proposal unpauses it.
#[event]
pub struct BookPaused {
    pub book: Pubkey,
    pub by: Pubkey,
}

/// A volatility floor was raised at once. Variances per day, Q48.
#[event]
pub struct FloorRaised {
    pub book: Pubkey,
    pub by: Pubkey,
    pub previous: u64,
    pub variance_floor: u64,
}
