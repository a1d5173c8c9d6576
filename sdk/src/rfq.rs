//! Quotes: a maker's guide.
//!
//! 1. Answer a request with [`quote`]: legs per lot as the *taker* trades them (a positive quantity means that the taker
//!    buys and you sell), how many lots, for whom, until when. Count nonces up; of all you sign under one nonce, at most
//!    one quote is filled, so that signing a new price under the old nonce replaces nothing but excludes the other.
//! 2. [`Signed::sign`] with the owner's key or a delegate's that may quote, and send [`Signed::to_bytes`] to the taker.
//!    The layout is in docs/rfq.md.
//! 3. The taker checks it with [`check`] and sends what [`take`] returns.
//! 4. Back out with [`cancel_quote`] (one nonce), [`cancel_quotes_below`] (all lower ones at once), or by letting it
//!    expire. Once a quote has expired for a day, [`close_fill`] returns the rent to whoever paid it.
//!
//! A signed quote binds you: your margin is checked when it is taken, not before. Keep quotes short-lived, and never sign
//! a nonce again whose quote expired more than a day before the new one will.

use {
    crate::error::SdkError,
    anchor_lang::{AnchorSerialize, prelude::Pubkey},
    margin_pool::state::{MarginAccount, Pool},
    solana_ed25519_program::new_ed25519_instruction_with_signature,
    solana_sdk::{
        hash::hash,
        instruction::Instruction,
        signature::{Keypair, SIGNATURE_BYTES, Signature, Signer},
    },
};
pub use {
    crate::instruction::rfq::{cancel_quote, cancel_quotes_below, close_fill, take, trade_rfq},
    margin_pool::{
        quote::{Quote, Sides, SignedQuote},
        state::Fill,
        trade::Leg,
    },
};

/// What a maker decides on.
#[derive(Clone, Debug)]
pub struct Offer {
    pub nonce: u64,
    /// Margin account that may take it; `None` is anyone's.
    pub taker: Option<Pubkey>,
    /// Unix seconds; from then on it is void.
    pub expires_at: i64,
    pub lots: u32,
    /// Fewest lots taken at once, or all that are left.
    pub min_lots: u32,
    /// Per lot; positive: the taker buys.
    pub legs: Vec<Leg>,
}

/// A quote with its maker's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub quote: Quote,
    pub signer: Pubkey,
    pub signature: Signature,
}

/// The quote of `maker` for this deployment; `pool` and `maker` each with its address.
#[must_use]
pub fn quote(pool: (Pubkey, &Pool), maker: (Pubkey, &MarginAccount), offer: Offer) -> Quote {
    Quote {
        tag: Quote::TAG,
        pool: pool.0,
        pool_slot: pool.1.created_slot,
        pool_time: pool.1.created_at,
        maker: maker.0,
        serial: maker.1.serial,
        nonce: offer.nonce,
        taker: offer.taker.unwrap_or_default(),
        expires_at: offer.expires_at,
        lots: offer.lots,
        min_lots: offer.min_lots,
        legs: offer.legs,
    }
}

/// What is signed: the quote in Borsh.
#[must_use]
pub fn message(quote: &Quote) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = quote.serialize(&mut bytes);
    bytes
}

impl Signed {
    #[must_use]
    pub fn sign(quote: Quote, key: &Keypair) -> Self {
        let signature = key.sign_message(&message(&quote));
        Self {
            quote,
            signer: key.pubkey(),
            signature,
        }
    }

    /// Key, signature, quote: 32 + 64 bytes and the rest.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let message = message(&self.quote);
        [self.signer.as_ref(), self.signature.as_ref(), &message].concat()
    }

    /// Back from [`Self::to_bytes`]. Whether the signature is good is for [`check`].
    ///
    /// # Errors
    /// [`SdkError::Quote`] when the bytes are no quote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SdkError> {
        let parts = bytes.split_at_checked(32).and_then(|(key, rest)| {
            let (signature, message) = rest.split_at_checked(SIGNATURE_BYTES)?;
            let signature = Signature::try_from(signature).ok()?;
            Some((Pubkey::try_from(key).ok()?, signature, message))
        });
        let (signer, signature, message) =
            parts.ok_or_else(|| SdkError::Quote("it is shorter than a signature".into()))?;
        Ok(Self {
            quote: Quote::decode(message).map_err(refusal)?,
            signer,
            signature,
        })
    }

    /// Whether the signer signed this quote.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        self.signature
            .verify(self.signer.as_ref(), &message(&self.quote))
    }

    /// The instruction by which the runtime verifies the signature.
    #[must_use]
    pub fn verify_instruction(&self) -> Instruction {
        new_ed25519_instruction_with_signature(
            &message(&self.quote),
            self.signature.as_array(),
            &self.signer.to_bytes(),
        )
    }

    /// As the program reads it.
    #[must_use]
    pub fn as_read(&self) -> SignedQuote {
        SignedQuote {
            quote: self.quote.clone(),
            signer: self.signer,
            digest: hash(&message(&self.quote)).to_bytes(),
        }
    }
}

/// Whether `lots` of it can be taken at `now` (Unix seconds), by the program's own rules. `fill` is the account at
/// [`crate::address::fill`], if there is one. Margin, prices and limits are judged when it is taken.
///
/// # Errors
/// [`SdkError::Quote`] with what the program would say.
pub fn check(
    signed: &Signed,
    sides: &Sides,
    fill: Option<&Fill>,
    lots: u32,
    now: i64,
) -> Result<(), SdkError> {
    if !signed.is_authentic() {
        return Err(SdkError::Quote("the signature is not its signer's".into()));
    }
    let read = signed.as_read();
    read.check(sides, now).map_err(refusal)?;
    let mut fill = fill.copied().unwrap_or_else(bytemuck::Zeroable::zeroed);
    fill.take(&read, lots).map_err(refusal)?;
    read.quote.scaled(lots).map_err(refusal)?;
    Ok(())
}

fn refusal(error: anchor_lang::error::Error) -> SdkError {
    use anchor_lang::error::Error;
    SdkError::Quote(match error {
        Error::AnchorError(e) => e.error_msg,
        Error::ProgramError(e) => e.to_string(),
    })
}
