//! What a bid moves, as `margin_pool::transfer_slice` moves it.

use {
    bytemuck::Zeroable,
    cep_risk::auction::{PPB, slice_of, slice_of_position},
    cep_sdk::{
        Book, SdkError,
        programs::margin_pool::{error::MarginPoolError, margin::Books, state::MarginAccount},
    },
};

/// The part of `from` that `fraction` (ppb) takes. `reserved` cash is not for sale.
pub fn cut(
    from: &MarginAccount,
    books: &Books<&Book>,
    reserved: i64,
    fraction: u64,
) -> Result<Box<MarginAccount>, SdkError> {
    let mut slice = Box::new(MarginAccount::zeroed());
    for position in from.positions.iter().filter(|p| !p.is_free()) {
        let mark = books.get(position.underlying)?.index_price()?;
        let (base, quote) = slice_of_position(position.base, position.quote, mark, fraction)
            .map_err(|error| {
                SdkError::from(anchor_lang::error::Error::from(MarginPoolError::from(
                    error,
                )))
            })?;
        let part = slice.perpetual_mut(position.underlying)?;
        part.add(base, quote)?;
        part.free_if_empty();
    }
    for (part, amount) in slice.collaterals.iter_mut().zip(&from.collaterals) {
        // The quotient is at most `amount`, since the fraction is at most one.
        let share = u128::from(*amount) * u128::from(fraction.min(PPB)) / u128::from(PPB);
        *part = u64::try_from(share).unwrap_or(*amount);
    }
    slice.cash = slice_of(from.cash.saturating_sub(reserved), fraction);
    Ok(slice)
}

/// `to` after it took `slice` and paid `payment` for it.
pub fn joined(
    to: &MarginAccount,
    slice: &MarginAccount,
    payment: i64,
) -> Result<Box<MarginAccount>, SdkError> {
    let mut after = Box::new(*to);
    for part in slice.positions.iter().filter(|p| !p.is_free()) {
        let position = after.perpetual_mut(part.underlying)?;
        position.add(part.base, part.quote)?;
        position.free_if_empty();
    }
    for (left, right) in after.collaterals.iter_mut().zip(&slice.collaterals) {
        *left = left.saturating_add(*right);
    }
    after.cash = after
        .cash
        .saturating_add(slice.cash)
        .saturating_sub(payment);
    Ok(after)
}
