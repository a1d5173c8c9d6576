use {
    super::{Expiry, RiskBook},
    crate::curves::{expiry_of, left},
    anchor_lang::prelude::*,
    cep_risk::{
        Curve, Price,
        curve::{CurveState, NODES, Stale, Staleness},
    },
};

/// One instrument in a book's account: what it is, and for an option its value curve. Free when `id` is zero;
/// then all its fields are zero.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instrument {
    /// Given once and never again, in whatever slot.
    pub id: u64,
    /// Unix seconds; zero for a perpetual.
    pub expiry: i64,
    /// Micro-USD per contract; zero for what has no strike.
    pub strike: u64,
    /// When the curve was built, Unix seconds; zero: never.
    pub built_at: i64,
    /// Spot that the curve is centred on, micro-USD per contract.
    pub centre: u64,
    /// At-the-money volatility of the expiry when the curve was built, Q32 per root year.
    pub atm: u64,
    /// Skew, curvature and basis of the expiry when the curve was built, as in [`super::Expiry`].
    pub skew: i32,
    pub curvature: i32,
    pub basis: i32,
    /// [`InstrumentKind::code`].
    pub kind: u8,
    /// See [`InstrumentState`].
    pub state: u8,
    /// Slot of its expiry in the book; unused for a perpetual.
    pub expiry_slot: u8,
    pub padding: [u8; 1],
    /// The curve, see `cep_risk::Curve`.
    pub values: [u32; NODES],
}

/// What an instrument is. Stored as its [`code`](InstrumentKind::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub enum InstrumentKind {
    Perpetual,
    Future,
    Call,
    Put,
}

/// Where an instrument is in its life. Stored as `u8`. Settling begins by itself at expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InstrumentState {
    /// Known, not tradable yet.
    Listed = 1,
    Trading = 2,
    /// Has its settlement price; positions are settled at it, and the slot may be closed.
    Settled = 3,
}

impl InstrumentKind {
    /// Zero is a free slot.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Perpetual => 1,
            Self::Future => 2,
            Self::Call => 3,
            Self::Put => 4,
        }
    }

    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Perpetual,
            2 => Self::Future,
            3 => Self::Call,
            4 => Self::Put,
            _ => return None,
        })
    }

    #[must_use]
    pub const fn is_option(self) -> bool {
        matches!(self, Self::Call | Self::Put)
    }
}

impl Instrument {
    pub const SPACE: usize = size_of::<Self>();

    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.id == 0
    }

    /// Whether it has reached its expiry and waits for its settlement price.
    #[must_use]
    pub const fn is_settling(&self, now: i64) -> bool {
        self.expiry != 0 && now >= self.expiry && self.state != InstrumentState::Settled as u8
    }

    #[must_use]
    pub const fn is_trading(&self, now: i64) -> bool {
        self.state == InstrumentState::Trading as u8 && (self.expiry == 0 || now < self.expiry)
    }

    /// The kind, if it is an option whose life has not ended.
    #[must_use]
    pub fn live_option(&self) -> Option<InstrumentKind> {
        InstrumentKind::from_code(self.kind)
            .filter(|kind| kind.is_option() && self.state != InstrumentState::Settled as u8)
    }

    /// The value curve; `None` before the first, and for what has none.
    #[must_use]
    pub fn curve(&self) -> Option<Curve<'_>> {
        let centre = Price::new(self.centre).ok()?;
        Some(Curve {
            centre,
            values: &self.values,
        })
    }

    /// The first reason for which the curve does not stand for the option at the book's present price and volatility; one
    /// that was never built, or whose expiry the book does not follow, is old. Says nothing of doubts in the price itself:
    /// see [`RiskBook::is_degraded`].
    #[must_use]
    pub fn curve_stale(&self, book: &RiskBook, now: i64) -> Option<Stale> {
        let (Ok(centre), Ok(spot), Some(expiry)) = (
            Price::new(self.centre),
            Price::new(book.price),
            expiry_of(book, self),
        ) else {
            return Some(Stale::Old);
        };
        let staleness = Staleness {
            max_age: book.curve_max_age,
            centre_band: book.curve_centre_band,
            volatility_band: book.curve_volatility_band,
        };
        staleness.of(&CurveState {
            centre,
            spot,
            age: u64::try_from(now.saturating_sub(self.built_at)).unwrap_or(0),
            volatility: self.atm,
            volatility_now: expiry.atm,
        })
    }

    /// Whether liquidation may value the option at its last curve. A stale one serves while the crank can still be on its way, and
    /// again once nobody rebuilt it for so long that nobody will; between the two it is to be rebuilt first, which anyone
    /// may do in the same transaction. Where the book lets nobody rebuild, the last one serves.
    #[must_use]
    pub fn curve_serves(&self, expiry: &Expiry, book: &RiskBook, now: i64) -> bool {
        let behind = self.curve_behind(expiry, book, now);
        behind < book.curve_grace
            || behind >= book.curve_timeout
            || !book.curves_can_be_rebuilt(now)
    }

    /// Seconds since the curve is stale, as [`Self::curve_stale`] means it; zero while it is not. A curve around another centre,
    /// or from another volatility, than what the last ones were built from counts since those were.
    fn curve_behind(&self, expiry: &Expiry, book: &RiskBook, now: i64) -> u64 {
        let current = (self.centre, self.atm) == (book.centre, expiry.curve_atm);
        let old = self.built_at.saturating_add_unsigned(book.curve_max_age);
        if current && now <= old && (book.spot_left_at, expiry.atm_left_at) == (0, 0) {
            return 0;
        }
        let spot = if self.centre == book.centre {
            book.spot_left_at
        } else if left(self.centre, book.price, book.curve_centre_band) {
            book.centre_time
        } else {
            0
        };
        let volatility = if self.atm == expiry.curve_atm {
            expiry.atm_left_at
        } else if left(self.atm, expiry.atm, book.curve_volatility_band) {
            expiry.curve_atm_time
        } else {
            0
        };
        let age = if now > old { old } else { 0 };
        let since = [age, spot, volatility].into_iter().filter(|t| *t != 0);
        // The first second of it counts as one.
        since.min().map_or(0, |since| {
            u64::try_from(now.saturating_sub(since)).unwrap_or(0).max(1)
        })
    }

    /// Seconds to expiry, zero once it is reached.
    #[must_use]
    pub fn seconds(&self, now: i64) -> u64 {
        u64::try_from(self.expiry.saturating_sub(now)).unwrap_or(0)
    }
}

const _: () = assert!(size_of::<Instrument>() == 64 + 4 * NODES);

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    /// An option at the centre of a book that refreshes; seconds of a stale curve serve below 60 and from 300 on.
    fn parts() -> (Box<RiskBook>, Instrument) {
        let mut book: Box<RiskBook> = bytemuck::zeroed_box();
        (book.price, book.centre, book.publish_time) = (100, 100, 1_000);
        (book.max_price_age, book.curve_max_age) = (1_000, 3_600);
        (book.curve_centre_band, book.curve_volatility_band) = (50_000, 100_000);
        (book.curve_grace, book.curve_timeout) = (60, 300);
        (book.expiries[0].atm, book.expiries[0].curve_atm) = (50, 50);
        let mut option = Instrument::zeroed();
        (option.built_at, option.centre, option.atm) = (1_000, 100, 50);
        (book, option)
    }

    #[test]
    fn a_stale_curve_serves_liquidation_at_first_and_at_last_and_not_between() {
        let spoilt: [fn(&mut RiskBook, &mut Instrument); 5] = [
            |_, option| option.built_at = 1_000 - 3_600,
            |book, _| book.spot_left_at = 1_000,
            |book, _| book.expiries[0].atm_left_at = 1_000,
            |book, option| (option.centre, book.centre_time) = (90, 1_000),
            |book, option| (option.atm, book.expiries[0].curve_atm_time) = (40, 1_000),
        ];
        for (at, spoil) in spoilt.into_iter().enumerate() {
            let (mut book, mut option) = parts();
            spoil(&mut book, &mut option);
            for (now, serves) in [
                (1_001, true),
                (1_059, true),
                (1_060, false),
                (1_299, false),
                (1_300, true),
            ] {
                let expiry = &book.expiries[0];
                assert_eq!(
                    option.curve_serves(expiry, &book, now),
                    serves,
                    "{at} at {now}"
                );
            }
            // Nobody can rebuild it at a price that moves.
            book.degraded = super::super::degraded::STEP_LIMITED;
            assert!(option.curve_serves(&book.expiries[0], &book, 1_060));
        }
        let (book, option) = parts();
        assert!((1_000..1_900).all(|now| option.curve_serves(&book.expiries[0], &book, now)));
    }
}
