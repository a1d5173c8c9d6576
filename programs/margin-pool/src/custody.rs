//! The moves that deposits, withdrawals and transfers share: balances of collateral, caps, limits on what leaves.

use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::OutflowBreakerTripped,
        margin::{RiskAccounts, Snapshot},
        state::{MarginAccount, Outflow, Pool},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Kind, PPM, Scratch,
        outflow::{Flow, OutflowLimit},
    },
};

/// A token of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolToken {
    Quote,
    /// By its slot in `Pool::collaterals`.
    Collateral(usize),
}

impl PoolToken {
    /// Refuses a token that is neither the quote currency nor listed.
    pub fn of(pool: &Pool, mint: &Pubkey) -> Result<Self> {
        if *mint == pool.quote_mint {
            return Ok(Self::Quote);
        }
        pool.collateral_index(mint).map(Self::Collateral)
    }
}

/// Adds to an account's balance; the account's cap holds.
pub fn add_collateral(
    pool: &Pool,
    account: &mut MarginAccount,
    index: usize,
    amount: u64,
) -> Result<()> {
    let cap = pool.collateral(index)?.account_cap;
    let balance = balance_mut(account, index)?;
    *balance = balance
        .checked_add(amount)
        .ok_or(MarginPoolError::Overflow)?;
    require!(*balance <= cap, MarginPoolError::AccountCapReached);
    Ok(())
}

/// That much of an account's settled cash, interest until now in it, as the ledgers count it: borrowing against collateral is for
/// losses, not for taking out.
pub fn own_cash(pool: &mut Pool, account: &mut MarginAccount, amount: u64) -> Result<i64> {
    clearing::credit(pool, account, 0)?;
    let owned = u64::try_from(account.cash).unwrap_or(0);
    require!(amount <= owned, MarginPoolError::InsufficientCash);
    i64::try_from(amount).map_err(|_| MarginPoolError::Overflow.into())
}

/// Takes from an account's balance.
pub fn take_collateral(account: &mut MarginAccount, index: usize, amount: u64) -> Result<()> {
    let balance = balance_mut(account, index)?;
    *balance = balance
        .checked_sub(amount)
        .ok_or(MarginPoolError::InsufficientCollateral)?;
    Ok(())
}

fn balance_mut(account: &mut MarginAccount, index: usize) -> Result<&mut u64> {
    let balance = account.collaterals.get_mut(index);
    balance.ok_or_else(|| MarginPoolError::CollateralNotListed.into())
}

/// The account holds its initial margin, and what it holds is judged by curves and scenarios that stand for the market. Asked
/// after cash or collateral left it. Underlyings in doubt, or with a price that nobody refreshed, are charged for in it, so
/// that it may give up what the rest covers.
pub fn require_margin<'info>(
    pool: &Pool,
    account: &MarginAccount,
    risk: &'info [AccountInfo<'info>],
    now: i64,
) -> Result<()> {
    let risk = RiskAccounts::load(pool, risk)?;
    let books = risk.books(now)?;
    let after = Snapshot::of(pool, account, &books)?;
    // What is in doubt counts for nothing here: see `cep_risk::Book::doubt`.
    let margin = after.evaluate(pool, &books, Kind::Initial, &mut Scratch::new())?;
    require!(margin.health() >= 0, MarginPoolError::BelowInitialMargin);
    after.require_current(&books)
}

impl Outflow {
    /// Another limit; what came in makes room for no more than that from now on.
    pub(crate) fn relimit(&mut self, limit: u64) {
        self.limit = limit;
        let least = i64::try_from(limit).unwrap_or(i64::MAX).saturating_neg();
        self.used = self.used.max(least);
    }

    const fn flow(&self) -> Flow {
        Flow {
            used: self.used,
            updated_at: self.updated_at,
        }
    }

    const fn rule(&self, window: u64) -> OutflowLimit {
        OutflowLimit {
            limit: self.limit,
            window,
        }
    }

    /// `used` in parts per million of the limit, rounded toward zero; zero without a limit. What moves count for in the total is
    /// a difference of two of these: their rounding does not add up, however small the moves are.
    fn share(&self, used: i64) -> i64 {
        if self.limit == 0 {
            return 0;
        }
        let product = u128::from(used.unsigned_abs()) * u128::from(PPM);
        let size = i64::try_from(product / u128::from(self.limit)).unwrap_or(i64::MAX);
        if used < 0 { -size } else { size }
    }

    /// Takes note of a flow and returns what it adds to the total, parts per million.
    fn replace(&mut self, before: Flow, after: Flow) -> i64 {
        (self.used, self.updated_at) = (after.used, after.updated_at);
        let added = self.share(after.used);
        added.saturating_sub(self.share(before.used))
    }
}

impl Pool {
    pub fn outflow_mut(&mut self, asset: PoolToken) -> Result<&mut Outflow> {
        match asset {
            PoolToken::Quote => Ok(&mut self.outflow),
            PoolToken::Collateral(index) => Ok(&mut self.collateral_mut(index)?.outflow),
        }
    }

    /// Takes note of what came into a vault for an account: it makes room in the limits, and in the total as much as the
    /// token's own limit took note of, so that one token cannot make room for all others.
    pub fn came_in(&mut self, asset: PoolToken, amount: u64, now: i64) -> Result<()> {
        let window = self.params.outflow_window;
        let outflow = self.outflow_mut(asset)?;
        let rule = outflow.rule(window);
        let before = rule.at(outflow.flow(), now);
        let after = rule.deposit(before, amount, now);
        let added = outflow.replace(before, after);
        self.add_to_total(added, now);
        Ok(())
    }

    /// Refuses what would leave while withdrawals are halted.
    pub fn require_not_halted(&self, now: i64) -> Result<()> {
        if now < self.halted_until {
            msg!("Withdrawals are halted until {}", self.halted_until);
            return err!(MarginPoolError::WithdrawalsHalted);
        }
        Ok(())
    }

    /// Refuses what the limits do not let out now, and stops all withdrawals for a while after one that passes the breaker.
    pub fn goes_out(&mut self, asset: PoolToken, amount: u64, now: i64) -> Result<()> {
        self.require_not_halted(now)?;
        let window = self.params.outflow_window;
        let outflow = self.outflow_mut(asset)?;
        let rule = outflow.rule(window);
        let before = rule.at(outflow.flow(), now);
        let Some(after) = rule.withdraw(before, amount, now) else {
            match rule.wait(before, amount, now) {
                Some(seconds) => msg!("Retry in {} seconds, or withdraw less", seconds),
                None => msg!("At most {} leave at once; withdraw less", outflow.limit),
            }
            return err!(MarginPoolError::OutflowLimit);
        };
        let added = outflow.replace(before, after);
        self.add_to_total(added, now);
        let breaker = self.params.outflow_breaker;
        let used = u64::try_from(self.total_outflow.used).unwrap_or(0);
        // It passed its own limit, so it leaves; the breaker only looks at what may follow.
        if breaker != 0 && used > breaker {
            let halt = i64::try_from(self.params.halt_seconds).unwrap_or(i64::MAX);
            self.halted_until = now.saturating_add(halt);
            let until = self.halted_until;
            emit!(OutflowBreakerTripped { used, until });
        }
        Ok(())
    }

    /// The total runs toward zero by the breaker's own size in every window, and deposits lower it by no more than that.
    fn add_to_total(&mut self, added: i64, now: i64) {
        let breaker = self.params.outflow_breaker;
        self.total_outflow.limit = breaker;
        let rule = self.total_outflow.rule(self.params.outflow_window);
        let flow = rule.at(self.total_outflow.flow(), now);
        let least = i64::try_from(breaker).unwrap_or(i64::MAX).saturating_neg();
        self.total_outflow.used = flow.used.saturating_add(added).max(least);
        self.total_outflow.updated_at = flow.updated_at;
    }
}
