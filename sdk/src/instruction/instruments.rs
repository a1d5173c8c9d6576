//! Instruments, their surfaces and curves, and their settlement.

use {
    super::build,
    crate::address,
    anchor_lang::prelude::Pubkey,
    risk_engine::{SurfaceArgs, accounts, instruction, state::InstrumentKind},
    solana_sdk::instruction::Instruction,
    solana_system_interface::program,
};

/// Lists an instrument in the first free slot of `book`. `expiry` in Unix seconds, `strike` in micro-USD; zero for what
/// has none.
#[must_use]
pub fn list_instrument(
    authority: Pubkey,
    book: Pubkey,
    kind: InstrumentKind,
    expiry: i64,
    strike: u64,
) -> Instruction {
    let accounts = accounts::ListInstrument {
        config: address::risk_config(),
        book,
        authority,
    };
    let data = instruction::ListInstrument {
        kind,
        expiry,
        strike,
    };
    build(risk_engine::ID, &accounts, &data)
}

#[must_use]
pub fn open_instrument(authority: Pubkey, book: Pubkey, slot: u16, id: u64) -> Instruction {
    let accounts = accounts::OpenInstrument {
        config: address::risk_config(),
        book,
        authority,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::OpenInstrument { slot, id },
    )
}

#[must_use]
pub fn post_surface(publisher: Pubkey, book: Pubkey, args: SurfaceArgs) -> Instruction {
    let accounts = accounts::PostSurface {
        config: address::risk_config(),
        book,
        surface: address::surface(&book),
        publisher,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::PostSurface { args },
    )
}

/// Rebuilds up to `limit` curves that are due, from slot `from` on. Sixteen fit one transaction when calls and puts lie side by
/// side.
#[must_use]
pub fn refresh_curves(book: Pubkey, from: u16, limit: u8) -> Instruction {
    let accounts = accounts::RefreshCurves {
        config: address::risk_config(),
        book,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::RefreshCurves { from, limit },
    )
}

#[must_use]
pub fn settle_expiry(payer: Pubkey, book: Pubkey, expiry: i64) -> Instruction {
    let accounts = accounts::SettleExpiry {
        config: address::risk_config(),
        book,
        settlement: address::settlement(&book, expiry),
        payer,
        system_program: program::ID,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::SettleExpiry { expiry },
    )
}

#[must_use]
pub fn close_instrument(book: Pubkey, slot: u16, id: u64) -> Instruction {
    let accounts = accounts::CloseInstrument {
        config: address::risk_config(),
        book,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::CloseInstrument { slot, id },
    )
}
