use {
    crate::{
        error::RiskEngineError,
        events::ScenarioSetActivated,
        state::{RiskConfig, ScenarioSet},
    },
    anchor_lang::prelude::*,
};

/// Puts the set at `address` in force. Only an executed [`crate::state::Change::ScenarioSet`] comes here. Its body was found to have its hash and cannot have changed since, so that equal
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
