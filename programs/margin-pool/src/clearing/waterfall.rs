//! Who pays for what an account cannot: the insurance fund within a market's tranche, then the profits of the markets that
//! caused it, then the cash of those who trade. Exact to the unit, and no account is looked for.

use {
    super::{Asset, bring_up, credit, positions::worth_and_profit},
    crate::{
        error::MarginPoolError,
        margin::RiskAccounts,
        state::{MarginAccount, Market, Pool, Position, add, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, PPM, allocation::apportion},
};

/// What is asked for on behalf of an account. Micro-USD.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub amount: i64,
    /// How much of it the account lacks. Beyond that only the fund pays: nobody's profit is a bidder's gain.
    pub shortfall: i64,
    /// Most of the fund that one market may use, ppm: see [`tranche_left`].
    pub tranche: u64,
}

/// Who paid; micro-USD.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    pub fund: i64,
    /// As a claim on the market, paid as its losers pay in.
    pub profits: i64,
    pub cash: i64,
}

impl Covered {
    pub fn total(&self) -> Result<i64> {
        add(add(self.fund, self.profits)?, self.cash)
    }
}

/// What each market has to answer for: an account's losses there, or, where none shows any more, what it holds there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Causes {
    losses: [u64; MAX_UNDERLYINGS],
    sizes: [u64; MAX_UNDERLYINGS],
}

impl Causes {
    /// Takes note of a position that was brought up to date, marked at `mark`.
    pub fn note(&mut self, position: &Position, mark: u64) -> Result<()> {
        let at = usize::from(position.underlying);
        let (loss, size) = loss_and_size(position, mark)?;
        if let (Some(losses), Some(sizes)) = (self.losses.get_mut(at), self.sizes.get_mut(at)) {
            *losses = losses.saturating_add(loss);
            *sizes = sizes.saturating_add(size);
        }
        Ok(())
    }

    /// An amount divided over the markets, exactly; `None` when the account has no positions.
    pub fn divide(&self, amount: i64) -> Result<Option<Vec<i64>>> {
        divide(amount, &self.losses, &self.sizes)
    }
}

/// What a position has lost by now and what it is worth without its sign, micro-USD. A claim has neither.
fn loss_and_size(position: &Position, mark: u64) -> Result<(u64, u64)> {
    if position.base == 0 {
        return Ok((0, 0));
    }
    let (worth, profit) = worth_and_profit(position, mark)?;
    // Every open position counts for something.
    Ok((profit.min(0).unsigned_abs(), worth.unsigned_abs().max(1)))
}

/// By the losses if they come to the whole amount, else by the sizes.
fn divide(amount: i64, losses: &[u64], sizes: &[u64]) -> Result<Option<Vec<i64>>> {
    let amount = u64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
    let sum = |of: &[u64]| of.iter().fold(0u64, |sum, x| sum.saturating_add(*x));
    if sum(sizes) == 0 {
        return Ok(None);
    }
    let weights = if sum(losses) >= amount.max(1) {
        losses
    } else {
        sizes
    };
    let parts = apportion(amount, weights).map_err(MarginPoolError::from)?;
    let signed = parts.into_iter().map(i64::try_from);
    let signed: std::result::Result<Vec<i64>, _> = signed.collect();
    Ok(Some(signed.map_err(|_| MarginPoolError::Overflow)?))
}

/// What a market may still have of the fund: `tranche` of what the fund would hold had it not paid here, less what it paid.
/// Rounded down; grows again as the fund does.
pub fn tranche_left(insurance: i64, insured: i64, tranche: u64) -> i64 {
    let whole = i128::from(insurance).saturating_add(i128::from(insured));
    let most = whole
        .saturating_mul(i128::from(tranche.min(PPM)))
        .div_euclid(i128::from(PPM));
    let left = most.saturating_sub(i128::from(insured));
    // At most the fund.
    i64::try_from(left.clamp(0, i128::from(insurance.max(0)))).unwrap_or(0)
}

/// The open positions of an account that are to be closed against the other side.
#[derive(Debug, Default)]
pub struct Reducing {
    /// Slot and mark.
    held: Vec<(usize, u64)>,
    losses: Vec<u64>,
    sizes: Vec<u64>,
}

impl Reducing {
    /// Takes note of a position that was brought up to date. A claim stays as it is.
    pub fn note(&mut self, position: &Position, slot: usize, mark: u64) -> Result<()> {
        if position.base == 0 {
            return Ok(());
        }
        let (loss, size) = loss_and_size(position, mark)?;
        self.held.push((slot, mark));
        self.losses.push(loss);
        self.sizes.push(size);
        Ok(())
    }

    /// Slot, mark, and how much of `shortfall` each makes up.
    pub fn divide(self, shortfall: i64) -> Result<Vec<(usize, u64, i64)>> {
        let parts = divide(shortfall.max(0), &self.losses, &self.sizes)?;
        let parts = parts.ok_or(MarginPoolError::NothingToReduce)?;
        let held = self.held.into_iter().zip(parts);
        Ok(held
            .map(|((slot, mark), part)| (slot, mark, part))
            .collect())
    }
}

/// Pays `to` what can be had of a claim. What profits pay is written into its position in their market. `to` was brought
/// up to date.
pub fn cover(
    pool: &mut Pool,
    risk: &RiskAccounts,
    to: &mut MarginAccount,
    claim: Claim,
    causes: &Causes,
) -> Result<Covered> {
    let mut covered = Covered::default();
    match causes.divide(claim.amount)? {
        Some(parts) => {
            for (underlying, part) in (0u8..).zip(parts).filter(|(_, part)| *part > 0) {
                let market = &mut *risk.market_mut(underlying)?;
                let left = tranche_left(pool.ledger.insurance, market.insured, claim.tranche);
                let paid = part.min(left);
                market.insured = add(market.insured, paid)?;
                pool.ledger.insurance = sub(pool.ledger.insurance, paid)?;
                covered.fund = add(covered.fund, paid)?;
            }
            let lacking = |covered: &Covered| -> Result<i64> {
                Ok(sub(claim.shortfall, covered.total()?)?.max(0))
            };
            // What is lacking after the fund has paid all it may, again by the causes.
            let Some(parts) = causes.divide(lacking(&covered)?)? else {
                return err!(MarginPoolError::LossUncovered);
            };
            for (underlying, part) in (0u8..).zip(parts).filter(|(_, part)| *part > 0) {
                let market = &mut *risk.market_mut(underlying)?;
                let paid = part.min(market.losses.claims);
                if paid > 0 {
                    market.losses.share(paid)?;
                    grant(market, to, underlying, paid)?;
                    covered.profits = add(covered.profits, paid)?;
                }
                market.invariant()?;
            }
        }
        None => {
            let paid = claim.amount.min(pool.ledger.insurance);
            pool.ledger.insurance = sub(pool.ledger.insurance, paid)?;
            covered.fund = paid;
        }
    }
    let lacking = sub(claim.shortfall, covered.total()?)?.max(0);
    if lacking > 0 {
        // Whoever takes the account over bears nothing of it.
        credit(pool, to, 0)?;
        pool.losses.take(to.at_risk, to.at_risk_since)?;
        to.at_risk = 0;
        covered.cash = lacking.min(pool.losses.claims);
        if covered.cash > 0 {
            pool.losses.share(covered.cash)?;
        }
    }
    credit(pool, to, add(covered.fund, covered.cash)?)?;
    Ok(covered)
}

/// Writes what profits pay into a position of that market, or into a claim on it.
pub(super) fn grant(
    market: &mut Market,
    to: &mut MarginAccount,
    underlying: u8,
    amount: i64,
) -> Result<()> {
    let own = |p: &Position| !p.is_free() && p.underlying == underlying;
    let slot = match to.positions.iter().position(own) {
        Some(slot) => slot,
        None => Asset::perpetual(underlying).find_or_open(to)?,
    };
    let position = to.position_mut(slot)?;
    let kept = market.losses.kept(position.profit, position.profit_since)?;
    bring_up(market, position)?;
    position.add(0, amount)?;
    market.quote = add(market.quote, amount)?;
    // Of a position at a loss it is not known here how much of it is profit; the next touch writes it down.
    position.profit = if position.base == 0 {
        position.quote.max(0)
    } else {
        kept
    };
    position.profit_since = market.losses.enter(position.profit)?;
    Ok(())
}
