use {
    cep_risk::RiskError,
    cep_scenarios::{BuildError, PriceError, Symbol},
};

/// Why a backtest could not be run, each in a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BacktestError {
    /// The file could not be opened or is not UTF-8.
    #[error("cannot read the price file: {0}")]
    Io(String),
    /// A line that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// Line in the file, counted from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A book names what the file does not have.
    #[error("the price file has no column {0}: add it, or leave the underlying out of the book")]
    MissingColumn(String),
    /// Fewer than two bars.
    #[error("the price file has {0} lines: a walk needs at least two")]
    TooShort(usize),
    /// Times that are not on a grid.
    #[error(
        "line {line}: the time is not a whole number of {step}-second steps after the one before"
    )]
    OffGrid {
        /// Line in the file, counted from 1.
        line: u64,
        /// The file's step, seconds.
        step: i64,
    },
    /// A horizon the bars cannot show.
    #[error(
        "a horizon of {hours} h is not a whole number of the file's bars of {step} s: give a multiple"
    )]
    Horizon {
        /// What was asked for.
        hours: u32,
        /// The file's step, seconds.
        step: i64,
    },
    /// A confidence that is none.
    #[error("a confidence of {0} is outside 0.5 to 1, both excluded: try 0.99")]
    Confidence(f64),
    /// A book without positions.
    #[error("the book holds nothing: give at least one quantity")]
    EmptyBook,
    /// A quantity or weight that is not a usable number.
    #[error(
        "{symbol}: {quantity} is not a quantity that can be held: give a finite number below 140 million contracts"
    )]
    Quantity {
        /// Whose.
        symbol: Symbol,
        /// What was given.
        quantity: f64,
    },
    /// A price beyond the range of the chain's integers.
    #[error("{symbol}: a price of {price} USD cannot be held in micro-USD by the risk library")]
    Price {
        /// Whose.
        symbol: Symbol,
        /// The price, USD.
        price: f64,
    },
    /// The history given beside the series does not hold the book.
    #[error("the daily history has no {0}: give one with every underlying of the book")]
    HistoryColumn(Symbol),
    /// Not one observation came out.
    #[error(
        "no observation: {days} complete days are known at the end, a set of {rows} scenarios needs more (all underlyings of the book, after 60 days that seed its volatility): give a longer file, or daily history from before it"
    )]
    NoObservation {
        /// Complete days with every underlying.
        days: usize,
        /// Rows of the smallest set allowed.
        rows: u16,
    },
    /// The scenario builder refused.
    #[error("a scenario set could not be built: {0}")]
    Build(#[from] BuildError),
    /// The daily bars could not be put together.
    #[error("the daily history: {0}")]
    Prices(#[from] PriceError),
    /// The risk library refused.
    #[error("the risk library refused: {0}")]
    Risk(#[from] RiskError),
}
