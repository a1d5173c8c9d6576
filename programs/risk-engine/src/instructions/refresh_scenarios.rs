use {
    crate::{
        error::RiskEngineError,
        events::ScenariosRefreshed,
        price, seeds,
        state::{RiskBook, RiskConfig, RiskParams, ScenarioSet},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        ROWS,
        curve::level_step,
        ewma::horizon_sigma_q32,
        scenario::simple_return,
        volatility::{MaintenanceStep, STEP_SECONDS},
    },
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
        .column_of(&book.column)
        .ok_or(RiskEngineError::ScenarioColumnMissing)?;
    let (Some(z), Some(stress)) = (set.body.z.get(column), set.body.stress.get(column)) else {
        return err!(RiskEngineError::ScenarioColumnMissing);
    };
    price::retarget(&mut book, &config.params);
    set_variances(&mut book, &config.params, Clock::get()?.unix_timestamp);
    scale(&mut book, z, &config.params)?;
    book.weights = set.body.weights;
    for (step, level) in book.levels.iter_mut().zip(&set.body.levels) {
        *step = level_step(*level);
    }
    book.stress = *stress;
    for (step, level) in book.stress_levels.iter_mut().zip(&set.body.stress_levels) {
        *step = level_step(*level);
    }
    book.scenario_generation = config.scenario_generation;
    emit!(ScenariosRefreshed {
        book: ctx.accounts.book.key(),
        scenario_generation: config.scenario_generation,
        scaled_variance: book.scaled_variance,
        maintenance_variance: book.maintenance_variance,
    });
    book.invariant()
}

/// Initial margin follows volatility up at once. Maintenance margin follows it up only at the published rate or as far as
/// the price's own move explains: nobody is liquidated by a model update. Both come down at a limited rate, so that a dip
/// which does not last leaves no hole.
fn set_variances(book: &mut RiskBook, params: &RiskParams, now: i64) {
    let target = book.target_variance;
    let since = now.saturating_sub(book.maintenance_time);
    let since = u64::try_from(since).unwrap_or(0);
    let (previous, elapsed) = match book.maintenance_variance {
        0 => (target, since),
        // What is left of the time counts next time.
        previous => (previous, since - since % STEP_SECONDS),
    };
    let step = MaintenanceStep {
        previous,
        target,
        elapsed,
        realised_before: book.maintenance_realised,
        realised_now: book.variance,
    };
    book.maintenance_variance = params
        .volatility(book.variance_floor)
        .maintenance_variance(&step);
    book.maintenance_realised = book.variance;
    book.maintenance_time = book.maintenance_time.saturating_add_unsigned(elapsed);
    book.scaled_variance = target.max(book.maintenance_variance);
}

fn scale(book: &mut RiskBook, z: &[i32; ROWS], params: &RiskParams) -> Result<()> {
    let hours = u32::try_from(params.horizon_hours).map_err(|_| RiskEngineError::Overflow)?;
    book.horizon = params.horizon_hours.saturating_mul(3_600);
    book.sigma = horizon_sigma_q32(book.scaled_variance, hours);
    book.maintenance_sigma = horizon_sigma_q32(book.maintenance_variance, hours);
    (book.lowest_return, book.highest_return) = fill(&mut book.returns, z, book.sigma);
    if book.maintenance_sigma == book.sigma {
        book.maintenance_returns = book.returns;
        book.maintenance_lowest = book.lowest_return;
        book.maintenance_highest = book.highest_return;
    } else {
        (book.maintenance_lowest, book.maintenance_highest) =
            fill(&mut book.maintenance_returns, z, book.maintenance_sigma);
    }
    Ok(())
}

/// Scales the draws to a volatility; the smallest and the largest return.
fn fill(returns: &mut [i32; ROWS], z: &[i32; ROWS], sigma: u64) -> (i32, i32) {
    let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
    for (slot, z) in returns.iter_mut().zip(z) {
        let r = simple_return(sigma, *z);
        lowest = lowest.min(r);
        highest = highest.max(r);
        *slot = r;
    }
    (lowest, highest)
}
