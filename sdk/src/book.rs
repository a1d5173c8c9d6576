//! Risk books with the instruments behind them.

use {
    crate::error::SdkError,
    anchor_lang::prelude::Pubkey,
    margin_pool::{
        margin::{BookParts, ListedBook},
        state::Market,
    },
    risk_engine::state::{Instrument, RiskBook},
    solana_sdk::account::Account,
    std::ops::{Deref, DerefMut},
};

/// A book's account, decoded. Reads as its header.
#[derive(Clone)]
pub struct Book {
    pub header: Box<RiskBook>,
    pub instruments: Vec<Instrument>,
}

impl Book {
    /// # Errors
    /// [`SdkError::WrongOwner`] or [`SdkError::WrongAccountType`].
    pub fn decode(address: &Pubkey, account: &Account) -> Result<Self, SdkError> {
        let header = crate::account::decode(address, account)?;
        Ok(Self {
            header,
            instruments: instruments(&account.data),
        })
    }

    /// As [`Book::decode`], where the owner is known already.
    ///
    /// # Errors
    /// [`SdkError::WrongAccountType`].
    pub fn decode_bytes(address: &Pubkey, data: &[u8]) -> Result<Self, SdkError> {
        let header = crate::account::decode_bytes(address, data)?;
        Ok(Self {
            header,
            instruments: instruments(data),
        })
    }

    /// As a margin check takes it: with its index in the pool, and its market.
    #[must_use]
    pub fn listed(&self, index: u8, market: &Market) -> ListedBook<&Self> {
        ListedBook::new(index, self, market)
    }
}

/// Copied one by one: the bytes need not be aligned. A part of a slot at the end is left over.
fn instruments(data: &[u8]) -> Vec<Instrument> {
    data.get(RiskBook::SPACE..)
        .unwrap_or_default()
        .chunks_exact(Instrument::SPACE)
        .map(bytemuck::pod_read_unaligned)
        .collect()
}

impl Deref for Book {
    type Target = RiskBook;
    fn deref(&self) -> &RiskBook {
        &self.header
    }
}

impl DerefMut for Book {
    fn deref_mut(&mut self) -> &mut RiskBook {
        &mut self.header
    }
}

impl BookParts for Book {
    fn header(&self) -> &RiskBook {
        &self.header
    }
    fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }
}

/// A book without instruments.
impl From<RiskBook> for Book {
    fn from(header: RiskBook) -> Self {
        Self {
            header: Box::new(header),
            instruments: Vec::new(),
        }
    }
}
