use {
    crate::{
        error::MarginPoolError,
        state::{Funding, Haircut, Market, Reduction},
    },
    anchor_lang::prelude::*,
    cep_risk::Kind,
    risk_engine::state::{BookRef, Instrument, RiskBook},
    std::cell::{Cell, RefCell},
};

/// A book's account as a margin check reads it: borrowed on chain, decoded elsewhere.
pub trait BookParts {
    fn header(&self) -> &RiskBook;
    fn instruments(&self) -> &[Instrument];
}

impl BookParts for BookRef<'_> {
    fn header(&self) -> &RiskBook {
        &self.header
    }
    fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }
}

impl<T: BookParts> BookParts for &T {
    fn header(&self) -> &RiskBook {
        (**self).header()
    }
    fn instruments(&self) -> &[Instrument] {
        (**self).instruments()
    }
}

/// The risk books that a margin check was given.
pub struct Books<B> {
    pub list: Vec<ListedBook<B>>,
    /// The cluster's time, by which prices and curves are judged. Unix seconds.
    pub now: i64,
}

pub struct ListedBook<B> {
    /// Of the underlying in the pool.
    pub index: u8,
    pub book: B,
    /// Of its market, millionths. Follows the trades of an instruction.
    pub open_interest: Cell<u64>,
    /// Of its market, as it was last brought up to date.
    pub funding: Cell<Funding>,
    pub losses: Cell<Haircut>,
    /// Those with something in their pot.
    pub reductions: RefCell<Vec<Reduction>>,
}

impl<B> ListedBook<B> {
    /// A book with its index in the pool and what a margin check reads of its market.
    pub fn new(index: u8, book: B, market: &Market) -> Self {
        let listed = Self {
            index,
            book,
            open_interest: Cell::new(0),
            funding: Cell::new(market.funding),
            losses: Cell::new(market.losses),
            reductions: RefCell::new(Vec::new()),
        };
        listed.update(market);
        listed
    }

    /// Takes note of what became of the market.
    pub fn update(&self, market: &Market) {
        self.open_interest.set(market.open_interest());
        self.funding.set(market.funding);
        self.losses.set(market.losses);
        let used = usize::from(market.reductions_used);
        if used != 0 {
            let list = market.reductions.iter().take(used);
            let mut pending = self.reductions.borrow_mut();
            pending.clear();
            pending.extend(list.filter(|r| !r.is_free()));
        }
    }
}

/// Underlyings of the pool, one bit each.
pub type Underlyings = u8;

/// The bit of one underlying; the pool has at most eight.
#[must_use]
pub const fn bit(index: u8) -> Underlyings {
    1u8.wrapping_shl(index as u32)
}

impl<B> Books<B> {
    /// Those of some underlyings.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(u8) -> bool) -> Books<&B> {
        let list = self.list.iter().filter(|listed| wanted(listed.index));
        Books {
            list: list
                .map(|listed| ListedBook {
                    index: listed.index,
                    book: &listed.book,
                    open_interest: listed.open_interest.clone(),
                    funding: listed.funding.clone(),
                    losses: listed.losses.clone(),
                    reductions: listed.reductions.clone(),
                })
                .collect(),
            now: self.now,
        }
    }

    pub(super) fn position(&self, underlying: u8) -> Option<usize> {
        self.list.iter().position(|l| l.index == underlying)
    }

    /// [`MarginPoolError::RiskAccountsMissing`] for a book that was not given.
    pub fn listed(&self, underlying: u8) -> Result<&ListedBook<B>> {
        self.position(underlying)
            .and_then(|i| self.list.get(i))
            .ok_or_else(|| MarginPoolError::RiskAccountsMissing.into())
    }
}

impl<B: BookParts> Books<B> {
    pub fn get(&self, underlying: u8) -> Result<&RiskBook> {
        Ok(self.listed(underlying)?.book.header())
    }

    /// Refuses unless each book's price is recent by its own rule.
    pub fn require_fresh(&self) -> Result<()> {
        require!(
            self.which(|book| !book.price_is_fresh(self.now)) == 0,
            MarginPoolError::PriceStale
        );
        Ok(())
    }

    /// Refuses new risk in an underlying that is in doubt or whose price nobody refreshed.
    pub fn require_trusted(&self, underlying: u8) -> Result<()> {
        let book = self.get(underlying)?;
        require!(book.price_is_fresh(self.now), MarginPoolError::PriceStale);
        require!(!book.is_degraded(self.now), MarginPoolError::NewRiskInDoubt);
        Ok(())
    }

    /// Refuses a price that is neither fresh (in doubt or not) nor the last word of a dead oracle. Between the two
    /// liquidation waits for a refresh, since a bidder could otherwise pick a price that is no longer true.
    pub fn require_usable_in_liquidation(&self) -> Result<()> {
        let unusable =
            |book: &RiskBook| !book.price_is_fresh(self.now) && !book.price_is_dead(self.now);
        require!(self.which(unusable) == 0, MarginPoolError::PriceStale);
        Ok(())
    }

    /// The underlyings whose books answer yes.
    #[must_use]
    pub fn which(&self, is: impl Fn(&RiskBook) -> bool) -> Underlyings {
        let found = self.list.iter().filter(|l| is(l.book.header()));
        found.fold(0, |all, listed| all | bit(listed.index))
    }

    /// As `cep-risk` reads them, in the order of the list.
    pub(super) fn views(&self, kind: Kind) -> Result<Vec<cep_risk::Book<'_>>> {
        let mut views = Vec::with_capacity(self.list.len());
        for listed in &self.list {
            let book = listed.book.header();
            let view = if book.is_ready() {
                book.as_book(kind, self.now, listed.open_interest.get())
            } else {
                // Nothing is held of it: see `Snapshot::hold`. Any other book stands in its place.
                self.any_ready()?.as_book(kind, self.now, 0)
            };
            // The book's own error would carry the risk engine's number, which means something else here.
            views.push(view.map_err(|_| MarginPoolError::BookNotReady)?);
        }
        Ok(views)
    }

    fn any_ready(&self) -> Result<&RiskBook> {
        let mut books = self.list.iter().map(|listed| listed.book.header());
        let ready = books.find(|book| book.is_ready());
        ready.ok_or_else(|| MarginPoolError::BookNotReady.into())
    }
}
