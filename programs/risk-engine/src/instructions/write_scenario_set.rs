use {
    crate::{
        error::RiskEngineError,
        seeds,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct WriteScenarioSet<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<WriteScenarioSet>, offset: u32, bytes: Vec<u8>) -> Result<()> {
    let mut set = ctx.accounts.scenario_set.load_mut()?;
    // What was checked never changes under those who checked it.
    require!(set.sealed == 0, RiskEngineError::ScenarioSetSealed);
    let start = usize::try_from(offset).map_err(|_| RiskEngineError::ScenarioChunkOutOfRange)?;
    let end = start
        .checked_add(bytes.len())
        .ok_or(RiskEngineError::ScenarioChunkOutOfRange)?;
    bytemuck::bytes_of_mut(&mut set.body)
        .get_mut(start..end)
        .ok_or(RiskEngineError::ScenarioChunkOutOfRange)?
        .copy_from_slice(&bytes);
    Ok(())
}
