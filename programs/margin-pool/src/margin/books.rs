use {
    crate::{error::MarginPoolError, state::Market},
    anchor_lang::prelude::*,
    cep_risk::Kind,
    risk_engine::state::{Instrument, PriceUse, RiskBook},
    std::{
        cell::{Cell, Ref},
        ops::Deref,
    },
};

/// What a margin check reads of one underlying, its risk book's account and its market's: borrowed on chain, decoded
/// elsewhere. Nothing of either is copied: the heap of a program is small, and both are large.
pub trait BookParts {
    fn header(&self) -> &RiskBook;
    fn instruments(&self) -> &[Instrument];
    /// Refuses while an instruction has the market borrowed to change it.
    fn market(&self) -> Result<MarketRef<'_>>;
}

impl<T: BookParts> BookParts for &T {
    fn header(&self) -> &RiskBook {
        (**self).header()
    }
    fn instruments(&self) -> &[Instrument] {
        (**self).instruments()
    }
    fn market(&self) -> Result<MarketRef<'_>> {
        (**self).market()
    }
}

/// A market, read.
pub enum MarketRef<'a> {
    /// Of an account that this transaction was given.
    Borrowed(Ref<'a, Market>),
    Decoded(&'a Market),
}

impl Deref for MarketRef<'_> {
    type Target = Market;
    fn deref(&self) -> &Market {
        match self {
            Self::Borrowed(market) => market,
            Self::Decoded(market) => market,
        }
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
    /// By which concentration is charged, millionths: its market's when the book was listed, or last
    /// [updated](Self::update).
    pub open_interest: Cell<u64>,
}

impl<B: BookParts> ListedBook<B> {
    /// A book with its index in the pool, at its market's open interest.
    pub fn new(index: u8, book: B) -> Result<Self> {
        let open_interest = Cell::new(book.market()?.open_interest());
        Ok(Self {
            index,
            book,
            open_interest,
        })
    }

    /// Takes over what trades made of the market's open interest.
    pub fn update(&self) -> Result<()> {
        self.open_interest.set(self.book.market()?.open_interest());
        Ok(())
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
                })
                .collect(),
            now: self.now,
        }
    }

    pub(super) fn position(&self, underlying: u8) -> Option<usize> {
        let is = |listed: &ListedBook<B>| listed.index == underlying;
        // Callers that pass all of a pool's books pass them in their order.
        let at = usize::from(underlying);
        if self.list.get(at).is_some_and(is) {
            return Some(at);
        }
        self.list.iter().position(is)
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

    /// Refuses new risk in an underlying whose price is uncertain or silent, or that nobody refreshed just now. On chain only:
    /// it asks the cluster for the slot.
    pub fn require_trusted(&self, underlying: u8) -> Result<()> {
        let book = self.get(underlying)?;
        let state = book.price_state(self.now);
        require!(!state.is_silent(), MarginPoolError::PriceStale);
        require!(
            state.allows(PriceUse::NewRisk),
            MarginPoolError::NewRiskInDoubt
        );
        // On chain there always is a clock. Off chain there is none, and a client puts a refresh in front of its trade.
        let slot = Clock::get().map_or(book.refreshed_slot, |clock| clock.slot);
        require!(
            book.price_bears_new_risk(self.now, slot),
            MarginPoolError::PriceTooOldForNewRisk
        );
        Ok(())
    }

    /// Refuses a price that liquidation may not use: one that is silent, until that is announced and waited out, since a bidder
    /// could otherwise pick a price that is no longer true. What is uncertain is used with its value.
    pub fn require_usable_in_liquidation(&self) -> Result<()> {
        // A book without any price is judged where it is valued: what is held of it as collateral counts for nothing.
        let refuses = |book: &RiskBook| {
            book.price != 0 && !book.price_state(self.now).allows(PriceUse::Liquidate)
        };
        require!(self.which(refuses) == 0, MarginPoolError::PriceSilent);
        Ok(())
    }

    /// The underlyings whose books answer yes.
    #[must_use]
    pub fn which(&self, is: impl Fn(&RiskBook) -> bool) -> Underlyings {
        let found = self.list.iter().filter(|l| is(l.book.header()));
        found.fold(0, |all, listed| all | bit(listed.index))
    }

    /// The markets, borrowed, in the order of the list.
    pub(super) fn markets(&self) -> Result<Vec<MarketRef<'_>>> {
        let mut markets = Vec::with_capacity(self.list.len());
        for listed in &self.list {
            markets.push(listed.book.market()?);
        }
        Ok(markets)
    }

    /// As `cep-risk` reads them, in the order of the list.
    pub(super) fn views(&self, kind: Kind) -> Result<Vec<cep_risk::Book<'_>>> {
        let mut views = Vec::with_capacity(self.list.len());
        self.view(kind, &mut views)?;
        Ok(views)
    }

    /// As [`Self::views`], in the place of what is there.
    pub(super) fn view<'b>(
        &'b self,
        kind: Kind,
        views: &mut Vec<cep_risk::Book<'b>>,
    ) -> Result<()> {
        views.clear();
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
        Ok(())
    }

    fn any_ready(&self) -> Result<&RiskBook> {
        let mut books = self.list.iter().map(|listed| listed.book.header());
        let ready = books.find(|book| book.is_ready());
        ready.ok_or_else(|| MarginPoolError::BookNotReady.into())
    }
}
