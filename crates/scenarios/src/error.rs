//! Everything that can go wrong, each in a sentence that says what to do.

use crate::date::Date;
use crate::shape::{MAX_COLUMNS, ROWS, Symbol};

/// A price file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The file could not be opened or is not UTF-8.
    #[error("cannot read the price file: {0}")]
    Io(String),
    /// The header names no complete group of columns.
    #[error(
        "the header has no column group `<sym>_open, <sym>_high, <sym>_low, <sym>_close` after the time: add one per underlying"
    )]
    NoColumns,
    /// One of the four columns of a symbol is absent.
    #[error(
        "the header has `{found}` but not `{missing}`: a symbol needs high, low and close (and may have an open)"
    )]
    MissingColumn {
        /// A column that is there.
        found: String,
        /// The column that is not.
        missing: String,
    },
    /// A line that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// Line in the file, counted from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// One of several files cannot be used.
    #[error("price file {number}: {error}")]
    File {
        /// Place of the file among those named, counted from 1.
        number: usize,
        /// What is wrong with it.
        error: Box<PriceError>,
    },
}

impl PriceError {
    /// Names the file where there are several.
    pub(crate) fn in_file(self, at: usize, files: usize) -> Self {
        if files < 2 {
            return self;
        }
        Self::File {
            number: at + 1,
            error: Box::new(self),
        }
    }
}

/// A set that cannot be built from these prices and parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The number of columns is outside the account's shape.
    #[error("{0} underlyings asked for: a set holds 1 to {MAX_COLUMNS}")]
    ColumnCount(usize),
    /// The same symbol twice.
    #[error("{0} is named twice: name every underlying once")]
    Duplicate(Symbol),
    /// A symbol the price file does not have.
    #[error("the price file has no {0}: choose from its columns")]
    UnknownSymbol(Symbol),
    /// A column that is never there when the markets are.
    #[error(
        "{0} has no return on any day that all other columns have: leave it out or give a longer history"
    )]
    NeverTogether(Symbol),
    /// A parameter outside its range.
    #[error("{name} = {value} is outside {range}: change it")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What was given.
        value: u64,
        /// What is accepted.
        range: &'static str,
    },
    /// Not enough days with all underlyings.
    #[error(
        "only {have} usable joint draws for {need} rows (days when all underlyings and their volatility are known): give a longer history, fewer underlyings, or fewer rows (the chain takes {ROWS})"
    )]
    TooFewDays {
        /// Draws found.
        have: usize,
        /// Rows wanted.
        need: usize,
    },
    /// A price series that never moves.
    #[error("{symbol} has no volatility on {day}: its prices do not move, leave it out")]
    NoVolatility {
        /// The column.
        symbol: Symbol,
        /// The first day it happens.
        day: Date,
    },
    /// Two columns move as one, so that their correlation matrix has no factor.
    #[error(
        "the columns' correlation matrix is not positive definite: two underlyings move as one, leave one out"
    )]
    Degenerate,
    /// The rows break a rule of the shape: a fault of the builder.
    #[error("the built set breaks its own shape, please report it: {0}")]
    Shape(String),
    /// Integer rounding kept the moments away from their targets.
    #[error(
        "mean, variance or correlation stayed {worst_ppm} ppm from their targets after rounding: use more rows"
    )]
    Moments {
        /// Largest distance, in millionths.
        worst_ppm: u64,
    },
}

/// A scenario or replay file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A line that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// Line in the file, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file ended before everything was there.
    #[error("the file ends early: {0}")]
    Incomplete(String),
    /// The numbers are not those the header's hash was made from.
    #[error(
        "the header says hash {header} but the rows hash to {rows}: the file was changed after it was built, take a fresh copy or rebuild it"
    )]
    Hash {
        /// Hash in the header.
        header: String,
        /// Hash of the rows.
        rows: String,
    },
    /// The rows break a rule of the shape.
    #[error("{0}")]
    Shape(String),
}

/// A set that does not follow from the prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The rebuild itself failed.
    #[error("the set could not be rebuilt: {0}")]
    Build(#[from] BuildError),
    /// The rebuild gives another set.
    #[error("the set hashes to {set} but these prices give {rebuilt}{hint}")]
    Differs {
        /// Hash of the set at hand.
        set: String,
        /// Hash of the rebuilt one.
        rebuilt: String,
        /// Whether the price file is the one that the set names.
        hint: &'static str,
    },
}
