//! Backtest of the margin requirement: history walked with only what was known at each time.
//!
//! ```text
//! PriceSeries -> Walk -> Observation (requirement, VaR, loss that followed) -> Report (tests)
//!                 |- Volatility   cep_risk::ewma, as the chain updates it
//!                 |- scenario set cep_scenarios::build on the days known so far
//!                 `- Model        cep_risk::{scenario, rows, tail}, as the chain charges it
//! ```
//!
//! * [`PriceSeries`] reads daily or hourly bars; [`Book`] is what is held.
//! * [`walk`] makes the [`Observation`]s: the requirement at a bar's close and the loss over the horizon after it.
//! * [`Report::of`] counts exceptions and applies the tests of [`statistics`].
//! * [`chain`] reads at-the-money implied volatility off an option chain, for dates without a series.
//!
//! Losses and requirements are positive; see the sign table of `cep-risk`. The requirement here is the Expected
//! Shortfall alone. The chain charges at least that: its floors (stress rows, credit limit) and add-ons only add.

mod book;
pub mod chain;
mod config;
mod error;
mod history;
mod model;
mod observation;
mod report;
mod series;
pub mod statistics;
mod time;
mod volatility;
mod walk;

pub use {
    book::Book,
    config::Config,
    error::BacktestError,
    history::DailyHistory,
    model::{Model, Requirement},
    observation::{Observation, Realised},
    report::{Extreme, Overlapping, Procyclicality, Report, Series},
    series::{PriceSeries, SeriesBar},
    time::Time,
    volatility::Volatility,
    walk::{Walk, walk},
};
