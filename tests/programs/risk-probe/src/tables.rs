//! The account's layout.

use {
    bytemuck::{Pod, Zeroable},
    cep_risk::{MAX_UNDERLYINGS, ROWS, STRESS_ROWS, rows::Column},
};

/// Scenario tables, in the form in which the risk books hold them. Too large for a stack frame on
/// chain: made with [`bytemuck::zeroed_box`] and read in place.
// Volatility levels of the joint draws and of the stress rows, which option books need, join here.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Tables {
    /// Weights of the joint draws; they sum to [`cep_risk::WEIGHT_ONE`].
    pub weights: [u32; ROWS],
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
}
