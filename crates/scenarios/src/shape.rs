//! The shape of a scenario set: limits and fixed-point scales that the on-chain account shares.

use std::fmt;
use std::str::FromStr;

/// Most stress rows and columns a set can hold, and the scales of its integers, as the chain has them.
/// A level of 1.0 multiplies the 30-day implied volatility by e; no row exceeds it.
pub use cep_risk::{
    MAX_UNDERLYINGS as MAX_COLUMNS, ROWS, STRESS_ROWS as MAX_STRESS, WEIGHT_ONE,
    rows::{RETURN_MAX, RETURN_ONE},
    scenario::{LEVEL_ONE, Z_MAX, Z_ONE},
};

/// The name of an underlying: 1 to 8 upper-case ASCII letters or digits, zero-padded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol([u8; 8]);

impl Symbol {
    /// Upper-cases `name`; `None` unless it is 1 to 8 ASCII letters or digits.
    pub fn new(name: &str) -> Option<Self> {
        let valid =
            (1..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        valid.then(|| {
            let mut bytes = [0; 8];
            bytes[..name.len()].copy_from_slice(name.to_ascii_uppercase().as_bytes());
            Self(bytes)
        })
    }

    /// The eight bytes that are hashed and stored on chain.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// The name without padding.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|b| *b == 0).unwrap_or(8);
        // The constructor admits ASCII only, so the fallback cannot be reached.
        std::str::from_utf8(&self.0[..len]).unwrap_or("?")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Symbol {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::new(name).ok_or_else(|| {
            format!("`{name}` is not a symbol: use 1 to 8 ASCII letters or digits, like BTC")
        })
    }
}
