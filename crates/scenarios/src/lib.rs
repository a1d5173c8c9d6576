//! Joint market scenarios for the risk engine, built off chain from public daily and intraday prices.
//!
//! ```text
//! prices.csv -> PriceHistory -> Population (filtered draws) -> reduce (512 rows) -> ScenarioSet -> hash
//!                            \-> mandated stress rows ------------------------------^
//! ```
//!
//! * [`build`] makes a [`ScenarioSet`] from a [`PriceHistory`]; it depends on nothing but its arguments.
//! * [`ScenarioSet::read`] and [`ScenarioSet::write`] keep a set as text a person can read and diff.
//! * [`ScenarioSet::hash`] is the identity of a set: the chain hashes the same bytes.
//! * [`verify`] rebuilds a set from prices and compares the hashes.
//! * [`measure`] says how far the tails of the rows are from those of the whole history.
//! * [`replay`] is the hour-by-hour table of the fall of 10 October 2025.
//!
//! The method and the measured figures are in this crate's README.

mod builder;
mod column;
mod date;
mod depth;
mod draws;
mod error;
mod linalg;
pub mod measure;
mod moments;
mod population;
mod posted;
mod prices;
mod reduce;
pub mod replay;
mod rng;
mod set;
pub mod shape;
mod stress;
mod text;
mod volatility;

pub use builder::{BuildParams, build, verify};
pub use column::{Proxy, Role};
pub use date::Date;
pub use draws::{Basis, FilteredDraw};
pub use error::{BuildError, PriceError, ReadError, VerifyError};
pub use linalg::{Matrix, Moments};
pub use population::Population;
pub use posted::{ColumnMoments, PostedMoments};
pub use prices::{Bar, PriceHistory};
pub use set::{Draw, Origin, Provenance, ScenarioSet, StressRow};
pub use shape::Symbol;
pub use stress::StressKind;
pub use volatility::ewma_volatility;
