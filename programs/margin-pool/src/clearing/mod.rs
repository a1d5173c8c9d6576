//! The moves that every way of trading, settling and liquidating shares. Each is zero-sum, so the books balance by
//! construction; the invariants check it all the same.

mod asset;
mod cash;
mod handover;
mod markets;
mod positions;
mod settlement;
mod slots;
#[cfg(test)]
mod tests;
mod waterfall;

pub use {
    asset::{
        Asset, MAX_OPTION_UNDERLYINGS, MAX_OPTIONS, MAX_POSITIONS_ON_FOUR, MAX_POSITIONS_ON_THREE,
    },
    cash::*,
    handover::{Handover, Rule},
    markets::Markets,
    positions::*,
    settlement::*,
    slots::SlotMap,
    waterfall::*,
};
