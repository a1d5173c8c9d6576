//! From accounts to a margin check. The SDK and the keeper call the same functions on the accounts they
//! decoded, so that what they predict is what the chain decides.

mod accounts;
mod books;
mod report;
mod snapshot;
pub mod valuation;

pub use {
    accounts::{Pair, RiskAccounts},
    books::*,
    report::*,
    snapshot::{Snapshot, touched},
};
