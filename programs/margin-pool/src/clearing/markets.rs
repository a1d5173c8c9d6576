use {
    super::accrue_funding,
    crate::{
        error::MarginPoolError,
        margin::{BookParts, Books, RiskAccounts, Underlyings, bit},
        state::{Market, Pool},
    },
    anchor_lang::prelude::*,
    std::cell::RefMut,
};

/// The markets that a walk over an account's own positions comes by, each found by the position's underlying: borrowed one at
/// a time, its funding brought to now when it is first met.
pub struct Markets<'a, 'info, B> {
    risk: &'a RiskAccounts<'info>,
    books: &'a Books<B>,
    current: Option<(u8, RefMut<'a, Market>)>,
    met: Underlyings,
}

impl<'a, 'info, B: BookParts> Markets<'a, 'info, B> {
    #[must_use]
    pub const fn new(risk: &'a RiskAccounts<'info>, books: &'a Books<B>) -> Self {
        Self {
            risk,
            books,
            current: None,
            met: 0,
        }
    }

    /// [`MarginPoolError::RiskAccountsMissing`] for a market that was not given.
    pub fn of(&mut self, pool: &Pool, underlying: u8) -> Result<&mut Market> {
        let is_current = |(at, _): &(u8, RefMut<Market>)| *at == underlying;
        if !self.current.as_ref().is_some_and(is_current) {
            // Given back before the next one is borrowed.
            self.current = None;
            let mut market = self.risk.market_mut(underlying)?;
            if self.met & bit(underlying) == 0 {
                accrue_funding(pool, &mut market, self.books, underlying)?;
                self.met |= bit(underlying);
            }
            self.current = Some((underlying, market));
        }
        match &mut self.current {
            Some((_, market)) => Ok(&mut **market),
            None => err!(MarginPoolError::RiskAccountsMissing),
        }
    }

    /// Gives the last one back and checks all that were met.
    pub fn finish(self) -> Result<()> {
        drop(self.current);
        let met = self.met;
        for underlying in self.risk.underlyings().filter(|u| met & bit(*u) != 0) {
            self.risk.market_mut(underlying)?.invariant()?;
        }
        Ok(())
    }
}
