use {
    super::RiskBook,
    crate::curves::expiry_of,
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

    /// Seconds to expiry, zero once it is reached.
    #[must_use]
    pub fn seconds(&self, now: i64) -> u64 {
        u64::try_from(self.expiry.saturating_sub(now)).unwrap_or(0)
    }
}

const _: () = assert!(size_of::<Instrument>() == 64 + 4 * NODES);
