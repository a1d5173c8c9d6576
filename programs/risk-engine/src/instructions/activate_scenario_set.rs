use {
    crate::{
        error::RiskEngineError,
        events::ScenarioSetActivated,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
};

/// Checks a set at `address` against its hash and bounds, seals it and puts it in force. Only an executed
/// [`crate::state::Change::ScenarioSet`] comes here.
pub(crate) fn activate(
    config: &mut RiskConfig,
    address: Pubkey,
    set: &mut ScenarioSet,
    hash: [u8; 32],
) -> Result<()> {
    require!(set.sealed == 0, RiskEngineError::ScenarioSetSealed);
    set.check_body()?;
    require!(
        set.canonical_hash() == hash,
        RiskEngineError::ScenarioHashMismatch
    );
    set.hash = hash;
    set.sealed = 1;

    config.scenario_set = address;
    config.scenario_generation = config
        .scenario_generation
        .checked_add(1)
        .ok_or(RiskEngineError::Overflow)?;
    emit!(ScenarioSetActivated {
        scenario_set: address,
        generation: config.scenario_generation,
        hash,
    });
    config.invariant()
}
