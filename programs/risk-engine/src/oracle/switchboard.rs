//! Switchboard On-Demand: `PullFeedAccountData`, a C struct behind an eight-byte discriminator.
//!
//! What its fields mean, from the SDK's documentation of the type: a result is the median of
//! `num_samples` oracles' submissions, in units of 10⁻¹⁸; `min_slot` is the slot of the first submission
//! considered; `last_update_timestamp` is the clock when the result was written.

use {
    super::{Fault, Raw, bytes, le_i64, le_i128, le_u64},
    crate::state::Source,
    anchor_lang::prelude::{Pubkey, pubkey},
};

/// Owner of every feed on mainnet-beta. Devnet's program is not believed: no deployment needs both.
pub const PROGRAM: Pubkey = pubkey!("SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");
pub const DISCRIMINATOR: [u8; 8] = [196, 27, 108, 196, 10, 215, 219, 40];
/// Values are integers of this exponent.
pub const EXPONENT: i32 = -18;

/// Whether the feed's authority may write values that no oracle has signed.
pub const PERMIT_WRITE_BY_AUTHORITY: usize = 2_213;
pub const LAST_UPDATE_TIMESTAMP: usize = 2_216;
pub const VALUE: usize = 2_264;
pub const STD_DEV: usize = 2_280;
pub const RANGE: usize = 2_312;
pub const NUM_SAMPLES: usize = 2_360;
pub const SLOT: usize = 2_368;
pub const MIN_SLOT: usize = 2_376;
pub const LEN: usize = 3_208;

/// Identity, layout and samples. A feed is known by its address.
///
/// Confidence is the standard deviation of the samples or half of their range, whichever is larger: of two
/// or three samples a standard deviation says little, and no two samples differ by more than the range.
/// The slot is that of the oldest sample, so that a limit in slots bounds the age of every one of them.
pub(super) fn parse(
    source: &Source,
    key: &Pubkey,
    owner: &Pubkey,
    data: &[u8],
) -> core::result::Result<Raw, Fault> {
    if key.to_bytes() != source.feed {
        return Err(Fault::NotThisSource);
    }
    if *owner != PROGRAM {
        return Err(Fault::WrongOwner);
    }
    if bytes::<8>(data, 0)? != DISCRIMINATOR {
        return Err(Fault::Malformed);
    }
    if data.len() < LEN {
        return Err(Fault::Truncated);
    }
    if bytes(data, PERMIT_WRITE_BY_AUTHORITY)? != [0] {
        return Err(Fault::NotVerified);
    }
    let slot = le_u64(data, SLOT)?;
    let [samples] = bytes(data, NUM_SAMPLES)?;
    // Slot zero marks a feed without a result.
    if slot == 0 || samples < source.min_samples {
        return Err(Fault::TooFewSamples);
    }
    let spread = |at| u128::try_from(le_i128(data, at)?).map_err(|_| Fault::Malformed);
    Ok(Raw {
        value: le_i128(data, VALUE)?,
        // A range is below 2¹²⁷; half of it, rounded up.
        confidence: spread(STD_DEV)?.max(spread(RANGE)?.div_ceil(2)),
        exponent: EXPONENT,
        publish_time: le_i64(data, LAST_UPDATE_TIMESTAMP)?,
        slot: slot.min(le_u64(data, MIN_SLOT)?),
    })
}
