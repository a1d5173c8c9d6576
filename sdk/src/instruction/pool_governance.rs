//! Instructions by which the margin pool is governed.

use {
    super::build,
    crate::address,
    anchor_lang::prelude::Pubkey,
    anchor_spl::token,
    margin_pool::{accounts, instruction, state::PoolChange},
    solana_sdk::instruction::Instruction,
    solana_system_interface::program,
};

/// Announces `change` as proposal `number`, which must be `Pool.proposals`. `authority` pays the rent and gets it back.
#[must_use]
pub fn propose_pool_change(authority: Pubkey, number: u64, change: PoolChange) -> Instruction {
    let accounts = accounts::ProposePoolChange {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        authority,
        system_program: program::ID,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::ProposePoolChange { change },
    )
}

/// Makes the change of proposal `number`, but for the two listings; `change` says which accounts it needs.
#[must_use]
pub fn execute_pool_change(
    authority: Pubkey,
    number: u64,
    proposer: Pubkey,
    change: &PoolChange,
) -> Instruction {
    let accounts = accounts::ExecutePoolChange {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        proposer,
        market: change.market(),
        fee_account: change.fee_account(),
        authority,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::ExecutePoolChange {},
    )
}

/// Makes the listing of `book` that proposal `number` announced. `authority` pays for the market.
#[must_use]
pub fn list_underlying(
    authority: Pubkey,
    number: u64,
    proposer: Pubkey,
    book: Pubkey,
) -> Instruction {
    let accounts = accounts::ListUnderlying {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        proposer,
        book,
        market: address::market(&book),
        authority,
        payer: authority,
        system_program: program::ID,
    };
    build(margin_pool::ID, &accounts, &instruction::ListUnderlying {})
}

/// Makes the listing of `mint` that proposal `number` announced, valued with `book`. `authority` pays for the vault.
#[must_use]
pub fn list_collateral(
    authority: Pubkey,
    number: u64,
    proposer: Pubkey,
    mint: Pubkey,
    book: Pubkey,
) -> Instruction {
    let accounts = accounts::ListCollateral {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        proposer,
        book,
        mint,
        vault: address::vault(&mint),
        authority,
        payer: authority,
        token_program: token::ID,
        system_program: program::ID,
    };
    build(margin_pool::ID, &accounts, &instruction::ListCollateral {})
}

/// Takes `mint` off the list, as proposal `number` announced. `destination` is a token account for what was sent to the vault past
/// the pool.
#[must_use]
pub fn delist_collateral(
    authority: Pubkey,
    number: u64,
    proposer: Pubkey,
    mint: Pubkey,
    destination: Pubkey,
) -> Instruction {
    let accounts = accounts::DelistCollateral {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        proposer,
        mint,
        vault: address::vault(&mint),
        destination,
        authority,
        token_program: token::ID,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::DelistCollateral {},
    )
}

/// Drops proposal `number`. `signer` is guardian or authority.
#[must_use]
pub fn cancel_pool_proposal(signer: Pubkey, number: u64, proposer: Pubkey) -> Instruction {
    let accounts = accounts::CancelPoolProposal {
        pool: address::pool(),
        proposal: address::pool_proposal(number),
        proposer,
        signer,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::CancelPoolProposal {},
    )
}

#[must_use]
pub fn accept_pool_authority(pending_authority: Pubkey) -> Instruction {
    let accounts = accounts::AcceptPoolAuthority {
        pool: address::pool(),
        pending_authority,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::AcceptPoolAuthority {},
    )
}

/// Nothing is withdrawn for `seconds`, at most 604,800. `signer` is guardian or authority.
#[must_use]
pub fn halt_withdrawals(signer: Pubkey, seconds: u32) -> Instruction {
    let accounts = accounts::HaltWithdrawals {
        pool: address::pool(),
        signer,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::HaltWithdrawals { seconds },
    )
}

/// Makes a change that is stricter in everything at once. `signer` is guardian or authority.
#[must_use]
pub fn tighten_pool(signer: Pubkey, change: PoolChange) -> Instruction {
    let accounts = accounts::TightenPool {
        pool: address::pool(),
        market: change.market(),
        signer,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::TightenPool { change },
    )
}
