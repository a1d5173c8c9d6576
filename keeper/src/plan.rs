//! What to do about what is known: a pure function, so that every decision can be tested.

mod auctions;
mod bid;
mod cranks;
mod settlement;
mod slice;
#[cfg(test)]
#[allow(clippy::panic)]
mod tests;

pub use {
    auctions::own_trouble,
    bid::{Sale, Verdict},
};

use {
    crate::{
        action::{Action, Memory},
        view::View,
    },
    cep_sdk::Pubkey,
    std::collections::BTreeMap,
};

/// The operator's rules. Money in micro-USD, ratios in basis points of a slice's notional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The margin account that receives rewards and bids.
    pub own: Pubkey,
    /// Oracle accounts by symbol, of any of the underlying's sources.
    pub prices: BTreeMap<[u8; 8], Vec<Pubkey>>,
    pub min_profit_bps: u32,
    /// Least profit of a bid; keeps dust from being bid for.
    pub min_profit: i64,
    /// What unwinding or hedging a slice is expected to cost.
    pub hedge_cost_bps: u32,
    /// Largest notional of one bid.
    pub max_notional: i64,
    /// Settle positions with at least this much profit or loss.
    pub settle_above: i64,
    /// Settlements per round at most.
    pub settle_limit: usize,
}

/// The next actions, which may be sent side by side. Prices come first, then scenarios and curves, then
/// liquidations, then settlements: each stage is planned on what the one before has left. Empty when
/// there is nothing to do.
#[must_use]
pub fn plan(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let stages = [
        cranks::refreshes,
        cranks::silences,
        cranks::scenarios,
        cranks::curves,
        auctions::liquidations,
        settlement::settlements,
    ];
    stages
        .into_iter()
        .map(|stage| stage(view, policy, memory))
        .find(|actions| !actions.is_empty())
        .unwrap_or_default()
}
