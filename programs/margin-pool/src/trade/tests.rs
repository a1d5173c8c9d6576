//! Random trades between two accounts, each judged again from the states before and after.

use {
    super::{
        Leg, Terms,
        check::{Holdings, OpenInterest, Side, check_side},
        leg,
    },
    crate::{
        clearing::{self, Asset},
        margin::{BookParts, Books, ListedBook, MarketRef, Snapshot},
        state::{MarginAccount, Market, Pool, PoolParams},
    },
    anchor_lang::prelude::Result,
    bytemuck::{Zeroable, zeroed_box},
    cep_risk::{Breakdown, Kind, MarginParams, PPM, Quantity, ROWS, Scratch, WEIGHT_ONE},
    risk_engine::state::{Instrument, RiskBook, degraded},
    std::{
        cell::{Ref, RefCell},
        rc::Rc,
    },
};

const NOW: i64 = 1_000_000;
const BOOKS: usize = 3;

/// xorshift64*: the same cases in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap() + 1;
        low + i64::try_from(self.next() % span).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

type Shared = Rc<RefCell<Box<Market>>>;

struct Native(Box<RiskBook>, Shared);

impl BookParts for Native {
    fn header(&self) -> &RiskBook {
        &self.0
    }
    fn instruments(&self) -> &[Instrument] {
        &[]
    }
    fn market(&self) -> Result<MarketRef<'_>> {
        let market = self.1.borrow();
        Ok(MarketRef::Borrowed(Ref::map(market, |market| &**market)))
    }
}

/// Three perpetuals that mostly move together.
fn book(random: &mut Random, common: &[i64; ROWS], market: Shared) -> Native {
    let mut book: Box<RiskBook> = zeroed_box();
    book.price = u64::try_from(random.between(50_000_000, 90_000_000_000)).unwrap();
    (
        book.publish_time,
        book.newest_publish_time,
        book.new_risk_age,
    ) = (NOW, NOW, 10);
    (book.max_price_age, book.dead_price_age) = (60, 300);
    book.doubt = PPM;
    (book.scenario_generation, book.horizon) = (1, 86_400);
    (book.scaled_variance, book.target_variance) = (1_000, 1_000);
    (book.sigma, book.maintenance_sigma) = (1 << 27, 1 << 27);
    book.daily_volume = 1_000_000_000_000;
    book.weights = [WEIGHT_ONE / 512; ROWS];
    book.levels = cep_risk::margin::FLAT_LEVELS;
    book.stress_levels = cep_risk::margin::FLAT_STRESS_LEVELS;
    for (row, common) in common.iter().enumerate() {
        let own = random.between(-400_000, 400_000);
        book.returns[row] = i32::try_from(common + own).unwrap();
        book.maintenance_returns[row] = book.returns[row] / 8 * 7;
    }
    let (low, high) = (-1 << 21, 1 << 21);
    (book.lowest_return, book.highest_return) = (low, high);
    (book.maintenance_lowest, book.maintenance_highest) = (low, high);
    Native(book, market)
}

fn params(random: &mut Random) -> PoolParams {
    let margin = MarginParams::STANDARD;
    PoolParams {
        stress_weight: margin.stress_weight,
        retained: margin.retained,
        maintenance_factor: margin.maintenance_factor,
        confidence_multiple: margin.confidence_multiple,
        impact: margin.addons.impact,
        open_interest_share: margin.addons.open_interest_share,
        price_band: 50_000,
        reduce_band: [0, 1_000, 10_000][usize::try_from(random.between(0, 2)).unwrap()],
        rate_full: PPM,
        optimal_utilisation: PPM / 2,
        funding_period: 28_800,
        funding_time_constant: 3_600,
        funding_clip: 5_000,
        funding_depth: 1,
        ..PoolParams::zeroed()
    }
}

struct House {
    pool: Box<Pool>,
    markets: Vec<Shared>,
    books: Books<Native>,
    /// The two that trade, and the one that they have their positions from.
    accounts: Vec<Box<MarginAccount>>,
}

#[derive(Clone, Copy, Debug)]
struct Judged {
    initial: Breakdown,
    maintenance: Breakdown,
    /// By `Snapshot::require_current`, and with the index prices.
    current: bool,
    all_current: bool,
}

impl House {
    fn new(random: &mut Random) -> Self {
        let common: [i64; ROWS] = std::array::from_fn(|_| random.between(-1_600_000, 1_600_000));
        let markets: Vec<_> = (0..BOOKS)
            .map(|_| Shared::new(zeroed_box::<Market>().into()))
            .collect();
        let list = (0u8..).zip(&markets).map(|(index, market)| {
            ListedBook::new(index, book(random, &common, market.clone())).unwrap()
        });
        let list = list.collect();
        let mut house = Self {
            pool: zeroed_box(),
            markets,
            books: Books { list, now: NOW },
            accounts: (0..3).map(|_| zeroed_box()).collect(),
        };
        house.pool.params = params(random);
        house.pool.interest.updated_at = NOW;
        for market in &house.markets {
            let mut market = market.borrow_mut();
            market.funding.updated_at = NOW;
            market.open_interest_limit = i64::MAX;
            market.account_limit = i64::MAX;
        }
        for who in 0..3 {
            house.pool.ledger.receive(1 << 50).unwrap();
            let account = &mut house.accounts[who];
            clearing::credit(&mut house.pool, account, 1 << 50).unwrap();
        }
        for who in 0..2 {
            for at in 0..BOOKS {
                if random.one_in(4) {
                    continue;
                }
                let worth = random.between(-2_000_000, 2_000_000);
                house.give(who, at, worth);
            }
        }
        house
    }

    fn mark(&self, at: usize) -> u64 {
        self.books.list[at].book.0.price
    }

    /// So much of an underlying (USD at the mark) from the third account, without a check.
    fn give(&mut self, who: usize, at: usize, usd: i64) {
        let mark = self.mark(at);
        let base = usd * 1_000_000 / i64::try_from(mark / 1_000_000).unwrap().max(1);
        if base == 0 {
            return;
        }
        let asset = Asset::perpetual(u8::try_from(at).unwrap());
        let quote = (-Quantity(base).times_micro(mark))
            .floor_micro_usd()
            .unwrap();
        let [account, third] = self.accounts.get_disjoint_mut([who, 2]).unwrap();
        let sides = (&mut **account, &mut **third);
        let (pool, market) = (&mut self.pool, &mut **self.markets[at].borrow_mut());
        clearing::exchange(pool, market, sides, &asset, (base, quote)).unwrap();
    }

    fn update(&self) {
        for listed in &self.books.list {
            listed.update().unwrap();
        }
    }

    fn judge(&self, who: usize) -> Judged {
        let (pool, books) = (&self.pool, &self.books);
        let snapshot = Snapshot::of(pool, &self.accounts[who], books).unwrap();
        let of = |kind| {
            let mut scratch = Scratch::new();
            snapshot.evaluate(pool, books, kind, &mut scratch).unwrap()
        };
        Judged {
            initial: of(Kind::Initial),
            maintenance: of(Kind::Maintenance),
            current: snapshot.require_current(books).is_ok(),
            all_current: snapshot.outdated(books).is_none(),
        }
    }

    /// Leaves an account with so many ppm of its initial requirement as equity.
    fn set_equity(&mut self, who: usize, ppm: i64) {
        self.update();
        let now = self.judge(who).initial;
        let wanted = i128::from(now.requirement) * i128::from(ppm) / 1_000_000;
        let change = i64::try_from(wanted).unwrap() - now.equity;
        for (who, change) in [(who, change), (2, -change)] {
            let account = &mut self.accounts[who];
            clearing::credit(&mut self.pool, account, change).unwrap();
        }
    }

    fn legs(&self, random: &mut Random) -> Vec<Leg> {
        let count = random.between(1, 4);
        let mut legs = Vec::new();
        for _ in 0..count {
            let at = usize::try_from(random.between(0, 2)).unwrap();
            let underlying = u8::try_from(at).unwrap();
            let own = Asset::perpetual(underlying).base(&self.accounts[0]);
            let usd = random.between(-300_000, 300_000) * 1_000_000;
            let any = usd / i64::try_from(self.mark(at) / 1_000_000).unwrap().max(1);
            let quantity = match random.between(0, 5) {
                0 => any,
                1 => -own,
                _ => -own / 100 * random.between(1, 100),
            };
            // On the mark, near it, or anywhere in the band.
            let off = match random.between(0, 3) {
                0 | 1 => 0,
                2 => random.between(-900, 900),
                _ => random.between(-49_000, 49_000),
            };
            let mark = i64::try_from(self.mark(at)).unwrap();
            let price = u64::try_from(mark + mark / 1_000_000 * off).unwrap();
            if quantity != 0 {
                legs.push(Leg::perpetual(underlying, quantity, price));
            }
            // And back, at another price.
            if random.one_in(6) && quantity != 0 {
                legs.push(Leg::perpetual(underlying, -quantity, price / 100 * 99));
            }
        }
        legs
    }

    /// As [`super::clear`]: legs, then what becomes of each side. `None` when a leg was refused.
    fn trade(&mut self, legs: &[Leg], fee: u64) -> Option<(Vec<Traded>, [i64; 2])> {
        let assets: Vec<_> = legs
            .iter()
            .map(|l| Asset::perpetual(l.underlying))
            .collect();
        let terms = Terms {
            fees: [fee; 2],
            discovers_price: false,
        };
        let [a, b, _] = &mut self.accounts[..] else {
            unreachable!()
        };
        let mut sides = [&mut **a, &mut **b];
        let mut traded = [0, 1].map(|who: usize| Side {
            before: Holdings::of(sides[who], &assets),
            fees: 0,
            shrank: true,
        });
        let mut was = OpenInterest::of(&self.books);
        for (leg, asset) in legs.iter().zip(&assets) {
            let market = &mut **self.markets[usize::from(leg.underlying)].borrow_mut();
            let with = (leg, asset);
            let done = leg::clear(
                &mut self.pool,
                market,
                &mut sides,
                &self.books,
                with,
                &terms,
            )
            .ok()?;
            for (at, side) in traded.iter_mut().enumerate() {
                side.fees += done.fees[at];
                side.shrank &= done.shrank[at];
            }
        }
        for listed in &self.books.list {
            listed.update().unwrap();
        }
        let fees = [traded[0].fees, traded[1].fees];
        let mut verdicts = Vec::new();
        for (account, side) in sides.into_iter().zip(&traded) {
            let (mut snapshot, mut scratch) = (Snapshot::empty(), Scratch::new());
            let tools = (&mut snapshot, &mut scratch);
            let before = *account;
            let accounts = (&self.books, &mut was);
            let verdict = check_side(&self.pool, account, &assets, side, accounts, tools);
            let same = before.positions == account.positions && before.cash == account.cash;
            // A refusal undoes the whole transaction.
            assert!(same || verdict.is_err());
            verdicts.push(Traded {
                accepted: verdict.is_ok(),
                shrank: side.shrank,
            });
        }
        Some((verdicts, fees))
    }
}

struct Traded {
    accepted: bool,
    shrank: bool,
}

#[test]
fn no_trade_accepted_below_the_margin_makes_either_health_worse_or_pays_equity_away() {
    let mut random = Random(0x5EED);
    let (mut improved, mut refused, mut outdated) = (0, 0, 0);
    for case in 0..5_000 {
        let mut house = House::new(&mut random);
        let share = random.between(-100_000, 1_300_000);
        house.set_equity(0, share);
        let share = random.between(400_000, 4_000_000);
        house.set_equity(1, share);
        for listed in &mut house.books.list {
            let book = &mut listed.book.0;
            match random.between(0, 11) {
                0 => book.publish_time = NOW - 61,
                1 => book.degraded = degraded::DISAGREEMENT,
                2 => book.target_variance = 2_000,
                _ => {}
            }
        }
        let legs = house.legs(&mut random);
        if legs.is_empty() {
            continue;
        }
        house.update();
        let before = [house.judge(0), house.judge(1)];
        let held = [0, 1].map(|who: usize| bases(&house.accounts[who]));
        let Some((verdicts, fees)) = house.trade(&legs, 200) else {
            continue;
        };
        for who in 0..2 {
            let (was, is) = (before[who], house.judge(who));
            let secure = is.initial.health() >= 0 && is.current;
            let left = bases(&house.accounts[who]);
            if !verdicts[who].accepted {
                assert!(!secure, "case {case}: refused with its margin");
                refused += 1;
                continue;
            }
            if secure {
                continue;
            }
            improved += 1;
            let label = format!("case {case}, side {who}: {was:?} {is:?}");
            assert!(is.initial.health() >= was.initial.health(), "{label}");
            assert!(
                is.maintenance.health() >= was.maintenance.health(),
                "{label}"
            );
            let moved: i128 = (0..BOOKS)
                .map(|at| {
                    let moved = i128::from(left[at] - held[who][at]).abs();
                    moved * i128::from(house.mark(at)) / 1_000_000
                })
                .sum();
            let band = moved * i128::from(house.pool.params.reduce_band) / 1_000_000;
            let most = i128::from(fees[who]) + band + 40;
            let lost = i128::from(was.initial.equity) - i128::from(is.initial.equity);
            assert!(lost <= most, "{label}: {lost} of {most}");
            assert!(is.initial.equity >= 0 || lost <= 0, "{label}");
            if !was.all_current || !is.all_current {
                outdated += 1;
                assert!(verdicts[who].shrank, "{label}");
                for at in 0..BOOKS {
                    let (before, after) = (held[who][at], left[at]);
                    let smaller = after == before
                        || after.abs() < before.abs()
                            && (after == 0 || (after > 0) == (before > 0));
                    assert!(smaller, "{label}: {before} {after}");
                }
            }
        }
    }
    // The cases are worth something.
    let seen = [improved > 300, refused > 1_000, outdated > 60];
    assert_eq!(seen, [true; 3], "{improved} {refused} {outdated}");
}

fn bases(account: &MarginAccount) -> [i64; BOOKS] {
    std::array::from_fn(|at| Asset::perpetual(u8::try_from(at).unwrap()).base(account))
}
