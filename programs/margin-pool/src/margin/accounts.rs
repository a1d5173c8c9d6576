use {
    super::{BookParts, Books, ListedBook, MarketRef, Underlyings, bit},
    crate::{
        error::MarginPoolError,
        state::{Market, Pool},
    },
    anchor_lang::prelude::*,
    risk_engine::state::{BookRef, Instrument, RiskBook},
    std::cell::RefMut,
};

/// The (risk book, market) pairs behind an instruction's named accounts, each checked against the pool: a set. Their order
/// says nothing, and a pair given twice is refused, so that no instruction can be made to do twice what it does for each.
pub struct RiskAccounts<'info> {
    pairs: Vec<(u8, &'info AccountInfo<'info>, AccountLoader<'info, Market>)>,
}

/// A pair, its book borrowed.
pub struct Pair<'info> {
    book: BookRef<'info>,
    market: AccountLoader<'info, Market>,
}

impl BookParts for Pair<'_> {
    fn header(&self) -> &RiskBook {
        &self.book.header
    }
    fn instruments(&self) -> &[Instrument] {
        &self.book.instruments
    }
    fn market(&self) -> Result<MarketRef<'_>> {
        Ok(MarketRef::Borrowed(self.market.load()?))
    }
}

impl<'info> RiskAccounts<'info> {
    pub fn load(pool: &Pool, accounts: &'info [AccountInfo<'info>]) -> Result<Self> {
        let mut pairs = Vec::with_capacity(accounts.len() / 2);
        let mut seen: Underlyings = 0;
        for pair in accounts.chunks(2) {
            let [book, market] = pair else {
                return err!(MarginPoolError::RiskAccountsMismatch);
            };
            let index = pool
                .underlying_index(book.key)
                .ok_or(MarginPoolError::RiskAccountsMismatch)?;
            require_keys_eq!(
                *market.key,
                pool.underlying(index)?.market,
                MarginPoolError::RiskAccountsMismatch
            );
            require!(
                seen & bit(index) == 0,
                MarginPoolError::RiskAccountsRepeated
            );
            seen |= bit(index);
            // Owner and discriminator; the book's are checked when it is borrowed.
            pairs.push((index, book, AccountLoader::try_from(market)?));
        }
        Ok(Self { pairs })
    }

    /// Borrows the books, judged at `now`, with the open interest of their markets.
    pub fn books(&self, now: i64) -> Result<Books<Pair<'info>>> {
        let mut list = Vec::with_capacity(self.pairs.len());
        for (index, book, market) in &self.pairs {
            let pair = Pair {
                book: BookRef::load(book)?,
                market: market.clone(),
            };
            list.push(ListedBook::new(*index, pair)?);
        }
        Ok(Books { list, now })
    }

    /// Takes over what trades since then made of the markets' open interest.
    pub fn update_markets<B: BookParts>(&self, books: &Books<B>) -> Result<()> {
        books.list.iter().try_for_each(ListedBook::update)
    }

    pub fn market_mut(&self, underlying: u8) -> Result<RefMut<'_, Market>> {
        let (_, _, market) = self
            .pairs
            .iter()
            .find(|(index, _, _)| *index == underlying)
            .ok_or(MarginPoolError::RiskAccountsMissing)?;
        market.load_mut()
    }

    pub fn underlyings(&self) -> impl Iterator<Item = u8> {
        self.pairs.iter().map(|(index, _, _)| *index)
    }
}
