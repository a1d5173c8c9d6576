//! What a game is played with.

use cep_risk::auction::{AuctionParams, PaceParams};

/// The price path a deployment is set up with (`Parameters::standard` in `migrations`).
pub const SHIPPED: AuctionParams = AuctionParams {
    start: 950_000_000,
    cut: 700_000_000,
    fast_seconds: 900,
    slow_seconds: 43_200,
    insolvent_seconds: 3_600,
    incentive: 300_000,
    buffer: 150_000,
};

/// Dearer at the start, faster after it: what it is compared with.
pub const PROPOSED: AuctionParams = AuctionParams {
    start: 980_000_000,
    cut: 800_000_000,
    fast_seconds: 600,
    slow_seconds: 7_200,
    insolvent_seconds: 600,
    incentive: 300_000,
    buffer: 150_000,
};

/// As dear at the start, but three minutes to the price at which the shipped path needs fifteen.
pub const STEEP: AuctionParams = AuctionParams {
    cut: 700_000_000,
    fast_seconds: 180,
    ..PROPOSED
};

/// The pace a deployment is set up with.
pub const SHIPPED_PACE: PaceParams = PaceParams {
    calm: 2_000_000,
    stress: 2_000_000,
    limit: 8_000_000,
};

/// The market and the accounts that fall in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    pub name: &'static str,
    /// Standard deviation of a day's log return.
    pub volatility: f64,
    /// Whether one second in a hundred moves eight times as far, at the same variance.
    pub tails: bool,
    /// Log return that comes on top, evenly over `crash_seconds`; negative is a fall.
    pub crash: f64,
    pub crash_seconds: u64,
    /// What the chain measures, over its floor, ppm. It lags what the market does.
    pub measured: u64,
    /// Half the spread at which a bidder hedges, as a fraction of notional.
    pub half_spread: f64,
    /// Standard deviation of a bidder's error about an account's value, as a fraction of its notional.
    pub error: f64,
    /// Accounts, all long the one underlying.
    pub accounts: usize,
    /// Mean notional of an account, USD.
    pub notional: f64,
    /// Equity at the start over maintenance margin, drawn evenly from here. Below one it can be liquidated at once.
    pub health: [f64; 2],
    /// Insurance fund, USD; what comes in while the game lasts is left out.
    pub fund: f64,
    /// Seconds that are played.
    pub horizon: u64,
}

impl Regime {
    pub const CALM: Self = Self {
        name: "calm",
        volatility: 0.025,
        tails: false,
        crash: 0.0,
        crash_seconds: 1,
        measured: 1_250_000,
        half_spread: 0.000_3,
        error: 0.000_1,
        accounts: 1,
        notional: 250_000.0,
        health: [0.97, 1.0],
        fund: 1_000_000.0,
        horizon: 7_200,
    };
    pub const VOLATILE: Self = Self {
        name: "volatile",
        volatility: 0.08,
        tails: true,
        measured: 3_000_000,
        half_spread: 0.001,
        error: 0.000_4,
        health: [0.85, 1.0],
        ..Self::CALM
    };
    pub const CRASH: Self = Self {
        name: "crash",
        volatility: 0.20,
        tails: true,
        crash: -0.15,
        crash_seconds: 600,
        measured: 5_000_000,
        half_spread: 0.002_5,
        error: 0.001,
        accounts: 40,
        notional: 250_000.0,
        health: [0.95, 2.0],
        fund: 100_000.0,
        horizon: 1_800,
    };
    /// A fall that no bid can come before: a third of the accounts owe more than they have, together half the fund.
    pub const GAP: Self = Self {
        name: "gap",
        crash: -0.14,
        crash_seconds: 1,
        horizon: 3_600,
        ..Self::CRASH
    };
    pub const ALL: [Self; 4] = [Self::CALM, Self::VOLATILE, Self::CRASH, Self::GAP];
}

/// How an account below maintenance is sold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mechanism {
    /// The protocol's auction; no pace means a clock that always runs at its own speed.
    Auction {
        params: AuctionParams,
        pace: Option<PaceParams>,
    },
    /// Half of what is left, at once, for 5 % of its notional: how lending markets pay.
    BonusOnNotional,
    /// Half of what is left, at once, for 5 % of its equity.
    BonusOnEquity,
}

impl Mechanism {
    /// As a deployment is set up.
    pub const STANDARD: Self = Self::Auction {
        params: SHIPPED,
        pace: Some(SHIPPED_PACE),
    };
}

/// A regime, who bids in it, and under which rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Game {
    pub regime: Regime,
    pub mechanism: Mechanism,
    pub bidders: usize,
    /// Mean seconds from what happens to a bid that lands; a bidder's own is drawn from 1 to twice this less one.
    pub latency: u64,
    /// Margin a bidder can post, USD.
    pub capital: f64,
    /// Fee and priority fee of a transaction, USD; refused bids pay it too.
    pub fee: f64,
    /// Standard deviation of the logarithm of a bidder's own hedging cost over the market's.
    pub cost_spread: f64,
    /// Seconds until the margin of a slice is free again.
    pub unwind_seconds: u64,
    /// Seconds between two moments at which bidders act.
    pub step: u64,
}

impl Game {
    #[must_use]
    pub const fn new(regime: Regime) -> Self {
        Self {
            regime,
            mechanism: Mechanism::STANDARD,
            bidders: 4,
            latency: 3,
            capital: 200_000.0,
            fee: 1.0,
            cost_spread: 0.3,
            unwind_seconds: 300,
            step: 1,
        }
    }

    #[must_use]
    pub const fn with(mut self, mechanism: Mechanism) -> Self {
        self.mechanism = mechanism;
        self
    }
}

/// Maintenance margin over notional of a small account.
pub(crate) const MAINTENANCE: f64 = 0.10;
/// Notional at which the maintenance rate has doubled, USD: the concentration add-on.
pub(crate) const MAINTENANCE_DOUBLES_AT: f64 = 10e6;
/// Initial margin over maintenance (`risk-model.md`: maintenance is 55 to 65 % of initial for linear books).
pub(crate) const INITIAL: f64 = 1.0 / 0.6;
/// Contracts a day on all venues, as notional, USD.
pub(crate) const DAILY_VOLUME: f64 = 750e6;
/// Factor of the square-root law: cost of trading Q is this x volatility of a day x root(Q / volume of a day).
pub(crate) const IMPACT: f64 = 1.0;
/// The bonus of [`Mechanism::BonusOnNotional`] and of [`Mechanism::BonusOnEquity`].
pub(crate) const BONUS: f64 = 0.05;
/// The part of what is left that a bonus is paid for, ppb.
pub(crate) const CLOSE_FACTOR: u64 = 500_000_000;
