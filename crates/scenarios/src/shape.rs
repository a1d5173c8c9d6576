//! The shape of a scenario set: limits and fixed-point scales that the on-chain account shares.

use std::fmt;
use std::str::FromStr;

/// Weighted joint draws in a set that goes on chain.
pub const ROWS: usize = 512;
/// Most underlyings (columns) a set can hold.
pub const MAX_COLUMNS: usize = 8;
/// Most mandated stress rows a set can hold.
pub const MAX_STRESS: usize = 16;
/// All integer weights of a set sum to this: 2.5 % is exactly 400,000 and 1 % exactly 160,000.
pub const WEIGHT_ONE: u32 = 16_000_000;
/// A standardised return of 1.0, that is one daily standard deviation.
pub const Z_ONE: i32 = 1 << 16;
/// A volatility level of 1.0: the 30-day implied volatility is multiplied by e. No row exceeds it.
pub const LEVEL_ONE: i32 = 1 << 16;
/// A simple return of 1.0 (the price doubles). Stress returns lie in `-RETURN_ONE ..= RETURN_MAX`.
pub const RETURN_ONE: i32 = 1 << 24;
/// The largest simple return of a stress row: +400 %.
pub const RETURN_MAX: i32 = 4 * RETURN_ONE;

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
