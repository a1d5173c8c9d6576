use {
    crate::{
        error::RiskEngineError,
        seeds,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
};

/// Books keep copies of what they use and proposals name hashes, so that only the set in force must stay.
#[derive(Accounts)]
pub struct CloseScenarioSet<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, close = authority, has_one = config,
        constraint = config.load()?.scenario_set != scenario_set.key() @ RiskEngineError::ScenarioSetInForce)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    /// Receives the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
}

pub(crate) fn handler(_: Context<CloseScenarioSet>) -> Result<()> {
    Ok(())
}
