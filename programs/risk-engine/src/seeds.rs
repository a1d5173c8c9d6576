//! Seeds of every address this program derives.

/// [`crate::state::RiskConfig`]: `[CONFIG]`.
pub const CONFIG: &[u8] = b"config";
/// [`crate::state::RiskBook`]: `[BOOK, symbol padded with zeros to 8 bytes]`.
pub const BOOK: &[u8] = b"book";
