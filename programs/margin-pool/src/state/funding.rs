use {
    crate::{error::MarginPoolError, state::add},
    anchor_lang::prelude::*,
    cep_risk::{
        Price,
        funding::{FundingParams, WINDOW},
    },
};

/// Funding of a market's perpetual; see [`cep_risk::funding`].
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Funding {
    /// What a long of one contract has paid since the beginning, micro-USD, 2⁻²⁰.
    pub index: i64,
    /// The average premium, parts per billion of the index price; positive: longs pay.
    pub premium: i64,
    /// When the index was last brought up to date, Unix seconds; zero before the first time.
    pub updated_at: i64,
    /// When the present window began, Unix seconds.
    pub window_start: i64,
    /// Traded in the present window, whole USD, and the sum of that times premium.
    pub volume: i64,
    pub weighted: i64,
}

impl Funding {
    /// The index as it is at `now`, for a reader.
    pub fn at(&self, params: &FundingParams, price: Price, now: i64) -> Result<i64> {
        if self.updated_at == 0 {
            return Ok(self.index);
        }
        let seconds = u64::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        let growth = params.growth(price, self.premium, seconds);
        add(self.index, growth.map_err(MarginPoolError::from)?)
    }

    /// Brings the index to `now`, and the average too once its window is over.
    pub fn accrue(&mut self, params: &FundingParams, price: Price, now: i64) -> Result<()> {
        self.index = self.at(params, price, now)?;
        if self.updated_at == 0 {
            self.window_start = now;
        }
        self.updated_at = now.max(self.updated_at);
        let elapsed = u64::try_from(now.saturating_sub(self.window_start)).unwrap_or(0);
        if elapsed >= WINDOW {
            let sample = params.sample(self.weighted, self.volume.unsigned_abs());
            self.premium = params.average(self.premium, sample, elapsed);
            (self.window_start, self.volume, self.weighted) = (now, 0, 0);
        }
        Ok(())
    }

    /// Takes note of a trade worth so much (micro-USD, without sign).
    pub fn observe(&mut self, params: &FundingParams, price: Price, index: Price, worth: u64) {
        let usd = i64::try_from(worth / 1_000_000).unwrap_or(i64::MAX);
        let weighted = usd.saturating_mul(params.premium(price, index));
        self.volume = self.volume.saturating_add(usd);
        self.weighted = self.weighted.saturating_add(weighted);
    }
}

const _: () = assert!(size_of::<Funding>() == 48);
