use {
    super::{Asset, SlotMap, pay, register},
    crate::{
        error::MarginPoolError,
        margin::{BookParts, Books, valuation},
        state::{
            MarginAccount, Market, Pool, Position, PositionKind, PriceHistory, add, negative, sub,
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
    write_down(market, position)?;
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

/// Gives `base` of an instrument to `to` and takes it from `from`, with `quote` for it (negative: `to` pays). For an option
/// the quote is cash; for what is settled day by day it is written into both positions. The market's funding was accrued
/// before.
pub fn exchange(
    pool: &mut Pool,
    market: &mut Market,
    sides: (&mut MarginAccount, &mut MarginAccount),
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    let (to, from) = sides;
    let slots = (asset.find_or_open(to)?, asset.find_or_open(from)?);
    let written = match asset.is_option() {
        true => {
            pay(pool, from, to, quote)?;
            to.earn(asset.underlying, quote);
            from.earn(asset.underlying, negative(quote)?);
            0
        }
        false => quote,
    };
    let sides = ((to, slots.0), (from, slots.1));
    give(pool, market, sides, asset, (base, written))
}

/// Gives `base` and `quote` of the position in a slot of `from` to `to`, as they stand. What `to` has won so far does not
/// change by it: it counts as bought at the mark.
pub fn exchange_as_is(
    pool: &mut Pool,
    market: &mut Market,
    (to, slots): (&mut MarginAccount, &mut SlotMap),
    (from, slot): (&mut MarginAccount, usize),
    (asset, mark): (&Asset, u64),
    (base, quote): (i64, i64),
) -> Result<()> {
    let at = slots.find_or_open(asset, to)?;
    let worth = add(rough_worth(base, mark)?, quote)?;
    to.earn(asset.underlying, negative(worth)?);
    let sides = ((to, at), (from, slot));
    give(pool, market, sides, asset, (base, quote))
}

fn give(
    pool: &mut Pool,
    market: &mut Market,
    (to, from): ((&mut MarginAccount, usize), (&mut MarginAccount, usize)),
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    change(pool, market, to, asset, (base, quote))?;
    let moved = (negative(base)?, negative(quote)?);
    change(pool, market, from, asset, moved)
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
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    let before = position.base;
    position.add(base, quote)?;
    let after = position.base;
    write_down(market, position)?;
    account.free_if_empty(slot);
    register(pool, account)?;
    count(market, asset, before, after)
}

/// Brings a position up to date: funding, what its side bore of defaults, and its part of what its side was reduced by. To
/// be followed by [`write_down`] when it changes after.
pub fn bring_up(market: &mut Market, position: &mut Position) -> Result<()> {
    take_index(market, position)?;
    if market.reductions_used != 0 {
        market.reduce(position)?;
        position.reduced = market.reduced(position.instrument, position.base);
    }
    Ok(())
}

/// The slot of an account's position in this instrument that has yet to take what it was reduced by, or what its side bore
/// of defaults.
#[must_use]
pub fn due(market: &Market, account: &MarginAccount, asset: &Asset) -> Option<usize> {
    if market.reductions_used == 0 && market.levied == 0 {
        return None;
    }
    let slot = account.positions.iter().position(|p| asset.is_of(p))?;
    let p = account.positions.get(slot)?;
    let reduced = market.reductions_used != 0 && p.reduced != market.reduced(p.instrument, p.base);
    (market.levied != 0 || reduced).then_some(slot)
}

/// Brings the position in a slot up to date and writes it down. True if something is left of it.
pub fn touch(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    slot: usize,
) -> Result<bool> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    write_down(market, position)?;
    let freed = account.free_if_empty(slot);
    register(pool, account)?;
    Ok(!freed)
}

/// Writes down where the index of its side and its reduction stand for a position that was brought up to date and may have
/// changed its side since: it owes nothing from before.
pub fn write_down(market: &Market, position: &mut Position) -> Result<()> {
    if market.reductions_used != 0 {
        position.reduced = market.reduced(position.instrument, position.base);
    }
    position.index_entry = match position.base {
        0 => 0,
        _ => market.index_of(position)?,
    };
    Ok(())
}

/// What a position that was brought up to date is worth without its quote, and with it. Micro-USD.
pub(super) fn worth_and_value(position: &Position, mark: u64) -> Result<(i64, i64)> {
    let worth = rough_worth(position.base, mark)?;
    Ok((worth, add(worth, position.quote)?))
}

/// `base x mark` in micro-USD, within one toward zero: what is only compared.
pub(super) fn rough_worth(base: i64, mark: u64) -> Result<i64> {
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

/// Brings a position's quote up to the index of its side.
fn take_index(market: &mut Market, position: &mut Position) -> Result<()> {
    let index = market.index_of(position)?;
    let growth = sub(index, position.index_entry)?;
    position.index_entry = index;
    if growth == 0 || position.base == 0 {
        return Ok(());
    }
    let paid = owed(position.base, growth).map_err(MarginPoolError::from)?;
    let minus = negative(paid)?;
    position.quote = add(position.quote, minus)?;
    market.quote = add(market.quote, minus)?;
    // Below 2⁴⁷ x 2⁶³, and 2⁶³ x 2⁴⁰.
    let exact = i128::from(position.base) * i128::from(growth);
    market.index_entries.add(exact)?;
    market.dust.add(i128::from(paid) * SUM_PER_MICRO - exact)
}
