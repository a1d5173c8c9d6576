//! One builder per instruction. Nothing here touches the network.

pub mod governance;
pub mod instruments;
pub mod liquidation;
pub mod pool;
pub mod pool_governance;
pub mod rfq;
pub mod risk;

use {
    crate::address,
    anchor_lang::{InstructionData, ToAccountMetas, prelude::Pubkey},
    solana_sdk::instruction::{AccountMeta, Instruction},
};

fn build(
    program: Pubkey,
    accounts: &impl ToAccountMetas,
    data: &impl InstructionData,
) -> Instruction {
    Instruction {
        program_id: program,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

/// [`build`] of an instruction with a margin check: the pairs of `books` follow its accounts.
fn build_with_books(
    program: Pubkey,
    accounts: &impl ToAccountMetas,
    data: &impl InstructionData,
    books: &[Pubkey],
) -> Instruction {
    let mut ix = build(program, accounts, data);
    ix.accounts.extend(risk_pairs(books));
    ix
}

/// The (risk book, market) pairs that instructions with a margin check take after their named accounts.
/// Markets are writable: harmless where they are only read.
#[must_use]
pub fn risk_pairs(books: &[Pubkey]) -> Vec<AccountMeta> {
    books
        .iter()
        .flat_map(|book| {
            let market = address::market(book);
            [
                AccountMeta::new_readonly(*book, false),
                AccountMeta::new(market, false),
            ]
        })
        .collect()
}
