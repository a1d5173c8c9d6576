use {
    super::*,
    crate::state::{Fall, MarginAccount, Market, Pool, PositionKind, PriceHistory, Wide},
    cep_risk::{Price, funding::FundingParams, interest::InterestParams},
    proptest::prelude::*,
};

const PERPETUAL: Asset = Asset::perpetual(0);
const CALL: Asset = Asset {
    underlying: 0,
    kind: PositionKind::Call,
    slot: 3,
    instrument: 9,
    expiry: 1_000,
    strike: 100,
};
const FUTURE: Asset = Asset {
    kind: PositionKind::Future,
    slot: 4,
    instrument: 10,
    strike: 0,
    ..CALL
};
const RATES: InterestParams = InterestParams {
    rate_zero: 10_000,
    rate_optimal: 80_000,
    rate_full: 1_000_000,
    optimal: 800_000,
    fee: 100_000,
};
const FUNDING: FundingParams = FundingParams {
    period: 28_800,
    time_constant: 3_600,
    clip: 5_000,
    depth: 1,
};

/// What positions are marked at when they are closed against the other side.
const MARK: u64 = 500;

struct House {
    pool: Box<Pool>,
    market: Box<Market>,
    accounts: Vec<Box<MarginAccount>>,
}

impl House {
    /// So many accounts with 1,000 of cash each.
    fn of(accounts: usize) -> Self {
        let mut house = Self {
            pool: bytemuck::zeroed_box(),
            market: bytemuck::zeroed_box(),
            accounts: (0..accounts).map(|_| bytemuck::zeroed_box()).collect(),
        };
        for who in 0..accounts {
            house.pool.ledger.receive(1_000).unwrap();
            credit(&mut house.pool, &mut house.accounts[who], 1_000).unwrap();
        }
        house.check();
        house
    }

    fn exchange(&mut self, to: usize, from: usize, asset: &Asset, base: i64, quote: i64) {
        let [to, from] = self.accounts.get_disjoint_mut([to, from]).unwrap();
        let sides = (&mut **to, &mut **from);
        exchange(
            &mut self.pool,
            &mut self.market,
            sides,
            asset,
            (base, quote),
        )
        .unwrap();
        self.check();
    }

    fn slot(&self, who: usize, asset: &Asset) -> usize {
        let positions = &self.accounts[who].positions;
        positions.iter().position(|p| asset.is_of(p)).unwrap()
    }

    fn settle(&mut self, who: usize, asset: &Asset, mark: u64) -> i64 {
        let slot = self.slot(who, asset);
        let account = &mut self.accounts[who];
        let got = settle(&mut self.pool, &mut self.market, account, slot, mark).unwrap();
        self.check();
        got
    }

    fn convert(&mut self, who: usize, asset: &Asset, payoff: u64) -> i64 {
        let slot = self.slot(who, asset);
        let account = &mut self.accounts[who];
        let got = convert(&mut self.pool, &mut self.market, account, slot, payoff).unwrap();
        self.check();
        got
    }

    fn cash(&self, who: usize) -> i64 {
        self.accounts[who].cash
    }

    /// All that holds of the pool and of the market, and their sums over all accounts.
    fn check(&self) {
        let ledger = &self.pool.ledger;
        let due = self.pool.losses.due + self.pool.held.due;
        ledger.invariant(due).unwrap();
        let interest = &self.pool.interest;
        interest.invariant(ledger.cash, ledger.interest).unwrap();
        self.market.invariant().unwrap();
        let cash: i64 = self.accounts.iter().map(|a| a.cash).sum();
        assert_eq!(cash, ledger.cash);
        let positions = self.accounts.iter().flat_map(|a| &a.positions);
        let (mut quote, mut entries) = (0, 0);
        let mut bases = std::collections::BTreeMap::<u64, i64>::new();
        for p in positions.filter(|p| !p.is_free()) {
            quote += p.quote;
            entries += i128::from(p.base) * i128::from(p.index_entry);
            *bases.entry(p.instrument).or_default() += p.base;
        }
        for r in &self.market.reductions {
            quote += r.quote;
            entries += r.entries.get();
            *bases.entry(r.instrument).or_default() += r.base;
        }
        // What all open contracts have borne, taken or not.
        for levy in &self.market.levies {
            let (long, short) = match levy.instrument {
                0 => (self.market.open_long, self.market.open_short),
                id => {
                    let against = |long| self.market.series_open_against(levy.slot, id, long);
                    (against(false), against(true))
                }
            };
            for (open, side) in [(long, levy.long), (short, levy.short)] {
                entries -= i128::from(open) * i128::from(side.index);
            }
        }
        // Until an instrument is settled account by account.
        assert_eq!(
            bases.get(&0).copied().unwrap_or(0),
            0,
            "the house is not flat"
        );
        for a in &self.accounts {
            let used = a.positions.iter().filter(|p| !p.is_free()).count();
            assert_eq!(usize::from(a.open_positions), used);
            assert!((0..=a.cash.max(0)).contains(&a.held));
            let free = a.cash.max(0) - a.held;
            assert_eq!(a.at_risk, if used == 0 { 0 } else { free });
        }
        // Nobody is asked for more than all have, and no loss is left to nobody but units of rounding.
        let held = self.accounts.iter();
        let held = held.map(|a| self.pool.held.kept(a.held, a.held_since).unwrap());
        let (held, sum) = (held.sum::<i64>(), self.pool.held.claims);
        assert!(held <= sum && sum - held < 100);
        let at_risk = self
            .accounts
            .iter()
            .map(|a| self.pool.losses.kept(a.at_risk, a.at_risk_since).unwrap());
        let (at_risk, losses) = (at_risk.sum::<i64>(), &self.pool.losses);
        assert!(at_risk <= losses.claims && losses.claims - at_risk < 100);
        assert_eq!(quote, self.market.quote);
        assert_eq!(entries, self.market.index_entries.get());
        assert_eq!(self.market.unsettled, ledger.unsettled);
    }
}

fn house() -> House {
    let mut house = House::of(2);
    house.exchange(0, 1, &PERPETUAL, 1_000_000, -500);
    house
}

#[test]
fn losers_pay_before_winners_draw_and_equity_is_unchanged() {
    let mut h = house();
    assert_eq!(h.settle(0, &PERPETUAL, 700), 0);
    assert_eq!(h.settle(1, &PERPETUAL, 700), -200);
    assert_eq!((h.cash(1), h.market.unsettled), (800, 200));
    assert_eq!(h.settle(0, &PERPETUAL, 700), 200);
    assert_eq!((h.cash(0), h.market.unsettled), (1_200, 0));
}

#[test]
fn a_loss_beyond_cash_is_borrowed_not_forgiven() {
    let mut h = house();
    assert_eq!(h.settle(1, &PERPETUAL, 2_500), -2_000);
    assert_eq!(h.cash(1), -1_000);
    assert_eq!(h.pool.interest.borrowed, 1_000);
}

#[test]
fn closing_at_a_profit_leaves_a_claim_that_is_paid_when_the_loser_pays() {
    let mut h = house();
    h.exchange(1, 0, &PERPETUAL, 1_000_000, -700);
    assert_eq!((h.market.open_long, h.market.open_short), (0, 0));
    assert_eq!(h.settle(1, &PERPETUAL, 1), -200);
    assert_eq!(h.settle(0, &PERPETUAL, 1), 200);
    assert!(PERPETUAL.find(&h.accounts[0]).is_none() && PERPETUAL.find(&h.accounts[1]).is_none());
    assert_eq!((h.cash(0), h.cash(1)), (1_200, 800));
}

#[test]
fn a_premium_is_paid_in_cash_and_a_payoff_by_those_who_owe_it_first() {
    let mut h = House::of(2);
    h.exchange(0, 1, &CALL, 2_000_000, -60);
    assert_eq!((h.cash(0), h.cash(1)), (940, 1_060));
    assert_eq!(h.market.quote, 0);
    // The long comes first and gets nothing yet: a claim that no price moves.
    assert_eq!(h.convert(0, &CALL, 150), 0);
    assert_eq!(h.accounts[0].positions[0].quote, 300);
    assert_eq!(h.convert(1, &CALL, 150), -300);
    assert_eq!(h.settle(0, &CALL, 0), 300);
    assert!(CALL.find(&h.accounts[0]).is_none());
    assert_eq!((h.cash(0), h.cash(1)), (1_240, 760));
    assert!(h.market.series[3].is_empty() && h.market.converting.get() == 0);
}

#[test]
fn what_rounding_leaves_of_an_expiry_is_swept_to_the_pool() {
    let mut h = House::of(3);
    h.exchange(0, 2, &FUTURE, 500_001, -50);
    h.exchange(1, 2, &FUTURE, 500_001, -50);
    assert_eq!(h.market.open_futures, 1_000_002);
    for who in [0, 2, 1] {
        h.convert(who, &FUTURE, 333);
    }
    h.settle(0, &FUTURE, 0);
    let left: i64 = (0..3).map(|who| h.cash(who)).sum();
    assert_eq!(h.market.open_futures, 0);
    let swept = sweep_dust(&mut h.pool, &mut h.market).unwrap();
    h.check();
    // 166.5 twice and 333 once, each rounded against its holder.
    assert_eq!((swept, left), (2, 2_998));
    assert_eq!((h.pool.ledger.fees, h.market.unsettled), (2, 0));
    assert_eq!(h.market.dust.get(), 0);
}

#[test]
fn funding_goes_from_longs_to_shorts() {
    let mut h = House::of(2);
    h.market
        .funding
        .accrue(&FUNDING, &standing(Price::new(1).unwrap()), 1)
        .unwrap();
    h.exchange(0, 1, &PERPETUAL, 1_000_000, -500);
    h.market.funding.index += 40 << cep_risk::funding::INDEX_BITS;
    assert_eq!(h.settle(0, &PERPETUAL, 500), -40);
    assert_eq!(h.settle(1, &PERPETUAL, 500), 40);
}

#[test]
fn interest_goes_from_borrowers_to_lenders_and_the_pool_keeps_its_share() {
    // SETUP: 1 owes 500 of the 2,500 that others have.
    let mut h = House::of(3);
    h.exchange(0, 1, &PERPETUAL, 1_000_000, -500);
    h.settle(1, &PERPETUAL, 2_000);
    h.settle(0, &PERPETUAL, 2_000);
    assert_eq!((h.cash(0), h.cash(1)), (2_500, -500));

    // ACT: ten years.
    h.pool.interest.accrue(&RATES, 10 * 31_536_000).unwrap();
    for who in [0, 2, 1] {
        credit(&mut h.pool, &mut h.accounts[who], 0).unwrap();
        h.check();
    }

    // CHECK: 500 of 3,500 are lent out: a rate of 1 % and 7 % x (1/7) / 0.8, so 2.25 % a year.
    assert_eq!(h.cash(1), -500 - 113);
    let gained = h.cash(0) - 2_500 + h.cash(2) - 1_000;
    let swept = sweep_interest(&mut h.pool).unwrap();
    h.check();
    assert_eq!((gained, swept), (100, 13));
}

#[test]
fn a_fee_is_divided_between_the_pool_and_the_fund() {
    let mut h = House::of(1);
    h.pool.params.insurance_share = 200_000;
    charge(&mut h.pool, &mut h.accounts[0], 9).unwrap();
    h.check();
    let ledger = &h.pool.ledger;
    assert_eq!(
        (ledger.fees, ledger.insurance, h.pool.insurance_income),
        (8, 1, 1)
    );
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Deposit(usize, u64),
    Withdraw(usize, u64),
    Exchange(usize, usize, usize, i64, i64),
    Settle(usize, usize, u64),
    Time(i64),
    Premium(u64),
    Sweep,
    /// A loss of an account is borne by the contracts of one side of an instrument, each by so much at most, in a period, and
    /// by cash.
    Default(usize, i64, (usize, bool, u64, u32)),
    /// So much is visible of losses to come.
    Visible(i64),
    /// Between two accounts, as far as it may leave.
    Transfer(usize, usize, i64),
    /// An account's position is closed against the other side, at this much more than it is worth.
    Reduce(usize, usize, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..4usize;
    prop_oneof![
        1 => (who.clone(), 1..5_000u64).prop_map(|(a, amount)| Act::Deposit(a, amount)),
        2 => (who.clone(), 1..5_000u64).prop_map(|(a, amount)| Act::Withdraw(a, amount)),
        4 => (who.clone(), who.clone(), 0..3usize, -3_000_000i64..3_000_000, -900i64..900)
            .prop_map(|(a, b, asset, base, quote)| Act::Exchange(a, b, asset, base, quote)),
        3 => (who, 0..2usize, 1..2_000u64).prop_map(|(a, asset, mark)| Act::Settle(a, asset, mark)),
        2 => (1..5_000_000i64).prop_map(Act::Time),
        1 => (1..2_000u64).prop_map(Act::Premium),
        1 => Just(Act::Sweep),
        2 => (0..4usize, 1..3_000i64, (0..3usize, any::<bool>(), 0..900u64, 1..5u32))
            .prop_map(|(a, amount, side)| Act::Default(a, amount, side)),
        1 => prop_oneof![Just(0), 1..4_000i64].prop_map(Act::Visible),
        1 => (0..4usize, 0..4usize, 1..2_000i64).prop_map(|(a, b, amount)| Act::Transfer(a, b, amount)),
        2 => (0..4usize, 0..3usize, 0..900i64).prop_map(|(a, asset, extra)| Act::Reduce(a, asset, extra)),
    ]
}

const INDEX: u64 = 1_000;

/// A price that never moved.
fn standing(price: Price) -> PriceHistory {
    PriceHistory {
        price,
        usable_seconds: 0,
        integral: 0,
    }
}

impl House {
    fn act(&mut self, act: Act, now: &mut i64) {
        let assets = [PERPETUAL, FUTURE, CALL];
        let index = Price::new(INDEX).unwrap();
        match act {
            Act::Deposit(who, amount) => {
                let got = self.pool.ledger.receive(amount).unwrap();
                credit(&mut self.pool, &mut self.accounts[who], got).unwrap();
            }
            Act::Withdraw(who, amount) => {
                let (pool, account) = (&mut *self.pool, &mut *self.accounts[who]);
                let asked = i64::try_from(amount).unwrap();
                // As the instruction: no more than the account's own cash, and what the vault has of it.
                if require_settled_cash(pool, account, asked).is_ok()
                    && let Ok(left) = pool.ledger.release(amount)
                {
                    credit(pool, account, -left).unwrap();
                }
            }
            Act::Exchange(a, b, asset, base, quote) if a != b => {
                self.exchange(a, b, &assets[asset], base, quote);
            }
            Act::Settle(who, asset, mark) if assets[asset].find(&self.accounts[who]).is_some() => {
                self.settle(who, &assets[asset], mark);
            }
            Act::Time(seconds) => {
                *now += seconds;
                self.pool.interest.accrue(&RATES, *now).unwrap();
                let prices = standing(index);
                self.market.funding.accrue(&FUNDING, &prices, *now).unwrap();
            }
            Act::Premium(at) => {
                let at = Price::new(at).unwrap();
                self.market.funding.observe(&FUNDING, at, index, 9_000_000);
            }
            Act::Sweep => {
                sweep_interest(&mut self.pool).unwrap();
                sweep_dust(&mut self.pool, &mut self.market).unwrap();
            }
            Act::Default(who, amount, (asset, long, won, period)) => {
                let asset = &assets[asset];
                let fall = Fall {
                    underlying: 0,
                    slot: asset.slot,
                    instrument: asset.instrument,
                    long,
                    loss: 1,
                    won,
                    period,
                };
                self.default_on(who, amount, &fall);
            }
            Act::Visible(amount) => self.pool.visible_shortfall = amount,
            Act::Transfer(a, b, amount) if a != b => {
                let [from, to] = self.accounts.get_disjoint_mut([a, b]).unwrap();
                let (from, to) = (&mut **from, &mut **to);
                if require_settled_cash(&mut self.pool, from, amount).is_ok() {
                    pay(&mut self.pool, from, to, amount).unwrap();
                }
            }
            Act::Reduce(who, asset, extra) if assets[asset].base(&self.accounts[who]) != 0 => {
                self.reduce(who, &assets[asset], extra);
            }
            _ => {}
        }
    }

    /// `who` is paid what the contracts that won and the pool's cash have of `amount`.
    fn default_on(&mut self, who: usize, amount: i64, fall: &Fall) {
        let (pool, market) = (&mut *self.pool, &mut *self.market);
        let account = &mut self.accounts[who];
        let borne = market.charge(fall, amount).unwrap();
        assert!((0..=amount).contains(&borne));
        if borne > 0 {
            grant(market, account, 0, borne).unwrap();
            register(pool, account).unwrap();
        }
        let cash = super::cash::share_among_cash(pool, amount - borne).unwrap();
        credit(pool, account, cash).unwrap();
    }

    /// Refused while others have not taken their part of the last one and next to nothing would be left.
    fn reduce(&mut self, who: usize, asset: &Asset, extra: i64) {
        let slot = self.slot(who, asset);
        let (pool, market) = (&mut *self.pool, &mut *self.market);
        let account = &mut self.accounts[who];
        if !touch(pool, market, account, slot).unwrap() || asset.base(account) == 0 {
            return;
        }
        if !market.can_close_against(asset.instrument, asset.base(account)) {
            return;
        }
        close_against(pool, market, account, slot, (MARK, extra)).unwrap();
    }

    /// Everything is closed or expires at `last`, everybody is paid.
    fn wind_up(&mut self, last: u64) {
        for who in 0..4 {
            for slot in 0..3 {
                if !self.accounts[who].positions[slot].is_free() {
                    let (pool, market) = (&mut *self.pool, &mut *self.market);
                    touch(pool, market, &mut self.accounts[who], slot).unwrap();
                }
            }
        }
        // Every pot is empty once all have been touched.
        assert!(
            self.market
                .reductions
                .iter()
                .all(|r| r.base == 0 && r.quote == 0)
        );
        for who in 1..4 {
            let base = PERPETUAL.base(&self.accounts[who]);
            if base != 0 {
                let quote = -(i128::from(base) * i128::from(last)).div_euclid(1_000_000);
                self.exchange(0, who, &PERPETUAL, base, i64::try_from(quote).unwrap());
            }
        }
        // Once for those who owe, once more for those who waited for them.
        for _ in 0..2 {
            for asset in [PERPETUAL, FUTURE, CALL] {
                for who in 0..4 {
                    if asset.find(&self.accounts[who]).is_some() {
                        self.convert(who, &asset, last);
                    }
                }
            }
        }
        self.pool.visible_shortfall = 0;
        for account in &mut self.accounts {
            credit(&mut self.pool, account, 0).unwrap();
        }
    }
}

/// Whatever happens in whatever order, every sum is exact, and when all is settled nobody was paid what nobody paid: what
/// four accounts of one owner take out and still have is what they put in, less fees and roundings.
fn sequences(cases: u32, checked: bool) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    });
    let acts = prop::collection::vec(act(), 1..40);
    let outcome = runner.run(&(acts, 1..2_000u64), |(acts, last)| {
        let mut h = House::of(4);
        h.pool.params.insurance_share = 300_000;
        let mut now = 1;
        let index = Price::new(INDEX).unwrap();
        let prices = standing(index);
        h.market.funding.accrue(&FUNDING, &prices, now).unwrap();
        for act in acts {
            h.act(act, &mut now);
            if checked {
                h.check();
            }
        }
        h.wind_up(last);
        let interest = sweep_interest(&mut h.pool).unwrap();
        let dust = sweep_dust(&mut h.pool, &mut h.market).unwrap();
        h.check();
        prop_assert!(interest >= 0 && dust >= 0);
        // Every loss was taken from those who share it, and by rounding units more, which stay in the pots.
        let over = [-h.pool.held.due, -h.pool.losses.due];
        prop_assert!(
            over.iter().all(|over| (0..100).contains(over)),
            "{:?}",
            over
        );
        prop_assert_eq!((h.market.quote, h.market.unsettled), (0, 0));
        prop_assert_eq!(h.market.converting, Wide::default());
        prop_assert_eq!(h.market.index_entries, Wide::default());
        let ledger = &h.pool.ledger;
        let cash: i64 = (0..4).map(|who| h.cash(who)).sum();
        let pots = ledger.fees + ledger.insurance + ledger.interest;
        prop_assert_eq!(cash + pots + over[0] + over[1], ledger.vault);
        prop_assert!(ledger.fees >= 0 && ledger.insurance >= 0 && ledger.interest >= 0);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn every_sum_is_exact_after_every_step() {
    sequences(500, true);
}

#[test]
fn a_hundred_thousand_sequences_pay_out_no_more_than_was_put_in() {
    sequences(100_000, false);
}
