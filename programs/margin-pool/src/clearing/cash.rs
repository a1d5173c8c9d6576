use {
    crate::{
        error::MarginPoolError,
        state::{Ledger, MarginAccount, Market, Pool, add, negative, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{PPM, funding::SUM_PER_MICRO, units::mul_ppm_ceil},
};

/// Changes an account's cash (positive: it receives), interest until now and its part of shared losses first: the one way
/// in which cash changes. What it then has shares later losses if the account has a position. The counterpart of `amount`, another account, a pot or the vault, is the caller's; the pool's interest was accrued
/// before.
pub fn credit(pool: &mut Pool, account: &mut MarginAccount, amount: i64) -> Result<()> {
    let indices = pool.interest.indices();
    let balance = account.balance();
    let interest = indices
        .interest(balance.principal(), account.interest_entry)
        .map_err(MarginPoolError::from)?;
    let lost = match account.at_risk {
        0 => 0,
        at_risk => pool.losses.take(at_risk, account.at_risk_since)?,
    };
    let change = sub(amount, lost)?;
    let after = balance.after(interest, change);
    let after = after.map_err(MarginPoolError::from)?;
    pool.interest
        .replace((balance, account.interest_entry), after)?;
    account.set_balance(after, &indices);
    pool.ledger.cash = add(pool.ledger.cash, add(interest, change)?)?;
    pool.ledger.interest = sub(pool.ledger.interest, interest)?;
    account.at_risk = exposed_cash(account);
    if account.at_risk != 0 {
        account.at_risk_since = pool.losses.enter(account.at_risk)?;
    }
    Ok(())
}

/// What of an account's cash shares losses: of accounts without a position nothing.
const fn exposed_cash(account: &MarginAccount) -> i64 {
    if account.open_positions == 0 || account.cash < 0 {
        return 0;
    }
    account.cash
}

/// After positions were opened or freed: an account's cash shares losses from its first position to its last.
pub fn register(pool: &mut Pool, account: &mut MarginAccount) -> Result<()> {
    if account.at_risk == exposed_cash(account) {
        return Ok(());
    }
    credit(pool, account, 0)
}

/// Moves cash from one account to the other; negative: the other way.
pub fn pay(
    pool: &mut Pool,
    from: &mut MarginAccount,
    to: &mut MarginAccount,
    amount: i64,
) -> Result<()> {
    credit(pool, from, negative(amount)?)?;
    credit(pool, to, amount)
}

/// Takes a fee out of an account's cash; a share of it goes to the insurance fund, rounded down.
pub fn charge(pool: &mut Pool, account: &mut MarginAccount, fee: i64) -> Result<()> {
    credit(pool, account, negative(fee)?)?;
    earn(pool, fee)
}

/// Divides what the pool earned.
fn earn(pool: &mut Pool, amount: i64) -> Result<()> {
    let kept = PPM.saturating_sub(pool.params.insurance_share);
    // Rounded up what is kept, so down what is not.
    let kept = mul_ppm_ceil(amount, kept).map_err(MarginPoolError::from)?;
    let share = sub(amount, kept)?;
    pool.ledger.fees = add(pool.ledger.fees, kept)?;
    pool.ledger.insurance = add(pool.ledger.insurance, share)?;
    pool.insurance_income = add(pool.insurance_income, share)?;
    Ok(())
}

/// Takes the pool's share of interest, as far as borrowers have paid it, and returns it.
pub fn sweep_interest(pool: &mut Pool) -> Result<i64> {
    let earned = pool.interest.earned(pool.ledger.interest)?;
    pool.ledger.interest = sub(pool.ledger.interest, earned)?;
    earn(pool, earned)?;
    Ok(earned)
}

/// Takes what rounding left in a market's pot, as far as it is there, and returns it.
pub fn sweep_dust(pool: &mut Pool, market: &mut Market) -> Result<i64> {
    let whole = market.dust.get() / SUM_PER_MICRO;
    let amount = i64::try_from(whole).unwrap_or(i64::MAX);
    let amount = amount.min(market.unsettled);
    market.dust.add(-i128::from(amount) * SUM_PER_MICRO)?;
    take_unsettled(&mut pool.ledger, market, amount)?;
    earn(pool, amount)?;
    Ok(amount)
}

/// Out of what losers paid in; negative: into it.
pub(super) fn take_unsettled(ledger: &mut Ledger, market: &mut Market, amount: i64) -> Result<()> {
    market.unsettled = sub(market.unsettled, amount)?;
    ledger.unsettled = sub(ledger.unsettled, amount)?;
    Ok(())
}
