//! The requirement of a portfolio: Expected Shortfall of the whole, floored by stress rows and by a
//! limit on how far underlyings may offset each other, plus add-ons.
//!
//! `core = max(ES, stress weight x worst stress row, retained x sum of own worst rows)`
//! `requirement = factor x max(core, minimum on short options) + concentration + oracle + basis + doubt`,
//! with factor 1 for initial margin.

mod addons;
mod breakdown;
mod evaluate;
mod explain;
mod net;
mod params;
mod portfolio;

pub use {
    addons::Addons,
    breakdown::Breakdown,
    evaluate::{Scratch, evaluate_both},
    explain::Explanation,
    params::{AddonParams, Kind, MarginParams},
    portfolio::{Book, FLAT_LEVELS, FLAT_STRESS_LEVELS, Holding, Instrument, Portfolio},
};
