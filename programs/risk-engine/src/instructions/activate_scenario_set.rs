use {
    crate::{
        error::RiskEngineError,
        events::ScenarioSetActivated,
        seeds,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ActivateScenarioSet<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<ActivateScenarioSet>, hash: [u8; 32]) -> Result<()> {
    let mut set = ctx.accounts.scenario_set.load_mut()?;
    require!(set.sealed == 0, RiskEngineError::ScenarioSetSealed);
    set.check_body()?;
    require!(
        set.canonical_hash() == hash,
        RiskEngineError::ScenarioHashMismatch
    );
    set.hash = hash;
    set.sealed = 1;

    let mut config = ctx.accounts.config.load_mut()?;
    config.scenario_set = ctx.accounts.scenario_set.key();
    config.scenario_generation = config
        .scenario_generation
        .checked_add(1)
        .ok_or(RiskEngineError::Overflow)?;
    emit!(ScenarioSetActivated {
        scenario_set: config.scenario_set,
        generation: config.scenario_generation,
        hash,
    });
    config.invariant()
}
