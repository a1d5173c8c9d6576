//! What a dated position is worth, by its instrument in the book.

use {
    crate::{
        clearing::Asset,
        error::MarginPoolError,
        margin::BookParts,
        state::{Position, PositionKind},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Instrument as Valued, Notional, Price, Quantity, Struck, fixed::ONE_Q32,
        settling::Settling, smile,
    },
    risk_engine::{
        curves::expiry_of,
        state::{Expiry, Instrument, RiskBook},
    },
};

pub(super) enum Dated<'a> {
    /// Moves with the scenarios.
    Live {
        valued: Valued<'a>,
        instrument: &'a Instrument,
    },
    /// Its settlement price is decided: worth this much, and nothing moves it.
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
    let (_, instrument) = find((position.slot, position.instrument), instruments)?;
    let spot = Price::new(book.price).map_err(|_| MarginPoolError::BookNotReady)?;
    match valued(book, spot, instrument, (kind, position.base < 0), now)? {
        Worth::Live(valued) => Ok(Dated::Live { valued, instrument }),
        Worth::Settled(payoff) => {
            let worth = Quantity(position.base).times_micro(payoff);
            Ok(Dated::Settled(worth))
        }
    }
}

/// Whether an option's curve is stale, or read at a price in doubt, which says nothing either.
pub(super) fn is_stale(
    valued: &Valued,
    instrument: &Instrument,
    book: &RiskBook,
    now: i64,
) -> bool {
    matches!(valued, Valued::Option { .. })
        && (book.is_degraded(now) || instrument.curve_stale(book, now).is_some())
}

/// Whether an option's curve is to be rebuilt before liquidation may use it.
pub(super) fn must_be_rebuilt(
    valued: &Valued,
    instrument: &Instrument,
    book: &RiskBook,
    now: i64,
) -> bool {
    matches!(valued, Valued::Option { .. })
        && expiry_of(book, instrument).is_some_and(|e| !instrument.curve_serves(e, book, now))
}

/// What a contract of an instrument is worth.
enum Worth<'a> {
    Live(Valued<'a>),
    /// Its payoff at the settlement price, micro-USD.
    Settled(u64),
}

/// An instrument at its expected settlement, down for a long and up for a short; at its payoff from the moment at which its
/// settlement price is decided, whatever state it is in. At this
/// index price.
fn valued<'a>(
    book: &RiskBook,
    spot: Price,
    instrument: &'a Instrument,
    (kind, short): (PositionKind, bool),
    now: i64,
) -> Result<Worth<'a>> {
    let expiry = expiry_of(book, instrument).ok_or(MarginPoolError::BookNotReady)?;
    let dated = match book.settling(expiry, now) {
        Settling::Decided(price) => {
            return Ok(Worth::Settled(payoff(kind, price, instrument.strike)));
        }
        Settling::Open(dated) => dated,
    };
    if kind == PositionKind::Future {
        let forward = forward(spot, expiry, dated.seconds(), short)?;
        return Ok(Worth::Live(Valued::Future { forward, dated }));
    }
    let curve = instrument.curve().ok_or(MarginPoolError::BookNotReady)?;
    let struck = Struck {
        strike: Price::new(instrument.strike).map_err(MarginPoolError::from)?,
        put: kind == PositionKind::Put,
    };
    let dated = if dated.is_averaging() {
        let ratio = smile::forward_ratio(expiry.basis, dated.seconds());
        dated.at_spot(ratio.map_err(MarginPoolError::from)?)
    } else {
        dated
    };
    Ok(Worth::Live(Valued::Option {
        // Below 2⁴⁸ micro-USD.
        mark: curve.settling_value(spot, &dated, &struck) + u64::from(short),
        curve,
        struck,
        dated,
    }))
}

/// What an asset is marked at, micro-USD per contract: a perpetual at the index, a dated instrument at its expected
/// settlement; down for a long, up for a short. The last curve counts, stale or not. The one function by which trades are
/// banded, positions valued, settled and sold.
pub fn mark<B: BookParts>(book: &B, asset: &Asset, short: bool, now: i64) -> Result<u64> {
    mark_at(book, book.header().price, asset, short, now)
}

/// What it is marked at by the book's reference price, its curve and its basis being what they are now; `None` before the book
/// has one.
pub fn reference_mark<B: BookParts>(
    book: &B,
    asset: &Asset,
    short: bool,
    now: i64,
) -> Result<Option<u64>> {
    match book.header().reference.before {
        0 => Ok(None),
        spot => mark_at(book, spot, asset, short, now).map(Some),
    }
}

fn mark_at<B: BookParts>(book: &B, spot: u64, asset: &Asset, short: bool, now: i64) -> Result<u64> {
    let header = book.header();
    let price = Price::new(spot).map_err(|_| MarginPoolError::BookNotReady)?;
    if asset.kind == PositionKind::Perpetual {
        return Ok(spot);
    }
    let (_, instrument) = find((asset.slot, asset.instrument), book.instruments())?;
    let held = (asset.kind, short);
    Ok(match valued(header, price, instrument, held, now)? {
        Worth::Settled(payoff) => payoff,
        Worth::Live(Valued::Future { forward, dated }) => dated.future(forward, short),
        Worth::Live(Valued::Option { mark, .. }) => mark,
        Worth::Live(Valued::Index) => spot,
        Worth::Live(Valued::Perpetual { mark }) => mark.micro_usd(),
    })
}

/// What a contract of a position pays at its settlement price, micro-USD; `None` before the book has it on record, and for
/// what has no instrument: a perpetual, and a claim, whose instrument may be gone.
pub fn settled_payoff<B: BookParts>(book: &B, position: &Position) -> Result<Option<u64>> {
    if position.base == 0 || position.instrument == 0 {
        return Ok(None);
    }
    let asset = Asset::held(position)?;
    let (_, instrument) = find((asset.slot, asset.instrument), book.instruments())?;
    let expiry = expiry_of(book.header(), instrument).ok_or(MarginPoolError::BookNotReady)?;
    if expiry.settlement_price == 0 {
        return Ok(None);
    }
    Ok(Some(payoff(
        asset.kind,
        expiry.settlement_price,
        asset.strike,
    )))
}

/// The instrument with this id and its slot: the one remembered, or wherever it is now.
pub fn find((slot, id): (u16, u64), instruments: &[Instrument]) -> Result<(u16, &Instrument)> {
    let is = |i: &Instrument| i.id == id && !i.is_free();
    if let Some(remembered) = instruments.get(usize::from(slot)).filter(|i| is(i)) {
        return Ok((slot, remembered));
    }
    let mut all = (0..=u16::MAX).zip(instruments);
    all.find(|(_, i)| is(i))
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
#[must_use]
pub const fn payoff(kind: PositionKind, settlement: u64, strike: u64) -> u64 {
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
