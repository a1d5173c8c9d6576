//! An account below maintenance: what is for sale, what it costs, what is left.

use {
    crate::{
        PRICE_ONE, USD,
        config::{BONUS, CLOSE_FACTOR, INITIAL, MAINTENANCE, MAINTENANCE_DOUBLES_AT, Mechanism},
    },
    anyhow::Result,
    cep_risk::{
        PPM,
        auction::{PPB, max_fraction, slice_of, solvent_price},
    },
};

/// A long position in the one underlying and the debt it was bought with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Micro-USD at a price of one; not negative.
    pub base: i64,
    /// Cash, `reserved` included; negative is owed. Micro-USD.
    pub cash: i64,
    /// Cash paid in by earlier bids, not for sale.
    pub reserved: i64,
    /// Whether an auction is open.
    pub open: bool,
    /// Seconds of the auction's clock x ppm, since it opened and since the account was last solvent.
    pub clock: u64,
    pub insolvent_clock: u64,
}

/// What one bid gets and pays. All micro-USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Parts per billion of what is for sale.
    pub fraction: u64,
    /// Positive: to the account. Negative: from the insurance fund, or for a bonus from the account.
    pub payment: i64,
    /// Value of the slice at the mark, before the payment.
    pub value: i64,
    /// Notional of the slice at the mark.
    pub notional: i64,
    /// What the insurance fund pays.
    pub fund: i64,
}

impl Terms {
    /// What the bidder has more after the bid, before fees and hedging.
    #[must_use]
    pub const fn gain(&self) -> i64 {
        self.value - self.payment
    }
}

impl Account {
    /// With this notional and this equity over maintenance, at a price of one.
    #[must_use]
    pub fn new(notional: f64, health: f64) -> Self {
        let base = (notional * USD) as i64;
        let empty = Self {
            base,
            cash: 0,
            reserved: 0,
            open: false,
            clock: 0,
            insolvent_clock: 0,
        };
        let equity = (empty.maintenance(PRICE_ONE) as f64 * health) as i64;
        Self {
            cash: equity - base,
            ..empty
        }
    }

    /// Notional at a price, rounded down.
    #[must_use]
    pub fn notional(&self, price: u64) -> i64 {
        let notional = i128::from(self.base) * i128::from(price) / i128::from(PRICE_ONE);
        i64::try_from(notional).unwrap_or(i64::MAX)
    }

    /// Equity at the mark.
    #[must_use]
    pub fn equity(&self, price: u64) -> i64 {
        self.cash + self.notional(price)
    }

    /// Maintenance margin: a rate of the notional that grows with it, rounded up.
    #[must_use]
    pub fn maintenance(&self, price: u64) -> i64 {
        let notional = self.notional(price) as f64;
        let rate = MAINTENANCE * (1.0 + notional / USD / MAINTENANCE_DOUBLES_AT);
        (notional * rate).ceil() as i64
    }

    /// Seconds on the auction's clock: on that of the insolvent auction while equity is not positive.
    #[must_use]
    pub const fn elapsed(&self, equity: i64) -> u64 {
        let clock = if equity <= 0 {
            self.insolvent_clock
        } else {
            self.clock
        };
        clock / PPM
    }

    /// Lets `seconds` pass at a pace (ppm); the insolvent clock starts anew and reserved cash is freed as on chain
    /// (`Auction::observe`).
    pub fn observe(&mut self, equity: i64, seconds: u64, pace: u64) {
        self.clock += seconds * pace;
        self.insolvent_clock = match equity <= 0 {
            true => self.insolvent_clock + seconds * pace,
            false => 0,
        };
        if equity - self.reserved <= 0 {
            self.reserved = 0;
        }
    }

    /// Price of all that is for sale, and whether the fund pays it; nothing when it cannot be had. `shift` moves the
    /// clock, seconds.
    fn whole(&self, mechanism: &Mechanism, price: u64, shift: i64) -> Result<Option<(i64, bool)>> {
        let (equity, maintenance) = (self.equity(price), self.maintenance(price));
        let elapsed = self.elapsed(equity).saturating_add_signed(shift);
        Ok(match mechanism {
            Mechanism::Auction { params, .. } if equity > 0 => {
                let discount = params.discount(elapsed);
                Some((solvent_price(equity, self.reserved, discount)?, false))
            }
            Mechanism::Auction { params, .. } => {
                let whole = params.insolvent_price(equity, maintenance, elapsed)?;
                Some((whole, true))
            }
            _ if equity >= maintenance => None,
            Mechanism::BonusOnNotional => {
                let bonus = (self.notional(price) as f64 * BONUS) as i64;
                Some((equity - self.reserved - bonus, false))
            }
            Mechanism::BonusOnEquity if equity <= 0 => None,
            Mechanism::BonusOnEquity => {
                let kept = PPB - (BONUS * PPB as f64) as u64;
                Some((solvent_price(equity, self.reserved, kept)?, false))
            }
        })
    }

    /// What a bidder gains per unit of notional, whatever the size; nothing when the account is not for sale.
    ///
    /// # Errors
    /// What `cep_risk` refuses.
    pub fn gain_rate(&self, mechanism: &Mechanism, price: u64, shift: i64) -> Result<Option<f64>> {
        let Some((whole, _)) = self.whole(mechanism, price, shift)? else {
            return Ok(None);
        };
        let gain = self.equity(price) - self.reserved - whole;
        Ok(Some(gain as f64 / self.notional(price).max(1) as f64))
    }

    /// The most that is on offer at a price, cut to `limit` ppb; nothing when the account has what it needs.
    ///
    /// # Errors
    /// What `cep_risk` refuses.
    pub fn terms(&self, mechanism: &Mechanism, price: u64, limit: u64) -> Result<Option<Terms>> {
        let Some((whole, from_fund)) = self.whole(mechanism, price, 0)? else {
            return Ok(None);
        };
        let (equity, maintenance) = (self.equity(price), self.maintenance(price));
        let most = match mechanism {
            Mechanism::Auction { params, .. } => {
                let margin = params.buffer_margin(equity, maintenance)?;
                let discount = params.discount(self.elapsed(equity));
                match margin >= 0 {
                    true => 0,
                    false if from_fund => PPB,
                    false => max_fraction(margin, equity, self.reserved, discount),
                }
            }
            Mechanism::BonusOnNotional | Mechanism::BonusOnEquity => CLOSE_FACTOR,
        };
        let fraction = most.min(limit);
        // Up: a bidder pays at least, and is paid at most, the exact share.
        let payment = -slice_of(-whole, fraction);
        let base = slice_of(self.base, fraction);
        let notional = Self { base, ..*self }.notional(price);
        Ok((fraction > 0).then_some(Terms {
            fraction,
            payment,
            value: notional + slice_of(self.cash - self.reserved, fraction),
            notional,
            fund: if from_fund { -payment } else { 0 },
        }))
    }

    /// Hands a slice over. What is paid into the account is reserved.
    pub fn settle(&mut self, terms: &Terms) {
        self.base -= slice_of(self.base, terms.fraction);
        self.cash -= slice_of(self.cash - self.reserved, terms.fraction);
        let paid_in = terms.payment + terms.fund;
        self.cash += paid_in;
        self.reserved += paid_in.max(0);
    }

    /// Whether the auction may close: nine tenths of the buffer are there, or nothing is left to sell.
    ///
    /// # Errors
    /// What `cep_risk` refuses.
    pub fn cleared(&self, mechanism: &Mechanism, price: u64) -> Result<bool> {
        let (equity, maintenance) = (self.equity(price), self.maintenance(price));
        // A hundred USD of notional: dust that pays for no transaction.
        if self.notional(price) < (100.0 * USD) as i64 {
            return Ok(true);
        }
        Ok(match mechanism {
            Mechanism::Auction { params, .. } => params.closing_margin(equity, maintenance)? >= 0,
            Mechanism::BonusOnNotional | Mechanism::BonusOnEquity => equity >= maintenance,
        })
    }
}

/// Initial margin that a slice needs in the bidder's account beyond what it brings, per unit of notional.
#[must_use]
pub(crate) fn margin_needed(gain_rate: f64) -> f64 {
    (MAINTENANCE * INITIAL - gain_rate).max(0.001)
}

#[cfg(test)]
mod tests {
    use {super::*, crate::config::SHIPPED};

    #[test]
    fn terms_are_those_of_the_risk_library_and_a_slice_leaves_what_it_brings() {
        for health in [-0.3, -0.01, 0.02, 0.3, 0.7, 0.99] {
            for seconds in [0, 1, 60, 899, 900, 3_000] {
                // SETUP
                let mut account = Account::new(250_000.0, health);
                let price = PRICE_ONE - 1_234_567;
                let (equity, maintenance) = (account.equity(price), account.maintenance(price));
                account.observe(equity, seconds, PPM);
                // ACT
                let terms = account
                    .terms(&Mechanism::STANDARD, price, PPB)
                    .unwrap()
                    .unwrap();
                // CHECK
                if equity > 0 {
                    let d = SHIPPED.discount(seconds);
                    let margin = SHIPPED.buffer_margin(equity, maintenance).unwrap();
                    let f = max_fraction(margin, equity, 0, d);
                    let whole = i128::from(solvent_price(equity, 0, d).unwrap());
                    let up = (whole * i128::from(f) + i128::from(PPB) - 1) / i128::from(PPB);
                    assert_eq!((terms.fraction, i128::from(terms.payment)), (f, up));
                    assert_eq!(terms.fund, 0);
                } else {
                    let due = SHIPPED
                        .insolvent_price(equity, maintenance, seconds)
                        .unwrap();
                    assert_eq!(
                        (terms.fraction, terms.payment, terms.fund),
                        (PPB, due, -due)
                    );
                }
                account.settle(&terms);
                let moved = account.equity(price) - equity;
                // Three roundings of a micro-USD.
                assert!((moved - (terms.payment + terms.fund - terms.value)).abs() <= 3);
                if equity > 0 {
                    assert!(account.cleared(&Mechanism::STANDARD, price).unwrap());
                }
            }
        }
    }

    #[test]
    fn cash_paid_in_is_not_sold_again() {
        let mut account = Account::new(250_000.0, 0.9);
        let first = account
            .terms(&Mechanism::STANDARD, PRICE_ONE, PPB / 20)
            .unwrap()
            .unwrap();
        account.settle(&first);
        assert_eq!(account.reserved, first.payment);
        let second = account
            .terms(&Mechanism::STANDARD, PRICE_ONE, PPB / 20)
            .unwrap()
            .unwrap();
        let nineteen = first.value - first.value / 20;
        assert!((second.value - nineteen).abs() <= 3, "{second:?}");
    }
}
