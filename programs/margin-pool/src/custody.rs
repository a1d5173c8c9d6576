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
    let amount = i64::try_from(amount).map_err(|_| MarginPoolError::InsufficientCash)?;
    clearing::require_settled_cash(pool, account, amount)?;
    Ok(amount)
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
    /// Another limit from now on; what ran off until now did so by the old one.
    pub(crate) fn relimit(&mut self, limit: u64, window: u64, now: i64) {
        let flow = self.rule(window).at(self.flow(), now);
        self.keep(flow);
        self.limit = limit;
    }

    const fn flow(&self) -> Flow {
        Flow {
            used: self.used,
            updated_at: self.updated_at,
        }
    }

    const fn keep(&mut self, flow: Flow) {
        (self.used, self.updated_at) = (flow.used, flow.updated_at);
    }

    const fn rule(&self, window: u64) -> OutflowLimit {
        OutflowLimit {
            limit: self.limit,
            window,
        }
    }

    /// What is counted at `now`, in parts per million of the limit, rounded down; zero without a limit.
    fn share(&self, window: u64, now: i64) -> u64 {
        let used = self.rule(window).at(self.flow(), now).used;
        let share = u128::from(used) * u128::from(PPM);
        let share = share.checked_div(u128::from(self.limit)).unwrap_or(0);
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl PoolToken {
    /// Where an account keeps what moved of it: see [`MarginAccount::flows`](MarginAccount).
    const fn flow(self) -> usize {
        match self {
            Self::Quote => 0,
            Self::Collateral(index) => index.saturating_add(1),
        }
    }
}

impl MarginAccount {
    fn flow_mut(&mut self, token: PoolToken) -> Result<&mut i64> {
        let flow = self.flows.get_mut(token.flow());
        flow.ok_or_else(|| MarginPoolError::CollateralNotListed.into())
    }
}

impl Pool {
    fn outflow_mut(&mut self, token: PoolToken) -> Result<&mut Outflow> {
        match token {
            PoolToken::Quote => Ok(&mut self.outflow),
            PoolToken::Collateral(index) => Ok(&mut self.collateral_mut(index)?.outflow),
        }
    }

    /// Brings all of an account's own flows to `now`: what it took out runs off by each token's limit.
    fn age_flows(&self, account: &mut MarginAccount, now: i64) {
        let (since, window) = (account.flows_at, self.params.outflow_window);
        if now <= since {
            return;
        }
        let collaterals = self.collaterals.iter().map(|listed| &listed.outflow);
        let limits = std::iter::once(&self.outflow).chain(collaterals);
        for (flow, limit) in account.flows.iter_mut().zip(limits) {
            if *flow != 0 {
                *flow = limit.rule(window).own_at(*flow, since, now);
            }
        }
        account.flows_at = now;
    }

    /// Counts what came into a vault for an account. It may take as much out again for a window, and
    /// what it had taken out before comes off the limit.
    pub fn record_deposit(
        &mut self,
        account: &mut MarginAccount,
        token: PoolToken,
        amount: u64,
        now: i64,
    ) -> Result<()> {
        self.age_flows(account, now);
        let window = self.params.outflow_window;
        let outflow = self.outflow_mut(token)?;
        let own = account.flow_mut(token)?;
        let rule = outflow.rule(window);
        let flow = rule.at(outflow.flow(), now);
        let (flow, after) = rule.deposit(flow, *own, amount);
        *own = after;
        outflow.keep(flow);
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

    /// Counts what leaves a vault for an account, beyond what that account brought in. Refuses what the
    /// limits do not let out now, and stops all withdrawals for a while after one that passes the
    /// breaker.
    pub fn record_withdrawal(
        &mut self,
        account: &mut MarginAccount,
        token: PoolToken,
        amount: u64,
        now: i64,
    ) -> Result<()> {
        self.require_not_halted(now)?;
        self.age_flows(account, now);
        let window = self.params.outflow_window;
        let outflow = self.outflow_mut(token)?;
        let own = account.flow_mut(token)?;
        let rule = outflow.rule(window);
        let before = rule.at(outflow.flow(), now);
        let Some((flow, after)) = rule.withdraw(before, *own, amount) else {
            match rule.wait(before, *own, amount, now) {
                Some(seconds) => msg!("Retry in {} seconds, or withdraw less", seconds),
                None => msg!("At most {} leave at once; withdraw less", outflow.limit),
            }
            return err!(MarginPoolError::OutflowLimit);
        };
        *own = after;
        outflow.keep(flow);
        if flow.used > before.used {
            self.judge_breaker(now);
        }
        Ok(())
    }

    /// It passed its own limit, so it leaves; the breaker only looks at what may follow.
    fn judge_breaker(&mut self, now: i64) {
        let (breaker, window) = (self.params.outflow_breaker, self.params.outflow_window);
        if breaker == 0 {
            return;
        }
        let listed = self.collaterals.iter();
        let listed = listed.take(usize::from(self.collateral_count));
        let shares = listed.map(|c| c.outflow.share(window, now));
        let used = shares.fold(self.outflow.share(window, now), u64::saturating_add);
        if used > breaker {
            let halt = i64::try_from(self.params.halt_seconds).unwrap_or(i64::MAX);
            self.halted_until = now.saturating_add(halt);
            let until = self.halted_until;
            emit!(OutflowBreakerTripped { used, until });
        }
    }

    /// What one account of an owner brought in goes with what it hands to another one, which may take
    /// it out instead: no sum of what may leave changes.
    pub fn carry_flow(
        &mut self,
        (from, to): (&mut MarginAccount, &mut MarginAccount),
        token: PoolToken,
        amount: u64,
        now: i64,
    ) -> Result<()> {
        self.age_flows(from, now);
        let own = from.flow_mut(token)?;
        let carried = amount.min((*own).min(0).unsigned_abs());
        if carried == 0 {
            return Ok(());
        }
        // No more than the flow's own size.
        *own = own.saturating_add_unsigned(carried);
        self.record_deposit(to, token, carried, now)
    }
}
