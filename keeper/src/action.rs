//! What the keeper can do, as data: the planner makes it, the executor sends it.

use {
    cep_sdk::Pubkey,
    std::{collections::BTreeSet, fmt},
};

/// One transaction to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The margin account, or for a crank the risk book, that it is about.
    pub subject: Pubkey,
    pub task: Task,
    /// `risk_engine::refresh` of these books from these oracle accounts goes in front.
    pub front: Vec<(Pubkey, Vec<Pubkey>)>,
    /// Why, for the log.
    pub reason: String,
}

/// `books` are the risk books of all underlyings involved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Refresh {
        oracles: Vec<Pubkey>,
    },
    RefreshScenarios {
        scenario_set: Pubkey,
    },
    /// Announce that a book's oracles are silent.
    AnnounceSilence,
    /// Rebuild the value curves that are due, from a slot on.
    RefreshCurves {
        from: u16,
    },
    Open {
        books: Vec<Pubkey>,
    },
    Bid {
        books: Vec<Pubkey>,
        terms: Terms,
    },
    Close {
        books: Vec<Pubkey>,
        opened_by: Pubkey,
    },
    /// Close what nobody took against the other side.
    Reduce {
        books: Vec<Pubkey>,
    },
    /// Make good what an account owes that has nothing but claims.
    WriteOff {
        books: Vec<Pubkey>,
    },
    /// Bring an auction's clocks to now.
    Look {
        books: Vec<Pubkey>,
    },
    Settle {
        books: Vec<Pubkey>,
    },
}

/// A bid and what it is expected to bring. Money in micro-USD, fractions in parts per billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub fraction: u64,
    /// Positive: the keeper pays. Negative: the insurance fund pays the keeper.
    pub payment: i64,
    pub discount: u64,
    /// The slice at the mark, before the payment.
    pub value: i64,
    /// Sum of the absolute values of everything in the slice but cash.
    pub notional: i64,
    /// Value less payment less hedging cost.
    pub profit: i64,
    /// The payment at which the profit is the least that is worth it.
    pub max_payment: i64,
}

/// The kind of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Refresh,
    RefreshScenarios,
    AnnounceSilence,
    RefreshCurves,
    Open,
    Bid,
    Close,
    Reduce,
    WriteOff,
    Look,
    Settle,
}

/// What an action is about, however often it is tried.
pub type Key = (Kind, Pubkey);

impl Action {
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.task {
            Task::Refresh { .. } => Kind::Refresh,
            Task::RefreshScenarios { .. } => Kind::RefreshScenarios,
            Task::AnnounceSilence => Kind::AnnounceSilence,
            Task::RefreshCurves { .. } => Kind::RefreshCurves,
            Task::Open { .. } => Kind::Open,
            Task::Bid { .. } => Kind::Bid,
            Task::Close { .. } => Kind::Close,
            Task::Reduce { .. } => Kind::Reduce,
            Task::WriteOff { .. } => Kind::WriteOff,
            Task::Look { .. } => Kind::Look,
            Task::Settle { .. } => Kind::Settle,
        }
    }

    #[must_use]
    pub const fn key(&self) -> Key {
        (self.kind(), self.subject)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refresh => "refresh",
            Self::RefreshScenarios => "refresh_scenarios",
            Self::AnnounceSilence => "announce_silence",
            Self::RefreshCurves => "refresh_curves",
            Self::Open => "open_auction",
            Self::Bid => "bid",
            Self::Close => "close_auction",
            Self::Reduce => "reduce_opposite",
            Self::WriteOff => "write_off",
            Self::Look => "refresh_auction",
            Self::Settle => "settle_pnl",
        })
    }
}

/// What not to plan again right now.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Tried in this round, with any result.
    pub attempted: BTreeSet<Key>,
    /// Refused, and not due for another try yet.
    pub refused: BTreeSet<Key>,
}

impl Memory {
    #[must_use]
    pub fn allows(&self, key: Key) -> bool {
        !self.attempted.contains(&key) && !self.refused.contains(&key)
    }
}
