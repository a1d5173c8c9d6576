//! One path of the game.

use {
    crate::{
        USD,
        account::Account,
        bidder::{Bid, Bidder},
        config::{Game, Mechanism},
        path::prices,
    },
    anyhow::Result,
    cep_risk::PPM,
    rand::{Rng, SeedableRng},
    rand_chacha::ChaCha8Rng,
};

/// How bidders play: all with one threshold, the first perhaps otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strategy {
    /// Edge per notional after costs from which they bid.
    pub(crate) all: f64,
    /// The first bidder's, and the seconds it acts later.
    pub(crate) first: f64,
    pub(crate) delay: i64,
}

impl Strategy {
    pub(crate) const fn symmetric(threshold: f64) -> Self {
        Self {
            all: threshold,
            first: threshold,
            delay: 0,
        }
    }
}

/// What became of one path. USD, summed over its accounts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Seconds of each stretch in which an account was open; one that is open at the end counts until then.
    pub open_seconds: Vec<f64>,
    /// Seconds from opening to the first bid, of the stretches that had one.
    pub first_bid: Vec<f64>,
    /// Accounts that were open at some time, and of these those that owed more than they had.
    pub opened: f64,
    pub insolvent: f64,
    /// Equity of the accounts when first opened.
    pub equity: f64,
    /// Value of what solvent accounts sold, and what they got too little for it.
    pub sold: f64,
    pub given: f64,
    /// What bidders gained on slices that are worth nothing or less: others pay it.
    pub reward: f64,
    /// Equity of all accounts at the end.
    pub left: f64,
    /// Paid by the insurance fund, and owed at the end beyond it.
    pub fund: f64,
    pub unpaid: f64,
    /// Bidders' gains before and after hedging and fees, by bidder.
    pub gross: Vec<f64>,
    pub net: Vec<f64>,
}

impl Outcome {
    /// What others paid for the accounts.
    #[must_use]
    pub const fn bad_debt(&self) -> f64 {
        self.fund + self.unpaid
    }
}

/// What a bidder's error and a price a few seconds old may add to the gain of an auction, per notional: below its threshold
/// by more than this it need not look.
const SLACK: f64 = 0.006;

/// When an account opened, whether it was bid for since, and whether it was ever insolvent.
#[derive(Clone, Copy, Default)]
struct Watch {
    opened_at: u64,
    bid: bool,
    ever: bool,
    insolvent: bool,
}

struct Table<'a> {
    game: &'a Game,
    accounts: Vec<(Account, Watch)>,
    bidders: Vec<Bidder>,
    fund: f64,
    outcome: Outcome,
}

/// Plays path `path` of `seed` with one threshold for all bidders.
///
/// # Errors
/// What `cep_risk` refuses.
pub fn play(game: &Game, threshold: f64, seed: u64, path: u64) -> Result<Outcome> {
    play_with(game, Strategy::symmetric(threshold), seed, path)
}

pub(crate) fn play_with(game: &Game, how: Strategy, seed: u64, path: u64) -> Result<Outcome> {
    // One stream per kind of draw: what bidders do moves none of them.
    let stream = |n: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(4 * path + n);
        rng
    };
    let mut seen = Vec::new();
    let (mut owners, mut people, mut order) = (stream(1), stream(2), stream(3));
    let [low, high] = game.regime.health;
    let accounts = (0..game.regime.accounts).map(|_| {
        let notional = game.regime.notional * owners.random_range(0.4..1.6);
        let account = Account::new(notional, owners.random_range(low..high));
        (account, Watch::default())
    });
    let mut table = Table {
        game,
        accounts: accounts.collect(),
        bidders: (0..game.bidders)
            .map(|_| Bidder::draw(game, how.all, &mut people))
            .collect(),
        fund: game.regime.fund,
        outcome: Outcome::default(),
    };
    if let Some(first) = table.bidders.first_mut() {
        (first.threshold, first.delay) = (how.first, how.delay);
    }
    for (i, price) in prices(game.regime, game.step, stream(0)).enumerate() {
        seen.push(price);
        let now = i as u64 * game.step;
        let start: usize = order.random_range(0..game.bidders.max(1));
        let pace = table.tick(price, now)?;
        let bids = table.bids(&seen, i, pace)?;
        for k in 0..bids.len() {
            let who = (start + k) % bids.len();
            if let Some(Some(bid)) = bids.get(who) {
                table.execute(who, bid, price, now)?;
            }
        }
        let may_fall = now < game.regime.crash_seconds;
        if !may_fall && game.regime.accounts == 1 && table.accounts.iter().all(|(a, _)| !a.open) {
            break;
        }
    }
    Ok(table.finish(seen.last().copied().unwrap_or_default()))
}

impl Table<'_> {
    /// Opens, ages and closes; returns the pace of this step.
    fn tick(&mut self, price: u64, now: u64) -> Result<u64> {
        let shortfall: i64 = self
            .accounts
            .iter()
            .filter(|(account, _)| account.open)
            .map(|(account, _)| (-account.equity(price)).max(0))
            .sum();
        let pace = match self.game.mechanism {
            Mechanism::Auction { pace: Some(p), .. } => p.pace(
                self.game.regime.measured,
                shortfall.unsigned_abs(),
                (self.fund * USD) as u64,
            ),
            _ => PPM,
        };
        for (account, watch) in &mut self.accounts {
            let equity = account.equity(price);
            if !account.open {
                let dust = account.notional(price) < (100.0 * USD) as i64;
                if dust || equity >= account.maintenance(price) {
                    continue;
                }
                (account.open, account.clock, account.insolvent_clock) = (true, 0, 0);
                account.reserved = 0;
                if !watch.ever {
                    self.outcome.opened += 1.0;
                    self.outcome.equity += equity.max(0) as f64 / USD;
                }
                (watch.ever, watch.bid, watch.opened_at) = (true, false, now);
            } else {
                account.observe(equity, self.game.step, pace);
            }
            watch.insolvent |= equity < 0;
            close(self.game, &mut self.outcome, (account, watch), price, now)?;
        }
        Ok(pace)
    }

    /// What each bidder sends, all at once: the bid it expects most of.
    fn bids(&mut self, prices: &[u64], i: usize, pace: u64) -> Result<Vec<Option<Bid>>> {
        let now = i as u64 * self.game.step;
        let mechanism = self.game.mechanism;
        let price = prices.last().copied().unwrap_or_default();
        let rates = self.accounts.iter().map(|(account, _)| {
            let rate = match account.open {
                true => account.gain_rate(&mechanism, price, 0)?,
                false => None,
            };
            Ok(rate.unwrap_or(f64::NEG_INFINITY) + SLACK)
        });
        let most: Vec<f64> = rates.collect::<Result<_>>()?;
        let auction = matches!(mechanism, Mechanism::Auction { .. });
        let mut bids = Vec::with_capacity(self.bidders.len());
        for bidder in &mut self.bidders {
            bidder.unwind(now);
            let ago = usize::try_from(bidder.latency / self.game.step)?;
            let seen = prices.get(i.saturating_sub(ago)).copied();
            let mut best: Option<Bid> = None;
            for (index, (account, watch)) in self.accounts.iter().enumerate() {
                let Some(seen) = seen.filter(|_| account.open) else {
                    continue;
                };
                let out_of_reach = most
                    .get(index)
                    .is_some_and(|m| *m < bidder.threshold + bidder.hedging(self.game, 0.0));
                if auction && bidder.delay == 0 && out_of_reach {
                    continue;
                }
                let age = now - watch.opened_at;
                let state = (pace, self.fund);
                let bid = bidder.judge(self.game, (index, account), age, seen, state)?;
                let most = best.map_or(0.0, |b| b.profit);
                best = bid.filter(|b| b.profit > most).or(best);
            }
            bids.push(best);
        }
        Ok(bids)
    }

    /// A bid that lands: on what those before it have left.
    fn execute(&mut self, who: usize, bid: &Bid, price: u64, now: u64) -> Result<()> {
        let (Some(bidder), Some((account, watch))) = (
            self.bidders.get_mut(who),
            self.accounts.get_mut(bid.account),
        ) else {
            return Ok(());
        };
        let terms = match account.open {
            true => account.terms(&self.game.mechanism, price, bid.limit)?,
            false => None,
        };
        let Some(terms) = terms.filter(|t| t.fund as f64 / USD <= self.fund) else {
            // Refused, and paid for.
            bidder.net -= self.game.fee;
            return Ok(());
        };
        account.settle(&terms);
        bidder.take(self.game, &terms, now);
        self.fund -= terms.fund as f64 / USD;
        let outcome = &mut self.outcome;
        outcome.fund += terms.fund as f64 / USD;
        if terms.value <= 0 {
            outcome.reward += terms.gain() as f64 / USD;
        } else {
            outcome.sold += terms.value as f64 / USD;
            outcome.given += terms.gain() as f64 / USD;
        }
        if !watch.bid {
            watch.bid = true;
            outcome.first_bid.push((now - watch.opened_at) as f64);
        }
        close(self.game, outcome, (account, watch), price, now)
    }

    fn finish(mut self, price: u64) -> Outcome {
        for (account, watch) in &self.accounts {
            self.outcome.left += account.equity(price) as f64 / USD;
            self.outcome.unpaid += (-account.equity(price)).max(0) as f64 / USD;
            self.outcome.insolvent += f64::from(u8::from(watch.insolvent));
            if account.open {
                let open = self.game.regime.horizon - watch.opened_at;
                self.outcome.open_seconds.push(open as f64);
            }
        }
        self.outcome.gross = self.bidders.iter().map(|b| b.gross).collect();
        self.outcome.net = self.bidders.iter().map(|b| b.net).collect();
        self.outcome
    }
}

fn close(
    game: &Game,
    outcome: &mut Outcome,
    (account, watch): (&mut Account, &mut Watch),
    price: u64,
    now: u64,
) -> Result<()> {
    if account.open && account.cleared(&game.mechanism, price)? {
        account.open = false;
        outcome.open_seconds.push((now - watch.opened_at) as f64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use {super::*, crate::config::Regime};

    #[test]
    fn a_seed_gives_the_same_game_and_another_seed_another() {
        for regime in Regime::ALL {
            let game = Game::new(regime);
            let first = play(&game, 0.001, 7, 3).unwrap();
            assert_eq!(first, play(&game, 0.001, 7, 3).unwrap());
            assert_ne!(first, play(&game, 0.001, 8, 3).unwrap());
            assert_ne!(first, play(&game, 0.001, 7, 4).unwrap());
        }
    }

    #[test]
    fn what_accounts_and_the_fund_lose_is_what_bidders_gain() {
        // Prices that stand still: equity changes by bids alone. Accounts on both sides of insolvency.
        let regime = Regime {
            volatility: 0.0,
            crash: 0.0,
            health: [-0.1, 0.9],
            ..Regime::GAP
        };
        for mechanism in [
            Mechanism::STANDARD,
            Mechanism::BonusOnNotional,
            Mechanism::BonusOnEquity,
        ] {
            let game = Game::new(regime).with(mechanism);
            let outcome = play(&game, 0.0, 5, 0).unwrap();
            let gross: f64 = outcome.gross.iter().sum();
            assert!(gross > 1_000.0);
            assert!((gross - outcome.given - outcome.reward).abs() < 0.01);
            // The same from the accounts' side. Those insolvent when they open count as zero there, so as they were owed.
            let mut owners = ChaCha8Rng::seed_from_u64(5);
            owners.set_stream(1);
            let before: f64 = (0..regime.accounts)
                .map(|_| {
                    let notional = regime.notional * owners.random_range(0.4..1.6);
                    let account = Account::new(notional, owners.random_range(-0.1..0.9));
                    account.equity(crate::PRICE_ONE) as f64 / USD
                })
                .sum();
            assert!((before + outcome.fund - outcome.left - gross).abs() < 0.01);
        }
    }
}
