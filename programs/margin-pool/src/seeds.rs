//! Seeds of every address this program derives.

/// [`crate::state::Pool`]: `[POOL]`.
pub const POOL: &[u8] = b"pool";
/// Token vault of the pool: `[VAULT, pool, mint]`.
pub const VAULT: &[u8] = b"vault";
/// [`crate::state::Market`]: `[MARKET, pool, risk book]`.
pub const MARKET: &[u8] = b"market";
/// [`crate::state::MarginAccount`]: `[ACCOUNT, pool, owner, id as u16 little endian]`.
pub const ACCOUNT: &[u8] = b"account";
/// [`crate::state::Fill`]: `[FILL, margin account, serial, nonce]`, both numbers as u64 little endian.
pub const FILL: &[u8] = b"fill";
/// [`crate::state::PoolProposal`]: `[PROPOSAL, number as u64 little endian]`.
pub const PROPOSAL: &[u8] = b"proposal";
