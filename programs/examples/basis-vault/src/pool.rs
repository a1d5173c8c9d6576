//! What the vault asks of the margin pool.

use {
    crate::{
        error::BasisVaultError,
        seeds,
        state::Vault,
        value::{Between, Holdings},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        cpi,
        error::MarginPoolError,
        margin::MarginReport,
        program::MarginPool,
        state::{Collateral, MarginAccount, Pool},
    },
    risk_engine::state::{BookRef, RiskBook},
    std::cell::Ref,
};

/// Micro-USD in a USD: prices are per whole token, quantities millionths of it.
const MILLION: u64 = 1_000_000;

/// The accounts that valuing a vault takes.
pub struct Valued<'a, 'info> {
    pub vault: &'a Vault,
    pub program: &'a Program<'info, MarginPool>,
    pub pool: &'a AccountLoader<'info, Pool>,
    pub account: &'a AccountLoader<'info, MarginAccount>,
    /// The pool's (risk book, market) pairs: of the staked token, of what it redeems for, of all else that is held.
    pub pairs: &'info [AccountInfo<'info>],
}

impl<'info> Valued<'_, 'info> {
    /// What the vault holds, by the pool's own valuation: its margin check says what everything is worth, from which the
    /// tokens are taken out at the weight they count with and put in again at what they cost. Refuses while the short is
    /// valued by a price that somebody could refresh.
    pub fn holdings(&self) -> Result<Holdings> {
        let report = self.check()?;
        let (pool, account) = (self.pool.load()?, self.account.load()?);
        require!(
            report.stale_prices == 0 || account.open_positions == 0,
            BasisVaultError::PriceStale
        );
        // Asked every time: the pool may have given the slot of a delisted token to another one.
        let slot = pool.collateral_index(&self.vault.staked_mint)?;
        let listed = pool.collateral(slot)?;
        let (token, base) = (
            book(&pool, listed.underlying, self.pairs, 0)?.price,
            book(&pool, listed.base, self.pairs, 1)?.price,
        );
        let tokens = account.collaterals.get(slot).copied().unwrap_or(0);
        let counted = counted(listed, tokens, (token, base))?;
        let equity = report.maintenance.equity;
        // Equity is rounded down, where there is anything to round: cash is whole.
        let whole = account.open_positions == 0 && account.collaterals.iter().all(|a| *a == 0);
        let above = equity.saturating_add(i64::from(!whole));
        let most = above.saturating_sub(counted.least);
        Ok(Holdings {
            tokens,
            price: token,
            unit: 10u64
                .checked_pow(u32::from(listed.decimals))
                .ok_or(BasisVaultError::Overflow)?,
            rest: Between {
                least: equity.saturating_sub(counted.most),
                most,
            },
        })
    }

    fn check(&self) -> Result<MarginReport> {
        let accounts = cpi::accounts::CheckMargin {
            pool: self.pool.to_account_info(),
            margin_account: self.account.to_account_info(),
        };
        let call = CpiContext::new(self.program.key(), accounts)
            .with_remaining_accounts(self.pairs.to_vec());
        Ok(cpi::check_margin(call)?.get())
    }
}

/// What the pool counts `tokens` for in equity, micro-USD: at their weight, and as a whole number of millionths of what they
/// redeem for, so that it may be less than their price by one of those.
fn counted(listed: &Collateral, tokens: u64, (token, base): (u64, u64)) -> Result<Between> {
    let quantity = listed.quantity_at(tokens, Clock::get()?.unix_timestamp)?;
    if quantity == 0 {
        return Ok(Between { least: 0, most: 0 });
    }
    let exact = u128::from(quantity.unsigned_abs()) * u128::from(token);
    let most = i64::try_from(exact.div_ceil(u128::from(MILLION)));
    let most = most.map_err(|_| BasisVaultError::Overflow)?;
    // Two roundings to a micro-USD beside that of the millionth.
    let rounding = base.div_ceil(MILLION).saturating_add(2);
    let rounding = i64::try_from(rounding).map_err(|_| BasisVaultError::Overflow)?;
    Ok(Between {
        least: most.saturating_sub(rounding),
        most,
    })
}

/// The book of an underlying, whose pair is the one at `pair` of the remaining accounts.
pub fn book<'info>(
    pool: &Pool,
    underlying: u8,
    remaining: &'info [AccountInfo<'info>],
    pair: usize,
) -> Result<Ref<'info, RiskBook>> {
    let book = remaining.chunks(2).nth(pair).and_then(|pair| pair.first());
    let book = book.ok_or(MarginPoolError::RiskAccountsMissing)?;
    require_keys_eq!(
        *book.key,
        pool.underlying(underlying)?.book,
        MarginPoolError::RiskAccountsMismatch
    );
    Ok(BookRef::load(book)?.header)
}

/// The vault's signature: `[VAULT, staked mint, bump]`.
pub fn signed<T>(vault: &Vault, sign: impl FnOnce(&[&[&[u8]]]) -> Result<T>) -> Result<T> {
    let bump = [vault.bump];
    sign(&[&[seeds::VAULT, vault.staked_mint.as_ref(), &bump]])
}
