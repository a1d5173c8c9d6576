use {
    super::{
        Asset,
        cash::{credit, take_unsettled},
        positions::{bring_up, count, write_down},
    },
    crate::{
        error::MarginPoolError,
        state::{MarginAccount, Market, Pool, Position, add, negative},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Quantity,
        funding::{INDEX_BITS, SUM_PER_MICRO},
    },
};

/// Moves one position's profit or loss at `mark` (micro-USD) into cash and returns what the account received
/// (negative: paid). A loss is paid in full, into borrowing if need be; a profit draws what losers paid
/// in so far. Equity does not change. An option has no profit or loss before it is settled, only its claim after.
pub fn settle(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    slot: usize,
    mark: u64,
) -> Result<i64> {
    let position = account.position_mut(slot)?;
    bring_up(market, position)?;
    let option = Asset::held(position)?.is_option();
    let value = if option { 0 } else { worth(position, mark)? };
    let unrealised = add(value, position.quote)?;
    let amount = unrealised.min(market.unsettled);
    let minus = negative(amount)?;
    position.add(0, minus)?;
    let underlying = position.underlying;
    write_down(market, position)?;
    account.earn(underlying, amount);
    market.quote = add(market.quote, minus)?;
    take_unsettled(&mut pool.ledger, market, amount)?;
    // While the position still counts: what it paid shares losses with the rest, also when it was the last.
    credit(pool, account, amount)?;
    if account.free_if_empty(slot) {
        credit(pool, account, 0)?;
    }
    Ok(amount)
}

/// Turns a dated position into what it pays at its settlement price `payoff` (micro-USD per contract), and then into
/// cash as [`settle`] does: a loss at once, a profit as far as losers paid in. Returns what the account received.
pub fn convert(
    pool: &mut Pool,
    market: &mut Market,
    account: &mut MarginAccount,
    slot: usize,
    payoff: u64,
) -> Result<i64> {
    let position = account.position_mut(slot)?;
    let asset = Asset::held(position)?;
    bring_up(market, position)?;
    let base = position.base;
    if base != 0 {
        let rounded = worth(position, payoff)?;
        position.add(negative(base)?, rounded)?;
        market.quote = add(market.quote, rounded)?;
        // Below 2⁴⁷ x 2⁴⁴ x 2²⁰.
        let exact = Quantity(base).times_micro(payoff).0 << INDEX_BITS;
        market.converting.add(-exact)?;
        market
            .dust
            .add(exact - i128::from(rounded) * SUM_PER_MICRO)?;
        count(market, &asset, base, 0)?;
    }
    settle(pool, market, account, slot, payoff)
}

/// Rounded down.
fn worth(position: &Position, micro_usd: u64) -> Result<i64> {
    let exact = Quantity(position.base).times_micro(micro_usd);
    Ok(exact.floor_micro_usd().map_err(MarginPoolError::from)?)
}
