use {
    super::{Books, ListedBook},
    crate::{
        error::MarginPoolError,
        state::{Market, Pool},
    },
    anchor_lang::prelude::*,
    risk_engine::state::BookRef,
    std::cell::RefMut,
};

/// The (risk book, market) pairs behind an instruction's named accounts, each checked against the pool.
pub struct RiskAccounts<'info> {
    pairs: Vec<(u8, &'info AccountInfo<'info>, AccountLoader<'info, Market>)>,
}

impl<'info> RiskAccounts<'info> {
    pub fn load(pool: &Pool, accounts: &'info [AccountInfo<'info>]) -> Result<Self> {
        let mut pairs = Vec::with_capacity(accounts.len() / 2);
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
            // Owner and discriminator; the book's are checked when it is borrowed.
            pairs.push((index, book, AccountLoader::try_from(market)?));
        }
        Ok(Self { pairs })
    }

    /// Borrows the books, judged at `now`, with the open interest of their markets.
    pub fn books(&self, now: i64) -> Result<Books<BookRef<'info>>> {
        let mut list = Vec::with_capacity(self.pairs.len());
        for (index, book, market) in &self.pairs {
            let book = BookRef::load(book)?;
            list.push(ListedBook::new(*index, book, &*market.load()?));
        }
        Ok(Books { list, now })
    }

    /// Takes note of what trades since then made of the markets.
    pub fn update_markets<B>(&self, books: &Books<B>) -> Result<()> {
        for (listed, (_, _, market)) in books.list.iter().zip(&self.pairs) {
            listed.update(&*market.load()?);
        }
        Ok(())
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
