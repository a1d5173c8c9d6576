use {
    crate::{
        clearing::Asset,
        error::MarginPoolError,
        margin::{BookParts, Books, Snapshot, valuation},
        state::{MarginAccount, Pool, Position, add, sub},
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
    cep_risk::{Breakdown, Quantity, Scratch, units::mul_ppm_ceil},
};

/// What a trade may change of an account: cash, and positions in the assets of its legs by their slots.
pub(super) struct Holdings {
    cash: i64,
    interest_taken: i64,
    interest_entry: i64,
    positions: Vec<(usize, Position)>,
}

impl Holdings {
    pub(super) fn of(account: &MarginAccount, assets: &[Asset]) -> Self {
        let traded = |p: &Position| !p.is_free() && assets.iter().any(|asset| asset.is_of(p));
        let positions = account.positions.iter().enumerate();
        Self {
            cash: account.cash,
            interest_taken: account.interest_taken,
            interest_entry: account.interest_entry,
            positions: positions
                .filter(|(_, p)| traded(p))
                .map(|(slot, p)| (slot, *p))
                .collect(),
        }
    }

    /// Millionths of a contract; zero without a position.
    fn base(&self, asset: &Asset) -> i64 {
        let mut positions = self.positions.iter();
        let held = positions.find(|(_, p)| asset.is_of(p));
        held.map_or(0, |(_, p)| p.base)
    }

    /// Puts them into an account in the place of `others`.
    fn replace(&self, others: &Self, account: &mut MarginAccount) {
        (account.cash, account.interest_entry) = (self.cash, self.interest_entry);
        account.interest_taken = self.interest_taken;
        let freed = others
            .positions
            .iter()
            .map(|(slot, _)| (*slot, Position::zeroed()));
        for (slot, position) in freed.chain(self.positions.iter().copied()) {
            if let Some(place) = account.positions.get_mut(slot) {
                *place = position;
            }
        }
    }
}

/// What a trade did to one side, beside what its account shows.
pub(super) struct Side {
    pub(super) before: Holdings,
    /// Micro-USD, of all legs.
    pub(super) fees: i64,
    /// Every leg made the side's position smaller and did not turn it round.
    pub(super) shrank: bool,
}

/// The market as it was before the trade, and now: the open interest of each book's market, in the
/// order of the books. Nothing else that a margin check reads of a market is changed by a trade:
/// funding until now is the same whoever accrues it, and losses are shared out by liquidation alone.
pub(super) struct OpenInterest(Vec<u64>);

impl OpenInterest {
    pub(super) fn of<B>(books: &Books<B>) -> Self {
        Self(books.list.iter().map(|l| l.open_interest.get()).collect())
    }

    /// Puts it into the books, and keeps what was there.
    fn swap<B>(&mut self, books: &Books<B>) {
        for (listed, kept) in books.list.iter().zip(&mut self.0) {
            *kept = listed.open_interest.replace(*kept);
        }
    }
}

/// What a side is worth and needs, on one state of its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// Micro-USD.
    equity: i64,
    /// Equity less requirement, micro-USD.
    initial: i64,
    maintenance: i64,
}

impl State {
    fn of(initial: &Breakdown, maintenance: Option<&Breakdown>) -> Result<Self> {
        // It was asked for wherever a state is made.
        let maintenance = maintenance.ok_or(MarginPoolError::BelowInitialMargin)?;
        Ok(Self {
            equity: initial.equity,
            initial: initial.health(),
            maintenance: maintenance.health(),
        })
    }
}

/// The one rule for what a trade may do to a side of it, on every way to trade and for the hedge of
/// a bid that waits for its margin:
///
/// - With its initial margin afterwards, on current scenarios and curves, it may do anything. An
///   index price in doubt is charged in full in that margin, so the rest of the account goes on.
/// - Below it, the trade may only improve the side: its equity falls by no more than its fees and
///   `PoolParams.reduce_band` of what changed hands, and its health is no worse than before, at
///   initial and at maintenance level, on the market as it was before.
/// - If a price, scenarios or curves of anything that moves the side are not current, before or
///   after, every leg must besides make its position smaller and not turn it round.
pub(super) fn check_side<'a, B: BookParts>(
    pool: &Pool,
    account: &mut MarginAccount,
    assets: &[Asset],
    side: &Side,
    (books, was): (&'a Books<B>, &mut OpenInterest),
    (snapshot, scratch): (&mut Snapshot<'a>, &mut Scratch),
) -> Result<()> {
    snapshot.retake(pool, account, books)?;
    let (current, outdated) = (snapshot.require_current(books), snapshot.outdated(books));
    // What costs little is asked first, and maintenance margin only of a trade that may improve.
    let may_improve = outdated.is_none() || side.shrank;
    let has_margin = |of: &Breakdown| of.health() >= 0 && current.is_ok();
    let asked = |of: &Breakdown| !has_margin(of) && may_improve;
    let (initial, maintenance) = snapshot.evaluate_both(pool, books, scratch, asked)?;
    if has_margin(&initial) {
        return Ok(());
    }
    // From here on the trade may only improve the side.
    require_shrinking(side, outdated)?;
    let after = State::of(&initial, maintenance.as_ref())?;
    let allowed = allowance(pool, account, assets, side, books)?;

    // The account as it was, for as long as it takes to judge it: a copy would not fit the heap.
    let traded = Holdings::of(account, assets);
    side.before.replace(&traded, account);
    was.swap(books);
    snapshot.retake(pool, account, books)?;
    let outdated = outdated.or(snapshot.outdated(books));
    require_shrinking(side, outdated)?;
    let (initial, maintenance) = snapshot.evaluate_both(pool, books, scratch, |_| true)?;
    let before = State::of(&initial, maintenance.as_ref())?;
    was.swap(books);
    traded.replace(&side.before, account);
    if improves(&before, &after, allowed) {
        return Ok(());
    }
    // On what was refreshed the side may have its margin.
    let refusal = outdated.unwrap_or(MarginPoolError::BelowInitialMargin);
    Err(refusal.into())
}

/// On what is not current a trade only shrinks what the side holds.
fn require_shrinking(side: &Side, outdated: Option<MarginPoolError>) -> Result<()> {
    match outdated {
        Some(refusal) if !side.shrank => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// How much equity a trade below initial margin may cost a side, micro-USD: its fees, the band of
/// what changed hands on balance, rounded up, and the roundings of a leg, of which each is of less
/// than a micro-USD: of its price, of a settlement, and of equity before and after. Legs that cancel
/// out allow nothing.
fn allowance<B: BookParts>(
    pool: &Pool,
    account: &MarginAccount,
    assets: &[Asset],
    side: &Side,
    books: &Books<B>,
) -> Result<i64> {
    let mut allowed = side.fees;
    for (at, asset) in assets.iter().enumerate() {
        allowed = add(allowed, 2)?;
        if assets.iter().take(at).any(|earlier| earlier == asset) {
            continue;
        }
        let moved = sub(asset.base(account), side.before.base(asset))?;
        let book = &books.listed(asset.underlying)?.book;
        let mark = valuation::mark(book, asset, false, books.now)?;
        let worth = Quantity(moved).times_micro(mark).abs();
        let worth = worth.ceil_micro_usd().map_err(MarginPoolError::from)?;
        let band = mul_ppm_ceil(worth, pool.params.reduce_band).map_err(MarginPoolError::from)?;
        allowed = add(allowed, band)?;
    }
    Ok(allowed)
}

/// No worse at either level, and no poorer by more than is allowed; a debt is neither made nor added
/// to at all, since it is others who would pay it.
fn improves(before: &State, after: &State, allowed: i64) -> bool {
    let least = before.equity.saturating_sub(allowed);
    after.initial >= before.initial
        && after.maintenance >= before.maintenance
        && after.equity >= least
        && (after.equity >= 0 || after.equity >= before.equity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_below_the_margin_costs_no_more_than_is_allowed_and_improves_both_healths() {
        let state = |equity, initial, maintenance| State {
            equity,
            initial,
            maintenance,
        };
        let before = state(50, -50, -30);
        for (equity, initial, maintenance, allowed) in [
            (50, -50, -30, true),
            (45, -40, -20, true),
            (44, -40, -20, false),
            (60, -51, -20, false),
            (60, -40, -31, false),
        ] {
            let after = state(equity, initial, maintenance);
            assert_eq!(improves(&before, &after, 5), allowed, "{after:?}");
        }
        // A debt is not made, and not added to, by so much as a fee.
        assert!(!improves(&state(2, -9, -9), &state(-1, 0, 0), 5));
        assert!(improves(&state(2, -9, -9), &state(0, 0, 0), 5));
        assert!(improves(&state(-5, -9, -9), &state(-5, -6, -6), 5));
        assert!(!improves(&state(-5, -9, -9), &state(-6, -6, -6), 5));
    }

    #[test]
    fn an_account_is_what_it_was_and_then_what_it_became() {
        let legs = [0, 1, 2].map(Asset::perpetual);
        let mut account = MarginAccount::zeroed();
        account.cash = 7;
        for underlying in [0, 1, 5] {
            let slot = Asset::perpetual(underlying)
                .find_or_open(&mut account)
                .unwrap();
            account.positions[slot]
                .add(10 + i64::from(underlying), 0)
                .unwrap();
        }
        let (old, before) = (account, Holdings::of(&account, &legs));
        // One closed, one changed, two opened, the first in the slot that became free.
        account.positions[0] = Position::zeroed();
        for (underlying, base) in [(1, 99), (2, -3), (0, 4)] {
            let slot = Asset::perpetual(underlying)
                .find_or_open(&mut account)
                .unwrap();
            account.positions[slot].base = base;
        }
        account.cash = -7;
        let (new, after) = (account, Holdings::of(&account, &legs));

        before.replace(&after, &mut account);
        assert!(account.positions == old.positions && account.cash == old.cash);
        after.replace(&before, &mut account);
        assert!(account.positions == new.positions && account.cash == new.cash);
    }
}
