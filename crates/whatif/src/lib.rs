//! What a portfolio would need: the margin of files that describe a market and a portfolio, by the code that runs
//! on chain.
//!
//! Floats appear at the edge only: the files are in USD and contracts, and the first thing that happens to a number is that
//! it becomes the integer the chain would hold.

mod answer;
mod convert;
mod error;
mod input;
mod model;
mod name;
mod surface;

pub use {
    answer::{AddonsUsd, Answer, Contribution, GreeksUsd, Worst, margin},
    error::WhatIfError,
    input::{Market, Portfolio, Position, Quote, Underlying},
    model::Model,
    name::{Contract, Name},
};
