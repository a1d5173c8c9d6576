use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::Traded,
        margin::{BookParts, Books, RiskAccounts, Snapshot},
        seeds,
        state::{MarginAccount, Pool, Position},
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
    cep_risk::{Breakdown, Kind, PPM, Price, Quantity, Scratch},
};

/// Legs one block trade may have.
pub const MAX_LEGS: usize = 8;

/// One leg of a block trade in a perpetual.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Index of the underlying in the pool.
    pub underlying: u8,
    /// Millionths of a contract; positive: A buys from B.
    pub quantity: i64,
    /// Micro-USD per contract.
    pub price: u64,
}

/// Remaining accounts: a (risk book, market) pair for every underlying either account is exposed to,
/// before or after; markets of traded underlyings writable. A leg in an underlying that is in doubt, or whose price
/// nobody refreshed, must reduce the position of both sides.
#[derive(Accounts)]
pub struct TradeBlock<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = account_a.load()?.owner == owner_a.key() @ MarginPoolError::NotAccountOwner)]
    pub account_a: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = account_b.key() != account_a.key() @ MarginPoolError::SameAccount,
        constraint = account_b.load()?.owner == owner_b.key() @ MarginPoolError::NotAccountOwner)]
    pub account_b: AccountLoader<'info, MarginAccount>,
    pub owner_a: Signer<'info>,
    pub owner_b: Signer<'info>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, TradeBlock<'info>>, legs: Vec<Leg>) -> Result<()> {
    require!(
        (1..=MAX_LEGS).contains(&legs.len()),
        MarginPoolError::BadLegs
    );
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut a = ctx.accounts.account_a.load_mut()?;
    let mut b = ctx.accounts.account_b.load_mut()?;
    a.require_not_in_liquidation()?;
    b.require_not_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    let before = [Holdings::of(&a, &legs), Holdings::of(&b, &legs)];

    for leg in &legs {
        let fee = clear(&mut pool, &mut a, &mut b, &risk, &books, leg)?;
        emit!(Traded {
            market: pool.underlying(leg.underlying)?.market,
            account_a: ctx.accounts.account_a.key(),
            account_b: ctx.accounts.account_b.key(),
            quantity: leg.quantity,
            price: leg.price,
            fee,
        });
    }

    risk.update_open_interest(&books)?;
    let (mut snapshot, mut scratch) = (Snapshot::of(&pool, &a, &books)?, Scratch::new());
    for (account, before) in [&mut *a, &mut *b].into_iter().zip(&before) {
        check_side(
            &pool,
            account,
            &legs,
            before,
            &books,
            &mut snapshot,
            &mut scratch,
        )?;
    }
    pool.invariant()
}

/// Clears one leg and returns the fee each side paid.
fn clear<B: BookParts>(
    pool: &mut Pool,
    a: &mut MarginAccount,
    b: &mut MarginAccount,
    risk: &RiskAccounts,
    books: &Books<B>,
    leg: &Leg,
) -> Result<i64> {
    require!(leg.quantity != 0, MarginPoolError::BadLegs);
    let book = books.get(leg.underlying)?;
    // Its scenarios are those of its gap alone.
    require!(book.is_staked == 0, MarginPoolError::StakedUnderlying);
    let mark = book.index_price();
    let mark = mark.map_err(|_| MarginPoolError::BookNotReady)?;
    let price = Price::new(leg.price).map_err(|_| MarginPoolError::PriceOutsideBand)?;
    require!(
        inside_band(price, mark, pool.params.price_band),
        MarginPoolError::PriceOutsideBand
    );

    let notional = Quantity(leg.quantity).at(price);
    // One rounding for both sides, so that what one pays is what the other receives.
    let quote = (-notional)
        .floor_micro_usd()
        .map_err(MarginPoolError::from)?;
    let fee = cep_risk::units::mul_ppm_ceil(quote.saturating_abs(), pool.params.block_fee)
        .map_err(MarginPoolError::from)?;

    let mut market = risk.market_mut(leg.underlying)?;
    let open_before = market.open_long;
    let bases = |a: &MarginAccount, b: &MarginAccount| {
        [a, b].map(|side| side.perpetual(leg.underlying).map_or(0, |p| p.base))
    };
    let before = bases(a, b);
    clearing::exchange(&mut market, a, b, leg.quantity, quote)?;
    if !before.into_iter().zip(bases(a, b)).all(reduces) {
        books.require_trusted(leg.underlying)?;
    }
    require!(
        market.open_long <= market.open_interest_limit || market.open_long <= open_before,
        MarginPoolError::OpenInterestLimit
    );
    for account in [a, b] {
        clearing::charge(&mut pool.ledger, account, fee)?;
        // A closed position settles at once: a loss pays in, a profit draws what is there.
        if account
            .perpetual(leg.underlying)
            .is_some_and(|p| p.base == 0)
        {
            clearing::settle(&mut pool.ledger, &mut market, account, mark)?;
        }
    }
    market.invariant()?;
    Ok(fee)
}

/// Whether a position shrank and did not turn around.
fn reduces((before, after): (i64, i64)) -> bool {
    after.unsigned_abs() < before.unsigned_abs() && (after == 0 || (after > 0) == (before > 0))
}

fn inside_band(price: Price, mark: Price, band: u64) -> bool {
    let distance = u128::from(price.micro_usd().abs_diff(mark.micro_usd()));
    distance * u128::from(PPM) <= u128::from(mark.micro_usd()) * u128::from(band)
}

/// What a trade may change of an account: cash, and positions in the underlyings of its legs by their slots.
struct Holdings {
    cash: i64,
    positions: Vec<(usize, Position)>,
}

impl Holdings {
    fn of(account: &MarginAccount, legs: &[Leg]) -> Self {
        let traded =
            |p: &Position| !p.is_free() && legs.iter().any(|leg| leg.underlying == p.underlying);
        let positions = account.positions.iter().enumerate();
        Self {
            cash: account.cash,
            positions: positions
                .filter(|(_, p)| traded(p))
                .map(|(slot, p)| (slot, *p))
                .collect(),
        }
    }

    /// Puts them into an account in the place of `others`.
    fn replace(&self, others: &Self, account: &mut MarginAccount) {
        account.cash = self.cash;
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
fn check_side<'a, B: BookParts>(
    pool: &Pool,
    account: &mut MarginAccount,
    legs: &[Leg],
    before: &Holdings,
    books: &'a Books<B>,
    snapshot: &mut Snapshot<'a>,
    scratch: &mut Scratch,
) -> Result<()> {
    snapshot.retake(pool, account, books)?;
    let after = snapshot.evaluate(pool, books, Kind::Initial, scratch)?;
    let current = snapshot.require_current(books);
    if after.health() >= 0 && current.is_ok() {
        return Ok(());
    }
    // The account as it was, for as long as it takes to look at it: a copy would not fit the heap.
    let traded = Holdings::of(account, legs);
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
    fn a_position_that_turns_around_is_not_reduced() {
        for (before, after, less) in [
            (5, 4, true),
            (-5, 0, true),
            (-5, -4, true),
            (5, 5, false),
            (5, -4, false),
            (-5, 4, false),
            (0, 1, false),
            (0, 0, false),
        ] {
            assert_eq!(reduces((before, after)), less, "{before} {after}");
        }
    }

    #[test]
    fn an_account_is_what_it_was_and_then_what_it_became() {
        let leg = |underlying| Leg {
            underlying,
            quantity: 1,
            price: 1,
        };
        let legs = [leg(0), leg(1), leg(2)];
        let mut account = MarginAccount::zeroed();
        account.cash = 7;
        for underlying in [0, 1, 5] {
            let position = account.perpetual_mut(underlying).unwrap();
            position.add(10 + i64::from(underlying), 0).unwrap();
        }
        let (old, before) = (account, Holdings::of(&account, &legs));
        // One closed, one changed, two opened, the first in the slot that became free.
        account.positions[0] = Position::zeroed();
        account.perpetual_mut(1).unwrap().base = 99;
        account.perpetual_mut(2).unwrap().base = -3;
        account.perpetual_mut(0).unwrap().base = 4;
        account.cash = -7;
        let (new, after) = (account, Holdings::of(&account, &legs));

        before.replace(&after, &mut account);
        assert!(account.positions == old.positions && account.cash == old.cash);
        after.replace(&before, &mut account);
        assert!(account.positions == new.positions && account.cash == new.cash);
    }

    #[test]
    fn the_band_is_symmetric_and_inclusive() {
        let p = |x| Price::new(x).unwrap();
        assert!(inside_band(p(105), p(100), 50_000) && inside_band(p(95), p(100), 50_000));
        assert!(!inside_band(p(106), p(100), 50_000) && !inside_band(p(94), p(100), 50_000));
    }
}
