//! Seeds of every address this program derives.

/// [`crate::state::LiquidationConfig`]: `[CONFIG]`.
pub const CONFIG: &[u8] = b"config";
/// The signer that the margin pool obeys; holds no data: `[AUTHORITY]`.
pub const AUTHORITY: &[u8] = b"authority";
/// [`crate::state::InsuranceFund`]: `[FUND]`.
pub const FUND: &[u8] = b"fund";
/// [`crate::state::Auction`]: `[AUCTION, margin account]`.
pub const AUCTION: &[u8] = b"auction";
/// [`crate::state::InsuranceStake`]: `[STAKE, fund, owner]`.
pub const STAKE: &[u8] = b"stake";
