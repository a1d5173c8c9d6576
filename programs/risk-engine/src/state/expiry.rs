use {
    super::{RiskBook, degraded},
    anchor_lang::prelude::*,
    cep_risk::{
        settling::{Dated, Settling},
        twap::{CLOSING, Twap},
    },
};

/// Expiries that one underlying may have at a time.
pub const MAX_EXPIRIES: usize = 12;

/// One expiry of an underlying: its surface and its settlement. Free when `expiry` is zero.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Expiry {
    /// Unix seconds.
    pub expiry: i64,
    /// At-the-money implied volatility, Q32 per root year, from the feeds; zero before the first.
    pub atm: u64,
    /// When the feeds last gave it, Unix seconds.
    pub atm_time: i64,
    /// When the committee last had a quorum for skew, curvature and basis, Unix seconds; zero: never.
    pub surface_time: i64,
    /// Micro-USD per contract; zero until it is decided, see [`crate::price::observe_expiries`].
    pub settlement_price: u64,
    /// See [`cep_risk::twap::Twap`], whose fields these are.
    pub twap: TwapState,
    /// See `cep_risk::smile`: ppm; ppm; ppm per year.
    pub skew: i32,
    pub curvature: i32,
    pub basis: i32,
    /// Live instruments that expire then.
    pub instruments: u16,
    /// 1 once one of them was opened for trading: from then on the surface moves by steps.
    pub opened: u8,
    pub padding: [u8; 1],
    /// The `atm` that curves were last built from, and when that began, Unix seconds.
    pub curve_atm: u64,
    pub curve_atm_time: i64,
    /// Since when `atm` is beyond the volatility band around that, Unix seconds; zero while it is not.
    pub atm_left_at: i64,
}

/// Stored form of [`Twap`].
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TwapState {
    pub sum: u64,
    pub covered: u64,
    pub last_time: i64,
}

impl From<TwapState> for Twap {
    fn from(s: TwapState) -> Self {
        Self {
            sum: s.sum,
            covered: s.covered,
            last_time: s.last_time,
        }
    }
}

impl From<Twap> for TwapState {
    fn from(t: Twap) -> Self {
        Self {
            sum: t.sum,
            covered: t.covered,
            last_time: t.last_time,
        }
    }
}

impl RiskBook {
    /// The price in force, whether it counts in a settlement average, and for how many seconds at most.
    #[must_use]
    pub fn observation(&self) -> (u64, bool, u64) {
        // In doubt by its oracles: not usable. A pause says nothing of the price, and must not be a way to choose an average.
        let usable = self.degraded & !degraded::PAUSED == 0;
        // The settlement average wants gaps shorter than its closing time.
        let max_gap = self.max_price_age.min(CLOSING.unsigned_abs());
        (self.price, usable, max_gap)
    }

    /// What one of its expiries will settle at, as far as it is known at `now`: every valuation of a dated instrument starts
    /// from this.
    #[must_use]
    pub fn settling(&self, expiry: &Expiry, now: i64) -> Settling {
        if expiry.settlement_price != 0 {
            return Settling::Decided(expiry.settlement_price);
        }
        let (price, usable, max_gap) = self.observation();
        let twap = Twap::from(expiry.twap);
        Dated::at(twap, expiry.expiry, (price, usable), now, max_gap)
    }
}

impl Expiry {
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.expiry == 0
    }

    /// Follows whether `atm` left the band, ppm, around what curves were built from. Called whenever it changes.
    pub fn watch_atm(&mut self, band: u64, now: i64) {
        let left = self.curve_atm != 0 && crate::curves::left(self.curve_atm, self.atm, band);
        if !left {
            self.atm_left_at = 0;
        } else if self.atm_left_at == 0 {
            self.atm_left_at = now;
        }
    }

    /// A curve was built from `atm`. One built from another is behind since now.
    pub const fn curve_built(&mut self, now: i64) {
        if self.curve_atm != self.atm {
            (self.curve_atm, self.curve_atm_time) = (self.atm, now);
            self.atm_left_at = 0;
        }
    }
}

const _: () = assert!(size_of::<Expiry>() == 5 * 8 + 24 + 16 + 24);
