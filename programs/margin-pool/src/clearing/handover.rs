//! What liquidation takes of an account, checked from what the accounts were before and what they are after.
//!
//! Whatever an instruction did in between, and whatever its caller passed: the account gave up what the published rule
//! says, to the unit, and who took it got exactly that. The check reads states alone. It shares no code with the moves, so
//! that a fault of theirs is refused instead of paid for.

use {
    super::{Asset, SlotMap},
    crate::{
        error::MarginPoolError,
        state::{MAX_COLLATERALS, MarginAccount, Position, add, negative, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{Quantity, auction::PPB},
};

/// Two accounts before liquidation moves anything between them, or one before its positions are closed. Interest, funding,
/// reductions and shared losses until now were taken before.
pub struct Handover {
    held: Vec<Held>,
    collaterals: [[u64; MAX_COLLATERALS]; 2],
    cash: [i64; 2],
}

/// A position of the failing account, in its slot there, and what the other one had of the same.
#[derive(Clone, Copy, Debug)]
struct Held {
    slot: u8,
    asset: Asset,
    base: i64,
    quote: i64,
    /// Micro-USD per contract; zero for a claim.
    mark: u64,
    /// Base and quote.
    taker: (i64, i64),
}

/// What an instruction may change.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// `fraction` (ppb) of every position, collateral and of cash beyond `reserved` goes to the taker, which pays `payment`
    /// (micro-USD, zero or more) for it.
    Slice {
        fraction: u64,
        reserved: i64,
        payment: i64,
    },
    /// A part of one position or collateral goes to the taker for `payment` (micro-USD; negative: the taker is paid).
    Leg { payment: i64 },
    /// Positions are closed, for `shortfall` (micro-USD, zero or more) beyond what they are worth.
    Closed { shortfall: i64 },
    /// The pool pays `paid` (micro-USD) of a debt, and no more than the debt.
    WrittenOff { paid: i64 },
}

/// The account that takes over, and where it has what.
pub type Taker<'a> = (&'a MarginAccount, &'a SlotMap);

impl Handover {
    /// Room for what an account holds.
    #[must_use]
    pub fn of(from: &MarginAccount) -> Self {
        Self {
            held: Vec::with_capacity(usize::from(from.open_positions)),
            collaterals: [[0; MAX_COLLATERALS]; 2],
            cash: [0; 2],
        }
    }

    /// A position as it is before anything moves, marked at `mark`, and base and quote that the taker has of the same.
    pub fn hold(
        &mut self,
        slot: usize,
        position: &Position,
        mark: u64,
        taker: (i64, i64),
    ) -> Result<()> {
        self.held.push(Held {
            slot: u8::try_from(slot).map_err(|_| MarginPoolError::Overflow)?,
            asset: Asset::held(position)?,
            base: position.base,
            quote: position.quote,
            mark,
            taker,
        });
        Ok(())
    }

    /// Cash and collateral as they are before anything moves.
    pub fn balances(&mut self, from: &MarginAccount, to: Option<&MarginAccount>) {
        self.cash[0] = from.cash;
        self.collaterals[0] = from.collaterals;
        if let Some(to) = to {
            self.cash[1] = to.cash;
            self.collaterals[1] = to.collaterals;
        }
    }

    /// The slots to move, each once, with what is marked there.
    pub fn slots(&self) -> impl Iterator<Item = (usize, u64)> {
        self.held
            .iter()
            .map(|held| (usize::from(held.slot), held.mark))
    }

    /// [`MarginPoolError::HandoverMismatch`] unless the accounts are now what the rule makes of what they were. `to`: none
    /// where nobody takes over.
    pub fn check(&self, from: &MarginAccount, to: Option<Taker>, rule: &Rule) -> Result<()> {
        self.check_slots(from)?;
        match (rule, to) {
            (Rule::Slice { fraction, .. }, Some(to)) => {
                for held in &self.held {
                    let given = held.given(held.left(from)?, to)?;
                    require_rule(is_part(held, given, *fraction))?;
                }
                self.check_balances(from, to.0, rule)
            }
            (Rule::Leg { payment }, Some(to)) => self.check_leg(from, to, *payment),
            (Rule::Closed { shortfall }, None) => self.check_closed(from, *shortfall),
            (Rule::WrittenOff { paid }, None) => self.check_written_off(from, *paid),
            _ => err!(MarginPoolError::HandoverMismatch),
        }
    }

    /// No slot holds anything but what it held, or less.
    fn check_slots(&self, from: &MarginAccount) -> Result<()> {
        let mut before = self.held.iter().peekable();
        for (slot, position) in from.positions.iter().enumerate() {
            let held = before.next_if(|held| usize::from(held.slot) == slot);
            let same = held.is_some_and(|held| held.asset.is_of(position));
            require_rule(position.is_free() || same)?;
        }
        // Each of them was met: in order, and none twice.
        require_rule(before.next().is_none())
    }

    /// Cash and collateral after a slice.
    fn check_balances(&self, from: &MarginAccount, to: &MarginAccount, rule: &Rule) -> Result<()> {
        let Rule::Slice {
            fraction,
            reserved,
            payment,
        } = *rule
        else {
            return err!(MarginPoolError::HandoverMismatch);
        };
        let sides = from.collaterals.iter().zip(&to.collaterals);
        let before = self.collaterals[0].iter().zip(&self.collaterals[1]);
        for ((left, right), (was_left, was_right)) in sides.zip(before) {
            let given = was_left.checked_sub(*left);
            let taken = right.checked_sub(*was_right);
            let part = given.is_some_and(|part| is_floor(*was_left, fraction, part));
            require_rule(given == taken && part)?;
        }
        // The part of what is owned goes down, of what is owed up.
        let for_sale = i128::from(sub(self.cash[0], reserved)?);
        let given = sub(add(self.cash[0], payment)?, from.cash)?;
        let taken = sub(add(to.cash, payment)?, self.cash[1])?;
        let rest = for_sale * i128::from(fraction) - i128::from(given) * i128::from(PPB);
        require_rule(payment >= 0 && given == taken && (0..i128::from(PPB)).contains(&rest))
    }

    /// One thing moved and nothing else did.
    fn check_leg(&self, from: &MarginAccount, (to, slots): Taker, payment: i64) -> Result<()> {
        let (mut moved, mut in_cash) = (0u32, false);
        for held in &self.held {
            let left = held.left(from)?;
            if left == (held.base, held.quote) {
                continue;
            }
            moved = moved.saturating_add(1);
            let (base, quote) = held.given(left, (to, slots))?;
            in_cash = held.asset.is_option();
            let owed = if in_cash { 0 } else { negative(payment)? };
            let part = base != 0
                && base.signum() == held.base.signum()
                && base.unsigned_abs() <= held.base.unsigned_abs();
            require_rule(part && quote == owed)?;
        }
        let sides = from.collaterals.iter().zip(&to.collaterals);
        let before = self.collaterals[0].iter().zip(&self.collaterals[1]);
        for ((left, right), (was_left, was_right)) in sides.zip(before) {
            if left == was_left && right == was_right {
                continue;
            }
            (moved, in_cash) = (moved.saturating_add(1), true);
            let given = was_left.checked_sub(*left);
            let taken = right.checked_sub(*was_right);
            require_rule(given == taken && given.is_some())?;
        }
        let paid = if in_cash { payment } else { 0 };
        let cash = from.cash == add(self.cash[0], paid)? && to.cash == sub(self.cash[1], paid)?;
        require_rule(moved == 1 && cash)
    }

    /// Positions are closed or as they were, and together the account is worth what it was and the shortfall; less by what
    /// stayed open, never more.
    fn check_closed(&self, from: &MarginAccount, shortfall: i64) -> Result<()> {
        let (mut gained, mut open) = (sub(from.cash, self.cash[0])?, false);
        for held in &self.held {
            let (base, quote) = held.left(from)?;
            if base != 0 {
                open = true;
                require_rule((base, quote) == (held.base, held.quote))?;
                continue;
            }
            let was = add(worth(held.base, held.mark)?, held.quote)?;
            gained = add(gained, sub(quote, was)?)?;
        }
        require_rule(from.collaterals == self.collaterals[0])?;
        require_rule(gained >= 0 && gained <= shortfall && (open || gained == shortfall))
    }

    /// Claims and cash together grew by what was paid, which is no more than was owed; the rest is as it was.
    fn check_written_off(&self, from: &MarginAccount, paid: i64) -> Result<()> {
        let (mut owed, mut now) = (self.cash[0], from.cash);
        for held in &self.held {
            let (base, quote) = held.left(from)?;
            require_rule(base == held.base)?;
            (owed, now) = (add(owed, held.quote)?, add(now, quote)?);
        }
        require_rule(from.collaterals == self.collaterals[0])?;
        require_rule(paid >= 0 && now == add(owed, paid)? && paid <= negative(owed.min(0))?)
    }
}

impl Held {
    /// Base and quote that the account has of it now.
    fn left(&self, from: &MarginAccount) -> Result<(i64, i64)> {
        let position = from.positions.get(usize::from(self.slot));
        let position = position.ok_or(MarginPoolError::PositionNotFound)?;
        Ok((position.base, position.quote))
    }

    /// Base and quote that the account no longer has and the taker has more: refused unless they are the same.
    fn given(&self, left: (i64, i64), (to, slots): Taker) -> Result<(i64, i64)> {
        let given = (sub(self.base, left.0)?, sub(self.quote, left.1)?);
        let now = slots
            .find(&self.asset, to)
            .and_then(|at| to.positions.get(at));
        let now = now.map_or((0, 0), |p| (p.base, p.quote));
        let taken = (sub(now.0, self.taker.0)?, sub(now.1, self.taker.1)?);
        require_rule(given == taken)?;
        Ok(given)
    }
}

/// Whether (base, quote) is the part of a position that a bidder for `fraction` takes over: of the position's sign, within a
/// unit of the exact part, less than it of a position in profit and more of one at a loss; with its share of the quote,
/// rounded down.
fn is_part(held: &Held, (base, quote): (i64, i64), fraction: u64) -> bool {
    let whole = i128::from(held.base.unsigned_abs());
    if whole == 0 {
        let rest =
            i128::from(held.quote) * i128::from(fraction) - i128::from(quote) * i128::from(PPB);
        return base == 0 && (0..i128::from(PPB)).contains(&rest);
    }
    let size = i128::from(base.unsigned_abs());
    let same_side = base == 0 || base.signum() == held.base.signum();
    // Below 2⁴⁷ x 2³⁰. An option out of reach of any scenario counts as worth one micro-USD a contract.
    let rest = whole * i128::from(fraction) - size * i128::from(PPB);
    // Below 2⁴⁷ x 2⁴⁴ and 2⁶³ x 2²⁰.
    let profit =
        Quantity(held.base).times_micro(held.mark.max(1)).0 + i128::from(held.quote) * 1_000_000;
    let rounded = if profit < 0 { -rest } else { rest };
    let quote_rest = i128::from(held.quote) * size - i128::from(quote) * whole;
    same_side && (0..i128::from(PPB)).contains(&rounded) && (0..whole).contains(&quote_rest)
}

/// Whether `part` is `amount x fraction`, rounded down.
fn is_floor(amount: u64, fraction: u64, part: u64) -> bool {
    let exact = u128::from(amount) * u128::from(fraction);
    let rounded = u128::from(part) * u128::from(PPB);
    rounded <= exact && exact - rounded < u128::from(PPB)
}

/// `base x mark`, rounded down.
fn worth(base: i64, mark: u64) -> Result<i64> {
    let exact = Quantity(base).times_micro(mark);
    Ok(exact.floor_micro_usd().map_err(MarginPoolError::from)?)
}

fn require_rule(holds: bool) -> Result<()> {
    require!(holds, MarginPoolError::HandoverMismatch);
    Ok(())
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
