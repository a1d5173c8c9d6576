use {
    super::{Asset, SlotMap, pay, register},
    crate::{
        error::MarginPoolError,
        margin::{BookParts, Books, valuation},
        state::{
            Left, MarginAccount, Market, Pool, Position, PositionKind, PriceHistory, add, negative,
            sub,
        },
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Price,
        auction::slice_of_position,
        funding::{SUM_PER_MICRO, owed},
    },
};

/// Closes an account's position, which is open and marked at `mark`, against the other side at the price at
/// which the account gets `extra` more than it is worth there. What it is left with is a claim, or a debt. Returns what the
/// other side is given for it.
pub fn close_against(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    slot: usize,
    (mark, extra): (u64, i64),
) -> Result<i64> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    let (asset, base) = (Asset::held(position)?, position.base);
    let worth = cep_risk::Quantity(base).times_micro(mark);
    let worth = worth.floor_micro_usd().map_err(MarginPoolError::from)?;
    let quote = negative(add(worth, extra)?)?;
    let open = match (asset.kind, base > 0) {
        (PositionKind::Perpetual, true) => market.open_short,
        (PositionKind::Perpetual, false) => market.open_long,
        (_, long) => market.series_open_against(asset.slot, asset.instrument, long),
    };
    market.close_against(asset.instrument, (base, quote), open)?;
    position.add(negative(base)?, negative(quote)?)?;
    position.premium = 0;
    // It takes no funding from here on, and the pot stands where it stood.
    position.funding_entry = 0;
    write_down(market, position, 0)?;
    account.free_if_empty(slot);
    count(market, &asset, base, 0)?;
    count(market, &asset, negative(base)?, 0)?;
    let settles = account.positions.get(slot).is_some_and(|p| !p.is_free());
    if settles {
        super::settle(pool, market, account, slot, 0)?;
    }
    register(pool, account)?;
    Ok(quote)
}

/// Gives `base` of an instrument to `to` and takes it from `from`, with `quote` for it (negative: `to` pays), while it is
/// marked at `mark`. For an option the quote is cash; for what is settled day by day it is written into both positions.
/// The market's funding was accrued before.
pub fn exchange(
    pool: &mut Pool,
    market: &mut Market,
    sides: (&mut MarginAccount, &mut MarginAccount),
    held: (&Asset, u64),
    (base, quote): (i64, i64),
) -> Result<()> {
    let (to, from) = sides;
    let slots = (held.0.find_or_open(to)?, held.0.find_or_open(from)?);
    let moved = match held.0.is_option() {
        true => {
            pay(pool, from, to, quote)?;
            (base, 0, quote)
        }
        false => (base, quote, 0),
    };
    give(pool, market, ((to, slots.0), (from, slots.1)), held, moved)
}

/// Gives `base` and `quote` of the position in a slot of `from` to `to`, as they stand. An option counts as bought at
/// the mark.
pub fn exchange_as_is(
    pool: &mut Pool,
    market: &mut Market,
    (to, slots): (&mut MarginAccount, &mut SlotMap),
    (from, slot): (&mut MarginAccount, usize),
    (asset, mark): (&Asset, u64),
    (base, quote): (i64, i64),
) -> Result<()> {
    let paid = match asset.is_option() {
        true => negative(rough_worth(base, mark)?)?,
        false => 0,
    };
    let at = slots.find_or_open(asset, to)?;
    let sides = ((to, at), (from, slot));
    give(pool, market, sides, (asset, mark), (base, quote, paid))
}

/// `paid`: what an option changes hands for, negative when `to` pays.
fn give(
    pool: &mut Pool,
    market: &mut Market,
    (to, from): ((&mut MarginAccount, usize), (&mut MarginAccount, usize)),
    held: (&Asset, u64),
    (base, quote, paid): (i64, i64, i64),
) -> Result<()> {
    change(pool, market, to, held, (base, quote, paid))?;
    let moved = (negative(base)?, negative(quote)?, negative(paid)?);
    change(pool, market, from, held, moved)
}

/// What a position that was brought up to date is marked at; zero for a claim.
pub fn mark_of<B: BookParts>(position: &Position, book: &B, now: i64) -> Result<u64> {
    match position.base {
        0 => Ok(0),
        base => valuation::mark(book, &Asset::held(position)?, base < 0, now),
    }
}

/// The part of a position, marked at `mark`, that a bidder for `fraction` (ppb) of everything takes over: base and quote,
/// rounded against the bidder. It was brought up to date before, and what has its settlement price was turned into its
/// claim.
pub fn part_of(position: &Position, mark: u64, fraction: u64) -> Result<(i64, i64)> {
    // An option out of reach of any scenario is marked at zero and split as if at one micro-USD.
    let mark = Price::new(mark.max(1)).map_err(MarginPoolError::from)?;
    let part = slice_of_position(position.base, position.quote, mark, fraction);
    Ok(part.map_err(MarginPoolError::from)?)
}

/// Adds to one side. The caller does the opposite to the other: the sum of quote does not change.
fn change(
    pool: &mut Pool,
    market: &mut Market,
    (account, slot): (&mut MarginAccount, usize),
    (asset, mark): (&Asset, u64),
    (base, quote, paid): (i64, i64, i64),
) -> Result<()> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    let before = position.base;
    position.add(base, quote)?;
    if asset.is_option() {
        position.premium = premium_after((before, position.premium), base, paid)?;
    }
    let after = position.base;
    write_down(market, position, mark)?;
    account.free_if_empty(slot);
    register(pool, account)?;
    count(market, asset, before, after)
}

/// What was paid for an option position after `base` was added to it for `paid` (negative: it cost that much): more of
/// the same side adds to it, less leaves its part, and what turns around was bought at the new price.
fn premium_after((before, premium): (i64, i64), base: i64, paid: i64) -> Result<i64> {
    let after = add(before, base)?;
    let same_side = base == 0 || before == 0 || before.signum() == base.signum();
    if same_side {
        return sub(premium, paid);
    }
    if after.signum() == before.signum() {
        return portion(premium, after, before);
    }
    negative(portion(paid, after, base)?)
}

/// `amount x part / whole`, signs aside, toward zero; the part is no larger than the whole.
fn portion(amount: i64, part: i64, whole: i64) -> Result<i64> {
    let (part, whole) = (part.unsigned_abs(), whole.unsigned_abs());
    if part == 0 || whole == 0 {
        return Ok(0);
    }
    // Below 2⁶⁴ x 2⁶⁴; the quotient is at most the amount.
    let size = u128::from(amount.unsigned_abs()) * u128::from(part) / u128::from(whole);
    let size = i64::try_from(size).map_err(|_| MarginPoolError::Overflow)?;
    if amount < 0 { negative(size) } else { Ok(size) }
}

/// Brings a position up to date: funding, its part of what its side was reduced by, what its profit lost to defaults. To
/// be followed by [`write_down`].
pub fn bring_up(market: &mut Market, position: &mut Position) -> Result<()> {
    take_funding(market, position)?;
    if market.reductions_used != 0 {
        let before = position.base;
        market.reduce(position)?;
        position.reduced = market.reduced(position.instrument, position.base);
        if position.base != before {
            position.premium = portion(position.premium, position.base, before)?;
        }
    }
    let lost = market.losses.take(position.profit, position.profit_since)?;
    position.profit = 0;
    if lost != 0 {
        position.quote = sub(position.quote, lost)?;
        market.quote = sub(market.quote, lost)?;
    }
    Ok(())
}

/// The slot of an account's position in this instrument that has yet to take what it was reduced by, or lost to defaults.
#[must_use]
pub fn due(market: &Market, account: &MarginAccount, asset: &Asset) -> Option<usize> {
    let left = market.losses.left;
    if market.reductions_used == 0 && left == Left::default() {
        return None;
    }
    let slot = account.positions.iter().position(|p| asset.is_of(p))?;
    let p = account.positions.get(slot)?;
    let lost = p.profit > 0 && p.profit_since != left;
    let reduced = market.reductions_used != 0 && p.reduced != market.reduced(p.instrument, p.base);
    (lost || reduced).then_some(slot)
}

/// Brings the position in a slot, marked at `mark` unless it is a claim, up to date and writes it down. True if something is
/// left of it.
pub fn touch(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    (slot, mark): (usize, u64),
) -> Result<bool> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    write_down(market, position, mark)?;
    let freed = account.free_if_empty(slot);
    register(pool, account)?;
    Ok(!freed)
}

/// Writes down what a position that was brought up to date has won by now, and where its side's reduction stands.
pub fn write_down(market: &mut Market, position: &mut Position, mark: u64) -> Result<()> {
    if market.reductions_used != 0 {
        position.reduced = market.reduced(position.instrument, position.base);
    }
    position.profit = worth_and_profit(position, mark)?.1.max(0);
    position.profit_since = market.losses.enter(position.profit)?;
    Ok(())
}

/// What a position that was brought up to date is worth without its quote, and what it has won or lost by now. Micro-USD.
pub(super) fn worth_and_profit(position: &Position, mark: u64) -> Result<(i64, i64)> {
    let worth = rough_worth(position.base, mark)?;
    let profit = sub(add(worth, position.quote)?, position.premium)?;
    Ok((worth, profit))
}

/// `base x mark` in micro-USD, within one toward zero: what is only compared.
fn rough_worth(base: i64, mark: u64) -> Result<i64> {
    const ONE: u64 = 1_000_000;
    let size = base.unsigned_abs();
    // Below 2²⁰ x 2⁴⁴ in the part of a contract.
    let whole = (size / ONE).checked_mul(mark);
    let worth = whole
        .and_then(|whole| whole.checked_add((size % ONE).checked_mul(mark)? / ONE))
        .and_then(|worth| i64::try_from(worth).ok())
        .ok_or(MarginPoolError::Overflow)?;
    if base < 0 { negative(worth) } else { Ok(worth) }
}

/// Takes note in the market's sums that one position's base went from `before` to `after`.
pub(super) fn count(market: &mut Market, asset: &Asset, before: i64, after: i64) -> Result<()> {
    match asset.kind {
        PositionKind::Perpetual => market.replace_base(before, after),
        PositionKind::Free => err!(MarginPoolError::PositionNotFound),
        kind => {
            let series = market.series_mut(asset.slot, asset.instrument)?;
            let long = series.open_long;
            series.replace_base(before, after)?;
            let more = sub(series.open_long, long)?;
            if kind == PositionKind::Future {
                market.open_futures = add(market.open_futures, more)?;
            }
            Ok(())
        }
    }
}

/// Brings a market's funding index to now.
pub fn accrue_funding<B: BookParts>(
    pool: &Pool,
    market: &mut Market,
    books: &Books<B>,
    underlying: u8,
) -> Result<()> {
    let prices = PriceHistory::of(books.listed(underlying)?.book.header(), books.now)?;
    let funding = pool.params.funding();
    market.funding.accrue(&funding, &prices, books.now)
}

/// Brings a perpetual's quote up to the market's funding index; of others nothing is due.
fn take_funding(market: &mut Market, position: &mut Position) -> Result<()> {
    if position.kind != PositionKind::Perpetual as u8 {
        return Ok(());
    }
    let growth = sub(market.funding.index, position.funding_entry)?;
    position.funding_entry = market.funding.index;
    if growth == 0 || position.base == 0 {
        return Ok(());
    }
    let paid = owed(position.base, growth).map_err(MarginPoolError::from)?;
    let minus = negative(paid)?;
    position.quote = add(position.quote, minus)?;
    market.quote = add(market.quote, minus)?;
    // Below 2⁴⁷ x 2⁶³, and 2⁶³ x 2⁴⁰.
    let exact = i128::from(position.base) * i128::from(growth);
    market.funding_entries.add(exact)?;
    market.dust.add(i128::from(paid) * SUM_PER_MICRO - exact)
}
