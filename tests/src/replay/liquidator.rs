//! What liquidators do when they look: open, crank, bid as the keeper judges, hedge, and finish what nobody takes.

use {
    crate::{
        outcome::{Outcome, Receipt, Refusal},
        replay::run::Run,
    },
    anchor_lang::prelude::Pubkey,
    cep_keeper::{
        action::Terms,
        plan::{Policy, Sale, Verdict},
    },
    cep_risk::{Breakdown, Kind, auction::PPB},
    cep_sdk::{
        instruction::liquidation as ix,
        programs::{
            liquidation::BidArgs,
            margin_pool::{Leg, state::standing},
        },
        units::usd,
    },
    solana_sdk::instruction::Instruction,
    std::collections::BTreeMap,
};

/// Bids that a liquidator sends each time it looks.
const BIDS: usize = 8;
/// What a liquidator unwinds with makers a minute, USD, and what that costs, over the mark.
pub const HEDGE_USD_A_MINUTE: f64 = 500_000.0;
pub const HEDGE_COST_BPS: u32 = 10;
/// What a bid has to bring beyond, of its notional.
const PROFITS_BPS: [u32; 4] = [5, 10, 20, 40];

/// How the `i`-th liquidator decides.
#[must_use]
pub fn policy(own: Pubkey, i: usize) -> Policy {
    Policy {
        own,
        prices: BTreeMap::new(),
        min_profit_bps: PROFITS_BPS[i],
        min_profit: 1_000_000,
        hedge_cost_bps: HEDGE_COST_BPS,
        max_notional: 2_000_000_000_000,
        settle_above: i64::MAX,
        settle_limit: 0,
    }
}

impl Run {
    /// All liquidators look once, in turns first.
    pub(super) fn look(&mut self, seconds: i64) {
        self.open_failing();
        self.wake_clocks();
        let count = self.cast.liquidators.len();
        for i in 0..count {
            let i = (self.looks + i) % count;
            self.bid_for_the_best(i);
            self.hedge(i, seconds);
        }
        if self.plan.makers_bid {
            self.makers_take_theirs();
        }
        self.finish();
        self.looks += 1;
    }

    /// Accounts in auction and how they stand.
    pub(super) fn auctions(&self) -> Vec<(Pubkey, Breakdown)> {
        let accounts = self.chain.view.accounts.iter();
        let open = accounts.filter(|(_, a)| a.in_liquidation == standing::IN_AUCTION);
        open.map(|(key, account)| (*key, self.chain.judge(account, Kind::Maintenance)))
            .collect()
    }

    fn open_failing(&mut self) {
        for (key, state) in self.observed.clone() {
            let free = self.chain.account(&key).in_liquidation == standing::FREE;
            if free && state.health() < 0 {
                self.open(&key).accepted();
            }
        }
    }

    pub(super) fn open(&mut self, failing: &Pubkey) -> Result<Receipt, Refusal> {
        // Nobody opens his own.
        let opener = self.cast.liquidators.iter().find(|l| l.account != *failing);
        let (owner, account) = opener.map(|o| (o.owner(), o.account)).unwrap();
        let books = self.chain.books_of(&[*failing], &[]);
        self.by(owner, ix::open_auction(*failing, owner, account, &books))
    }

    /// An account that came to owe more than it has since anybody looked is looked at: its second clock starts.
    fn wake_clocks(&mut self) {
        for (key, state) in self.auctions() {
            let auction = self.chain.view.auction_of(&key).unwrap();
            if (state.equity <= 0) != (auction.insolvent != 0) {
                self.refresh_auction(&key);
            }
        }
    }

    pub(super) fn refresh_auction(&mut self, key: &Pubkey) {
        let books = self.chain.books_of(&[*key], &[]);
        let anyone = self.cast.liquidators[0].owner();
        self.by(anyone, ix::refresh_auction(*key, &books))
            .accepted();
    }

    fn bid_for_the_best(&mut self, i: usize) {
        let own = self.cast.liquidators[i].pair();
        if self.chain.account(&own.0).in_liquidation != standing::FREE {
            return;
        }
        let policy = policy(own.0, i);
        let mut offers: Vec<(i64, Pubkey)> = self
            .auctions()
            .into_iter()
            .filter_map(|(key, state)| Some((self.terms(&policy, &key, state)?.0.profit, key)))
            .collect();
        offers.sort_unstable_by(|a, b| b.cmp(a));
        for (_, key) in offers.into_iter().take(BIDS) {
            let state = self
                .chain
                .judge(self.chain.account(&key), Kind::Maintenance);
            let Some((terms, books)) = self.terms(&policy, &key, state) else {
                continue;
            };
            let args = BidArgs {
                max_fraction: terms.fraction,
                max_payment: terms.max_payment,
                hedged: false,
            };
            let sent = self.by(own.1, ix::bid(key, own, args, &books));
            self.count(sent);
        }
    }

    /// What the keeper would bid, and the books it takes.
    fn terms(
        &self,
        policy: &Policy,
        key: &Pubkey,
        state: Breakdown,
    ) -> Option<(Terms, Vec<Pubkey>)> {
        let view = &self.chain.view;
        let sale = Sale::new(view, policy, (key, self.chain.account(key)), state)?;
        match sale.judge().unwrap() {
            Verdict::Take(terms) => Some((terms, view.book_addresses(&sale.underlyings))),
            Verdict::Wait(_) => None,
        }
    }

    /// A maker on the other side takes an account that owes more than it has at the mark, if what it owes is made good: that
    /// closes the maker's own position for nothing.
    fn makers_take_theirs(&mut self) {
        for (key, _) in self.auctions() {
            let account = self.chain.account(&key);
            let state = self.chain.judge(account, Kind::Maintenance);
            let largest = account
                .positions
                .iter()
                .max_by_key(|p| self.worth(p.underlying, p.base).abs());
            let (underlying, base) = largest.map(|p| (p.underlying, p.base)).unwrap();
            if state.equity >= 0 || base == 0 {
                continue;
            }
            let maker = &self.cast.makers[self.opposite(underlying, base)];
            if self.chain.base(&maker.account, underlying).signum() == base.signum() {
                continue;
            }
            let pair = maker.pair();
            let books = self.chain.books_of(&[key, pair.0], &[]);
            let args = BidArgs {
                max_fraction: PPB,
                max_payment: state.equity,
                hedged: false,
            };
            let sent = self.by(pair.1, ix::bid(key, pair, args, &books));
            self.count(sent);
        }
    }

    /// The maker with most on the other side.
    fn opposite(&self, underlying: u8, base: i64) -> usize {
        let held =
            |m: &usize| self.chain.base(&self.cast.makers[*m].account, underlying) * base.signum();
        (0..self.cast.makers.len()).min_by_key(held).unwrap()
    }

    /// USD at the mark.
    pub(super) fn worth(&self, underlying: u8, base: i64) -> i64 {
        let mark = self.chain.view.books[&self.chain.world.book_address(underlying)].price;
        i64::try_from(i128::from(base) * i128::from(mark) / 1_000_000).unwrap()
    }

    /// Sells what it took, as fast as makers take it and somewhat below the mark.
    fn hedge(&mut self, i: usize, seconds: i64) {
        let own = self.cast.liquidators[i].account;
        let most = HEDGE_USD_A_MINUTE * seconds as f64 / 60.0;
        for underlying in 0..3u8 {
            let account = self.chain.account(&own);
            if account.in_liquidation != standing::FREE {
                return;
            }
            // SOL that came as collateral is sold forward; nine decimals to six.
            let tokens = if underlying == 2 {
                account.collaterals[0] / 1_000
            } else {
                0
            };
            let net = self.chain.base(&own, underlying) + i64::try_from(tokens).unwrap();
            let worth = usd(self.worth(underlying, net));
            if worth.abs() < 10.0 {
                continue;
            }
            let part = (most / worth.abs()).min(1.0);
            let quantity = (net as f64 * part) as i64;
            let mark = self.chain.view.books[&self.chain.world.book_address(underlying)].price;
            let off = mark * u64::from(HEDGE_COST_BPS) / 10_000;
            let price = if net > 0 { mark - off } else { mark + off };
            let cast = self.cast.clone();
            let (liquidator, maker) = (
                &cast.liquidators[i],
                &cast.makers[self.opposite(underlying, net)],
            );
            let leg = Leg::perpetual(underlying, -quantity, price);
            let sent = self.chain.trade(liquidator, maker, vec![leg]);
            self.count(sent);
        }
    }

    /// Closes what recovered, writes off what is only debt, and closes against the other side what nobody took in time.
    fn finish(&mut self) {
        let params = self.chain.view.liquidation.params;
        let anyone = self.cast.liquidators[0].owner();
        for (key, _) in self.auctions() {
            let account = self.chain.account(&key);
            // What was done to those before may have cost this one.
            let state = self.chain.judge(account, Kind::Maintenance);
            let auction = self.chain.view.auction_of(&key).unwrap();
            let books = self.chain.books_of(&[key], &[]);
            let closing = params
                .arithmetic()
                .closing_margin(state.equity, state.requirement);
            if closing.unwrap() >= 0 {
                let close = ix::close_auction(key, auction.opened_by, &books);
                self.by(anyone, close).accepted();
            } else if account.has_nothing_open(&self.chain.view.pool) {
                let sent = self.by(anyone, ix::write_off(key, &books));
                self.count(sent);
            } else if state.equity < 0 {
                let mut observed = *auction;
                let readings = self.chain.readings(&key);
                let state = (state.equity, state.requirement);
                let now = self.chain.now();
                observed
                    .observe(&params.arithmetic(), state, &readings, now)
                    .unwrap();
                if observed.elapsed() >= params.insolvent_seconds {
                    let sent = self.by(anyone, ix::reduce_opposite(key, &books));
                    self.count(sent);
                }
            }
        }
    }

    /// Sends what one of the cast signs, and notes what came of it.
    fn by(&mut self, owner: Pubkey, instruction: Instruction) -> Result<Receipt, Refusal> {
        let signer = self.cast.all().find(|t| t.owner() == owner).unwrap();
        let receipt = self.chain.send(&[instruction], &[&signer.key])?;
        self.record.take(&receipt, self.chain.now());
        self.books_now_and_then();
        Ok(receipt)
    }

    fn count(&mut self, sent: Result<Receipt, Refusal>) {
        if let Err(refusal) = sent {
            *self.record.refusals.entry(refusal.name).or_default() += 1;
        }
    }
}
