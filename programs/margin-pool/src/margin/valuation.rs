//! What a dated position is worth, by its instrument in the book.

use {
    crate::{
        error::MarginPoolError,
        state::{Position, PositionKind},
    },
    anchor_lang::prelude::*,
    cep_risk::{Instrument as Valued, Notional, Price, Quantity, fixed::ONE_Q32, smile},
    risk_engine::{
        curves::expiry_of,
        state::{Expiry, Instrument, InstrumentState, RiskBook},
    },
};

pub(super) enum Dated<'a> {
    /// Moves with the scenarios.
    Live { valued: Valued<'a>, stale: bool },
    /// Has its settlement price: worth this much, and nothing moves it.
    Settled(Notional),
}

/// Refuses when the book does not hold the position's instrument, or has no curve or forward for it yet.
pub(super) fn dated<'a>(
    position: &Position,
    kind: PositionKind,
    book: &'a RiskBook,
    instruments: &'a [Instrument],
    now: i64,
) -> Result<Dated<'a>> {
    let instrument = find(position, instruments)?;
    let expiry = expiry_of(book, instrument).ok_or(MarginPoolError::BookNotReady)?;
    if instrument.state == InstrumentState::Settled as u8 {
        let payoff = payoff(kind, expiry.settlement_price, instrument.strike);
        return Ok(Dated::Settled(Quantity(position.base).times_micro(payoff)));
    }
    let spot = Price::new(book.price).map_err(|_| MarginPoolError::BookNotReady)?;
    let seconds = instrument.seconds(now);
    let short = position.base < 0;
    if kind == PositionKind::Future {
        let forward = forward(spot, expiry, seconds, short)?;
        return Ok(Dated::Live {
            valued: Valued::Future { forward, seconds },
            stale: false,
        });
    }
    let curve = instrument.curve().ok_or(MarginPoolError::BookNotReady)?;
    Ok(Dated::Live {
        valued: Valued::Option {
            // Down for a long, up for a short: below 2⁴⁸ micro-USD.
            mark: curve.value(spot) + u64::from(short),
            seconds,
            curve,
        },
        // A curve read at a price in doubt says nothing either.
        stale: book.is_degraded(now) || instrument.curve_stale(book, now).is_some(),
    })
}

/// The instrument in the slot that the position remembers, or wherever it is now.
fn find<'a>(position: &Position, instruments: &'a [Instrument]) -> Result<&'a Instrument> {
    let is = |i: &&Instrument| i.id == position.instrument && !i.is_free();
    let remembered = instruments.get(usize::from(position.slot)).filter(is);
    remembered
        .or_else(|| instruments.iter().find(is))
        .ok_or_else(|| MarginPoolError::InstrumentMissing.into())
}

/// Down for a long, up for a short.
fn forward(spot: Price, expiry: &Expiry, seconds: u64, short: bool) -> Result<Price> {
    let ratio = smile::forward_ratio(expiry.basis, seconds).map_err(MarginPoolError::from)?;
    let forward = smile::forward(spot, ratio).map_err(MarginPoolError::from)?;
    if short && ratio != ONE_Q32.unsigned_abs() {
        return Ok(Price::new(forward.micro_usd().saturating_add(1)).unwrap_or(forward));
    }
    Ok(forward)
}

/// Micro-USD per contract at the settlement price.
fn payoff(kind: PositionKind, settlement: u64, strike: u64) -> u64 {
    match kind {
        PositionKind::Call => settlement.saturating_sub(strike),
        PositionKind::Put => strike.saturating_sub(settlement),
        PositionKind::Future | PositionKind::Perpetual | PositionKind::Free => settlement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payoffs_are_never_negative() {
        for (kind, settlement, worth) in [
            (PositionKind::Future, 90, 90),
            (PositionKind::Call, 90, 0),
            (PositionKind::Call, 130, 30),
            (PositionKind::Put, 130, 0),
            (PositionKind::Put, 90, 10),
        ] {
            assert_eq!(payoff(kind, settlement, 100), worth, "{kind:?}");
        }
    }

    #[test]
    fn a_forward_rounds_against_its_holder() {
        let expiry = Expiry {
            basis: 50_000,
            ..bytemuck::Zeroable::zeroed()
        };
        let spot = Price::new(220_000_001).unwrap();
        let of = |short| forward(spot, &expiry, 30 * 86_400, short).unwrap();
        assert!(of(false) > spot);
        assert_eq!(of(true).micro_usd(), of(false).micro_usd() + 1);
        let at_expiry = forward(spot, &expiry, 0, true).unwrap();
        assert_eq!(at_expiry, spot);
    }
}
