use {
    super::add_underlying::is_symbol,
    crate::{
        error::RiskEngineError,
        events::ScenarioSetAnnounced,
        seeds,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, STRESS_ROWS},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct ScenarioSetArgs {
    /// One per column, 1 to 8, all different.
    pub symbols: Vec<[u8; 8]>,
    /// 0 to 16.
    pub stress_count: u8,
    /// SHA-256 of the canonical bytes of the set that will be written.
    pub hash: [u8; 32],
    /// Correlations, Q32, of columns (0,1), (0,2), (1,2), (0,3) and so on; means are zero and variances one.
    pub correlations: Vec<i64>,
}

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

pub(crate) fn handler(ctx: Context<CreateScenarioSet>, args: ScenarioSetArgs) -> Result<()> {
    let columns = args.symbols.len();
    require!(
        (1..=MAX_UNDERLYINGS).contains(&columns),
        RiskEngineError::ScenarioSymbols
    );
    let mut earlier = args.symbols.iter().enumerate();
    let once = earlier.all(|(i, s)| is_symbol(s) && !args.symbols.iter().take(i).any(|e| e == s));
    require!(once, RiskEngineError::ScenarioSymbols);
    require!(
        usize::from(args.stress_count) <= STRESS_ROWS,
        RiskEngineError::ScenarioOutOfBounds
    );
    // At most 8 columns; unsigned.
    require!(
        args.correlations.len() == columns * (columns - 1) / 2,
        RiskEngineError::ScenarioPairs
    );
    let mut set = ctx.accounts.scenario_set.load_init()?;
    set.config = ctx.accounts.config.key();
    set.hash = args.hash;
    set.columns = u8::try_from(columns).map_err(|_| RiskEngineError::ScenarioSymbols)?;
    for (slot, symbol) in set.symbols.iter_mut().zip(args.symbols) {
        *slot = symbol;
    }
    // The places of earlier pairs do not depend on how many columns follow.
    for (slot, correlation) in set.correlations.iter_mut().zip(args.correlations) {
        *slot = correlation;
    }
    set.stress_count = args.stress_count;
    emit!(ScenarioSetAnnounced {
        scenario_set: ctx.accounts.scenario_set.key(),
        hash: args.hash,
    });
    Ok(())
}
