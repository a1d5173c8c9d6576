//! Pyth's receivers: `PriceUpdateV2`, Borsh, as its full verification lays it out.
//!
//! Since 26 August 2026 two programs own such accounts on mainnet-beta: the original, upgraded in place, and a second one with the
//! same accounts (the receiver SDK's feature `pro-compatible`). Both verify the same guardians' signatures over the same
//! feeds, so both are believed, and the addresses of their push feeds differ. They are one opinion: a source is known by
//! its feed id, whichever program owns the account, so that nobody can count a feed twice by posting it in both.

use {
    super::{Fault, Raw, bytes, le_i64, le_u64},
    crate::state::Source,
    anchor_lang::{
        Discriminator,
        prelude::{Pubkey, pubkey},
    },
    pyth_solana_receiver_sdk::price_update::PriceUpdateV2,
};

/// Owners of price updates: the original receiver, and the one beside it.
pub const PROGRAM: Pubkey = pyth_solana_receiver_sdk::ID;
pub const SECOND_PROGRAM: Pubkey = pubkey!("rec2HHDDnjLfj4kE7VyEtFA1HPGQLK33259532cRyHp");

/// Verification tag: [`TAG_FULL`], or [`TAG_PARTIAL`], which a count of signatures follows.
pub const VERIFICATION: usize = 40;
pub const TAG_PARTIAL: u8 = 0;
pub const TAG_FULL: u8 = 1;
/// Where the message stands after full verification.
pub const FEED_ID: usize = 41;
pub const PRICE: usize = 73;
pub const CONFIDENCE: usize = 81;
pub const EXPONENT: usize = 89;
pub const PUBLISH_TIME: usize = 93;
pub const POSTED_SLOT: usize = 125;
/// Bytes that a fully verified update fills; accounts have one more.
pub const LEN: usize = 133;

/// Identity and layout. An update is known by its feed id, so an account of another program that carries
/// the id is [`Fault::WrongOwner`], and one that does not is [`Fault::NotThisSource`].
pub(super) fn parse(
    source: &Source,
    owner: &Pubkey,
    data: &[u8],
) -> core::result::Result<Raw, Fault> {
    let is_this = |at| bytes::<32>(data, at).map(|feed| feed == source.feed);
    if *owner != PROGRAM && *owner != SECOND_PROGRAM {
        return Err(match (is_this(FEED_ID), is_this(FEED_ID + 1)) {
            (Ok(true), _) | (_, Ok(true)) => Fault::WrongOwner,
            _ => Fault::NotThisSource,
        });
    }
    if bytes::<8>(data, 0)?.as_slice() != PriceUpdateV2::DISCRIMINATOR {
        return Err(Fault::Malformed);
    }
    match bytes(data, VERIFICATION)? {
        [TAG_FULL] if is_this(FEED_ID)? => {}
        // One byte further: the count of signatures.
        [TAG_PARTIAL] if is_this(FEED_ID + 1)? => return Err(Fault::NotVerified),
        [TAG_FULL | TAG_PARTIAL] => return Err(Fault::NotThisSource),
        _ => return Err(Fault::Malformed),
    }
    Ok(Raw {
        value: le_i64(data, PRICE)?.into(),
        confidence: le_u64(data, CONFIDENCE)?.into(),
        exponent: i32::from_le_bytes(bytes(data, EXPONENT)?),
        publish_time: le_i64(data, PUBLISH_TIME)?,
        // The last field, so that a shorter account is refused.
        slot: le_u64(data, POSTED_SLOT)?,
    })
}
