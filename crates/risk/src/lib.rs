//! Portfolio margin in exact integers: the code that decides about money, shared by the on-chain
//! programs, the SDK, the keeper and the command line.
//!
//! # Signs
//!
//! | word | sign |
//! |---|---|
//! | quantity | positive is long, negative is short |
//! | loss | positive is bad for the account |
//! | requirement (initial, maintenance) | positive: 100 means the account must hold 100 of equity |
//! | equity | positive is owned, negative is owed |
//! | health | equity less maintenance margin; negative means the account can be liquidated |
//!
//! # Rounding
//!
//! Sums over positions are exact. Each rounding is named where it happens and goes against the
//! account: losses and requirements up, values down.
//!
//! The crate is `no_std`, has no dependency and no float.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod allocation;
pub mod auction;
pub mod black76;
pub mod breaker;
pub mod curve;
pub mod error;
pub mod ewma;
pub mod feed;
pub mod fixed;
pub mod fund;
pub mod funding;
pub mod interest;
pub mod loss_index;
pub mod margin;
pub mod moments;
pub mod oracle;
pub mod outflow;
pub mod reduction;
pub mod rows;
pub mod scenario;
pub mod settling;
pub mod smile;
pub mod staked;
pub mod tail;
pub mod twap;
pub mod units;
mod unroll;
pub mod volatility;

pub use {
    curve::Curve,
    error::RiskError,
    margin::{
        AddonParams, Addons, Book, Breakdown, Holding, Instrument, Kind, MarginParams, Portfolio,
        Scratch, evaluate_both,
    },
    settling::{Dated, Struck},
    units::{Notional, Price, Quantity},
};

/// Weighted joint draws in a scenario set.
pub const ROWS: usize = 512;
/// Slots for mandated stress rows in a scenario set; unused ones hold zero returns.
pub const STRESS_ROWS: usize = 16;
/// The integer weights of a scenario set sum to this. 2.5 % and 1 % of it are whole numbers.
pub const WEIGHT_ONE: u32 = 16_000_000;
/// Underlyings that one account may be exposed to, and that one scenario set may hold.
pub const MAX_UNDERLYINGS: usize = 8;
/// Parts per million, the unit of every ratio parameter.
pub const PPM: u64 = 1_000_000;
/// Holdings that one portfolio may have: 64 positions and 16 collateral balances, of which a staked token counts twice.
pub const MAX_HOLDINGS: usize = 96;
/// Seconds in a year of 365 days: volatilities and rates of options are per year.
pub const SECONDS_PER_YEAR: u64 = 365 * SECONDS_PER_DAY;
/// Seconds in a day: variances are per day.
pub const SECONDS_PER_DAY: u64 = 86_400;
