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
    #[account(has_one = config)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<ActivateScenarioSet>, hash: [u8; 32]) -> Result<()> {
    activate(
        &mut *ctx.accounts.config.load_mut()?,
        ctx.accounts.scenario_set.key(),
        &*ctx.accounts.scenario_set.load()?,
        hash,
    )
}

/// Puts the set at `address` in force. Its body was found to have its hash and cannot have changed since, so that equal
/// hashes are enough here; but another set may have come into force, or the bound may have been tightened.
///
/// # Errors
/// [`RiskEngineError::ScenarioSetUnverified`] unless it is verified against the set now in force, within the bound now in
/// force; [`RiskEngineError::ScenarioHashMismatch`] unless it is the one of this `hash`.
pub(crate) fn activate(
    config: &mut RiskConfig,
    address: Pubkey,
    set: &ScenarioSet,
    hash: [u8; 32],
) -> Result<()> {
    require!(
        set.is_verified(
            config.scenario_generation,
            config.params.scenario_max_change
        ),
        RiskEngineError::ScenarioSetUnverified
    );
    require!(set.hash == hash, RiskEngineError::ScenarioHashMismatch);
    config.scenario_set = address;
    config.scenario_generation = set.verified_for;
    emit!(ScenarioSetActivated {
        scenario_set: address,
        generation: config.scenario_generation,
        hash,
    });
    config.invariant()
}
