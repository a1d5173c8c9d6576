//! The account's layout.

use {
    bytemuck::{Pod, Zeroable},
    cep_risk::{MAX_UNDERLYINGS, ROWS, STRESS_ROWS, curve::NODES, rows::Column},
};

/// Option series per underlying.
pub const SERIES: usize = 8;

/// Scenario tables, in the form in which the risk books hold them. Too large for a stack frame on
/// chain: made with [`bytemuck::zeroed_box`] and read in place.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Tables {
    /// Weights of the joint draws; they sum to [`cep_risk::WEIGHT_ONE`].
    pub weights: [u32; ROWS],
    /// Level steps of the joint draws and of the stress rows.
    pub levels: [u8; ROWS],
    pub stress_levels: [u8; STRESS_ROWS],
    pub underlyings: [Underlying; MAX_UNDERLYINGS],
}

/// What one underlying's risk book holds.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Underlying {
    /// Simple returns of the joint draws, Q24.
    pub returns: Column,
    /// Simple returns of the stress rows, Q24.
    pub stress: [i32; STRESS_ROWS],
    /// Smallest and largest of `returns`.
    pub lowest: i32,
    pub highest: i32,
    /// Spot price that the curves are centred on, micro-USD.
    pub centre: u64,
    pub series: [Series; SERIES],
}

/// One option: seconds to expiry, mark in micro-USD, and its value curve.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Series {
    pub seconds: u64,
    pub mark: u64,
    pub values: [u32; NODES],
}
