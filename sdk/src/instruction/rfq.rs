//! Instructions of the margin pool around quotes; see [`crate::rfq`].

use {
    super::{build, build_with_books},
    crate::{address, rfq::Signed},
    anchor_lang::prelude::Pubkey,
    margin_pool::{RfqArgs, accounts, instruction},
    solana_sdk::{instruction::Instruction, sysvar},
    solana_system_interface::program,
};

/// The two instructions that take `lots` of a quote. `index` is where the first of them will be in the transaction
/// (1 behind one compute budget instruction, as [`crate::Client::send`] puts it). `taker` is the account with who
/// signs for it; that key pays for the fill.
#[must_use]
pub fn take(
    signed: &Signed,
    taker: (Pubkey, Pubkey),
    lots: u32,
    index: u8,
    books: &[Pubkey],
) -> [Instruction; 2] {
    [
        signed.verify_instruction(),
        trade_rfq(signed, taker, lots, index, books),
    ]
}

/// The second instruction of [`take`] alone.
#[must_use]
pub fn trade_rfq(
    signed: &Signed,
    taker: (Pubkey, Pubkey),
    lots: u32,
    ed25519_index: u8,
    books: &[Pubkey],
) -> Instruction {
    let quote = &signed.quote;
    let accounts = accounts::TradeRfq {
        pool: address::pool(),
        maker_account: quote.maker,
        taker_account: taker.0,
        taker: taker.1,
        fill: address::fill(&quote.maker, quote.serial, quote.nonce),
        payer: taker.1,
        instructions: sysvar::instructions::ID,
        system_program: program::ID,
    };
    let args = RfqArgs {
        ed25519_index,
        lots,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::TradeRfq { args },
        books,
    )
}

/// Makes void all quotes of `maker` (an account with its serial) under `nonce` that expire at `expires_at` (Unix
/// seconds) or earlier: name the latest expiry ever signed under it. `authority` pays for the fill.
#[must_use]
pub fn cancel_quote(
    maker: (Pubkey, u64),
    authority: Pubkey,
    nonce: u64,
    expires_at: i64,
) -> Instruction {
    let accounts = accounts::CancelQuote {
        margin_account: maker.0,
        fill: address::fill(&maker.0, maker.1, nonce),
        authority,
        payer: authority,
        system_program: program::ID,
    };
    let data = instruction::CancelQuote { nonce, expires_at };
    build(margin_pool::ID, &accounts, &data)
}

/// Makes void all quotes of the account under a lower nonce, for good.
#[must_use]
pub fn cancel_quotes_below(margin_account: Pubkey, authority: Pubkey, nonce: u64) -> Instruction {
    let accounts = accounts::CancelQuotesBelow {
        margin_account,
        authority,
    };
    let data = instruction::CancelQuotesBelow { nonce };
    build(margin_pool::ID, &accounts, &data)
}

/// Gives a fill's rent back to `payer`, who paid it.
#[must_use]
pub fn close_fill(fill: Pubkey, payer: Pubkey) -> Instruction {
    let accounts = accounts::CloseFill { fill, payer };
    build(margin_pool::ID, &accounts, &instruction::CloseFill {})
}
