use {
    crate::{
        error::RiskEngineError,
        seeds,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, STRESS_ROWS},
};

#[derive(Accounts)]
pub struct CreateScenarioSet<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    /// Created by the caller, owned by this program, all zero.
    #[account(zero)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(
    ctx: Context<CreateScenarioSet>,
    symbols: Vec<[u8; 8]>,
    stress_count: u8,
) -> Result<()> {
    require!(
        (1..=MAX_UNDERLYINGS).contains(&symbols.len()),
        RiskEngineError::TooManyUnderlyings
    );
    require!(
        usize::from(stress_count) <= STRESS_ROWS,
        RiskEngineError::ScenarioOutOfBounds
    );
    let mut set = ctx.accounts.scenario_set.load_init()?;
    set.config = ctx.accounts.config.key();
    set.columns = u8::try_from(symbols.len()).map_err(|_| RiskEngineError::TooManyUnderlyings)?;
    for (slot, symbol) in set.symbols.iter_mut().zip(symbols) {
        *slot = symbol;
    }
    set.stress_count = stress_count;
    set.version = ScenarioSet::VERSION;
    Ok(())
}
