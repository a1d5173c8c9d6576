use {
    super::{
        BookParts, Books, MarketRef, Underlyings, bit,
        valuation::{self, Dated, dated},
    },
    crate::{
        error::MarginPoolError,
        state::{
            Collateral, MarginAccount, Market, Pool, Position, PositionKind, PriceHistory, add, sub,
        },
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Breakdown, Holding, Instrument, Kind, Portfolio, Quantity, Scratch, funding::owed, staked,
    },
    risk_engine::state::RiskBook,
};

/// What of an account enters its margin check, detached from the account.
pub struct Snapshot<'a> {
    /// Settled cash, and what settled instruments are worth.
    pub cash: i64,
    /// Of that, what is kept back for auctions beyond the fund: initial margin does not count it.
    pub held: i64,
    pub holdings: Vec<Holding<'a>>,
    /// Underlyings that move the account.
    pub exposed: Underlyings,
    /// Underlyings of options held whose curve is stale, or read at a price in doubt.
    pub stale_curves: Underlyings,
    /// Whether curves are judged as for new risk, or as for liquidation.
    judges_curves: bool,
}

impl<'a> Snapshot<'a> {
    /// Refuses when a book of something the account holds is missing.
    pub fn of<B: BookParts>(
        pool: &Pool,
        account: &MarginAccount,
        books: &'a Books<B>,
    ) -> Result<Self> {
        let mut snapshot = Self::empty();
        snapshot.retake(pool, account, books)?;
        Ok(snapshot)
    }

    /// Of nothing yet: see [`Self::retake`].
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            cash: 0,
            held: 0,
            holdings: Vec::new(),
            exposed: 0,
            stale_curves: 0,
            judges_curves: true,
        }
    }

    /// With room for whichever of some accounts is the largest, and so many positions more: memory that
    /// had to grow later would leave what it took before behind.
    #[must_use]
    pub fn with_room_for(pool: &Pool, accounts: [&MarginAccount; 2], more: usize) -> Self {
        let [a, b] = accounts.map(|account| count(pool, account));
        let mut snapshot = Self::empty();
        snapshot
            .holdings
            .reserve_exact(a.max(b).saturating_add(more));
        snapshot
    }

    /// As [`Self::of`] for liquidation. A stale curve is refused here while anyone can rebuild it, and serves where nobody does:
    /// see [`risk_engine::state::Instrument::curve_serves`].
    pub fn in_liquidation<B: BookParts>(
        pool: &Pool,
        account: &MarginAccount,
        books: &'a Books<B>,
    ) -> Result<Self> {
        let mut snapshot = Self {
            judges_curves: false,
            ..Self::empty()
        };
        snapshot.retake(pool, account, books)?;
        require!(snapshot.stale_curves == 0, MarginPoolError::CurvesToRebuild);
        Ok(snapshot)
    }

    /// The same of another account, or of what became of it, in the same memory: on chain the heap never frees.
    pub fn retake<B: BookParts>(
        &mut self,
        pool: &Pool,
        account: &MarginAccount,
        books: &'a Books<B>,
    ) -> Result<()> {
        let indices = pool.interest.at(&pool.params.interest(), books.now)?;
        let interest = indices.interest(account.balance().principal(), account.interest_entry);
        self.cash = add(account.cash, interest.map_err(MarginPoolError::from)?)?;
        let kept = pool.losses.kept(account.at_risk, account.at_risk_since)?;
        self.cash = sub(self.cash, sub(account.at_risk, kept)?)?;
        self.held = pool.held.kept(account.held, account.held_since)?;
        self.cash = sub(self.cash, sub(account.held, self.held)?)?;
        if pool.visible_shortfall == 0 {
            self.held = 0;
        }
        self.holdings.clear();
        self.holdings.reserve_exact(count(pool, account));
        (self.exposed, self.stale_curves) = (0, 0);
        let markets = books.markets()?;
        for position in account.positions.iter().filter(|p| !p.is_free()) {
            self.add_position(pool, position, books, &markets)?;
        }
        // Holdings are added in the memory in front of it.
        drop(markets);
        let held = account.collaterals.iter().enumerate();
        for (slot, amount) in held.filter(|(_, amount)| **amount > 0) {
            let listed = pool.collateral(slot)?;
            // Nobody knows what it is worth: it counts as nothing, and keeps nobody from being liquidated.
            if !self.judges_curves && !is_priced(listed, books)? {
                continue;
            }
            let quantity = listed.quantity_at(*amount, books.now)?;
            if listed.is_staked == 0 {
                self.hold(listed.underlying, (quantity, 0), Instrument::Index, books)?;
            } else {
                self.add_staked(listed, quantity, books)?;
            }
        }
        Ok(())
    }

    /// A staked token moves with what it redeems for and with its gap, each by its value (first order: the true return is
    /// the product): so much of the base as it is worth, rounded down, and the gap's exposure without a value of its own.
    /// Token and base are judged at one time, the base's: a base that was refreshed since takes the token along.
    fn add_staked<B: BookParts>(
        &mut self,
        listed: &Collateral,
        quantity: i64,
        books: &'a Books<B>,
    ) -> Result<()> {
        let (book, base) = (books.get(listed.underlying)?, books.get(listed.base)?.price);
        let (token, staked) = (book.price, &book.staked);
        require!(token != 0 && base != 0, MarginPoolError::BookNotReady);
        let now = staked::at_base(token, staked.redemption, staked.rate, base);
        // Quantities below 2⁶³, prices at most 2⁴⁴.
        let amount = u128::from(quantity.unsigned_abs());
        let in_base = i64::try_from(amount * u128::from(now) / u128::from(base));
        let in_base = in_base.map_err(|_| MarginPoolError::PositionTooLarge)?;
        self.hold(listed.base, (in_base, 0), Instrument::Index, books)?;
        let worth = amount * u128::from(token);
        let value = i64::try_from(worth.div_ceil(1_000_000));
        let value = value.map_err(|_| MarginPoolError::PositionTooLarge)?;
        // The value is not negative.
        self.hold(
            listed.underlying,
            (quantity, -value),
            Instrument::Index,
            books,
        )
    }

    fn add_position<B: BookParts>(
        &mut self,
        pool: &Pool,
        position: &Position,
        books: &'a Books<B>,
        markets: &[MarketRef<'_>],
    ) -> Result<()> {
        let missing = MarginPoolError::RiskAccountsMissing;
        let at = books.position(position.underlying).ok_or(missing)?;
        let listed = books.list.get(at).ok_or(missing)?;
        let market = markets.get(at).ok_or(missing)?;
        let position = &touched(pool, position, (&listed.book, market), books.now)?;
        let (index, held) = (position.underlying, (position.base, position.quote));
        if position.base == 0 {
            // A claim on what losers have not paid in yet: nothing moves it, wherever its instrument is by now.
            self.cash = add(self.cash, position.quote)?;
            return Ok(());
        }
        let kind = position.kind()?;
        let (header, instruments) = (listed.book.header(), listed.book.instruments());
        if kind == PositionKind::Perpetual {
            return self.hold(index, held, Instrument::Index, books);
        }
        match dated(position, kind, header, instruments, books.now)? {
            Dated::Live { valued, instrument } => {
                let stale = if self.judges_curves {
                    valuation::is_stale(&valued, instrument, header, books.now)
                } else {
                    valuation::must_be_rebuilt(&valued, instrument, header, books.now)
                };
                if stale {
                    self.stale_curves |= bit(index);
                }
                self.hold(index, held, valued, books)
            }
            Dated::Settled(worth) => {
                let worth = worth.floor_micro_usd().map_err(MarginPoolError::from)?;
                self.cash = add(self.cash, add(worth, position.quote)?)?;
                Ok(())
            }
        }
    }

    fn hold<B: BookParts>(
        &mut self,
        index: u8,
        (quantity, quote): (i64, i64),
        instrument: Instrument<'a>,
        books: &'a Books<B>,
    ) -> Result<()> {
        require!(books.get(index)?.is_ready(), MarginPoolError::BookNotReady);
        self.holdings.push(Holding {
            book: books
                .position(index)
                .ok_or(MarginPoolError::RiskAccountsMissing)?,
            quantity: Quantity(quantity),
            quote,
            instrument,
        });
        self.exposed |= bit(index);
        Ok(())
    }

    /// Equity and requirement under the pool's parameters.
    pub fn evaluate<B: BookParts>(
        &self,
        pool: &Pool,
        books: &Books<B>,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<Breakdown> {
        let margin = pool.params.margin();
        if self.holdings.iter().any(is_option) {
            scratch.make_room_for_options();
        }
        let views = books.views(kind)?;
        let breakdown = self
            .portfolio(&views, kind)
            .evaluate(&margin, kind, scratch);
        Ok(breakdown.map_err(MarginPoolError::from)?)
    }

    /// Initial margin and, where `asked` says so of it, maintenance margin, what is held netted once.
    pub fn evaluate_both<B: BookParts>(
        &self,
        pool: &Pool,
        books: &Books<B>,
        scratch: &mut Scratch,
        asked: impl FnOnce(&Breakdown) -> bool,
    ) -> Result<(Breakdown, Option<Breakdown>)> {
        let margin = pool.params.margin();
        // Before the books: what lies in front of it would be missing in the next check.
        if self.holdings.iter().any(is_option) {
            scratch.make_room_for_options();
        }
        let mut views = books.views(Kind::Initial)?;
        // What is kept back counts in neither here: a trade may not use it up.
        let held = (self.cash.saturating_sub(self.held), &self.holdings[..]);
        let both = cep_risk::evaluate_both(held, &mut views, &margin, scratch, asked, |views| {
            // Ready for the one, ready for the other.
            books
                .view(Kind::Maintenance, views)
                .map_err(|_| cep_risk::RiskError::MissingBook)
        });
        Ok(both.map_err(MarginPoolError::from)?)
    }

    /// The same holdings one by one, with no offset between them.
    pub fn isolated<B: BookParts>(
        &self,
        pool: &Pool,
        books: &Books<B>,
        kind: Kind,
        scratch: &mut Scratch,
    ) -> Result<i64> {
        let margin = pool.params.margin();
        let views = books.views(kind)?;
        let total = self
            .portfolio(&views, kind)
            .isolated(&margin, kind, scratch);
        Ok(total.map_err(MarginPoolError::from)?)
    }

    /// Refuses what adds risk or takes equity out while scenarios or curves of what is held do not stand for the
    /// market.
    pub fn require_current<B: BookParts>(&self, books: &Books<B>) -> Result<()> {
        require!(self.lagging(books) == 0, MarginPoolError::ScenariosOutdated);
        require!(self.stale_curves == 0, MarginPoolError::CurvesStale);
        Ok(())
    }

    /// What of all that moves the account is not current, as the refusal that says how to refresh it:
    /// scenarios, curves, an index price too old to act on, or one in doubt.
    #[must_use]
    pub fn outdated<B: BookParts>(&self, books: &Books<B>) -> Option<MarginPoolError> {
        let any = |is: &dyn Fn(&RiskBook) -> bool| self.exposed & books.which(is) != 0;
        if self.lagging(books) != 0 {
            Some(MarginPoolError::ScenariosOutdated)
        } else if any(&|book| !book.price_is_fresh(books.now)) {
            Some(MarginPoolError::PriceStale)
        } else if any(&|book| book.is_degraded(books.now)) {
            Some(MarginPoolError::NewRiskInDoubt)
        } else if self.stale_curves != 0 {
            Some(MarginPoolError::CurvesStale)
        } else {
            None
        }
    }

    /// Underlyings that move the account and whose scenarios stand for too low a volatility.
    #[must_use]
    pub fn lagging<B: BookParts>(&self, books: &Books<B>) -> Underlyings {
        self.exposed & books.which(|book| !book.scenarios_cover_volatility())
    }

    fn portfolio<'b>(&'b self, books: &'b [cep_risk::Book<'b>], kind: Kind) -> Portfolio<'b> {
        let held = match kind {
            Kind::Initial => self.held,
            Kind::Maintenance => 0,
        };
        Portfolio {
            // It is a part of the cash.
            cash: self.cash.saturating_sub(held),
            holdings: &self.holdings,
            books,
        }
    }
}

/// A position as bringing it up to date at `now` leaves it: funding, what its side bore of defaults, its part of what its side
/// was reduced by. As `clearing::bring_up`.
pub fn touched<B: BookParts>(
    pool: &Pool,
    position: &Position,
    (book, market): (&B, &Market),
    now: i64,
) -> Result<Position> {
    let mut after = *position;
    if position.base != 0 {
        let mut funding = market.funding.index;
        if position.kind == PositionKind::Perpetual as u8
            && let Ok(prices) = PriceHistory::of(book.header(), now)
        {
            funding = market.funding.at(&pool.params.funding(), &prices, now)?;
        }
        let index = market.index_at(position, funding)?;
        let growth = sub(index, position.index_entry)?;
        if growth != 0 {
            let paid = owed(position.base, growth).map_err(MarginPoolError::from)?;
            after.quote = sub(after.quote, paid)?;
            after.index_entry = index;
        }
    }
    if let Some((_, reduction)) = market.reduction(position.instrument, position.base) {
        let part = reduction.part_of(&after, after.index_entry)?;
        after.base = add(after.base, part.base)?;
        after.quote = add(after.quote, part.quote)?;
        after.reduced = reduction.now();
    }
    Ok(after)
}

/// Whether the books of a collateral have prices. Refuses when one was not given.
fn is_priced<B: BookParts>(listed: &Collateral, books: &Books<B>) -> Result<bool> {
    Ok(books.get(listed.underlying)?.is_ready() && books.get(listed.base)?.is_ready())
}

const fn is_option(holding: &Holding) -> bool {
    matches!(holding.instrument, Instrument::Option { .. })
}

fn count(pool: &Pool, account: &MarginAccount) -> usize {
    let positions = account.positions.iter().filter(|p| !p.is_free()).count();
    let held = account.collaterals.iter().zip(&pool.collaterals);
    let collaterals = held.filter(|(amount, _)| **amount > 0);
    // A staked token counts twice.
    collaterals.fold(positions, |count, (_, listed)| {
        count + 1 + usize::from(listed.is_staked != 0)
    })
}
