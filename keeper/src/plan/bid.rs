//! How much of an auction to take, and whether at all. The rule is told in docs/keeper.md.

use {
    super::{Policy, slice},
    crate::{
        action::Terms,
        view::{BookView, View},
    },
    cep_risk::{Breakdown, Kind, Scratch, auction::PPB, interest::Indices},
    cep_sdk::{
        Pubkey, SdkError,
        health::exposed_underlyings,
        programs::{
            liquidation::{
                assess,
                state::{Auction, Readings},
            },
            margin_pool::{
                clearing::{Causes, mark_of, tranche_left},
                margin::{Books, Snapshot},
                state::MarginAccount,
            },
        },
    },
    std::collections::BTreeSet,
};

/// An auction as the keeper sees it: the account for sale, the account that would buy, and all the
/// books that the two need.
pub struct Sale<'a> {
    pub view: &'a View,
    pub policy: &'a Policy,
    /// As touching it leaves it.
    pub account: Box<MarginAccount>,
    /// Has observed `state.equity`.
    pub auction: Auction,
    /// Of the account, at maintenance.
    pub state: Breakdown,
    /// As touching it leaves it.
    pub own: Box<MarginAccount>,
    pub underlyings: BTreeSet<u8>,
    pub books: Books<BookView<'a>>,
    /// Of interest, now.
    indices: Indices,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Take(Terms),
    /// Why not.
    Wait(String),
}

impl<'a> Sale<'a> {
    /// `None` when the keeper's own account is unknown or itself in liquidation, a book is unknown, or
    /// a price is too old even for liquidation.
    pub fn new(
        view: &'a View,
        policy: &'a Policy,
        (address, account): (&Pubkey, &'a MarginAccount),
        state: Breakdown,
    ) -> Option<Self> {
        let mut auction = *view.auction_of(address)?;
        let own = view
            .accounts
            .get(&policy.own)
            .filter(|own| own.in_liquidation == 0)?;
        let mut underlyings = exposed_underlyings(&view.pool, account);
        underlyings.extend(exposed_underlyings(&view.pool, own));
        let books = view.books_of(&underlyings)?;
        books.require_usable_in_liquidation().ok()?;
        let exposed = Snapshot::in_liquidation(&view.pool, account, &books)
            .ok()?
            .exposed;
        let readings = Readings::of(&books, exposed);
        let (params, now) = (
            view.liquidation.params.arithmetic(),
            view.time.unix_timestamp,
        );
        auction
            .observe(&params, (state.equity, state.requirement), &readings, now)
            .ok()?;
        let indices = view
            .pool
            .interest
            .at(&view.pool.params.interest(), books.now);
        let indices = indices.ok()?;
        let touched = |of| slice::touched(of, &view.pool, &books, &indices).ok();
        let (account, own) = (touched(account)?, touched(own)?);
        Some(Self {
            view,
            policy,
            account,
            auction,
            state,
            own,
            underlyings,
            books,
            indices,
        })
    }

    /// The largest part that the keeper can carry, if it pays.
    pub fn judge(&self) -> Result<Verdict, SdkError> {
        let mut scratch = Scratch::new();
        let most = self.offer(PPB)?.fraction;
        if most == 0 {
            return Ok(Verdict::Wait("nothing is for sale".into()));
        }
        let Some(terms) = self.largest(most, &mut scratch)? else {
            return Ok(Verdict::Wait(
                "own margin, --max-notional or the insurance fund allows no part of it".into(),
            ));
        };
        if terms.payment <= terms.max_payment {
            return Ok(Verdict::Take(terms));
        }
        Ok(Verdict::Wait(format!(
            "the offer is not profitable yet: {} micro-USD after hedging, {} more wanted",
            terms.profit,
            i128::from(terms.payment) - i128::from(terms.max_payment),
        )))
    }

    /// The largest part up to `most` (ppb) that fits. What the keeper's account can carry is an interval
    /// from zero (its requirement is convex in the part taken), so bisection finds its end.
    fn largest(&self, most: u64, scratch: &mut Scratch) -> Result<Option<Terms>, SdkError> {
        let mut best = self.fits(most, scratch)?;
        if best.is_some() {
            return Ok(best);
        }
        let (mut low, mut high) = (0, most);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.fits(middle, scratch)? {
                Some(terms) => (best, low) = (Some(terms), middle),
                None => high = middle,
            }
        }
        Ok(best)
    }

    /// The terms of taking `fraction`, if the keeper's account then has its initial margin, the notional
    /// is within the operator's limit, and the insurance fund can pay its part.
    fn fits(&self, fraction: u64, scratch: &mut Scratch) -> Result<Option<Terms>, SdkError> {
        let (pool, books) = (&self.view.pool, &self.books);
        let offer = self.offer(fraction)?;
        let slice = slice::cut(
            &self.account,
            books,
            self.auction.reserved,
            offer.fraction,
            &self.indices,
        )?;
        let notional = self.notional(&slice)?;
        // Beyond the fund a bidder is paid what the account lacks and no more: nothing to gain.
        let claim = offer.payment.min(0).saturating_neg();
        if notional > self.policy.max_notional || claim > self.fund_pays(claim)? {
            return Ok(None);
        }
        let before =
            Snapshot::of(pool, &self.own, books)?.evaluate(pool, books, Kind::Initial, scratch)?;
        let after = slice::joined(&self.own, &slice, offer.payment, &self.indices)?;
        let after =
            Snapshot::of(pool, &after, books)?.evaluate(pool, books, Kind::Initial, scratch)?;
        if after.health() < 0 {
            return Ok(None);
        }
        let value = after.equity - before.equity + offer.payment;
        let worth = value - bps(notional, self.policy.hedge_cost_bps);
        let wanted = bps(notional, self.policy.min_profit_bps).max(self.policy.min_profit);
        Ok(Some(Terms {
            fraction: offer.fraction,
            payment: offer.payment,
            discount: offer.discount,
            value,
            notional,
            profit: worth - offer.payment,
            max_payment: worth - wanted,
        }))
    }

    /// How much of a claim the insurance fund pays, each market that caused it having a tranche of the fund: as
    /// `margin_pool::clearing::cover` divides it.
    fn fund_pays(&self, claim: i64) -> Result<i64, SdkError> {
        let pool = &self.view.pool;
        let mut causes = Causes::of(&self.account);
        for position in self.account.positions.iter().filter(|p| !p.is_free()) {
            let book = &self.books.listed(position.underlying)?.book;
            causes.count(position, mark_of(position, book, self.books.now)?)?;
        }
        let mut insurance = pool.ledger.insurance;
        let Some(parts) = causes.divide(claim)? else {
            let tranche = self.view.liquidation.params.tranche;
            return Ok(claim.min(tranche_left(insurance, pool.insured, tranche)));
        };
        for (underlying, part) in (0u8..).zip(parts).filter(|(_, part)| *part > 0) {
            let market = self.view.markets.get(&pool.underlying(underlying)?.market);
            let tranche = self.view.liquidation.params.tranche;
            let insured = market.map_or(0, |market| market.insured);
            insurance -= part.min(tranche_left(insurance, insured, tranche));
        }
        Ok(pool.ledger.insurance - insurance)
    }

    fn offer(&self, limit: u64) -> Result<assess::Offer, SdkError> {
        Ok(assess::offer(
            &self.view.liquidation.params.arithmetic(),
            &self.auction,
            self.state.equity,
            self.state.requirement,
            limit,
        )?)
    }

    /// Sum of the absolute values of positions and collateral, each by itself: what is to be unwound.
    fn notional(&self, slice: &MarginAccount) -> Result<i64, SdkError> {
        let too_large = || SdkError::Margin("the slice is beyond what can be counted".into());
        let mut total = 0i64;
        for holding in Snapshot::of(&self.view.pool, slice, &self.books)?.holdings {
            let book = self
                .books
                .list
                .get(holding.book)
                .ok_or_else(too_large)?
                .book;
            let value = holding.quantity.at(book.index_price()?).abs();
            let value = value.ceil_micro_usd().map_err(|_| too_large())?;
            total = total.checked_add(value).ok_or_else(too_large)?;
        }
        Ok(total)
    }
}

/// Basis points of an amount, rounded up.
fn bps(amount: i64, points: u32) -> i64 {
    let share = i128::from(amount) * i128::from(points);
    // At most 429,497 times the amount: saturates only beyond any real notional.
    i64::try_from((share + 9_999) / 10_000).unwrap_or(i64::MAX)
}
