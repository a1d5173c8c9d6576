//! What the vault asks of the margin pool.

use {
    crate::{error::BasisVaultError, seeds, state::Vault},
    anchor_lang::prelude::*,
    margin_pool::{
        cpi,
        error::MarginPoolError,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
    risk_engine::state::BookRef,
};

/// Equity of the vault's margin account, micro-USD, by the pool's own margin check: what it is worth, with collateral at its
/// weight and staked tokens at no more than their redemption value. `remaining` are the pool's (book, market) pairs.
pub fn equity<'info>(
    program: &Program<'info, MarginPool>,
    pool: &AccountLoader<'info, Pool>,
    account: &AccountLoader<'info, MarginAccount>,
    remaining: &[AccountInfo<'info>],
) -> Result<i64> {
    let accounts = cpi::accounts::CheckMargin {
        pool: pool.to_account_info(),
        margin_account: account.to_account_info(),
    };
    let call = CpiContext::new(program.key(), accounts).with_remaining_accounts(remaining.to_vec());
    Ok(cpi::check_margin(call)?.get().initial.equity)
}

/// Book price of an underlying, micro-USD a whole token, whose pair is the one at `pair` of the remaining accounts.
pub fn price<'info>(
    pool: &Pool,
    underlying: u8,
    remaining: &'info [AccountInfo<'info>],
    pair: usize,
) -> Result<u64> {
    let book = remaining.chunks(2).nth(pair).and_then(|pair| pair.first());
    let book = book.ok_or(MarginPoolError::RiskAccountsMissing)?;
    require_keys_eq!(
        *book.key,
        pool.underlying(underlying)?.book,
        MarginPoolError::RiskAccountsMismatch
    );
    Ok(BookRef::load(book)?.header.price)
}

/// The vault's signature: `[VAULT, staked mint, bump]`.
pub fn signed<T>(vault: &Vault, sign: impl FnOnce(&[&[&[u8]]]) -> Result<T>) -> Result<T> {
    let bump = [vault.bump];
    sign(&[&[seeds::VAULT, vault.staked_mint.as_ref(), &bump]])
}

/// `amount x numerator / denominator`, rounded down.
pub fn share_of(amount: u64, numerator: u64, denominator: u64) -> Result<u64> {
    let exact = u128::from(amount) * u128::from(numerator);
    let exact = exact
        .checked_div(u128::from(denominator))
        .ok_or(BasisVaultError::Worthless)?;
    u64::try_from(exact).map_err(|_| BasisVaultError::Overflow.into())
}

/// Equity as a count of micro-USD: none below zero.
pub fn worth(equity: i64) -> u64 {
    u64::try_from(equity).unwrap_or(0)
}
