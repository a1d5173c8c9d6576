//! What the risk engine makes of arbitrary bytes in every account it parses.
//!
//! Each target takes one input, a [`Header`] and the account's bytes behind it, and panics when the program
//! would have panicked, believed an account of a wrong owner, address or feed, or read anything else out of
//! it than a plain decoding by the oracle's own SDK does. `cargo xtask fuzz` runs them under libFuzzer;
//! `tests/corpus.rs` replays the committed corpus on any compiler.

mod header;
mod oracle;
pub mod seeds;
mod stake_pool;
mod state;

pub use header::{Header, KEYS, OWNERS};

use {anchor_lang::error::Error, risk_engine::oracle::Fault, risk_engine::state::SourceKind};

/// Why an input was not accepted.
#[derive(Debug)]
pub enum Refusal {
    /// Too short for a header, or limits that no source can have.
    Input,
    Fault(Fault),
    Loader(Box<Error>),
}

impl Refusal {
    /// The fault or error by its name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Input => "Input".into(),
            Self::Fault(fault) => format!("{fault:?}"),
            Self::Loader(error) => match error.as_ref() {
                Error::AnchorError(error) => error.error_name.clone(),
                Error::ProgramError(error) => format!("{:?}", error.program_error),
            },
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub type Outcome = Result<(), Refusal>;

/// A Pyth price update.
pub fn pyth(input: &[u8]) -> Outcome {
    oracle::run(SourceKind::Pyth, input)
}

/// A Switchboard feed.
pub fn switchboard(input: &[u8]) -> Outcome {
    oracle::run(SourceKind::Switchboard, input)
}

/// An SPL stake pool.
pub fn stake_pool(input: &[u8]) -> Outcome {
    stake_pool::run(input)
}

/// The program's own accounts: book, config and scenario set.
pub fn state(input: &[u8]) -> Outcome {
    state::run(input)
}

/// A target's entry.
pub type Target = fn(&[u8]) -> Outcome;

/// Every target by the name of its corpus.
pub const TARGETS: [(&str, Target); 4] = [
    ("pyth", pyth),
    ("switchboard", switchboard),
    ("stake_pool", stake_pool),
    ("state", state),
];
