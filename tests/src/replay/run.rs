//! The replay itself: prices, looks, checks.

use {
    crate::{
        actions::Trader,
        invariants,
        outcome::Outcome,
        replay::{
            chain::Chain,
            crowd::{Cast, Scene},
            record::Record,
            tape::{Prices, STEP_SECONDS, between},
        },
        world::World,
    },
    anchor_lang::prelude::Pubkey,
    cep_risk::{Breakdown, Kind},
    cep_sdk::programs::{liquidation::error::LiquidationError, margin_pool::state::standing},
    std::{
        collections::{BTreeMap, BTreeSet},
        rc::Rc,
    },
};

/// Accepted transactions between checks of all books.
const CHECK_EVERY: usize = 50;
/// Healthy accounts that somebody tries to liquidate after every step.
const FALSE_ALARMS: usize = 2;
/// Positions settled after every step, besides the makers' and liquidators'.
const SETTLED: usize = 10;
/// An auction still open so long after the last price counts as stuck, seconds.
const PATIENCE: i64 = 16 * 3_600;

/// How a crash is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Between two looks of the liquidators.
    pub slots: u64,
    /// In the insurance fund at the start, USD.
    pub fund: f64,
    /// Makers take accounts that the fund cannot pay for.
    pub makers_bid: bool,
    /// Prices jump to where a step ends as it begins, instead of walking there.
    pub jumps: bool,
}

pub struct Run {
    pub chain: Chain,
    pub cast: Rc<Cast>,
    pub plan: Plan,
    pub record: Record,
    /// Accounts that are in no auction, as of the last price.
    pub(super) observed: Vec<(Pubkey, Breakdown)>,
    /// Ever seen below maintenance margin.
    below: BTreeSet<Pubkey>,
    pub(super) looks: usize,
    checked_at: usize,
    false_alarms: usize,
}

/// What came of it. Money in micro-USD.
pub struct Report {
    pub record: Record,
    /// Of the crowd at the start.
    pub equity: BTreeMap<Pubkey, i64>,
    pub initial_margin: i64,
    /// Of the longs, which is that of the shorts.
    pub open_interest: i64,
    /// In the fund at the start and at the end.
    pub fund: i64,
    pub fund_left: i64,
    /// Vault less what the books say; zero.
    pub difference: i128,
    pub transactions: usize,
    pub false_alarms: usize,
    /// Auctions of liquidators and makers themselves.
    pub professionals: usize,
    /// Accounts in auction that nobody could finish.
    pub stuck: Vec<(Pubkey, Breakdown)>,
    /// Seconds from the last price to the last auction's end.
    pub tail: i64,
    /// Value closed against the other side at the last mark.
    pub reduced: i64,
    pub world: World,
}

/// # Panics
/// When a book does not balance, a healthy account can be liquidated, or the chain refuses what must pass.
#[must_use]
pub fn run(scene: &Scene, plan: Plan) -> Report {
    let mut run = Run::start(scene, plan);
    let start = run.start_figures();
    for step in scene.points.windows(2) {
        run.step(&step[0], &step[1]);
    }
    let tail = run.wind_up(scene.points.last().unwrap());
    run.report(start, tail)
}

/// Equity of the crowd, initial margin, open interest, fund.
type Start = (BTreeMap<Pubkey, i64>, i64, i64, i64);

impl Run {
    fn start(scene: &Scene, plan: Plan) -> Self {
        let mut world = scene.world.clone();
        let cast = Rc::new(Cast::new());
        if plan.fund > 0.0 {
            world.insure(&cast.makers[0], plan.fund).accepted();
        }
        Self {
            chain: Chain::of(world),
            cast,
            plan,
            record: Record::default(),
            observed: Vec::new(),
            below: BTreeSet::new(),
            looks: 0,
            checked_at: 0,
            false_alarms: 0,
        }
    }

    fn start_figures(&self) -> Start {
        let crowd = self.cast.crowd.iter();
        let states = crowd.map(|t| {
            (
                t.account,
                self.chain
                    .judge(self.chain.account(&t.account), Kind::Initial),
            )
        });
        let states: BTreeMap<_, _> = states.collect();
        let margin = states.values().map(|s| s.requirement).sum();
        let equity = states.into_iter().map(|(key, s)| (key, s.equity)).collect();
        let open = (0..3u8).map(|u| {
            let market = &self.chain.view.markets[&self.chain.world.market_address(u)];
            self.worth(u, market.open_long)
        });
        (
            equity,
            margin,
            open.sum(),
            self.chain.view.pool.ledger.insurance,
        )
    }

    /// From one point to the next: prices as often as somebody looks, and at the end.
    fn step(&mut self, from: &Prices, to: &Prices) {
        let every = i64::try_from(self.plan.slots * 2 / 5).unwrap();
        let start = self.chain.now();
        let end = start + STEP_SECONDS;
        while self.chain.now() < end {
            let next = (self.chain.now() / every + 1) * every;
            let now = next.min(end);
            self.chain.advance(now - self.chain.now());
            let part = match self.plan.jumps {
                true => 1.0,
                false => (now - start) as f64 / STEP_SECONDS as f64,
            };
            self.chain.publish(&between(from, to, part));
            self.observe();
            if now == next {
                self.look(every);
            }
        }
        self.raise_false_alarms();
        self.settle();
        for (key, _) in self.auctions() {
            self.refresh_auction(&key);
        }
        self.check_books();
    }

    fn observe(&mut self) {
        let accounts = self.chain.view.accounts.iter();
        let free = accounts.filter(|(_, a)| a.in_liquidation == standing::FREE);
        let states = free.map(|(key, a)| (*key, self.chain.judge(a, Kind::Maintenance)));
        self.observed = states.collect();
        let below = self.observed.iter().filter(|(_, s)| s.health() < 0);
        self.below.extend(below.map(|(key, _)| *key));
    }

    /// Those nearest to maintenance margin, but above, cannot be liquidated.
    fn raise_false_alarms(&mut self) {
        self.observe();
        let mut healthy = self.observed.clone();
        healthy.retain(|(_, s)| s.health() >= 0 && s.requirement > 0);
        healthy.sort_unstable_by_key(|(_, s)| s.health());
        for (key, _) in healthy.into_iter().take(FALSE_ALARMS) {
            self.open(&key).refused(LiquidationError::AccountHealthy);
            self.false_alarms += 1;
        }
    }

    /// Keepers settle the largest profits and losses; losses first, for profits are paid from them.
    fn settle(&mut self) {
        let profit = |t: &&Trader| {
            let account = self.chain.account(&t.account);
            let open = account.positions.iter().filter(|p| p.base != 0);
            open.map(|p| self.worth(p.underlying, p.base) + p.quote)
                .sum::<i64>()
        };
        let mut due: Vec<(i64, usize)> = self
            .cast
            .crowd
            .iter()
            .map(|t| profit(&t))
            .zip(0..)
            .collect();
        due.sort_unstable_by_key(|(profit, _)| -profit.abs());
        due.truncate(SETTLED);
        due.sort_unstable();
        let cast = self.cast.clone();
        let crowd = due.iter().map(|(_, i)| &cast.crowd[*i]);
        for trader in crowd.chain(&cast.liquidators).chain(&cast.makers) {
            let account = self.chain.account(&trader.account);
            let held = account.positions.iter().any(|p| !p.is_free());
            if held && account.in_liquidation == standing::FREE {
                self.chain.settle(trader).accepted();
            }
        }
    }

    /// Prices stand still until the last auction is over. Returns for how long.
    fn wind_up(&mut self, prices: &Prices) -> i64 {
        let every = i64::try_from(self.plan.slots * 2 / 5).unwrap().max(60);
        let start = self.chain.now();
        while !self.auctions().is_empty() && self.chain.now() - start < PATIENCE {
            self.chain.advance(every);
            self.chain.publish(prices);
            self.observe();
            self.look(every);
            if (self.chain.now() - start) % STEP_SECONDS < every {
                self.settle();
            }
        }
        self.settle();
        self.check_books();
        self.chain.now() - start
    }

    pub(super) fn books_now_and_then(&mut self) {
        if self.chain.sent >= self.checked_at + CHECK_EVERY {
            self.check_books();
        }
    }

    fn check_books(&mut self) {
        invariants::check(&self.chain.world);
        self.checked_at = self.chain.sent;
    }

    fn report(self, start: Start, tail: i64) -> Report {
        let stuck = self.auctions();
        for (key, of) in &self.record.defaulters {
            assert!(
                self.below.contains(key),
                "{key} was liquidated ({of:?}) and never seen below maintenance margin"
            );
        }
        let markets = (0..3u8).map(|u| (u, self.chain.world.market_address(u)));
        let reduced =
            markets.filter_map(|(u, key)| Some(self.worth(u, *self.record.reduced.get(&key)?)));
        let reduced = reduced.sum();
        let crowd: BTreeSet<Pubkey> = self.cast.crowd.iter().map(|t| t.account).collect();
        let professionals = self.record.defaulters.keys().filter(|k| !crowd.contains(k));
        let professionals = professionals.count();
        let pool = self.chain.world.pool();
        let ledger = pool.ledger;
        let owned = [
            ledger.insurance,
            ledger.fees,
            ledger.unsettled,
            ledger.interest,
            -pool.losses.due,
        ];
        let cash: i64 = self.chain.view.accounts.values().map(|a| a.cash).sum();
        let owned: i128 = owned.into_iter().chain([cash]).map(i128::from).sum();
        let vault = crate::token::balance(&self.chain.world.svm, &pool.quote_vault);
        let (equity, initial_margin, open_interest, fund) = start;
        Report {
            record: self.record,
            equity,
            initial_margin,
            open_interest,
            fund,
            fund_left: ledger.insurance,
            difference: i128::from(vault) - owned,
            transactions: self.chain.sent,
            false_alarms: self.false_alarms,
            professionals,
            stuck,
            tail,
            reduced,
            world: self.chain.world,
        }
    }
}
