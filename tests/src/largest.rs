//! The largest account that the programs admit: every underlying, every collateral.

use {
    crate::{
        actions::{Trader, leg},
        bare::keypair,
        options::feeds,
        outcome::Outcome,
        world::{Setup, World},
    },
    cep_migrations::{CollateralParameters, UnderlyingParameters},
    cep_risk::MAX_UNDERLYINGS,
    cep_scenarios::{Draw, ScenarioSet, StressKind, StressRow},
    cep_sdk::programs::{
        margin_pool::{
            Leg,
            state::{MAX_COLLATERALS, MarginAccount, Market, Position},
        },
        risk_engine::state::InstrumentKind,
    },
    solana_sdk::signature::Signer,
    std::collections::BTreeSet,
};

/// So many of them have their curves on an older centre.
const OLDER: u8 = 4;

/// The shipped deployment, widened to `underlyings` and `collaterals`: the new ones repeat the shipped
/// columns and prices in turn. Costs depend on how many there are, not on what they are.
#[must_use]
pub fn widened(underlyings: usize, collaterals: usize) -> Setup {
    let mut setup = Setup::standard();
    let shipped = setup.parameters.underlyings.len();
    for i in shipped..underlyings {
        let feed = keypair(&format!("feed {i}")).pubkey().to_bytes();
        let limit = 1_000_000.0;
        let added = UnderlyingParameters::new(&format!("U{i}"), feed, (0.035, 0.018), 0.0, limit);
        setup.parameters.underlyings.push(added);
        setup.prices.push(setup.prices[i % shipped]);
    }
    for i in setup.parameters.collaterals.len()..collaterals {
        let mint = keypair(&format!("collateral {i}")).pubkey();
        setup.mints.push((mint, 9));
        setup.parameters.collaterals.push(CollateralParameters {
            mint,
            underlying: u8::try_from(i % underlyings).unwrap(),
            cap: u64::MAX,
            dust: 0,
        });
    }
    setup.set = widened_set(&setup.set, shipped, underlyings);
    setup
}

/// [`widened`] to the limits of the programs.
#[must_use]
pub fn at_the_limit() -> Setup {
    widened(MAX_UNDERLYINGS, MAX_COLLATERALS)
}

/// A set of `columns`: the first `shipped` of `set` in turn, under the names that [`widened`] gives its underlyings. The
/// set's further columns (stablecoins, a staked gap) have no book. The mandated rows come first; every column repeats the
/// worst day of the one it repeats, and best days fill what is left.
#[must_use]
pub fn widened_set(set: &ScenarioSet, shipped: usize, columns: usize) -> ScenarioSet {
    let symbols = (0..columns).map(|i| match set.symbols().get(i) {
        Some(symbol) if i < shipped => *symbol,
        _ => format!("U{i}").parse().unwrap(),
    });
    let repeat =
        |values: &[i32]| -> Vec<i32> { (0..columns).map(|i| values[i % shipped]).collect() };
    let draws = set.draws().iter().map(|d| Draw {
        z: repeat(&d.z),
        ..d.clone()
    });
    // Decorrelated rows go up and down in turn.
    let alternate = |values: &[i32]| -> Vec<i32> {
        let place = |i: usize| if i == 0 { 0 } else { 2 - i % 2 };
        (0..columns).map(|i| values[place(i)]).collect()
    };
    let row = |kind, of: &StressRow| StressRow {
        kind,
        returns: match kind {
            StressKind::Decorrelated | StressKind::DecorrelatedMirror => alternate(&of.returns),
            _ => repeat(&of.returns),
        },
        ..of.clone()
    };
    let column = |i: usize| u8::try_from(i).unwrap();
    let find = |kind| set.stress().iter().find(|row| row.kind == kind).unwrap();
    let worst = (0..columns).map(|i| {
        let of = find(StressKind::WorstDay(column(i % shipped)));
        row(StressKind::WorstDay(column(i)), of)
    });
    let others = set.stress().iter().filter(|row| match row.kind {
        StressKind::WorstDay(_) => false,
        StressKind::BestDay(i) => usize::from(i) < shipped.min(columns),
        _ => true,
    });
    let (best, mandated): (Vec<_>, Vec<_>) =
        others.partition(|row| matches!(row.kind, StressKind::BestDay(_)));
    let rest = mandated.into_iter().chain(best);
    let stress = worst.chain(rest.map(|of| row(of.kind, of)));
    let stress = stress.take(cep_risk::STRESS_ROWS);
    ScenarioSet::new(
        symbols.collect(),
        draws.collect(),
        stress.collect(),
        set.provenance().clone(),
    )
    .unwrap()
}

/// [`at_the_limit`] with options on so many underlyings (24 in all) and futures on all,
/// apart: the most that an account can be made to look up.
#[must_use]
pub fn with_options(books: u8) -> World {
    let options = 24 / usize::from(books);
    let futures = if books == 4 { 1 } else { 4 };
    let mut setup = at_the_limit();
    let with_options = || 0..books;
    for underlying in with_options() {
        setup.parameters.underlyings[usize::from(underlying)].implied = feeds();
    }
    let mut world = World::ready(&setup);
    let expiry = world.expiry_in(30);
    for underlying in world.underlyings() {
        // A market has sixteen pots: what it lists of one side fits them.
        let (options, futures) = match (underlying < books, books) {
            (true, 2) => (options, 3),
            (true, _) => (options, futures),
            (false, _) => (0, futures),
        };
        world.extend_book(underlying, options + futures);
        let price = world.prices[usize::from(underlying)];
        for i in 0..options {
            let kind = [InstrumentKind::Call, InstrumentKind::Put][i % 2];
            let strike = price * (0.8 + 0.1 * (i / 2) as f64);
            world.list(underlying, kind, expiry, strike);
        }
        for days in [30, 60, 90, 120].into_iter().take(futures) {
            let expiry = world.expiry_in(days);
            world.list(underlying, InstrumentKind::Future, expiry, 0.0);
        }
    }
    world.set_volatility(0.6);
    for underlying in with_options() {
        let price = world.prices[usize::from(underlying)];
        world.set_price(underlying, price * 1.03);
        world.crank_curves(underlying, 8);
        world.set_price(underlying, price);
        let (from, limit) = (u16::from(OLDER), u8::try_from(options).unwrap() - OLDER);
        world.refresh_curves(underlying, from, limit).accepted();
        let centres = world
            .book(underlying)
            .instruments
            .iter()
            .take(options)
            .map(|i| i.centre)
            .collect::<BTreeSet<_>>();
        assert_eq!(centres.len(), 2);
        world.refresh_scenarios(underlying).accepted();
    }
    for underlying in world.underlyings() {
        world.open_all(underlying);
    }
    world.republish();
    world
}

impl World {
    /// Two accounts take the opposite sides of dated instruments until their slots are full, `usd` of the underlying each, bought
    /// and sold in turn. What block trades would leave behind, but for the premium.
    pub fn fill_with_options(&mut self, a: &Trader, b: &Trader, size: (f64, u32)) {
        self.fill_some(a, b, size, usize::MAX);
    }

    /// The same with no more than `each` of one underlying.
    pub fn fill_some(&mut self, a: &Trader, b: &Trader, (usd, most): (f64, u32), each: usize) {
        for underlying in self.underlyings() {
            let book = self.book(underlying);
            let contracts = (usd * 1e12 / book.price as f64) as i64;
            for (slot, instrument) in (0u16..).zip(book.instruments.iter().take(each)) {
                let base = if slot % 2 == 0 { contracts } else { -contracts };
                let position = Position {
                    base,
                    quote: 0,
                    underlying,
                    kind: instrument.kind,
                    slot,
                    instrument: instrument.id,
                    expiry: instrument.expiry,
                    strike: instrument.strike,
                    ..bytemuck::Zeroable::zeroed()
                };
                let filled = self.account(&a.account).open_positions;
                if u32::from(filled) == most {
                    return;
                }
                for (trader, base) in [(a, base), (b, -base)] {
                    self.forge::<MarginAccount>(&trader.account, |account| {
                        let free = account.positions.iter_mut().find(|p| p.is_free());
                        *free.unwrap() = Position { base, ..position };
                        account.open_positions += 1;
                    });
                    let market = self.market_address(underlying);
                    self.forge::<Market>(&market, |market| {
                        let series = market.series_mut(slot, instrument.id).unwrap();
                        series.replace_base(0, base).unwrap();
                        if position.strike == 0 {
                            market.open_futures += base.max(0);
                        }
                    });
                }
            }
        }
    }

    /// A trader with a bit of every collateral and `usd` in cash.
    pub fn holder_of_everything(&mut self, name: &str, usd: f64) -> Trader {
        let trader = self.trader(name, usd);
        for collateral in self.parameters.collaterals.clone() {
            self.deposit(&trader, collateral.mint, 1_000_000_000)
                .accepted();
        }
        trader
    }

    /// `a` buys (`usd` of notional per leg, every other leg sold) each underlying from `b`, at the mark, in
    /// as few trades as legs allow.
    pub fn spread(&mut self, a: &Trader, b: &Trader, usd: f64) {
        let legs: Vec<Leg> = self
            .underlyings()
            .map(|u| {
                let price = self.prices[usize::from(u)];
                let sign = if u % 2 == 0 { 1.0 } else { -1.0 };
                leg(u, sign * usd * (1.0 + f64::from(u) / 10.0) / price, price)
            })
            .collect();
        self.trade(a, b, &legs).accepted();
    }
}
