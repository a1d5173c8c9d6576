//! Where every account lives. One function per derived address.

use {
    anchor_lang::prelude::Pubkey, liquidation::seeds as liquidation_seeds,
    margin_pool::seeds as pool_seeds, risk_engine::seeds as risk_seeds,
};

/// Where the upgradeable loader keeps a program's code and upgrade authority.
#[must_use]
pub fn program_data(program: &Pubkey) -> Pubkey {
    anchor_lang::solana_program::bpf_loader_upgradeable::get_program_data_address(program)
}

#[must_use]
pub fn risk_config() -> Pubkey {
    Pubkey::find_program_address(&[risk_seeds::CONFIG], &risk_engine::ID).0
}

#[must_use]
pub fn risk_book(symbol: &[u8; 8]) -> Pubkey {
    Pubkey::find_program_address(&[risk_seeds::BOOK, symbol], &risk_engine::ID).0
}

/// What publishers posted for a book.
#[must_use]
pub fn surface(book: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[risk_seeds::SURFACE, book.as_ref()], &risk_engine::ID).0
}

/// The settlement price of one expiry of a book; `expiry` in Unix seconds.
#[must_use]
pub fn settlement(book: &Pubkey, expiry: i64) -> Pubkey {
    let expiry = expiry.to_le_bytes();
    let seeds: [&[u8]; 3] = [risk_seeds::SETTLEMENT, book.as_ref(), &expiry];
    Pubkey::find_program_address(&seeds, &risk_engine::ID).0
}

/// A proposed change of the risk engine.
#[must_use]
pub fn proposal(number: u64) -> Pubkey {
    let seeds: [&[u8]; 2] = [risk_seeds::PROPOSAL, &number.to_le_bytes()];
    Pubkey::find_program_address(&seeds, &risk_engine::ID).0
}

#[must_use]
pub fn pool() -> Pubkey {
    Pubkey::find_program_address(&[pool_seeds::POOL], &margin_pool::ID).0
}

/// A proposed change of the pool.
#[must_use]
pub fn pool_proposal(number: u64) -> Pubkey {
    let seeds: [&[u8]; 2] = [pool_seeds::PROPOSAL, &number.to_le_bytes()];
    Pubkey::find_program_address(&seeds, &margin_pool::ID).0
}

/// The pool's vault of a token.
#[must_use]
pub fn vault(mint: &Pubkey) -> Pubkey {
    let pool = pool();
    let seeds: [&[u8]; 3] = [pool_seeds::VAULT, pool.as_ref(), mint.as_ref()];
    Pubkey::find_program_address(&seeds, &margin_pool::ID).0
}

#[must_use]
pub fn market(book: &Pubkey) -> Pubkey {
    let pool = pool();
    let seeds: [&[u8]; 3] = [pool_seeds::MARKET, pool.as_ref(), book.as_ref()];
    Pubkey::find_program_address(&seeds, &margin_pool::ID).0
}

#[must_use]
pub fn margin_account(owner: &Pubkey, id: u16) -> Pubkey {
    let pool = pool();
    let seeds: [&[u8]; 4] = [
        pool_seeds::ACCOUNT,
        pool.as_ref(),
        owner.as_ref(),
        &id.to_le_bytes(),
    ];
    Pubkey::find_program_address(&seeds, &margin_pool::ID).0
}

/// What became of a maker's quotes under one nonce; `serial` is the maker account's.
#[must_use]
pub fn fill(maker: &Pubkey, serial: u64, nonce: u64) -> Pubkey {
    let (serial, nonce) = (serial.to_le_bytes(), nonce.to_le_bytes());
    let seeds: [&[u8]; 4] = [pool_seeds::FILL, maker.as_ref(), &serial, &nonce];
    Pubkey::find_program_address(&seeds, &margin_pool::ID).0
}

#[must_use]
pub fn liquidation_config() -> Pubkey {
    Pubkey::find_program_address(&[liquidation_seeds::CONFIG], &liquidation::ID).0
}

/// The signer that the margin pool obeys in liquidation.
#[must_use]
pub fn liquidation_authority() -> Pubkey {
    Pubkey::find_program_address(&[liquidation_seeds::AUTHORITY], &liquidation::ID).0
}

#[must_use]
pub fn insurance_fund() -> Pubkey {
    Pubkey::find_program_address(&[liquidation_seeds::FUND], &liquidation::ID).0
}

#[must_use]
pub fn auction(margin_account: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(
        &[liquidation_seeds::AUCTION, margin_account.as_ref()],
        &liquidation::ID,
    )
    .0
}

/// An owner's stake in the insurance fund.
#[must_use]
pub fn insurance_stake(owner: &Pubkey) -> Pubkey {
    let fund = insurance_fund();
    let seeds: [&[u8]; 3] = [liquidation_seeds::STAKE, fund.as_ref(), owner.as_ref()];
    Pubkey::find_program_address(&seeds, &liquidation::ID).0
}
