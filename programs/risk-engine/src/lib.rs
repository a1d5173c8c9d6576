//! Oracles, volatility and scenarios. One [`RiskBook`](state::RiskBook) per underlying holds everything
//! a margin check needs to know of it, so that a check touches no oracle account.
//!
//! Anyone may call `refresh` and `refresh_scenarios`; the rest belongs to the authority.
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

use anchor_lang::prelude::*;
#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;

pub mod error;
pub mod events;
pub mod instructions;
pub mod oracle;
pub mod price;
pub mod seeds;
pub mod state;
pub mod verification;

pub use instructions::*;

declare_id!("BBAWpcQcRTGVA6YGZdQ63SdAp1RnUUiRJEocuEuawToQ");

#[program]
pub mod risk_engine {
    use super::*;

    /// Creates the one configuration of this deployment; the signer becomes its authority.
    pub fn initialize_config(ctx: Context<InitializeConfig>, args: RiskConfigArgs) -> Result<()> {
        instructions::initialize_config::handler(ctx, args)
    }

    /// Creates the book of an underlying. Authority only.
    pub fn add_underlying(ctx: Context<AddUnderlying>, args: AddUnderlyingArgs) -> Result<()> {
        instructions::add_underlying::handler(ctx, args)
    }

    /// Announces a scenario set by its hash and moments and opens its account for writing. Authority only.
    pub fn create_scenario_set(
        ctx: Context<CreateScenarioSet>,
        args: ScenarioSetArgs,
    ) -> Result<()> {
        instructions::create_scenario_set::handler(ctx, args)
    }

    /// Writes part of the body of a set whose verification has not begun. Authority only.
    pub fn write_scenario_set(
        ctx: Context<WriteScenarioSet>,
        offset: u32,
        bytes: Vec<u8>,
    ) -> Result<()> {
        instructions::write_scenario_set::handler(ctx, offset, bytes)
    }

    /// Checks a written set: hash, bounds and stress rows first, then up to `columns` columns more, at last the
    /// change against the set in force. Anyone.
    pub fn verify_scenario_set(ctx: Context<VerifyScenarioSet>, columns: u8) -> Result<()> {
        instructions::verify_scenario_set::handler(ctx, columns)
    }

    /// Puts a verified set in force. Authority only.
    pub fn activate_scenario_set(ctx: Context<ActivateScenarioSet>, hash: [u8; 32]) -> Result<()> {
        instructions::activate_scenario_set::handler(ctx, hash)
    }

    /// Returns the rent of a set that is not in force to the authority. Authority only.
    pub fn close_scenario_set(ctx: Context<CloseScenarioSet>) -> Result<()> {
        instructions::close_scenario_set::handler(ctx)
    }

    /// Adds free instrument slots to a book. Authority only.
    pub fn extend_book(ctx: Context<ExtendBook>, slots: u8) -> Result<()> {
        instructions::extend_book::handler(ctx, slots)
    }

    /// Folds oracle prices into a book: price, confidence and realised volatility. Anyone.
    pub fn refresh<'info>(ctx: Context<'info, Refresh<'info>>) -> Result<()> {
        instructions::refresh::handler(ctx)
    }

    /// The same for a staked token: redemption rate and market price. Anyone.
    pub fn refresh_staked<'info>(ctx: Context<'info, RefreshStaked<'info>>) -> Result<()> {
        instructions::refresh_staked::handler(ctx)
    }

    /// Folds implied volatility feeds into a book. Anyone.
    pub fn refresh_volatility<'info>(ctx: Context<'info, RefreshVolatility<'info>>) -> Result<()> {
        instructions::refresh_volatility::handler(ctx)
    }

    /// Scales a book's column of the active scenario set to its current volatility. Anyone.
    pub fn refresh_scenarios(ctx: Context<RefreshScenarios>) -> Result<()> {
        instructions::refresh_scenarios::handler(ctx)
    }
}
