//! What a margin check is given.

use crate::{
    ROWS, STRESS_ROWS,
    curve::{Curve, LEVEL_ZERO},
    rows::Column,
    settling::{Dated, Struck},
    units::{Price, Quantity},
};

/// What a margin check needs to know of one underlying.
#[derive(Clone, Copy)]
pub struct Book<'a> {
    /// Index price.
    pub price: Price,
    /// Oracle confidence interval, micro-USD per contract.
    pub confidence: u64,
    /// Seconds since the oracle published the price.
    pub age: u64,
    /// Volatility over the horizon that `returns` stand for, Q32.
    pub sigma: u64,
    /// The horizon, seconds.
    pub horizon: u64,
    /// Contracts traded a day, all venues, in millionths; zero for unknown: no impact is charged.
    pub daily_volume: u64,
    /// Open interest in millionths of contracts; zero for unknown.
    pub open_interest: u64,
    /// How far the index price is in doubt, in parts per million of it: zero when it is trusted, at most
    /// 1,000,000. Charged for initial margin only.
    pub doubt: u64,
    /// How far the basis of its expiries may move in ten minutes, parts per million per year; zero for unknown. The basis
    /// charge of an expiry is never less than this times its time to expiry.
    pub basis_step: u64,
    /// Simple returns over the joint draws (Q24), scaled to this underlying's volatility.
    pub returns: &'a Column,
    /// Smallest and largest entry of `returns`.
    pub extremes: (i32, i32),
    /// Weights of the joint draws; the same in every book of one scenario set.
    pub weights: &'a [u32; ROWS],
    /// Level step of each joint draw, see [`crate::curve::level_step`].
    pub levels: &'a [u8; ROWS],
    /// Simple returns of the mandated stress rows (Q24), as they are.
    pub stress: &'a [i32; STRESS_ROWS],
    pub stress_levels: &'a [u8; STRESS_ROWS],
    /// Which scenario set the columns were scaled from; books of one portfolio must agree.
    pub scenario_set: u64,
}

/// Levels of a book whose underlying has no options.
pub const FLAT_LEVELS: [u8; ROWS] = [LEVEL_ZERO; ROWS];
pub const FLAT_STRESS_LEVELS: [u8; STRESS_ROWS] = [LEVEL_ZERO; STRESS_ROWS];

/// What is held, as far as valuation needs to know.
#[derive(Clone, Copy, Debug)]
pub enum Instrument<'a> {
    /// Collateral, or a perpetual marked at the index: valued at the book's price.
    Index,
    /// A perpetual at its own mark, which moves in proportion to the index.
    Perpetual { mark: Price },
    /// A dated future at its forward price: of an expiry that is being averaged it counts at its expected settlement, and moves
    /// by the part of the average that is to come.
    Future { forward: Price, dated: Dated },
    /// A European option: its mark (micro-USD per contract) counts for equity, its curve for the scenarios, read as
    /// [`Curve::settling_value`] does. `dated` is in spot prices, see [`Dated::at_spot`].
    Option {
        mark: u64,
        curve: Curve<'a>,
        struck: Struck,
        dated: Dated,
    },
}

impl Instrument<'_> {
    pub(super) const fn is_option(&self) -> bool {
        matches!(self, Self::Option { .. })
    }
}

/// One position or collateral balance.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// Index of its underlying in the portfolio's books.
    pub book: usize,
    pub quantity: Quantity,
    /// Micro-USD already exchanged for it: negative what a long paid. Zero for collateral.
    pub quote: i64,
    pub instrument: Instrument<'a>,
}

/// An account as the risk engine sees it.
#[derive(Clone, Copy)]
pub struct Portfolio<'a> {
    /// Settled micro-USD; negative is borrowed.
    pub cash: i64,
    /// At most [`crate::MAX_HOLDINGS`], one per instrument.
    pub holdings: &'a [Holding<'a>],
    pub books: &'a [Book<'a>],
}
