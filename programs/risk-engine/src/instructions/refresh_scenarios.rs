use {
    crate::{
        error::RiskEngineError,
        events::ScenariosRefreshed,
        seeds,
        state::{RiskBook, RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
    cep_risk::{PPM, ewma::horizon_sigma_q32, scenario::simple_return},
};

#[derive(Accounts)]
pub struct RefreshScenarios<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = scenario_set @ RiskEngineError::ScenarioSetNotActive)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    #[account(has_one = config)]
    pub scenario_set: AccountLoader<'info, ScenarioSet>,
}

pub(crate) fn handler(ctx: Context<RefreshScenarios>) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let set = ctx.accounts.scenario_set.load()?;
    let mut book = ctx.accounts.book.load_mut()?;
    let column = set
        .column_of(&book.symbol)
        .ok_or(RiskEngineError::ScenarioColumnMissing)?;
    let (Some(z), Some(stress)) = (set.body.z.get(column), set.body.stress.get(column)) else {
        return err!(RiskEngineError::ScenarioColumnMissing);
    };

    let variance = book.effective_variance();
    let hours =
        u32::try_from(config.params.horizon_hours).map_err(|_| RiskEngineError::Overflow)?;
    // sigma < 2³⁶ and the scale is at most 2 x 10⁶.
    let sigma =
        horizon_sigma_q32(variance, hours).saturating_mul(config.params.volatility_scale) / PPM;
    let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
    for (slot, z) in book.returns.iter_mut().zip(z) {
        let r = simple_return(sigma, *z);
        lowest = lowest.min(r);
        highest = highest.max(r);
        *slot = r;
    }
    book.lowest_return = lowest;
    book.highest_return = highest;
    book.weights = set.body.weights;
    book.stress = *stress;
    book.scaled_variance = variance;
    book.scenario_generation = config.scenario_generation;
    emit!(ScenariosRefreshed {
        book: ctx.accounts.book.key(),
        scenario_generation: config.scenario_generation,
        scaled_variance: variance,
    });
    book.invariant()
}
