//! Risk books with the instruments behind them.

use {
    crate::error::SdkError,
    anchor_lang::prelude::Pubkey,
    margin_pool::{
        margin::{BookParts, ListedBook, MarketRef},
        state::Market,
    },
    risk_engine::state::{Instrument, RiskBook},
    solana_sdk::account::Account,
    std::{
        borrow::Borrow,
        ops::{Deref, DerefMut},
    },
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
    pub fn listed<'a>(
        &'a self,
        index: u8,
        market: &'a Market,
    ) -> ListedBook<Listed<&'a Self, &'a Market>> {
        Listed { book: self, market }.at(index)
    }
}

/// A book with its market, each owned or borrowed. Reads as the book.
#[derive(Clone, Copy)]
pub struct Listed<B, M> {
    pub book: B,
    pub market: M,
}

impl<B: Borrow<Book>, M: Borrow<Market>> Listed<B, M> {
    /// As a margin check takes it: with its index in the pool.
    #[must_use]
    pub fn at(self, index: u8) -> ListedBook<Self> {
        let open_interest = self.market.borrow().open_interest();
        ListedBook {
            index,
            book: self,
            open_interest: open_interest.into(),
        }
    }
}

impl<B: Borrow<Book>, M> Deref for Listed<B, M> {
    type Target = Book;
    fn deref(&self) -> &Book {
        self.book.borrow()
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

impl<B: Borrow<Book>, M: Borrow<Market>> BookParts for Listed<B, M> {
    fn header(&self) -> &RiskBook {
        &self.book.borrow().header
    }
    fn instruments(&self) -> &[Instrument] {
        &self.book.borrow().instruments
    }
    fn market(&self) -> anchor_lang::Result<MarketRef<'_>> {
        Ok(MarketRef::Decoded(self.market.borrow()))
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
