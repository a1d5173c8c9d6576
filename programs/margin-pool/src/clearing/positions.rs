use {
    super::{Asset, pay},
    crate::{
        error::MarginPoolError,
        margin::{BookParts, valuation},
        state::{MarginAccount, Market, Pool, Position, PositionKind, add, negative, sub},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Price,
        auction::slice_of_position,
        funding::{SUM_PER_MICRO, owed},
    },
};

/// Gives `base` of an instrument to `to` and takes it from `from`, with `quote` for it (negative: `to` pays). For an option
/// the quote is cash; for what is settled day by day it is written into both positions. The market's funding was
/// accrued before.
pub fn exchange(
    pool: &mut Pool,
    market: &mut Market,
    (to, from): (&mut MarginAccount, &mut MarginAccount),
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    if asset.is_option() {
        pay(pool, from, to, quote)?;
        return exchange_as_is(market, (to, from), asset, (base, 0));
    }
    exchange_as_is(market, (to, from), asset, (base, quote))
}

/// Gives `base` and `quote` of a position to `to` and takes them from `from`, as they stand.
pub fn exchange_as_is(
    market: &mut Market,
    (to, from): (&mut MarginAccount, &mut MarginAccount),
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    change(market, to, asset, (base, quote))?;
    change(market, from, asset, (negative(base)?, negative(quote)?))
}

/// The part of a position that a bidder for `fraction` (ppb) of everything takes over: base and quote, rounded against the bidder. Its
/// funding was taken before, and what has its settlement price was turned into its claim.
pub fn part_of<B: BookParts>(
    position: &Position,
    book: &B,
    now: i64,
    fraction: u64,
) -> Result<(i64, i64)> {
    let mark = match position.base {
        0 => 0,
        base => valuation::mark(book, &Asset::held(position)?, base < 0, now)?,
    };
    // An option out of reach of any scenario is marked at zero and split as if at one micro-USD.
    let mark = Price::new(mark.max(1)).map_err(MarginPoolError::from)?;
    let part = slice_of_position(position.base, position.quote, mark, fraction);
    Ok(part.map_err(MarginPoolError::from)?)
}

/// Adds to one side. The caller does the opposite to the other: the sum of quote does not change.
fn change(
    market: &mut Market,
    account: &mut MarginAccount,
    asset: &Asset,
    (base, quote): (i64, i64),
) -> Result<()> {
    let position = asset.find_or_open(account)?;
    let before = position.base;
    take_funding(market, position)?;
    position.add(base, quote)?;
    let after = position.base;
    position.free_if_empty();
    count(market, asset, before, after)
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

/// Brings a perpetual's quote up to the market's funding index; of others nothing is due.
pub fn take_funding(market: &mut Market, position: &mut Position) -> Result<()> {
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
