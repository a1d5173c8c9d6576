//! From sources to the price and the volatility in force: what `refresh` and `refresh_staked` share.

use {
    crate::{
        error::RiskEngineError,
        state::{MAX_SOURCES, RiskBook, RiskParams, degraded},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        ewma::{Samples, Sampling},
        oracle::{Consensus, Observation, ahead_of_clock, consensus as agree},
        twap::{Outcome, Twap},
    },
};

/// What a book's sources say together.
#[derive(Clone, Copy, Debug)]
pub struct Agreed {
    pub consensus: Consensus,
    /// Too few are sure of themselves: the price rests on values that are wider than the sources may be.
    pub wide: bool,
}

/// What the book's fresh sources say together; `None` when none is fresh. Those that are unsure of themselves count only
/// where the sure ones are too few, since a price that is known roughly is known better than none.
#[must_use]
pub fn consensus(book: &RiskBook, clock: &Clock, params: &RiskParams) -> Option<Agreed> {
    let quorum = params.quorum(book.min_sources);
    let (all, total) = observations(book, clock, true);
    let (sure, count) = observations(book, clock, false);
    let wide = count < usize::from(book.min_sources) && count < total;
    let fresh = if wide {
        all.get(..total)
    } else {
        sure.get(..count)
    };
    Some(Agreed {
        consensus: agree(fresh?, book.price, &quorum)?,
        wide,
    })
}

/// The book's sources whose last value still counts, and how many they are. What one is dated ahead of the clock widens its
/// interval: the clock is late by as much, and does not show how old it is.
fn observations(book: &RiskBook, clock: &Clock, wide: bool) -> ([Observation; MAX_SOURCES], usize) {
    let (mut fresh, mut count) = ([Observation::default(); MAX_SOURCES], 0);
    let (now, slot) = (clock.unix_timestamp, clock.slot);
    let usable = |s: &&crate::state::Source| s.is_fresh(now, slot) && (wide || s.is_wide == 0);
    for (place, source) in fresh.iter_mut().zip(book.sources.iter().filter(usable)) {
        let ahead = u64::try_from(source.publish_time.saturating_sub(now)).unwrap_or(0);
        let charge = ahead_of_clock(source.price, ahead, book.sigma, book.horizon);
        *place = Observation {
            price: source.price,
            confidence: source.confidence.saturating_add(charge),
            publish_time: source.published(now, slot),
        };
        // At most four.
        count += 1;
    }
    (fresh, count)
}

/// Moves the book's price toward the consensus as fast as the circuit breaker lets it, and says what is in doubt.
pub fn take(book: &mut RiskBook, agreed: &Agreed, clock: &Clock, params: &RiskParams) {
    let (consensus, now) = (&agreed.consensus, clock.unix_timestamp);
    let elapsed = u64::try_from(now.saturating_sub(book.refreshed_at)).unwrap_or(0);
    let step = params
        .step_limit()
        .step(book.price, consensus.price, book.step_used, elapsed);
    book.count_time(consensus.publish_time, now);
    book.price = step.price;
    book.step_used = step.used;
    // Wider than the price it says nothing more.
    book.confidence = consensus.confidence.min(step.price);
    // A print ahead of the clock is as old as one of now, not younger.
    book.publish_time = consensus.publish_time.min(now);
    book.newest_publish_time = consensus.newest.min(now);
    book.refreshed_slot = clock.slot;
    book.degraded &= degraded::PAUSED;
    for (holds, reason) in [
        (consensus.shortage, degraded::SHORTAGE),
        (consensus.disagreement, degraded::DISAGREEMENT),
        (step.limited, degraded::STEP_LIMITED),
        (agreed.wide, degraded::WIDE),
    ] {
        if holds {
            book.degraded |= reason;
        }
    }
    if !book.price_state(now).is_silent() {
        book.silent_from = 0;
    }
    book.watch_spot(now);
    if book.degraded & !degraded::PAUSED == 0 {
        book.reference.observe(book.price, now);
    }
}

/// Shows realised volatility the price from `now` on. `sample` is the price, or for a staked token what its market makes of
/// its redemption value. Samples are of a fixed grid of time, so that it makes no difference who refreshes when.
pub fn fold_volatility(
    book: &mut RiskBook,
    sample: u64,
    now: i64,
    params: &RiskParams,
) -> Result<()> {
    let unix = |time: i64| u64::try_from(time).map_err(|_| RiskEngineError::Overflow);
    let mut samples = Samples {
        variance: book.variance,
        value: book.sample_price,
        time: unix(book.sample_time)?,
        start: book.sample_start,
        sum: book.sample_sum,
        average: book.sample_average,
        last_return: book.sample_return,
    };
    let by = Sampling {
        interval: params.volatility_interval,
        tau: params.volatility_tau,
    };
    samples
        .observe(&by, sample, unix(now)?)
        .map_err(RiskEngineError::from)?;
    book.variance = samples.variance;
    book.sample_price = samples.value;
    book.sample_time = i64::try_from(samples.time).map_err(|_| RiskEngineError::Overflow)?;
    book.sample_start = samples.start;
    book.sample_sum = samples.sum;
    book.sample_average = samples.average;
    book.sample_return = samples.last_return;
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
    book.silence_delay = params.silence_delay;
    book.maintenance_interval = params.maintenance_interval;
    book.doubt = params.doubt;
    book.curve_max_age = params.curve_max_age;
    book.curve_centre_band = params.curve_centre_band;
    book.curve_volatility_band = params.curve_volatility_band;
    book.curve_grace = params.curve_grace;
    book.curve_timeout = params.curve_timeout;
    book.surface_step = params.surface_max_step;
}

/// Adds the time since the last refresh to the averages of the expiries in their settlement window, at the price
/// that stood until now; and fixes the settlement price as soon as it is decided. Called before a refresh takes its price,
/// so that an oracle that comes back after the grace period does not change the last price of an expiry that it missed,
/// whoever is first to settle.
pub fn observe_expiries(book: &mut RiskBook, now: i64) {
    if book.price == 0 {
        return;
    }
    let (price, usable, max_gap) = book.observation();
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
