use {
    crate::{
        error::RiskEngineError,
        events::ScenarioSetVerified,
        seeds,
        state::{RiskConfig, ScenarioSet},
        verification::{self, Scratch, change},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct VerifyScenarioSet<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config,
        constraint = config.load()?.scenario_set != scenario_set.key() @ RiskEngineError::ScenarioSetInForce)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    /// The set in force, once there is one; read by the call that checks the last column, and by those after it.
    #[account(address = config.load()?.scenario_set @ RiskEngineError::ScenarioSetNotActive)]
    pub in_force: Option<AccountLoader<'info, ScenarioSet>>,
}

/// A call that finds every column verified compares again: with another set that came into force in the meantime, or
/// under a bound that was tightened.
pub(crate) fn handler(ctx: Context<VerifyScenarioSet>, columns: u8) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut set = ctx.accounts.scenario_set.load_mut()?;
    let mut scratch = Scratch::new();
    if set.sealed == 0 {
        verification::seal(&mut set, &mut scratch)?;
    }
    verification::verify_columns(&mut set, columns, &mut scratch)?;
    if set.verified < set.columns {
        return Ok(());
    }
    let within = config.params.scenario_max_change;
    if config.scenario_generation > 0 {
        let in_force = ctx.accounts.in_force.as_ref();
        let in_force = in_force.ok_or(RiskEngineError::ScenarioSetNotActive)?;
        change::check(&set, &*in_force.load()?, within)?;
    }
    set.verified_for = config
        .scenario_generation
        .checked_add(1)
        .ok_or(RiskEngineError::Overflow)?;
    set.verified_within = within;
    emit!(ScenarioSetVerified {
        scenario_set: ctx.accounts.scenario_set.key(),
        hash: set.hash,
        generation: set.verified_for,
    });
    Ok(())
}
