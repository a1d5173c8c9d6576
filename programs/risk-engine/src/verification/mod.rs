//! What a scenario set must satisfy before it may decide about margin: hash, bounds and stress rows ([`seal`]), the moments
//! of each column ([`verify_columns`]), the change against the set in force ([`change::check`]).
//!
//! Everything it reads is part of what is hashed, or is computed here: nothing but the correlations is posted beside it,
//! and these are held to the draws.

pub mod change;
pub mod stress;

use {
    crate::{
        error::RiskEngineError,
        state::{ScenarioSet, ScenarioTail, pair},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        MAX_UNDERLYINGS, ROWS, STRESS_ROWS, WEIGHT_ONE,
        moments::{
            CORRELATION_TOLERANCE, MEAN_TOLERANCE, MOMENT_ONE, VARIANCE_TOLERANCE, column_tail,
            correlation, mean_and_variance,
        },
        rows::{RETURN_MAX, RETURN_MIN},
        scenario::{LEVEL_ONE, Z_MAX},
        tail::Undecided,
    },
};

/// Working memory, on the heap: it does not fit a frame.
pub struct Scratch {
    losses: Box<[i64; ROWS]>,
    undecided: Box<Undecided>,
}

impl Scratch {
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            losses: bytemuck::zeroed_box(),
            undecided: bytemuck::zeroed_box(),
        }
    }
}

/// The checks of the whole body. Afterwards it is the announced one and can no longer be written.
///
/// # Errors
/// The rule that it breaks.
pub fn seal(set: &mut ScenarioSet, scratch: &mut Scratch) -> Result<()> {
    check_bounds(set)?;
    require!(
        set.canonical_hash() == set.hash,
        RiskEngineError::ScenarioHashMismatch
    );
    stress::check(set)?;
    let body = &set.body;
    let (_, rise) = column_tail(
        &body.weights,
        &body.levels,
        &mut scratch.losses,
        &mut scratch.undecided,
    )
    .map_err(|_| RiskEngineError::ScenarioWeights)?;
    set.level_tail = rise;
    set.sealed = 1;
    Ok(())
}

/// Weights, ranges, and zeros wherever the hash does not reach.
fn check_bounds(set: &ScenarioSet) -> Result<()> {
    let body = &set.body;
    let mut total = 0u64;
    for weight in &body.weights {
        require!(*weight > 0, RiskEngineError::ScenarioWeights);
        // 512 terms below 2³².
        total += u64::from(*weight);
    }
    require!(
        total == u64::from(WEIGHT_ONE),
        RiskEngineError::ScenarioWeights
    );
    let columns = usize::from(set.columns).min(MAX_UNDERLYINGS);
    let rows = usize::from(set.stress_count).min(STRESS_ROWS);
    let levels = body.levels.iter().chain(&body.stress_levels);
    let mut in_bounds = levels.fold(true, |ok, l| ok & within(*l, LEVEL_ONE));
    for z in body.z.iter().take(columns) {
        in_bounds &= z.iter().fold(true, |ok, z| ok & within(*z, Z_MAX));
    }
    for stress in body.stress.iter().take(columns) {
        in_bounds &= stress.iter().all(|r| (RETURN_MIN..=RETURN_MAX).contains(r));
    }
    require!(in_bounds, RiskEngineError::ScenarioOutOfBounds);

    let used = body.stress.iter().take(columns);
    let zero = body.z.iter().skip(columns).flatten().all(|z| *z == 0)
        && body.stress.iter().skip(columns).flatten().all(|r| *r == 0)
        && used.flat_map(|s| s.iter().skip(rows)).all(|r| *r == 0)
        && body.stress_levels.iter().skip(rows).all(|l| *l == 0)
        && body.stress_ids.iter().skip(rows).all(|id| *id == 0);
    require!(zero, RiskEngineError::ScenarioUnused);
    Ok(())
}

fn within(value: i32, limit: i32) -> bool {
    value.unsigned_abs() <= limit.unsigned_abs()
}

/// Verifies the next `count` columns, fewer at the end.
///
/// # Errors
/// [`RiskEngineError::ScenarioMoments`] for a column whose mean is not zero, whose variance is not one, or whose correlation
/// with an earlier one is not the posted one.
pub fn verify_columns(set: &mut ScenarioSet, count: u8, scratch: &mut Scratch) -> Result<()> {
    let end = set.verified.saturating_add(count).min(set.columns);
    for column in set.verified..end {
        let tail = verify_column(set, usize::from(column), scratch)?;
        if let Some(slot) = set.tails.get_mut(usize::from(column)) {
            *slot = tail;
        }
    }
    set.verified = end;
    Ok(())
}

fn verify_column(set: &ScenarioSet, column: usize, scratch: &mut Scratch) -> Result<ScenarioTail> {
    let body = &set.body;
    let z = &body.z[column % MAX_UNDERLYINGS];
    let (mean, variance) = mean_and_variance(&body.weights, z);
    require!(
        mean.unsigned_abs() <= MEAN_TOLERANCE
            && variance.abs_diff(MOMENT_ONE.unsigned_abs()) <= VARIANCE_TOLERANCE,
        RiskEngineError::ScenarioMoments
    );
    for (earlier, other) in body.z.iter().enumerate().take(column) {
        // Variances near one, shown above for both, make it exact.
        let found = correlation(&body.weights, other, z);
        let posted = set.correlations[pair(earlier, column)];
        require!(
            found.abs_diff(posted) <= CORRELATION_TOLERANCE,
            RiskEngineError::ScenarioMoments
        );
    }
    let (long, short) = column_tail(
        &body.weights,
        z,
        &mut scratch.losses,
        &mut scratch.undecided,
    )
    .map_err(|_| RiskEngineError::ScenarioWeights)?;
    Ok(ScenarioTail { long, short })
}
