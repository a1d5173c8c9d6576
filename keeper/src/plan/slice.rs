//! What a bid moves, by the rules of `margin_pool::transfer_slice`.

use {
    crate::view::BookView,
    bytemuck::Zeroable,
    cep_risk::{
        Quantity,
        auction::{slice_of, slice_of_balance},
        interest::Indices,
    },
    cep_sdk::{
        SdkError,
        programs::margin_pool::{
            clearing::{Asset, mark_of, part_of},
            error::MarginPoolError,
            margin::{self, Books, valuation::settled_payoff},
            state::{MarginAccount, Pool, Position},
        },
    },
};

/// An account as touching it leaves it, `indices` being those of interest now: interest and its part of shared losses in
/// its cash, funding and reductions in its positions, and what has its settlement price turned into its claim.
pub fn touched(
    account: &MarginAccount,
    pool: &Pool,
    books: &Books<BookView<'_>>,
    indices: &Indices,
) -> Result<Box<MarginAccount>, SdkError> {
    let mut now = Box::new(*account);
    let interest = indices.interest(now.balance().principal(), now.interest_entry);
    let kept = pool.losses.kept(now.at_risk, now.at_risk_since)?;
    let held = pool.held.kept(now.held, now.held_since)?;
    let lost = now.at_risk.saturating_sub(kept);
    let lost = lost.saturating_add(now.held.saturating_sub(held));
    let interest = interest.map_err(refused)?;
    let balance = now.balance().after(interest, lost.saturating_neg());
    now.set_balance(balance.map_err(refused)?, indices);
    (now.at_risk, now.at_risk_since) = (0, pool.losses.left);
    now.held = if pool.visible_shortfall == 0 { 0 } else { held };
    now.held_since = pool.held.left;
    for position in now.positions.iter_mut().filter(|p| !p.is_free()) {
        touch(position, pool, books)?;
    }
    Ok(now)
}

fn touch(
    position: &mut Position,
    pool: &Pool,
    books: &Books<BookView<'_>>,
) -> Result<(), SdkError> {
    let listed = books.listed(position.underlying)?;
    *position = margin::touched(
        pool,
        position,
        (&listed.book, listed.book.market),
        books.now,
    )?;
    if let Some(payoff) = settled_payoff(&listed.book, position)? {
        let worth = Quantity(position.base).times_micro(payoff);
        let worth = worth.floor_micro_usd().map_err(refused)?;
        position.add(position.base.saturating_neg(), worth)?;
    }
    Ok(())
}

fn refused(error: cep_risk::RiskError) -> SdkError {
    anchor_lang::error::Error::from(MarginPoolError::from(error)).into()
}

/// The part of `from`, as touching it left it, that `fraction` (ppb) takes. `reserved` cash is not for sale.
pub fn cut(
    from: &MarginAccount,
    books: &Books<BookView<'_>>,
    reserved: i64,
    fraction: u64,
    indices: &Indices,
) -> Result<Box<MarginAccount>, SdkError> {
    let mut slice = Box::new(MarginAccount::zeroed());
    let held = from.positions.iter().zip(&mut slice.positions);
    for (position, part) in held.filter(|(position, _)| !position.is_free()) {
        let book = &books.listed(position.underlying)?.book;
        let mark = mark_of(position, book, books.now)?;
        let (base, quote) = part_of(position, mark, fraction)?;
        if (base, quote) != (0, 0) {
            *part = Position {
                base,
                quote,
                ..*position
            };
        }
    }
    for (part, amount) in slice.collaterals.iter_mut().zip(&from.collaterals) {
        *part = slice_of_balance(*amount, fraction);
    }
    slice.cash = slice_of(from.cash.saturating_sub(reserved), fraction);
    slice.interest_entry = indices.of(slice.cash);
    Ok(slice)
}

/// `to`, as touching it left it, after it took `slice` and paid `payment` for it.
pub fn joined(
    to: &MarginAccount,
    slice: &MarginAccount,
    payment: i64,
    indices: &Indices,
) -> Result<Box<MarginAccount>, SdkError> {
    let mut after = Box::new(*to);
    for part in slice.positions.iter().filter(|p| !p.is_free()) {
        let slot = Asset::held(part)?.find_or_open(&mut after)?;
        let position = after.position_mut(slot)?;
        (position.index_entry, position.reduced) = (part.index_entry, part.reduced);
        position.add(part.base, part.quote)?;
        after.free_if_empty(slot);
    }
    for (left, right) in after.collaterals.iter_mut().zip(&slice.collaterals) {
        *left = left.saturating_add(*right);
    }
    let paid = slice.cash.saturating_sub(payment);
    let balance = after.balance().after(0, paid);
    after.set_balance(balance.map_err(refused)?, indices);
    Ok(after)
}
