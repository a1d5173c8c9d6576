use {
    super::{Asset, cash::negative, pay},
    crate::{
        error::MarginPoolError,
        state::{MarginAccount, Market, Pool, Position, PositionKind, add},
    },
    anchor_lang::prelude::*,
    cep_risk::funding::{SUM_PER_MICRO, owed},
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
    match asset.kind {
        PositionKind::Perpetual => market.replace_base(before, after),
        PositionKind::Free => err!(MarginPoolError::PositionNotFound),
        kind => {
            let series = market.series_mut(asset.slot, asset.instrument)?;
            let long = series.open_long;
            series.replace_base(before, after)?;
            let more = add(series.open_long, negative(long)?)?;
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
    let growth = market
        .funding
        .index
        .checked_sub(position.funding_entry)
        .ok_or(MarginPoolError::Overflow)?;
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
