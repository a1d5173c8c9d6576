//! Who pays for what an account cannot: the insurance fund within a market's tranche, then the contracts that won by the
//! moves that caused it, then the cash of those who trade. Exact to the unit, and no account is looked for.
//!
//! None of it depends on when anybody's profit was last moved into cash: causes are what an account won and lost, settled or
//! not, and shares are per contract held and by the book's reference prices.

use {
    super::{
        Asset, bring_up,
        cash::{share_among_cash, sweep_interest},
        positions::{rough_worth, worth_and_value, write_down},
    },
    crate::{
        error::MarginPoolError,
        margin::{BookParts, Books, RiskAccounts, valuation},
        state::{Fall, MarginAccount, Market, Pool, Position, add, sub},
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
    /// By the contracts that won, as a claim on their market, paid as its losers pay in.
    pub profits: i64,
    pub cash: i64,
}

impl Covered {
    pub fn total(&self) -> Result<i64> {
        add(add(self.fund, self.profits)?, self.cash)
    }
}

/// What each market has to answer for: what an account lost there, settled or not, or, where none shows, what it holds there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Causes {
    values: [i64; MAX_UNDERLYINGS],
    sizes: [u64; MAX_UNDERLYINGS],
}

impl Causes {
    /// What the account has settled; its positions are to be [counted](Self::count).
    #[must_use]
    pub fn of(account: &MarginAccount) -> Self {
        Self {
            values: account.earned,
            sizes: [0; MAX_UNDERLYINGS],
        }
    }

    /// Counts a position that was brought up to date, marked at `mark`.
    pub fn count(&mut self, position: &Position, mark: u64) -> Result<()> {
        let at = usize::from(position.underlying);
        let (worth, value) = worth_and_value(position, mark)?;
        if let (Some(values), Some(sizes)) = (self.values.get_mut(at), self.sizes.get_mut(at)) {
            *values = values.saturating_add(value);
            if position.base != 0 {
                // Every open position counts for something.
                *sizes = sizes.saturating_add(worth.unsigned_abs().max(1));
            }
        }
        Ok(())
    }

    /// An amount divided over the markets by what was lost there, or else by what is held there, exactly; `None` when no
    /// market has to answer for anything.
    pub fn divide(&self, amount: i64) -> Result<Option<Vec<i64>>> {
        let losses = self.values.map(|value| value.min(0).unsigned_abs());
        let any = |of: &[u64; MAX_UNDERLYINGS]| of.iter().any(|x| *x != 0);
        let weights = match (any(&losses), any(&self.sizes)) {
            (true, _) => losses,
            (false, true) => self.sizes,
            (false, false) => return Ok(None),
        };
        Ok(Some(parts_of(amount, &weights)?))
    }
}

fn parts_of(amount: i64, weights: &[u64]) -> Result<Vec<i64>> {
    let amount = u64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
    let parts = apportion(amount, weights).map_err(MarginPoolError::from)?;
    let mut signed = Vec::with_capacity(parts.len());
    for part in parts {
        signed.push(i64::try_from(part).map_err(|_| MarginPoolError::Overflow)?);
    }
    Ok(signed)
}

/// How an open position's instrument moved against it since the book's reference price was published: its mark now less its
/// mark at that price. `None` where it did not.
pub fn fall_of<B: BookParts>(
    position: &Position,
    books: &Books<B>,
    mark: u64,
) -> Result<Option<Fall>> {
    if position.base == 0 {
        return Ok(None);
    }
    let book = &books.listed(position.underlying)?.book;
    let (asset, long) = (Asset::held(position)?, position.base > 0);
    let Some(reference) = valuation::reference_mark(book, &asset, !long, books.now)? else {
        return Ok(None);
    };
    let (high, low) = if long {
        (reference, mark)
    } else {
        (mark, reference)
    };
    let won = high.saturating_sub(low);
    if won == 0 {
        return Ok(None);
    }
    Ok(Some(Fall {
        underlying: asset.underlying,
        slot: asset.slot,
        instrument: asset.instrument,
        long,
        loss: rough_worth(position.base, won)?.unsigned_abs(),
        won,
        period: book.header().reference.taken,
    }))
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
    /// Counts an open position in a slot that was brought up to date, with what its instrument's move since the reference
    /// price lost it.
    pub fn count(
        &mut self,
        position: &Position,
        (slot, mark): (usize, u64),
        fall: Option<&Fall>,
    ) -> Result<()> {
        let (worth, _) = worth_and_value(position, mark)?;
        self.held.push((slot, mark));
        self.losses.push(fall.map_or(0, |fall| fall.loss));
        self.sizes.push(worth.unsigned_abs().max(1));
        Ok(())
    }

    /// Slot, mark, and how much of `shortfall` each makes up: by what the last moves lost it if that comes to all of it, else
    /// by its size.
    pub fn divide(self, shortfall: i64) -> Result<Vec<(usize, u64, i64)>> {
        require!(!self.held.is_empty(), MarginPoolError::NothingToReduce);
        let lost = self
            .losses
            .iter()
            .fold(0u64, |sum, x| sum.saturating_add(*x));
        let enough = lost >= shortfall.max(1).unsigned_abs();
        let weights = if enough { &self.losses } else { &self.sizes };
        let parts = parts_of(shortfall.max(0), weights)?;
        let held = self.held.into_iter().zip(parts);
        Ok(held
            .map(|((slot, mark), part)| (slot, mark, part))
            .collect())
    }
}

/// What contracts of each market bear for who takes an account over, micro-USD: see [`grant`].
pub type Grants = [i64; MAX_UNDERLYINGS];

/// Takes what can be had of a claim out of the fund, contracts and cash. The caller credits the first and the last to who is paid, and
/// [writes](grant) what contracts bear into its positions once it has those of the account. Asked before anything of the account changes hands: who takes it over bears what it would have
/// borne without that, and no more. `falls`: how instruments moved against the account, found out only if the fund does not
/// pay all it lacks.
pub fn cover(
    pool: &mut Pool,
    risk: &RiskAccounts,
    claim: Claim,
    causes: &Causes,
    falls: impl FnOnce() -> Result<Vec<Fall>>,
) -> Result<(Covered, Grants)> {
    // The fund's share of what borrowers have paid by now is the fund's.
    sweep_interest(pool)?;
    let mut covered = Covered {
        fund: from_fund(pool, risk, &claim, causes)?,
        ..Covered::default()
    };
    let lacking = sub(claim.shortfall, covered.fund)?.max(0);
    let mut grants = [0; MAX_UNDERLYINGS];
    if lacking > 0 {
        covered.profits = from_contracts(risk, lacking, &falls()?, &mut grants)?;
        covered.cash = share_among_cash(pool, sub(lacking, covered.profits)?)?;
    }
    Ok((covered, grants))
}

/// What the fund pays of a claim: each market that caused it has its tranche, and so have all debts together that none did.
fn from_fund(pool: &mut Pool, risk: &RiskAccounts, claim: &Claim, causes: &Causes) -> Result<i64> {
    let mut sum = 0;
    let mut pay = |pool: &mut Pool, insured: i64, part: i64| -> Result<i64> {
        let paid = part.min(tranche_left(pool.ledger.insurance, insured, claim.tranche));
        pool.ledger.insurance = sub(pool.ledger.insurance, paid)?;
        sum = add(sum, paid)?;
        add(insured, paid)
    };
    match causes.divide(claim.amount)? {
        Some(parts) => {
            for (underlying, part) in (0u8..).zip(parts).filter(|(_, part)| *part > 0) {
                let market = &mut *risk.market_mut(underlying)?;
                market.insured = pay(pool, market.insured, part)?;
            }
        }
        None => pool.insured = pay(pool, pool.insured, claim.amount)?,
    }
    Ok(sum)
}

/// What the contracts on the other side of what fell bear of a loss: divided by what each fall lost the account.
fn from_contracts(
    risk: &RiskAccounts,
    lacking: i64,
    falls: &[Fall],
    grants: &mut Grants,
) -> Result<i64> {
    let mut sum = 0;
    let weights: Vec<u64> = falls.iter().map(|fall| fall.loss).collect();
    if weights.iter().all(|loss| *loss == 0) {
        return Ok(0);
    }
    for (fall, part) in falls.iter().zip(parts_of(lacking, &weights)?) {
        let market = &mut *risk.market_mut(fall.underlying)?;
        // No more than the account lost there: a sliver that fell does not answer for what something else lost.
        let borne = market.charge(fall, part.min(i64::try_from(fall.loss).unwrap_or(i64::MAX)))?;
        market.invariant()?;
        sum = add(sum, borne)?;
        if let Some(granted) = grants.get_mut(usize::from(fall.underlying)) {
            *granted = add(*granted, borne)?;
        }
    }
    Ok(sum)
}

/// Writes what contracts bear into a position of that market, or into a claim on it: the market's quote counts it already.
/// What `to` has won does not change by it: it is paid for a loss that it takes over.
pub fn grant(
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
    to.earn(underlying, amount.saturating_neg());
    let position = to.position_mut(slot)?;
    bring_up(market, position)?;
    position.add(0, amount)?;
    write_down(market, position)
}
