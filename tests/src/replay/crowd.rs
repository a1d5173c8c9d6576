//! Who is there when the crash comes: accounts at their initial margin, makers on the other side, liquidators.

use {
    crate::{
        actions::Trader,
        outcome::Outcome,
        replay::{
            chain::Chain,
            tape::{Crash, Prices, Tape, load},
        },
        world::{SOL, Setup, World},
    },
    bytemuck::Zeroable,
    cep_risk::Kind,
    cep_sdk::{
        programs::margin_pool::{Leg, clearing::Asset, state::MarginAccount},
        units::{quantity, usd, variance_q48},
    },
    rand::{Rng, SeedableRng},
    rand_chacha::ChaCha8Rng,
};

pub const ACCOUNTS: usize = 200;
const MAKERS: usize = 3;
/// USD that each maker has.
const MAKER_USD: f64 = 100_000_000.0;
/// USD that each liquidator has.
pub const LIQUIDATOR_USD: [f64; 4] = [400_000.0, 200_000.0, 100_000.0, 50_000.0];
/// Hours before the start that are played on chain, besides the volatility of the sixty days before.
const WARM_UP: usize = 24;
const HOUR: i64 = 3_600;
/// What an account may have beyond its initial margin, micro-USD.
const SPARE: i64 = 2_000_000;

/// A deployment the moment before the crash.
#[derive(Clone)]
pub struct Scene {
    pub crash: Crash,
    pub points: Vec<Prices>,
    pub world: World,
}

/// Everybody by name: keys and addresses come from names.
pub struct Cast {
    pub crowd: Vec<Trader>,
    pub makers: Vec<Trader>,
    pub liquidators: Vec<Trader>,
}

impl Cast {
    #[must_use]
    pub fn new() -> Self {
        let named = |what: &str, count: usize| {
            let names = (0..count).map(|i| Trader::named(&format!("{what} {i}"), 0));
            names.collect::<Vec<_>>()
        };
        Self {
            crowd: named("replayed", ACCOUNTS),
            makers: named("maker", MAKERS),
            liquidators: named("liquidator", LIQUIDATOR_USD.len()),
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &Trader> {
        let others = self.makers.iter().chain(&self.liquidators);
        self.crowd.iter().chain(others)
    }
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}

/// What one of the crowd wants to hold: USD by underlying, and USD of SOL as collateral.
struct Wish {
    notional: Prices,
    collateral: f64,
}

impl Wish {
    /// Two thirds are long, a seventh short, the rest hold pairs; sizes from 10,000 to 1,000,000 USD, evenly by their
    /// logarithm. A quarter brings SOL worth a tenth of what it holds.
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let size = 10_000.0 * 100f64.powf(rng.random());
        let mut weights = [0, 1, 2].map(|_| {
            if rng.random_bool(0.6) {
                rng.random::<f64>()
            } else {
                0.0
            }
        });
        let kind: f64 = rng.random();
        if kind > 0.8 {
            // A pair: long one, short another.
            let (long, short) = (rng.random_range(0..3usize), rng.random_range(1..3usize));
            weights = [0.0; 3];
            weights[long] = 0.5;
            weights[(long + short) % 3] = -0.5;
        } else {
            let sum: f64 = weights.iter().sum();
            weights = match sum {
                0.0 => [0.0, 0.0, 1.0],
                sum => weights.map(|w| w / sum),
            };
            if kind > 0.66 {
                weights = weights.map(|w| -w);
            }
        }
        Self {
            notional: weights.map(|w| w * size),
            collateral: if rng.random_bool(0.25) {
                size / 10.0
            } else {
                0.0
            },
        }
    }
}

/// The deployment with its crowd; `None` when the prices are not there.
#[must_use]
pub fn set_the_scene(crash: &Crash, seed: u64) -> Option<Scene> {
    let tape = load(crash)?;
    let points = tape.points();
    let mut chain = Chain::of(deployed(&tape));
    chain.world.thorough = false;
    for prices in &tape.before[tape.before.len() - WARM_UP..] {
        chain.advance(HOUR);
        chain.publish(prices);
    }
    chain.advance(60);
    chain.publish(&points[0]);
    populate(&mut chain, seed);
    Some(Scene {
        crash: *crash,
        points,
        world: chain.world,
    })
}

/// What ships, but that nothing waits for the timelock, that volatility is that of the weeks before, and that size is neither
/// charged nor limited for one account: a few makers here have the other side of everybody.
fn deployed(tape: &Tape) -> World {
    let mut setup = Setup::standard();
    let shipped = cep_migrations::Parameters::standard(
        setup.parameters.quote_mint,
        cep_migrations::parameters::WRAPPED_SOL,
    );
    setup.parameters.risk = shipped.risk;
    let volatility = tape.daily_volatility(shipped.risk.volatility_tau);
    for (underlying, daily) in setup.parameters.underlyings.iter_mut().zip(volatility) {
        underlying.initial_variance = variance_q48(daily).max(underlying.variance_floor);
    }
    setup.prices = tape.before[tape.before.len() - WARM_UP].to_vec();
    World::ready(&setup)
}

fn populate(chain: &mut Chain, seed: u64) {
    let cast = Cast::new();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for trader in cast.all() {
        crate::bare::endow(&mut chain.world.svm, trader.owner());
        chain.world.create_account(trader, 0).accepted();
    }
    for maker in &cast.makers {
        chain.world.deposit_usd(maker, MAKER_USD);
    }
    for (liquidator, money) in cast.liquidators.iter().zip(LIQUIDATOR_USD) {
        chain.world.deposit_usd(liquidator, money);
    }
    refollow(chain);
    for trader in &cast.crowd {
        let wish = Wish::random(&mut rng);
        let maker = &cast.makers[rng.random_range(0..MAKERS)];
        enter(chain, trader, maker, &wish);
    }
    for trader in &cast.crowd {
        to_the_margin(chain, trader);
        // Who brought more SOL than it needs has no cash to take out.
        let account = chain.account(&trader.account);
        let spare = chain.judge(account, Kind::Initial).health();
        assert!(
            spare >= 0 && (spare <= SPARE || account.cash <= 0),
            "{spare} to spare"
        );
    }
    crate::invariants::check(&chain.world);
}

/// After something was done to the world directly.
fn refollow(chain: &mut Chain) {
    *chain = Chain::of(chain.world.clone());
}

fn enter(chain: &mut Chain, trader: &Trader, maker: &Trader, wish: &Wish) {
    let marks = [0u8, 1, 2].map(|u| chain.view.books[&chain.world.book_address(u)].price);
    let legs: Vec<Leg> = (0u8..)
        .zip(marks)
        .map(|(u, mark)| {
            Leg::perpetual(
                u,
                quantity(wish.notional[usize::from(u)] / usd(mark as i64)),
                mark,
            )
        })
        .filter(|leg| leg.quantity != 0)
        .collect();
    let sol = wish.collateral / usd(marks[usize::from(SOL)] as i64);
    let short = -spare(chain, &legs, sol);
    // Fees come on top, far below this.
    let fees = wish.notional.iter().map(|n| n.abs()).sum::<f64>() * 0.0005;
    let cash = usd(short).max(0.0) + fees + 5.0;
    chain.world.deposit_usd(trader, cash);
    if sol > 0.0 {
        chain.world.deposit_sol(trader, sol);
    }
    for key in [trader.account, cep_sdk::address::pool()] {
        let account = chain.world.svm.get_account(&key);
        chain.view.apply(key, account.as_ref()).unwrap();
    }
    chain.trade(trader, maker, legs).accepted();
}

/// Health at initial margin of someone with these positions, this much SOL and no cash, micro-USD.
fn spare(chain: &Chain, legs: &[Leg], sol: f64) -> i64 {
    let mut account = MarginAccount::zeroed();
    account.collaterals[0] = (sol * 1e9) as u64;
    for leg in legs {
        let slot = Asset::perpetual(leg.underlying)
            .find_or_open(&mut account)
            .unwrap();
        let market = &chain.view.markets[&chain.world.market_address(leg.underlying)];
        let position = &mut account.positions[slot];
        let value = i128::from(leg.quantity) * i128::from(leg.price) / 1_000_000;
        (position.base, position.quote) = (leg.quantity, -i64::try_from(value).unwrap());
        position.index_entry = market.funding.index;
    }
    chain.judge(&account, Kind::Initial).health()
}

/// Takes out what an account has beyond its initial margin, as far as it has cash.
fn to_the_margin(chain: &mut Chain, trader: &Trader) {
    let account = chain.account(&trader.account);
    let spare = chain.judge(account, Kind::Initial).health();
    let out = (spare - SPARE / 2).min(account.cash);
    if out > 0 {
        chain.world.withdraw_usd(trader, out).accepted();
        for key in [trader.account, cep_sdk::address::pool()] {
            let account = chain.world.svm.get_account(&key);
            chain.view.apply(key, account.as_ref()).unwrap();
        }
    }
}
