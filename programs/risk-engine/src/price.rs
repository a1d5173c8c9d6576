//! From sources to the price and the volatility in force: what `refresh` and `refresh_staked` share.

use {
    crate::{
        error::RiskEngineError,
        state::{RiskBook, RiskParams, degraded},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        ewma,
        oracle::{Consensus, Observation, consensus as agree},
        twap::{CLOSING, Outcome, Twap},
    },
};

/// What the book's fresh sources say together; `None` when none is fresh.
#[must_use]
pub fn consensus(book: &RiskBook, clock: &Clock, params: &RiskParams) -> Option<Consensus> {
    let none = Observation {
        price: 0,
        confidence: 0,
        publish_time: 0,
    };
    let (mut fresh, mut count) = ([none; crate::state::MAX_SOURCES], 0);
    for source in &book.sources {
        if source.is_fresh(clock.unix_timestamp, clock.slot)
            && let Some(slot) = fresh.get_mut(count)
        {
            *slot = Observation {
                price: source.price,
                confidence: source.confidence,
                publish_time: source.publish_time,
            };
            count += 1;
        }
    }
    agree(
        fresh.get(..count)?,
        book.price,
        &params.quorum(book.min_sources),
    )
}

/// Moves the book's price toward the consensus as fast as the circuit breaker lets it, and says what is in doubt.
pub fn take(book: &mut RiskBook, consensus: &Consensus, clock: &Clock, params: &RiskParams) {
    let elapsed = clock.unix_timestamp.saturating_sub(book.refreshed_at);
    let elapsed = u64::try_from(elapsed).unwrap_or(0);
    let step = params
        .step_limit()
        .step(book.price, consensus.price, book.step_used, elapsed);
    book.count_time(consensus.publish_time, clock.unix_timestamp);
    book.price = step.price;
    book.step_used = step.used;
    book.confidence = consensus.confidence;
    book.publish_time = consensus.publish_time;
    book.refreshed_slot = clock.slot;
    book.degraded &= degraded::PAUSED;
    for (holds, reason) in [
        (consensus.shortage, degraded::SHORTAGE),
        (consensus.disagreement, degraded::DISAGREEMENT),
        (step.limited, degraded::STEP_LIMITED),
    ] {
        if holds {
            book.degraded |= reason;
        }
    }
}

/// Takes a volatility sample when enough time has passed since the last one. `sample` is the price, or for a
/// staked token what its market makes of its redemption value.
pub fn fold_volatility(
    book: &mut RiskBook,
    sample: u64,
    now: i64,
    params: &RiskParams,
) -> Result<()> {
    if book.sample_price == 0 {
        book.sample_price = sample;
        book.sample_time = now;
        return Ok(());
    }
    let elapsed = u64::try_from(now.saturating_sub(book.sample_time)).unwrap_or(0);
    if elapsed < params.volatility_interval {
        return Ok(());
    }
    book.variance = ewma::update(
        book.variance,
        book.sample_price,
        sample,
        elapsed,
        params.volatility_tau,
    )
    .map_err(RiskEngineError::from)?;
    book.sample_price = sample;
    book.sample_time = now;
    Ok(())
}

/// What scenarios are to stand for now, and the copies of parameters that a margin check reads.
pub fn retarget(book: &mut RiskBook, params: &RiskParams) {
    let implied = (book.implied_variance != 0).then_some(book.implied_variance);
    book.target_variance = params
        .volatility(book.variance_floor)
        .effective_variance(book.variance, implied);
    copy_params(book, params);
}

/// Copies of the config's parameters that a margin check reads from the book.
pub fn copy_params(book: &mut RiskBook, params: &RiskParams) {
    book.max_price_age = params.max_price_age;
    book.dead_price_age = params.dead_price_age;
    book.doubt = params.doubt;
    book.curve_max_age = params.curve_max_age;
    book.curve_centre_band = params.curve_centre_band;
    book.curve_volatility_band = params.curve_volatility_band;
}

/// Adds the time since the last refresh to the averages of the expiries in their settlement window, at the price
/// that stood until now; and fixes the settlement price as soon as it is decided. Called before a refresh takes its price,
/// so that an oracle that comes back after the grace period does not change the last price of an expiry that it missed,
/// whoever is first to settle.
pub fn observe_expiries(book: &mut RiskBook, now: i64) {
    if book.price == 0 {
        return;
    }
    // In doubt by its oracles: not usable. A pause says nothing of the price, and must not be a way to choose an average.
    let usable = book.degraded & !degraded::PAUSED == 0;
    // The settlement average wants gaps shorter than its closing time.
    let closing = CLOSING.unsigned_abs();
    let (price, max_gap) = (book.price, book.max_price_age.min(closing));
    for expiry in book.expiries.iter_mut().filter(|e| e.expiry != 0) {
        let mut twap = Twap::from(expiry.twap);
        twap.observe(expiry.expiry, price, usable, now, max_gap);
        expiry.twap = twap.into();
        if expiry.settlement_price == 0
            && let Outcome::Settled { price, .. } = twap.outcome(expiry.expiry, now, price)
        {
            expiry.settlement_price = price;
        }
    }
}
