use {
    crate::{
        clearing::Asset,
        error::MarginPoolError,
        margin::{BookParts, Books, Snapshot},
        state::{MarginAccount, Pool, Position},
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
    cep_risk::{Breakdown, Kind, Scratch},
};

/// What a trade may change of an account: cash, and positions in the assets of its legs by their slots.
pub(super) struct Holdings {
    cash: i64,
    interest_entry: i64,
    positions: Vec<(usize, Position)>,
}

impl Holdings {
    pub(super) fn of(account: &MarginAccount, assets: &[Asset]) -> Self {
        let traded = |p: &Position| !p.is_free() && assets.iter().any(|asset| asset.is_of(p));
        let positions = account.positions.iter().enumerate();
        Self {
            cash: account.cash,
            interest_entry: account.interest_entry,
            positions: positions
                .filter(|(_, p)| traded(p))
                .map(|(slot, p)| (slot, *p))
                .collect(),
        }
    }

    /// Puts them into an account in the place of `others`.
    fn replace(&self, others: &Self, account: &mut MarginAccount) {
        (account.cash, account.interest_entry) = (self.cash, self.interest_entry);
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

/// After a trade an account has its initial margin on current scenarios and curves, or the trade only reduced it.
pub(super) fn check_side<'a, B: BookParts>(
    pool: &Pool,
    account: &mut MarginAccount,
    assets: &[Asset],
    before: &Holdings,
    books: &'a Books<B>,
    (snapshot, scratch): (&mut Snapshot<'a>, &mut Scratch),
) -> Result<()> {
    snapshot.retake(pool, account, books)?;
    let after = snapshot.evaluate(pool, books, Kind::Initial, scratch)?;
    let current = snapshot.require_current(books);
    if after.health() >= 0 && current.is_ok() {
        return Ok(());
    }
    // The account as it was, for as long as it takes to look at it: a copy would not fit the heap.
    let traded = Holdings::of(account, assets);
    before.replace(&traded, account);
    snapshot.retake(pool, account, books)?;
    let was = snapshot.evaluate(pool, books, Kind::Initial, scratch)?;
    traded.replace(before, account);
    if only_reduces(&was, &after) {
        return Ok(());
    }
    current?;
    err!(MarginPoolError::BelowInitialMargin)
}

/// Reducing is always allowed, paying away equity is not: what is left of the requirement is covered at
/// least as well as before, and a trade neither makes a debt nor adds to one. Health alone would not do:
/// closing a position frees more requirement than the band lets its owner lose to a friend.
fn only_reduces(before: &Breakdown, after: &Breakdown) -> bool {
    let covers =
        |of: &Breakdown, by: &Breakdown| i128::from(of.equity) * i128::from(by.requirement);
    after.requirement <= before.requirement
        && if before.equity < 0 {
            after.equity >= before.equity
        } else {
            after.equity >= 0 && covers(after, before) >= covers(before, after)
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducing_pays_away_no_more_than_the_share_of_equity_it_frees() {
        let state = |equity, requirement| Breakdown {
            equity,
            requirement,
            ..Breakdown::default()
        };
        let before = state(50, 100);
        for (equity, requirement, allowed) in [
            (50, 90, true),
            (45, 90, true),
            (44, 90, false),
            (0, 0, true),
            (-1, 0, false),
            (50, 101, false),
        ] {
            let after = state(equity, requirement);
            assert_eq!(only_reduces(&before, &after), allowed, "{after:?}");
        }
        assert!(only_reduces(&state(-5, 100), &state(-5, 50)));
        assert!(!only_reduces(&state(-5, 100), &state(-6, 0)));
        // Legs that cancel out and cost something on the way.
        assert!(!only_reduces(&state(5, 0), &state(-1, 0)));
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
