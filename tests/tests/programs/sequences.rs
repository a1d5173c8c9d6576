//! Random sequences of actions. [`World::send`] checks every book after each accepted one; here stands
//! what holds for people over a whole sequence. `PROPTEST_CASES` asks for more than the default.

use {
    cep_sdk::{
        address,
        programs::{
            liquidation::{error::LiquidationError, state::InsuranceFund},
            margin_pool::{
                Leg,
                state::{Market, Pool},
            },
        },
    },
    cep_tests::{
        Outcome, Trader, World, actions::ALL, invariants::margin_accounts, world::quote_mint,
    },
    proptest::prelude::*,
};

const TRADERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Act {
    Deposit {
        who: usize,
        micro: u64,
    },
    DepositSol {
        who: usize,
        lamports: u64,
    },
    Withdraw {
        who: usize,
        micro: i64,
    },
    WithdrawAll {
        who: usize,
    },
    WithdrawSol {
        who: usize,
        lamports: u64,
    },
    /// Price in millionths of the mark.
    Trade {
        a: usize,
        b: usize,
        underlying: u8,
        usd: i64,
        price: u64,
    },
    Settle {
        who: usize,
        underlying: u8,
    },
    /// New price in millionths of the old.
    Move {
        underlying: u8,
        to: u64,
    },
    /// Whoever fails, a first bid for this part.
    Liquidate {
        fraction: u64,
    },
}

fn trader() -> std::ops::Range<usize> {
    0..TRADERS
}

/// What does not need the price to move.
fn quiet() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (trader(), 1..50_000_000_000u64).prop_map(|(who, micro)| Act::Deposit { who, micro }),
        1 => (trader(), 1..100_000_000_000u64)
            .prop_map(|(who, lamports)| Act::DepositSol { who, lamports }),
        1 => (trader(), 1..20_000_000_000i64).prop_map(|(who, micro)| Act::Withdraw { who, micro }),
        1 => trader().prop_map(|who| Act::WithdrawAll { who }),
        1 => (trader(), 1..100_000_000_000u64)
            .prop_map(|(who, lamports)| Act::WithdrawSol { who, lamports }),
        4 => (trader(), trader(), 0..3u8, size(), 950_000..=1_050_000u64).prop_map(
            |(a, b, underlying, usd, price)| Act::Trade { a, b, underlying, usd, price }
        ),
        1 => (trader(), 0..3u8).prop_map(|(who, underlying)| Act::Settle { who, underlying }),
    ]
}

/// Notional of a trade: from dust to more than anyone can carry.
fn size() -> impl Strategy<Value = i64> {
    prop_oneof![-3i64..=3, -2_000i64..=2_000, -180_000i64..=180_000]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => quiet(),
        4 => (0..3u8, 880_000..=1_120_000u64).prop_map(|(underlying, to)| Act::Move { underlying, to }),
        3 => prop_oneof![1..1_000u64, 1_000_000..=ALL].prop_map(|fraction| Act::Liquidate { fraction }),
    ]
}

/// One market that jumps, and whatever fails in it.
fn storm() -> impl Strategy<Value = Act> {
    let jump = prop_oneof![700_000..=850_000u64, 1_150_000..=1_300_000u64];
    prop_oneof![
        3 => quiet(),
        2 => jump.prop_map(|to| Act::Move { underlying: 1, to }),
        4 => prop_oneof![1..1_000u64, 1_000_000..=ALL].prop_map(|fraction| Act::Liquidate { fraction }),
    ]
}

/// Three accounts of mallory's, a keeper with money and a fund: all the money that is not hers.
struct Stage {
    world: World,
    hers: Vec<Trader>,
    keeper: Trader,
    /// Her deposits less her withdrawals, SOL at the price of the moment.
    put_in: i64,
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new();
        let keeper = world.trader("keeper", 50_000_000.0);
        world.insure(&keeper, 50_000_000.0).accepted();
        let hers = (0..TRADERS)
            .map(|i| world.trader(&format!("mallory {i}"), 0.0))
            .collect();
        let mut stage = Self {
            world,
            hers,
            keeper,
            put_in: 0,
        };
        for who in trader() {
            stage.act(&Act::Deposit {
                who,
                micro: 20_000_000_000,
            });
        }
        stage
    }

    /// Leaves two of the accounts with little more than they need.
    fn lever(&mut self) {
        for usd in (60_000..=180_000).rev().step_by(2_000) {
            let Self { world, hers, .. } = self;
            let contracts = f64::from(usd) * 1e6 / world.book(1).price as f64;
            if world
                .trade_at_mark(&hers[0], &hers[1], 1, contracts)
                .is_ok()
            {
                return;
            }
        }
        panic!("no trade fits 20,000 USD");
    }

    fn value_of_sol(&self, lamports: u64) -> i64 {
        let price = i128::from(self.world.book(2).price);
        i64::try_from(i128::from(lamports) * price / 1_000_000_000).unwrap()
    }

    /// Does what is asked if the programs allow it; either way no book may break.
    fn act(&mut self, act: &Act) {
        let Self { world, hers, .. } = self;
        let sol = world.parameters.collaterals[0].mint;
        match *act {
            Act::Deposit { who, micro } => {
                world.deposit(&hers[who], quote_mint(), micro).accepted();
                self.put_in += i64::try_from(micro).unwrap();
            }
            Act::DepositSol { who, lamports } => {
                world.deposit(&hers[who], sol, lamports).accepted();
                // Against her: what she gave counts in full.
                self.put_in += self.value_of_sol(lamports) + 1;
            }
            Act::Withdraw { who, micro } => {
                if world.withdraw_usd(&hers[who], micro).is_ok() {
                    self.put_in -= micro;
                }
            }
            Act::WithdrawAll { who } => {
                let spare = world.health(&hers[who]).initial.health();
                let most = spare.min(world.cash(&hers[who]));
                if most > 0 && world.withdraw_usd(&hers[who], most).is_ok() {
                    self.put_in -= most;
                }
            }
            Act::WithdrawSol { who, lamports } => {
                if world.withdraw(&hers[who], sol, lamports).is_ok() {
                    self.put_in -= self.value_of_sol(lamports);
                }
            }
            Act::Trade {
                a,
                b,
                underlying,
                usd,
                price,
            } => {
                let mark = world.book(underlying).price;
                let leg = Leg::perpetual(
                    underlying,
                    i64::try_from(i128::from(usd) * 1_000_000_000_000 / i128::from(mark)).unwrap(),
                    u64::try_from(u128::from(mark) * u128::from(price) / 1_000_000).unwrap(),
                );
                if a != b {
                    let _ = world.trade(&hers[a], &hers[b], &[leg]);
                }
            }
            Act::Settle { who, underlying } => {
                let _ = world.settle(&hers[who], underlying);
            }
            Act::Move { underlying, to } => {
                let price = world.prices[usize::from(underlying)] * to as f64 / 1e6;
                world.set_price(underlying, price);
            }
            Act::Liquidate { fraction } => {
                trader().for_each(|who| self.liquidate(who, fraction));
            }
        }
    }

    /// Opens if and only if the SDK says so; an open auction comes to its end.
    fn liquidate(&mut self, who: usize, fraction: u64) {
        let Self {
            world,
            hers,
            keeper,
            ..
        } = self;
        let failing = &hers[who];
        let short = world.health(failing).maintenance.health() < 0;
        let opened = world.open(failing, keeper);
        if !short {
            opened.refused(LiquidationError::AccountHealthy);
            return;
        }
        opened.accepted();
        world.bid(failing, keeper, fraction, i64::MAX).accepted();
        for _ in 0..3 {
            if world.close(failing, keeper.owner(), keeper).is_ok() {
                return;
            }
            world.bid(failing, keeper, ALL, i64::MAX).accepted();
        }
        panic!("the auction of {} does not end", failing.account);
    }

    /// There is no fund. What fails is taken in part, by the keeper or by another of hers; what owes more than it has nobody takes
    /// in time. An auction of what has recovered is closed.
    fn default_on(&mut self, who: usize, fraction: u64) {
        let Self {
            world,
            hers,
            keeper,
            ..
        } = self;
        let failing = &hers[who];
        if world.health(failing).maintenance.health() < 0 {
            let _ = world.open(failing, keeper);
        }
        let bidder = match fraction % 3 {
            0 => keeper,
            n => &hers[(who + usize::try_from(n).unwrap()) % TRADERS],
        };
        let _ = world.bid(failing, bidder, fraction, i64::MAX);
        if world.account(&failing.account).in_liquidation != 0
            && world.health(failing).maintenance.equity < 0
            && fraction.is_multiple_of(2)
        {
            world.refresh_auction(failing, keeper).accepted();
            world.wait(3_600);
            let _ = world.reduce_opposite(failing, keeper);
            let _ = world.write_off(failing, keeper);
        }
        let _ = world.close(failing, keeper.owner(), keeper);
    }

    /// Every account takes what it owes of shared losses and reductions.
    fn touch_all(&mut self) {
        for _ in 0..2 {
            for who in self.hers.iter().chain([&self.keeper]) {
                for underlying in 0..3 {
                    let _ = self.world.settle(who, underlying);
                }
            }
        }
    }

    /// What her accounts are worth, as the chain counts it.
    fn worth(&self) -> i64 {
        self.hers
            .iter()
            .map(|t| self.world.health(t).maintenance.equity)
            .sum()
    }
}

/// Everything that anyone could ever claim is there: equity rounds down, so that claims sum to no more
/// than the vault holds for them, and to no less but for those roundings.
fn claims_are_backed(world: &World) {
    let pool = world.pool();
    let (mut claims, mut accounts) = (0, 0);
    for (_, account) in margin_accounts(world) {
        accounts += 1;
        claims += account.cash;
        for p in account.positions.iter().filter(|p| !p.is_free()) {
            let mark = i128::from(world.book(p.underlying).price);
            let value = (i128::from(p.base) * mark).div_euclid(1_000_000);
            claims += i64::try_from(value).unwrap() + p.quote;
        }
    }
    // What rounding took too much of shared losses is nobody's.
    let held = pool.ledger.vault - pool.ledger.fees - pool.ledger.insurance + pool.losses.due;
    assert!(claims <= held, "{claims} claimed of {held}");
    assert!(held - claims <= 3 * accounts, "{claims} claimed of {held}");
}

pub(super) fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|n| n.parse().ok()).unwrap_or(default),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// At a price that stands still every gain is someone's loss, and all accounts are hers: so she never gets out more
    /// than she put in, and no account of hers can owe anything.
    #[test]
    fn no_sequence_of_own_actions_gains_anything(acts in prop::collection::vec(quiet(), 1..12)) {
        let mut stage = Stage::new();
        for act in &acts {
            stage.act(act);
            for trader in &stage.hers {
                prop_assert!(stage.world.health(trader).maintenance.equity >= 0);
            }
        }
        prop_assert!(stage.worth() <= stage.put_in, "{} of {}", stage.worth(), stage.put_in);
        claims_are_backed(&stage.world);
    }
}

proptest! {
    #![proptest_config(cases(1_500))]

    /// Prices jump, accounts fail and are liquidated: nothing is lost or made, whoever is healthy is left
    /// alone, and every auction comes to its end.
    #[test]
    fn the_books_survive_any_market(acts in prop::collection::vec(any_act(), 1..16)) {
        let mut stage = Stage::new();
        stage.lever();
        for act in &acts {
            stage.act(act);
            // Scenarios follow now and then, as a keeper would see to it.
            if let Act::Move { underlying, .. } = act {
                stage.world.republish();
                stage.world.refresh_scenarios(*underlying).accepted();
            }
        }
        claims_are_backed(&stage.world);
    }
}

proptest! {
    #![proptest_config(cases(700))]

    /// The same without a fund, where losses are shared and the other side is reduced: [`World::send`] checks that they are to the
    /// unit, that nobody is asked for more than all have, and that every reduced millionth has an owner.
    #[test]
    fn the_books_survive_without_a_fund(acts in prop::collection::vec(storm(), 6..20)) {
        let mut stage = Stage::new();
        stage.world.forge::<Pool>(&address::pool(), |p| {
            p.ledger.fees += p.ledger.insurance;
            p.ledger.insurance = 0;
        });
        stage.world.forge::<InsuranceFund>(&address::insurance_fund(), |f| {
            (f.deposited, f.shares, f.protocol_shares) = (0, 0, 0);
        });
        stage.lever();
        for act in &acts {
            match act {
                Act::Liquidate { fraction } => {
                    trader().for_each(|who| stage.default_on(who, *fraction));
                }
                Act::Move { underlying, to } => {
                    stage.act(&Act::Move { underlying: *underlying, to: *to });
                    stage.world.republish();
                    stage.world.refresh_scenarios(*underlying).accepted();
                }
                quiet => stage.act(quiet),
            }
        }
        stage.touch_all();
        for underlying in 0..3 {
            let market: Box<Market> = stage.world.read(&stage.world.pool().underlyings[underlying].market);
            let in_auction = stage.hers.iter().any(|t| stage.world.account(&t.account).in_liquidation != 0);
            prop_assert!(in_auction || market.reductions.iter().all(|r| r.base == 0));
        }
    }
}
