//! Instructions by which the risk engine is governed.

use {
    super::build,
    crate::address,
    anchor_lang::prelude::Pubkey,
    risk_engine::{
        accounts, instruction,
        state::{Change, RiskParams},
    },
    solana_sdk::instruction::Instruction,
    solana_system_interface::program,
};

/// Announces `change` as proposal `number`, which must be `RiskConfig.proposals`. `authority` pays the rent and gets
/// it back.
#[must_use]
pub fn propose(authority: Pubkey, number: u64, change: Change) -> Instruction {
    let accounts = accounts::Propose {
        config: address::risk_config(),
        proposal: address::proposal(number),
        authority,
        system_program: program::ID,
    };
    build(risk_engine::ID, &accounts, &instruction::Propose { change })
}

/// Makes the change of proposal `number`; `change` says which accounts it needs.
#[must_use]
pub fn execute_proposal(
    authority: Pubkey,
    number: u64,
    proposer: Pubkey,
    change: &Change,
) -> Instruction {
    let accounts = accounts::ExecuteProposal {
        config: address::risk_config(),
        proposal: address::proposal(number),
        proposer,
        book: change.book(),
        scenario_set: change.scenario_set(),
        authority,
    };
    build(risk_engine::ID, &accounts, &instruction::ExecuteProposal {})
}

/// Drops proposal `number`. `signer` is guardian or authority.
#[must_use]
pub fn cancel_proposal(signer: Pubkey, number: u64, proposer: Pubkey) -> Instruction {
    let accounts = accounts::CancelProposal {
        config: address::risk_config(),
        proposal: address::proposal(number),
        proposer,
        signer,
    };
    build(risk_engine::ID, &accounts, &instruction::CancelProposal {})
}

#[must_use]
pub fn accept_authority(pending_authority: Pubkey) -> Instruction {
    let accounts = accounts::AcceptAuthority {
        config: address::risk_config(),
        pending_authority,
    };
    build(risk_engine::ID, &accounts, &instruction::AcceptAuthority {})
}

/// Sets all parameters; each must be at least as strict as now. `signer` is guardian or authority.
#[must_use]
pub fn tighten_params(signer: Pubkey, params: RiskParams) -> Instruction {
    let accounts = accounts::TightenParams {
        config: address::risk_config(),
        signer,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::TightenParams { params },
    )
}

/// Puts `book` in doubt until a proposal unpauses it. `signer` is guardian or authority.
#[must_use]
pub fn pause_book(signer: Pubkey, book: Pubkey) -> Instruction {
    let accounts = accounts::PauseBook {
        config: address::risk_config(),
        book,
        signer,
    };
    build(risk_engine::ID, &accounts, &instruction::PauseBook {})
}

/// Raises the least variance per day (Q48) that scenarios of `book` stand for. `signer` is guardian or authority.
#[must_use]
pub fn raise_floor(signer: Pubkey, book: Pubkey, variance_floor: u64) -> Instruction {
    let accounts = accounts::RaiseFloor {
        config: address::risk_config(),
        book,
        signer,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::RaiseFloor { variance_floor },
    )
}
