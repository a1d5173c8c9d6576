use {
    super::*,
    crate::state::{MarginAccount, Market, Pool, PositionKind, Wide},
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
        ledger.invariant().unwrap();
        let interest = &self.pool.interest;
        interest.invariant(ledger.cash, ledger.interest).unwrap();
        self.market.invariant().unwrap();
        let cash: i64 = self.accounts.iter().map(|a| a.cash).sum();
        assert_eq!(cash, ledger.cash);
        let positions = self.accounts.iter().flat_map(|a| &a.positions);
        let (mut quote, mut entries) = (0, 0);
        for p in positions.filter(|p| !p.is_free()) {
            quote += p.quote;
            entries += i128::from(p.base) * i128::from(p.funding_entry);
        }
        assert_eq!(quote, self.market.quote);
        assert_eq!(entries, self.market.funding_entries.get());
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
        .accrue(&FUNDING, Price::new(1).unwrap(), 1)
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
    Exchange(usize, usize, usize, i64, i64),
    Settle(usize, usize, u64),
    Time(i64),
    Trade(u64),
    Sweep,
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..4usize;
    prop_oneof![
        4 => (who.clone(), who.clone(), 0..3usize, -3_000_000i64..3_000_000, -900i64..900)
            .prop_map(|(a, b, asset, base, quote)| Act::Exchange(a, b, asset, base, quote)),
        3 => (who, 0..2usize, 1..2_000u64).prop_map(|(a, asset, mark)| Act::Settle(a, asset, mark)),
        2 => (1..5_000_000i64).prop_map(Act::Time),
        1 => (1..2_000u64).prop_map(Act::Trade),
        1 => Just(Act::Sweep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever happens in whatever order, every sum is exact, and when all is settled nobody was paid what nobody paid.
    #[test]
    fn nothing_comes_out_that_did_not_go_in(acts in prop::collection::vec(act(), 1..60), last in 1..2_000u64) {
        let assets = [PERPETUAL, FUTURE, CALL];
        let mut h = House::of(4);
        h.pool.params.insurance_share = 300_000;
        let mut now = 1;
        h.market.funding.accrue(&FUNDING, Price::new(1_000).unwrap(), now).unwrap();
        for act in acts {
            match act {
                Act::Exchange(a, b, asset, base, quote) if a != b => {
                    h.exchange(a, b, &assets[asset], base, quote);
                }
                Act::Settle(who, asset, mark) if assets[asset].find(&h.accounts[who]).is_some() => {
                    h.settle(who, &assets[asset], mark);
                }
                Act::Time(seconds) => {
                    now += seconds;
                    h.pool.interest.accrue(&RATES, now).unwrap();
                    h.market.funding.accrue(&FUNDING, Price::new(1_000).unwrap(), now).unwrap();
                }
                Act::Trade(at) => {
                    let at = Price::new(at).unwrap();
                    h.market.funding.observe(&FUNDING, at, Price::new(1_000).unwrap(), 9_000_000);
                }
                Act::Sweep => {
                    sweep_interest(&mut h.pool).unwrap();
                    sweep_dust(&mut h.pool, &mut h.market).unwrap();
                }
                _ => {}
            }
            h.check();
        }
        // The perpetual is closed at one price, the dated expire.
        for who in 1..4 {
            let base = PERPETUAL.base(&h.accounts[who]);
            if base != 0 {
                let quote = -(i128::from(base) * i128::from(last)).div_euclid(1_000_000);
                h.exchange(0, who, &PERPETUAL, base, i64::try_from(quote).unwrap());
            }
        }
        for _ in 0..2 {
            for asset in &assets {
                for who in 0..4 {
                    if asset.find(&h.accounts[who]).is_some() {
                        h.convert(who, asset, last);
                    }
                }
            }
        }
        for who in 0..4 {
            credit(&mut h.pool, &mut h.accounts[who], 0).unwrap();
        }
        let (interest, dust) = (
            sweep_interest(&mut h.pool).unwrap(),
            sweep_dust(&mut h.pool, &mut h.market).unwrap(),
        );
        h.check();
        prop_assert!(interest >= 0 && dust >= 0);
        prop_assert_eq!((h.market.quote, h.market.unsettled), (0, 0));
        prop_assert_eq!(h.market.converting, Wide::default());
        prop_assert_eq!(h.market.funding_entries, Wide::default());
        let cash: i64 = (0..4).map(|who| h.cash(who)).sum();
        let pots = h.pool.ledger.fees + h.pool.ledger.insurance + h.pool.ledger.interest;
        prop_assert_eq!(cash + pots, 4_000);
        prop_assert!(h.pool.ledger.interest >= 0);
    }
}
