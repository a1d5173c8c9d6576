//! Seeds of every address this program derives.

/// [`crate::state::RiskConfig`]: `[CONFIG]`.
pub const CONFIG: &[u8] = b"config";
/// [`crate::state::RiskBook`]: `[BOOK, symbol padded with zeros to 8 bytes]`.
pub const BOOK: &[u8] = b"book";
/// [`crate::state::Surface`]: `[SURFACE, book]`.
pub const SURFACE: &[u8] = b"surface";
/// [`crate::state::Settlement`]: `[SETTLEMENT, book, expiry as i64 little endian]`.
pub const SETTLEMENT: &[u8] = b"settlement";
/// [`crate::state::Proposal`]: `[PROPOSAL, number as u64 little endian]`.
pub const PROPOSAL: &[u8] = b"proposal";
