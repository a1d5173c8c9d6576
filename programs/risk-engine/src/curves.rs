//! From a book to its options' value curves: when one must be rebuilt, where it is centred, and building it.

use {
    crate::{
        error::RiskEngineError,
        state::{Expiry, Instrument, InstrumentKind, RiskBook},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        PPM, Price,
        black76::{OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms},
        smile::{Smile, forward_ratio},
    },
};

/// The expiry of an instrument, if the book still follows it.
#[must_use]
pub fn expiry_of<'a>(book: &'a RiskBook, instrument: &Instrument) -> Option<&'a Expiry> {
    book.expiries
        .get(usize::from(instrument.expiry_slot))
        .filter(|e| !e.is_free() && e.expiry == instrument.expiry)
}

/// Whether `now` is farther from `then` than a band, ppm of `then`.
#[must_use]
pub fn left(then: u64, now: u64, band: u64) -> bool {
    // Below 2⁶⁴ x 2²⁰ each.
    u128::from(then.abs_diff(now)) * u128::from(PPM) > u128::from(then) * u128::from(band)
}

/// Whether `now` is farther from `then` than half of a band, ppm of `then`.
fn left_half(then: u64, now: u64, band: u64) -> bool {
    // Below 2⁶⁴ x 2²¹ each.
    u128::from(then.abs_diff(now)) * u128::from(2 * PPM) > u128::from(then) * u128::from(band)
}

/// A put's curve holds strikes up to this many times its centre: its values have 32 bits and its centre up to 28 of them,
/// and at a spot of zero the put is worth its strike.
pub const PUT_REACH: u64 = 15;

/// Whether a curve around this centre holds the option's values.
#[must_use]
pub const fn reaches(centre: u64, instrument: &Instrument) -> bool {
    instrument.kind != InstrumentKind::Put.code()
        || instrument.strike <= centre.saturating_mul(PUT_REACH)
}

/// Moves the centre to the price once that has left the middle half of the centre's band, and only when every curve
/// stands at the present centre: so curves of at most two centres live at a time, and options of one underlying fall
/// into at most two groups in a margin check, whatever the market did.
///
/// It stays where the highest live put is still in reach: after a fall of three quarters since that was listed, curves
/// stand above the price (and count as stale there), but each of them is still rebuilt, and none waits for another.
pub fn recentre(book: &mut RiskBook, instruments: &[Instrument], now: i64) {
    let highest_put = instruments
        .iter()
        .filter(|i| i.live_option() == Some(InstrumentKind::Put))
        .fold(0, |highest, i| i.strike.max(highest));
    let target = book.price.max(highest_put.div_ceil(PUT_REACH));
    let moved = book.centre == 0 || left_half(book.centre, target, book.curve_centre_band);
    let settled_down = instruments
        .iter()
        .filter(|i| i.live_option().is_some() && i.built_at != 0)
        .all(|i| i.centre == book.centre);
    if moved && settled_down {
        book.centre = target;
        book.centre_time = now;
        book.spot_left_at = 0;
        book.watch_spot(now);
    }
}

/// Whether an option's curve no longer stands for it, or soon will not: at half of what makes it stale, with any move of its
/// expiry's shape, and at expiry, from when on it is worth its payoff.
#[must_use]
pub fn is_due(book: &RiskBook, instrument: &Instrument, now: i64) -> bool {
    let Some(expiry) = expiry_of(book, instrument) else {
        return false;
    };
    let age = u64::try_from(now.saturating_sub(instrument.built_at)).unwrap_or(0);
    instrument.built_at == 0
        || instrument.centre != book.centre
        || age > book.curve_max_age / 2
        || (instrument.built_at < instrument.expiry && instrument.expiry <= now)
        || left_half(instrument.atm, expiry.atm, book.curve_volatility_band)
        || (instrument.skew, instrument.curvature, instrument.basis)
            != (expiry.skew, expiry.curvature, expiry.basis)
}

/// What the curves of one strike and expiry are made of: sticky strike, rate zero (options are settled in the quote
/// currency that margins them), forward from the expiry's basis.
fn terms(
    book: &RiskBook,
    expiry: &Expiry,
    instrument: &Instrument,
    kind: InstrumentKind,
    response: u64,
    now: i64,
) -> Result<CurveTerms> {
    let seconds = instrument.seconds(now);
    let strike = Price::new(instrument.strike).map_err(RiskEngineError::from)?;
    let ratio = forward_ratio(expiry.basis, seconds).map_err(RiskEngineError::from)?;
    let forward = book.forward(expiry, now)?;
    let smile = Smile {
        atm: expiry.atm,
        skew: expiry.skew,
        curvature: expiry.curvature,
    };
    let volatility = smile
        .volatility(forward, strike, seconds)
        .map_err(RiskEngineError::from)?;
    Ok(CurveTerms {
        terms: Terms {
            kind: match kind {
                InstrumentKind::Put => OptionKind::Put,
                _ => OptionKind::Call,
            },
            strike,
        },
        seconds,
        volatility,
        rate: 0,
        forward_ratio: ratio,
        response,
    })
}

/// Builds the curve of `first`, and in the same pass that of `second`, which is its counterpart: the put of a call, or
/// the call of a put. Refuses what the curve's range does not hold; then nothing is changed.
pub fn build(
    book: &RiskBook,
    first: &mut Instrument,
    second: Option<&mut Instrument>,
    response: u64,
    now: i64,
) -> Result<()> {
    let kind = first
        .live_option()
        .ok_or(RiskEngineError::WrongInstrumentState)?;
    let expiry = expiry_of(book, first)
        .filter(|e| e.atm != 0)
        .ok_or(RiskEngineError::UnknownExpiry)?;
    let terms = terms(book, expiry, first, kind, response, now)?;
    let centre = Price::new(book.centre).map_err(RiskEngineError::from)?;
    let others = second.as_deref();
    require!(
        reaches(book.centre, first) && others.is_none_or(|it| reaches(book.centre, it)),
        RiskEngineError::PriceOutOfRange
    );
    // Every value is in reach: past this the builder refuses nothing, and no curve is left half written.
    let builder = CurveBuilder::new(terms, centre).map_err(RiskEngineError::from)?;
    match second {
        None => {
            builder
                .fill(&mut first.values)
                .map_err(RiskEngineError::from)?;
        }
        Some(second) => {
            let (call, put) = if kind == InstrumentKind::Call {
                (&mut first.values, &mut second.values)
            } else {
                (&mut second.values, &mut first.values)
            };
            builder
                .fill_pair(call, put)
                .map_err(RiskEngineError::from)?;
            stamp(book, expiry, second, now);
        }
    }
    stamp(book, expiry, first, now);
    Ok(())
}

/// Notes what a curve was built from.
fn stamp(book: &RiskBook, expiry: &Expiry, instrument: &mut Instrument, now: i64) {
    instrument.built_at = now;
    instrument.centre = book.centre;
    instrument.atm = expiry.atm;
    instrument.skew = expiry.skew;
    instrument.curvature = expiry.curvature;
    instrument.basis = expiry.basis;
}

/// Whether two instruments are the call and the put of one strike and expiry, to be built together around this centre.
#[must_use]
pub fn are_counterparts(a: &Instrument, b: &Instrument, centre: u64) -> bool {
    reaches(centre, a)
        && reaches(centre, b)
        && a.live_option().is_some()
        && b.live_option().is_some()
        && a.kind != b.kind
        && (a.expiry, a.strike, a.expiry_slot) == (b.expiry, b.strike, b.expiry_slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_band_is_strict_and_symmetric() {
        assert!(!left_half(1_000, 1_025, 50_000) && left_half(1_000, 1_026, 50_000));
        assert!(!left_half(1_000, 975, 50_000) && left_half(1_000, 974, 50_000));
        assert!(left_half(0, 1, 50_000), "from nothing to something");
    }
}
