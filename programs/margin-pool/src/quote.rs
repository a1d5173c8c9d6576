//! Quotes: what a maker signs off chain and a taker clears with `trade_rfq`. The byte layout is in docs/rfq.md.
//!
//! What stands against each way of making a quote say, or do, more than its maker signed:
//!
//! | attempt | what refuses it |
//! |---|---|
//! | another message, key or signature than the one verified | [`SignedQuote::read`] takes one layout only, that of the SDK: one signature, all parts in the instruction itself, the message all that follows |
//! | a faked instructions sysvar | its address is checked |
//! | the signature check left out, or made by a called program | the sysvar lists what the transaction itself calls, and the runtime fails the whole transaction when that fails |
//! | the same quote again | its `Fill` counts the lots |
//! | another quote under the same nonce | the `Fill` keeps the digest of the first |
//! | the `Fill` closed, and opened again | it is kept until the quote has long expired |
//! | the quote on another cluster | `pool_slot` and `pool_time` |
//! | the quote for an account closed and opened again | `serial` |
//! | a signed quote sent as a transaction, or the other way round | a quote begins with `c`, so a transaction of 99 signatures, longer than any |

use {
    crate::{
        error::MarginPoolError,
        state::{MarginAccount, Pool, permission},
        trade::{Leg, MAX_LEGS},
    },
    anchor_lang::prelude::*,
    solana_ed25519_program::{
        DATA_START, Ed25519SignatureOffsets, PUBKEY_SERIALIZED_SIZE, SIGNATURE_OFFSETS_START,
        SIGNATURE_SERIALIZED_SIZE,
    },
    solana_instructions_sysvar::load_instruction_at_checked,
    solana_sdk_ids::ed25519_program,
    solana_sha256_hasher::hash,
};

/// What a maker offers. Its Borsh bytes are what is signed.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// [`Quote::TAG`].
    pub tag: [u8; 9],
    pub pool: Pubkey,
    /// `Pool.created_slot` and `Pool.created_at`.
    pub pool_slot: u64,
    pub pool_time: i64,
    /// Margin account of the maker, and its `serial`.
    pub maker: Pubkey,
    pub serial: u64,
    /// Of quotes with one nonce at most one is filled.
    pub nonce: u64,
    /// Margin account that may take it; the default key is anyone's.
    pub taker: Pubkey,
    /// Unix seconds; from then on it is void.
    pub expires_at: i64,
    /// How many times the legs may be filled in all; at least one.
    pub lots: u32,
    /// Fewest lots taken at once, or all that are left.
    pub min_lots: u32,
    /// Per lot, quantity positive: the taker buys.
    pub legs: Vec<Leg>,
}

/// A quote, who signed it, and the SHA-256 of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedQuote {
    pub quote: Quote,
    pub signer: Pubkey,
    pub digest: [u8; 32],
}

/// The accounts that a quote is held against, each with its address.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub pool: (Pubkey, &'a Pool),
    pub maker: (Pubkey, &'a MarginAccount),
    pub taker: Pubkey,
}

/// How far ahead a quote that is taken may expire, and one that is cancelled by its nonce, seconds: the
/// rent of its `Fill` is bound no longer than that and a day.
pub const MAX_LIFE: i64 = 2_592_000;

impl Quote {
    pub const TAG: [u8; 9] = *b"cep-rfq-1";

    /// From what was signed: all of it.
    pub fn decode(message: &[u8]) -> Result<Self> {
        let quote = Self::try_from_slice(message).map_err(|_| MarginPoolError::BadQuote)?;
        require!(quote.tag == Self::TAG, MarginPoolError::BadQuote);
        Ok(quote)
    }

    /// Whether there is anything to fill: one to eight legs of some size, no instrument twice, one lot at least.
    pub fn check_terms(&self) -> Result<()> {
        require!(self.lots > 0, MarginPoolError::BadQuote);
        let some = (1..=MAX_LEGS).contains(&self.legs.len());
        require!(
            some && self.legs.iter().all(|leg| leg.quantity != 0),
            MarginPoolError::BadLegs
        );
        let twice = |(at, leg): (usize, &Leg)| {
            let before = self.legs.iter().take(at);
            before.into_iter().any(|other| same_instrument(other, leg))
        };
        require!(
            !self.legs.iter().enumerate().any(twice),
            MarginPoolError::DuplicateLeg
        );
        Ok(())
    }

    /// Whether it may be taken at `now` (Unix seconds) between these accounts, whoever signed it and whatever was
    /// filled so far.
    pub fn check(&self, sides: &Sides, now: i64) -> Result<()> {
        self.check_terms()?;
        let (key, pool) = sides.pool;
        require!(
            self.pool == key
                && self.pool_slot == pool.created_slot
                && self.pool_time == pool.created_at,
            MarginPoolError::QuoteForOtherPool
        );
        let (key, maker) = sides.maker;
        require!(
            self.maker == key && self.serial == maker.serial,
            MarginPoolError::QuoteForOtherMaker
        );
        require!(
            self.taker == Pubkey::default() || self.taker == sides.taker,
            MarginPoolError::QuoteForOtherTaker
        );
        require!(now < self.expires_at, MarginPoolError::QuoteExpired);
        require!(
            self.expires_at <= now.saturating_add(MAX_LIFE),
            MarginPoolError::QuoteTooLong
        );
        require!(
            self.nonce >= maker.quote_floor,
            MarginPoolError::QuoteCancelled
        );
        Ok(())
    }

    /// The legs of so many lots.
    pub fn scaled(&self, lots: u32) -> Result<Vec<Leg>> {
        let scale = |leg: &Leg| -> Result<Leg> {
            let quantity = leg.quantity.checked_mul(i64::from(lots));
            Ok(Leg {
                quantity: quantity.ok_or(MarginPoolError::Overflow)?,
                ..*leg
            })
        };
        self.legs.iter().map(scale).collect()
    }
}

impl SignedQuote {
    /// The quote that the instruction at `index` of this transaction verifies. It must be, to the byte, what
    /// `solana_ed25519_program::new_ed25519_instruction_with_signature` builds: then the key, the signature and the
    /// message read here are those that the runtime verifies, before or after.
    pub fn read(instructions: &AccountInfo, index: u8) -> Result<Self> {
        let instruction = load_instruction_at_checked(usize::from(index), instructions)
            .map_err(|_| MarginPoolError::QuoteNotVerified)?;
        require!(
            instruction.program_id == ed25519_program::ID,
            MarginPoolError::QuoteNotVerified
        );
        let (signer, message) =
            parse(&instruction.data).ok_or(MarginPoolError::QuoteNotVerified)?;
        Ok(Self {
            quote: Quote::decode(message)?,
            signer,
            digest: hash(message).to_bytes(),
        })
    }

    /// [`Quote::check`], and that its signer may quote for the maker.
    pub fn check(&self, sides: &Sides, now: i64) -> Result<()> {
        self.quote.check(sides, now)?;
        let (_, maker) = sides.maker;
        require!(
            maker.permits(&self.signer, permission::QUOTE, now),
            MarginPoolError::QuoteSignerNotAllowed
        );
        Ok(())
    }
}

/// Key and message of an ed25519 instruction with one signature in the only layout accepted.
fn parse(data: &[u8]) -> Option<(Pubkey, &[u8])> {
    const SIGNATURE: usize = DATA_START + PUBKEY_SERIALIZED_SIZE;
    const MESSAGE: usize = SIGNATURE + SIGNATURE_SERIALIZED_SIZE;
    let (header, message) = data.split_at_checked(MESSAGE)?;
    let at = |offset: usize| u16::try_from(offset).ok();
    let own = Ed25519SignatureOffsets {
        signature_offset: at(SIGNATURE)?,
        signature_instruction_index: u16::MAX,
        public_key_offset: at(DATA_START)?,
        public_key_instruction_index: u16::MAX,
        message_data_offset: at(MESSAGE)?,
        message_data_size: at(message.len())?,
        message_instruction_index: u16::MAX,
    };
    // One signature, and the byte that pads the count.
    let expected = header.get(..SIGNATURE_OFFSETS_START)? == [1, 0]
        && header.get(SIGNATURE_OFFSETS_START..DATA_START)? == bytemuck::bytes_of(&own);
    let key = header.get(DATA_START..SIGNATURE)?;
    expected.then_some((Pubkey::try_from(key).ok()?, message))
}

/// The slot is a hint.
const fn same_instrument(a: &Leg, b: &Leg) -> bool {
    a.underlying == b.underlying && a.instrument == b.instrument
}

#[cfg(test)]
mod tests {
    use {super::*, solana_ed25519_program::new_ed25519_instruction_with_signature};

    #[test]
    fn only_the_layout_that_the_sdk_builds_is_read() {
        let key = Pubkey::new_unique();
        let ix = new_ed25519_instruction_with_signature(b"message", &[7; 64], &key.to_bytes());
        assert_eq!(parse(&ix.data), Some((key, &b"message"[..])));
        // Count, padding and every offset and index.
        for at in 0..DATA_START {
            for flip in [1, 0x80] {
                let mut data = ix.data.clone();
                data[at] ^= flip;
                assert_eq!(parse(&data), None, "byte {at}");
            }
        }
        for length in 0..ix.data.len() {
            assert_eq!(parse(&ix.data[..length]), None, "{length} bytes");
        }
        let longer = [&ix.data[..], &[0]].concat();
        assert_eq!(parse(&longer), None);
    }
}
