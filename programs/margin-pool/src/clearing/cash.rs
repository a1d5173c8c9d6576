use {
    crate::{
        error::MarginPoolError,
        state::{Ledger, MarginAccount, Market, Pool, add, negative, standing, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, PPM, funding::SUM_PER_MICRO, units::mul_ppm_ceil},
};

/// Changes an account's cash (positive: it receives), interest until now and its part of shared losses first: the one way
/// in which cash changes. What it then has shares later losses if the account has a position. The counterpart of `amount`,
/// another account, a pot or the vault, is the caller's; the pool's interest was accrued before.
pub fn credit(pool: &mut Pool, account: &mut MarginAccount, amount: i64) -> Result<()> {
    let indices = pool.interest.indices();
    let balance = account.balance();
    let interest = indices
        .interest(balance.principal(), account.interest_entry)
        .map_err(MarginPoolError::from)?;
    let (mut lost, mut shared, mut held) = (0, account.at_risk, account.held);
    if shared != 0 {
        lost = pool.losses.take(shared, account.at_risk_since)?;
        shared = sub(shared, lost)?;
    }
    if held != 0 {
        let gone = pool.held.take(held, account.held_since)?;
        (lost, held) = (add(lost, gone)?, sub(held, gone)?);
    }
    let change = sub(amount, lost)?;
    let after = balance.after(interest, change);
    let after = after.map_err(MarginPoolError::from)?;
    pool.interest
        .replace((balance, account.interest_entry), after)?;
    account.set_balance(after, &indices);
    pool.ledger.cash = add(pool.ledger.cash, add(interest, change)?)?;
    pool.ledger.interest = sub(pool.ledger.interest, interest)?;
    if pool.visible_shortfall == 0 {
        held = 0;
    } else if account.open_positions == 0 && shared != 0 {
        // Its last position was closed.
        held = add(held, duty(pool, shared, add(pool.losses.claims, shared)?)?)?;
    }
    if account.open_positions == 0 && account.cash >= 0 {
        // Nothing is owed that its losses could have caused.
        account.earned = [0; MAX_UNDERLYINGS];
    }
    share_again(pool, account, held)
}

/// Enters what an account has into the sums that share losses, `held` of it (micro-USD) kept back.
fn share_again(pool: &mut Pool, account: &mut MarginAccount, held: i64) -> Result<()> {
    account.held = held.min(account.cash.max(0));
    if account.held != 0 {
        account.held_since = pool.held.enter(account.held)?;
    }
    account.at_risk = exposed_cash(account);
    if account.at_risk != 0 {
        account.at_risk_since = pool.losses.enter(account.at_risk)?;
    }
    Ok(())
}

/// The shortfall that is visible now and for which nothing is kept back yet, micro-USD.
fn uncovered(pool: &Pool) -> i64 {
    let lacking = pool.visible_shortfall.saturating_sub(pool.held.claims);
    lacking.max(0)
}

/// What `leaving` of `all` the cash that shares losses would bear of the shortfall that is visible now, less what is kept back
/// for it already. Rounded up; at most all of it.
fn duty(pool: &Pool, leaving: i64, all: i64) -> Result<i64> {
    let lacking = uncovered(pool);
    if lacking <= 0 || all <= 0 {
        return Ok(0);
    }
    if lacking >= all {
        return Ok(leaving);
    }
    proportion(leaving, lacking, all)
}

/// `amount x part / all`, none of them negative and the last not zero; rounded up.
fn proportion(amount: i64, part: i64, all: i64) -> Result<i64> {
    // Below 2⁶³ x 2⁶³.
    let product = u128::from(amount.unsigned_abs()) * u128::from(part.unsigned_abs());
    let quotient = product.div_ceil(u128::from(all.unsigned_abs()));
    Ok(i64::try_from(quotient).unwrap_or(i64::MAX))
}

/// Before `amount` of cash leaves an account: it must be settled and its own, and what it would bear of the shortfall that is
/// visible stays behind, still sharing, until those auctions close. So no share is dodged by a withdrawal or a transfer just
/// before a loss is shared. To be followed by [`credit`].
pub fn require_settled_cash(
    pool: &mut Pool,
    account: &mut MarginAccount,
    amount: i64,
) -> Result<()> {
    credit(pool, account, 0)?;
    require!(
        amount <= account.cash.max(0),
        MarginPoolError::InsufficientCash
    );
    if pool.visible_shortfall == 0 {
        return Ok(());
    }
    // What is kept back stops sharing with the rest too, so that it stands for itself as well as for what leaves: of a part
    // p that all would bear, what leaves and what is kept together bear p.
    let beside = sub(pool.losses.claims, uncovered(pool))?;
    let kept = if beside <= 0 {
        account.at_risk
    } else {
        let leaving = amount.min(account.at_risk);
        proportion(leaving, uncovered(pool), beside)?.min(account.at_risk)
    };
    if kept != 0 {
        let held = add(account.held, kept)?;
        for (sum, claim, since) in [
            (&mut pool.losses, account.at_risk, account.at_risk_since),
            (&mut pool.held, account.held, account.held_since),
        ] {
            // Both were brought up to date above.
            sum.take(claim, since)?;
        }
        share_again(pool, account, held)?;
    }
    require!(
        amount <= sub(account.cash, account.held)?,
        MarginPoolError::CashHeldBack
    );
    Ok(())
}

/// Takes up to `amount` (micro-USD) from all cash that shares losses, and returns what there was. Of a shortfall that was
/// visible, what was kept back for it bears the part for which it was kept.
pub(super) fn share_among_cash(pool: &mut Pool, amount: i64) -> Result<i64> {
    let kept = pool.held.claims;
    let part = match pool.visible_shortfall {
        0 => 0,
        visible if visible <= amount => kept.min(amount),
        visible => {
            // At most `kept`.
            proportion(kept, amount, visible)?.min(amount)
        }
    };
    let rest = sub(amount, part)?.min(pool.losses.claims);
    for (sum, loss) in [(&mut pool.held, part), (&mut pool.losses, rest)] {
        if loss > 0 {
            sum.share(loss)?;
        }
    }
    add(part, rest)
}

/// What of an account's cash shares losses beside what is held: of accounts without a position nothing, and of those in auction
/// neither, whose cash is for sale and who may be the ones that lost.
const fn exposed_cash(account: &MarginAccount) -> i64 {
    let in_auction = account.in_liquidation == standing::IN_AUCTION;
    if account.open_positions == 0 || account.cash < 0 || in_auction {
        return 0;
    }
    account.cash.saturating_sub(account.held)
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
