//! A bidder: what it knows, what a slice costs it, what it can carry.

use {
    crate::{
        USD,
        account::{Account, Terms, margin_needed},
        config::{DAILY_VOLUME, Game, IMPACT},
        path::normal,
    },
    anyhow::Result,
    cep_risk::auction::PPB,
    rand::Rng,
    rand_chacha::ChaCha8Rng,
    std::collections::VecDeque,
};

/// What it does and what has become of it. USD.
#[derive(Clone, Debug, PartialEq)]
pub struct Bidder {
    /// Seconds from what happens to a bid that lands.
    pub latency: u64,
    /// Its hedging cost over the market's.
    pub cost_factor: f64,
    /// Its error about each account's value, as a fraction of notional.
    pub errors: Vec<f64>,
    /// The edge per notional after costs from which it bids.
    pub threshold: f64,
    /// Seconds it acts later than that rule says; negative is earlier.
    pub delay: i64,
    /// Margin it can still post.
    pub free: f64,
    /// When posted margin comes back, and how much.
    posted: VecDeque<(u64, f64)>,
    /// Gains before fees and hedging, and after.
    pub gross: f64,
    pub net: f64,
}

/// A bid that a bidder sends: for which account, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bid {
    pub(crate) account: usize,
    pub(crate) limit: u64,
    pub(crate) profit: f64,
}

impl Bidder {
    pub(crate) fn draw(game: &Game, threshold: f64, rng: &mut ChaCha8Rng) -> Self {
        let most = (2 * game.latency).saturating_sub(1).max(1);
        Self {
            latency: rng.random_range(1..=most),
            cost_factor: (game.cost_spread * normal(rng)).exp(),
            errors: (0..game.regime.accounts)
                .map(|_| normal(rng) * game.regime.error)
                .collect(),
            threshold,
            delay: 0,
            free: game.capital,
            posted: VecDeque::new(),
            gross: 0.0,
            net: 0.0,
        }
    }

    /// Takes back the margin of slices that are unwound.
    pub(crate) fn unwind(&mut self, now: u64) {
        while let Some((_, margin)) = self.posted.pop_front_if(|(at, _)| *at <= now) {
            self.free += margin;
        }
    }

    /// Hedging per unit of notional for a slice of `notional` USD: half the spread, and the square-root law of impact.
    pub(crate) fn hedging(&self, game: &Game, notional: f64) -> f64 {
        let impact = IMPACT * game.regime.volatility * (notional / DAILY_VOLUME).sqrt();
        self.cost_factor * (game.regime.half_spread + impact)
    }

    /// The bid for an account that has been open for `age` seconds, seen at the price of its latency ago; none while its
    /// edge is below the threshold. `fund` USD are left in the insurance fund.
    pub(crate) fn judge(
        &self,
        game: &Game,
        (index, account): (usize, &Account),
        age: u64,
        seen: u64,
        (pace, fund): (u64, f64),
    ) -> Result<Option<Bid>> {
        if age < self.latency.saturating_add_signed(self.delay.max(0)) {
            return Ok(None);
        }
        let shift = -self.delay * i64::try_from(pace)? / 1_000_000;
        let Some(rate) = account.gain_rate(&game.mechanism, seen, shift)? else {
            return Ok(None);
        };
        let error = self.errors.get(index).copied().unwrap_or_default();
        // The cheap half of the question first: hardly any second brings a bid.
        if rate + error - self.hedging(game, 0.0) < self.threshold {
            return Ok(None);
        }
        let whole = account.notional(seen) as f64 / USD;
        let carried = (self.free / margin_needed(rate) / whole).min(1.0);
        let limit = (carried * PPB as f64) as u64;
        let Some(terms) = account.terms(&game.mechanism, seen, limit)? else {
            return Ok(None);
        };
        let notional = terms.notional as f64 / USD;
        let profit = (rate + error - self.hedging(game, notional)) * notional - game.fee;
        let affordable = terms.fund as f64 / USD <= fund;
        let pays = affordable && profit > 0.0 && profit >= self.threshold * notional;
        Ok(pays.then_some(Bid {
            account: index,
            limit,
            profit,
        }))
    }

    /// Books a slice it got.
    pub(crate) fn take(&mut self, game: &Game, terms: &Terms, now: u64) {
        let (gain, notional) = (terms.gain() as f64 / USD, terms.notional as f64 / USD);
        let margin = margin_needed(gain / notional.max(1.0)) * notional;
        self.free -= margin;
        self.posted.push_back((now + game.unwind_seconds, margin));
        self.gross += gain;
        self.net += gain - self.hedging(game, notional) * notional - game.fee;
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::{PRICE_ONE, config::Regime},
        rand::SeedableRng,
    };

    #[test]
    fn a_bid_never_needs_more_margin_than_the_bidder_has() {
        // SETUP: margin for a tenth of the slice, in an account far below maintenance.
        let game = Game {
            capital: 1_000.0,
            ..Game::new(Regime::CALM)
        };
        let mut bidder = Bidder::draw(&game, 0.0, &mut ChaCha8Rng::seed_from_u64(1));
        let mut account = Account::new(250_000.0, 0.7);
        let take = |bidder: &mut Bidder, account: &mut Account| {
            let state = (1_000_000, 0.0);
            let bid = bidder
                .judge(&game, (0, account), 100, PRICE_ONE, state)
                .unwrap();
            bid.map(|bid| {
                let terms = account
                    .terms(&game.mechanism, PRICE_ONE, bid.limit)
                    .unwrap()
                    .unwrap();
                account.settle(&terms);
                bidder.take(&game, &terms, 0);
                terms.notional
            })
        };
        // ACT, CHECK: all of its margin at once, none after it, and all again when the slice is unwound.
        let first = take(&mut bidder, &mut account).unwrap();
        assert!(bidder.free.abs() < 1.0 && first < account.notional(PRICE_ONE) / 10);
        assert_eq!(take(&mut bidder, &mut account), None);
        bidder.unwind(game.unwind_seconds);
        assert!(take(&mut bidder, &mut account).unwrap() > first / 2);
    }
}
