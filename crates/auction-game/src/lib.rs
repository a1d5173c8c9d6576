//! The liquidation auction as a game: bidders with latency, fees, hedging costs and limited margin choose when to bid.
//!
//! ```text
//! Game (regime, bidders, mechanism) -> play    one path: accounts fall below maintenance, bidders act second by second
//!                                   -> sample  many paths, the same ones for every strategy
//!                                   -> solve   the mark-up no bidder gains by changing
//!                                   `- waiting what one bidder gets by acting k seconds later or earlier than that
//! ```
//!
//! Prices, fractions and the pace of the clock come from `cep_risk::auction`, the code the chain runs. What bidders
//! think is in floats; what accounts own is in integer micro-USD.
//!
//! Everything is drawn from a seed: the same seed gives the same tables, on any number of threads.

mod account;
mod bidder;
mod config;
mod equilibrium;
mod path;
mod play;
mod sample;
mod statistics;

pub use {
    account::{Account, Terms},
    bidder::Bidder,
    config::{Game, Mechanism, PROPOSED, Regime, SHIPPED, SHIPPED_PACE, STEEP},
    equilibrium::{Deviation, solve, waiting},
    play::{Outcome, play},
    sample::{Summary, sample, summarise},
    statistics::{Estimate, quantile},
};

/// One USD in micro-USD.
pub const USD: f64 = 1e6;
/// Prices of the one underlying are parts per billion of its price at the start.
pub const PRICE_ONE: u64 = cep_risk::auction::PPB;
