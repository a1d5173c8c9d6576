//! From accounts to a margin check. The SDK and the keeper call the same functions on the accounts they
//! decoded, so that what they predict is what the chain decides.

use {
    crate::{
        error::MarginPoolError,
        state::{MarginAccount, Market, Pool},
    },
    anchor_lang::prelude::*,
    cep_risk::{Breakdown, Holding, Instrument, Kind, Portfolio, Quantity, Scratch},
    risk_engine::state::RiskBook,
    std::{
        cell::{Ref, RefMut},
        ops::Deref,
    },
};

/// Token decimals of which a collateral quantity keeps this many (millionths), rounded down.
const QUANTITY_DECIMALS: u32 = 6;

/// The (risk book, market) pairs behind an instruction's named accounts, each checked against the pool.
pub struct RiskAccounts<'info> {
    pairs: Vec<(
        u8,
        AccountLoader<'info, RiskBook>,
        AccountLoader<'info, Market>,
    )>,
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
            // Owner and discriminator of both.
            let (book, market) = (
                AccountLoader::try_from(book)?,
                AccountLoader::try_from(market)?,
            );
            pairs.push((index, book, market));
        }
        Ok(Self { pairs })
    }

    pub fn books(&self, now: i64) -> Result<Books<Ref<'_, RiskBook>>> {
        let list = self
            .pairs
            .iter()
            .map(|(index, book, _)| Ok((*index, book.load()?)));
        Ok(Books {
            list: list.collect::<Result<_>>()?,
            now,
        })
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

/// Risk books by the pool's underlying index, borrowed from accounts or decoded off chain.
pub struct Books<B> {
    pub list: Vec<(u8, B)>,
    /// The cluster's time, by which prices are judged. Unix seconds.
    pub now: i64,
}

impl<B: Deref<Target = RiskBook>> Books<B> {
    pub fn get(&self, underlying: u8) -> Result<&RiskBook> {
        self.position(underlying)
            .and_then(|i| self.list.get(i))
            .map(|(_, book)| &**book)
            .ok_or_else(|| MarginPoolError::RiskAccountsMissing.into())
    }

    fn position(&self, underlying: u8) -> Option<usize> {
        self.list.iter().position(|(index, _)| *index == underlying)
    }

    /// Refuses unless each book's price is recent by its own rule.
    pub fn require_fresh(&self) -> Result<()> {
        let mut books = self.list.iter();
        let fresh = books.all(|(_, book)| book.price_is_fresh(self.now));
        require!(fresh, MarginPoolError::PriceStale);
        Ok(())
    }

    /// Refuses a price that is neither fresh nor the last word of a dead oracle. Between the two liquidation
    /// waits for a refresh, since a bidder could otherwise pick a price that is no longer true.
    pub fn require_usable_in_liquidation(&self) -> Result<()> {
        let usable = self
            .list
            .iter()
            .all(|(_, book)| book.price_is_fresh(self.now) || book.price_is_dead(self.now));
        require!(usable, MarginPoolError::PriceStale);
        Ok(())
    }

    /// Whether all scenario columns stand for current volatility.
    #[must_use]
    pub fn scenarios_cover_volatility(&self) -> bool {
        self.list
            .iter()
            .all(|(_, book)| book.scenarios_cover_volatility())
    }
}

/// What of an account enters its margin check, detached from the account.
pub struct Snapshot {
    pub cash: i64,
    /// Everything a pool holds so far is marked at the index.
    pub holdings: Vec<Holding<'static>>,
}

impl Snapshot {
    /// Refuses when a book of something the account holds is missing.
    pub fn of<B: Deref<Target = RiskBook>>(
        pool: &Pool,
        account: &MarginAccount,
        books: &Books<B>,
    ) -> Result<Self> {
        let at = |underlying| {
            books
                .position(underlying)
                .ok_or(MarginPoolError::RiskAccountsMissing)
        };
        let mut holdings = Vec::with_capacity(8);
        for position in account.positions.iter().filter(|p| !p.is_free()) {
            holdings.push(Holding {
                book: at(position.underlying)?,
                quantity: Quantity(position.base),
                quote: position.quote,
                instrument: Instrument::Index,
            });
        }
        for (slot, amount) in account
            .collaterals
            .iter()
            .enumerate()
            .filter(|(_, a)| **a > 0)
        {
            let listed = pool.collateral(slot)?;
            let excess = u32::from(listed.decimals).saturating_sub(QUANTITY_DECIMALS);
            let unit = 10u64.checked_pow(excess).ok_or(MarginPoolError::Overflow)?;
            let quantity = i64::try_from(amount / unit).map_err(|_| MarginPoolError::Overflow)?;
            holdings.push(Holding {
                book: at(listed.underlying)?,
                quantity: Quantity(quantity),
                quote: 0,
                instrument: Instrument::Index,
            });
        }
        Ok(Self {
            cash: account.cash,
            holdings,
        })
    }

    /// Equity and requirement under the pool's parameters.
    pub fn evaluate<B: Deref<Target = RiskBook>>(
        &self,
        pool: &Pool,
        books: &Books<B>,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Breakdown> {
        let margin = pool.params.margin();
        let breakdown = self
            .portfolio(&views(books, kind)?)
            .evaluate(&margin, kind, scratch);
        Ok(breakdown.map_err(MarginPoolError::from)?)
    }

    /// The same holdings one by one, with no offset between them.
    pub fn isolated<B: Deref<Target = RiskBook>>(
        &self,
        pool: &Pool,
        books: &Books<B>,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<i64> {
        let margin = pool.params.margin();
        let total = self
            .portfolio(&views(books, kind)?)
            .isolated(&margin, kind, scratch);
        Ok(total.map_err(MarginPoolError::from)?)
    }

    fn portfolio<'a>(&'a self, books: &'a [cep_risk::Book<'a>]) -> Portfolio<'a> {
        Portfolio {
            cash: self.cash,
            holdings: &self.holdings,
            books,
        }
    }
}

fn views<B: Deref<Target = RiskBook>>(
    books: &Books<B>,
    kind: Kind,
) -> Result<Vec<cep_risk::Book<'_>>> {
    // The book's own error would carry the risk engine's number, which means something else here.
    books
        .list
        .iter()
        .map(|(_, book)| {
            book.as_book(kind, books.now, 0)
                .map_err(|_| MarginPoolError::BookNotReady.into())
        })
        .collect()
}
