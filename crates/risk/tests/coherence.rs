//! The requirement is coherent: exact properties, each on 100,000 random portfolios of collateral, perpetuals, futures
//! and options on three underlyings.
//!
//! All add-ons are on but market impact, which grows faster than size on purpose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod market;

use {
    cep_risk::{AddonParams, Breakdown, Holding, Kind, MarginParams, Portfolio, Scratch},
    market::{Market, Rng},
};

const CASES: u64 = 100_000;

const PARAMS: MarginParams = MarginParams {
    addons: AddonParams {
        impact: 0,
        ..MarginParams::STANDARD.addons
    },
    ..MarginParams::STANDARD
};

struct Bench {
    market: Market,
    scratch: Scratch,
    rng: Rng,
}

impl Bench {
    /// The first expiry of each underlying is 10, 15 or 29 minutes into its settlement average.
    fn new(seed: u64) -> Self {
        Self {
            market: Market::averaging(seed, [10, 15, 29]),
            ..Self::ahead(seed)
        }
    }

    /// Every expiry lies ahead.
    fn ahead(seed: u64) -> Self {
        Self {
            market: Market::averaging(seed, [0; 3]),
            scratch: Scratch::new(),
            rng: Rng::new(seed ^ 0x5eed),
        }
    }

    /// Quantities by instrument: one position per instrument, as an account has.
    fn book(&mut self) -> Vec<(usize, i64)> {
        let mut book: Vec<(usize, i64)> = Vec::new();
        for _ in 0..1 + self.rng.below(7) {
            let instrument = self.rng.below(self.market.instruments() as u64) as usize;
            let q = self.rng.signed(20_000_000);
            add(&mut book, instrument, q);
        }
        book
    }

    fn kind(&mut self) -> Kind {
        if self.rng.below(2) == 0 {
            Kind::Initial
        } else {
            Kind::Maintenance
        }
    }

    fn evaluate(&mut self, book: &[(usize, i64)], cash: i64, kind: Kind) -> Breakdown {
        self.evaluate_by(&PARAMS, book, cash, kind)
    }

    fn evaluate_by(
        &mut self,
        params: &MarginParams,
        book: &[(usize, i64)],
        cash: i64,
        kind: Kind,
    ) -> Breakdown {
        let holdings: Vec<Holding<'_>> = book
            .iter()
            .filter(|(_, q)| *q != 0)
            .map(|(i, q)| self.market.holding(*i, *q))
            .collect();
        let books = self.market.books();
        let portfolio = Portfolio {
            cash,
            holdings: &holdings,
            books: &books,
        };
        portfolio.evaluate(params, kind, &mut self.scratch).unwrap()
    }
}

fn add(book: &mut Vec<(usize, i64)>, instrument: usize, q: i64) {
    match book.iter_mut().find(|(i, _)| *i == instrument) {
        Some((_, sum)) => *sum += q,
        None => book.push((instrument, q)),
    }
}

impl Bench {
    /// A random book of which part offsets exactly what the rest is exposed to: a future against the index in the
    /// proportion of its forward, or an instrument against itself.
    fn offset_book(&mut self) -> Vec<(usize, i64)> {
        let mut book = match self.rng.below(3) {
            0 => self.book(),
            _ => Vec::new(),
        };
        for _ in 0..1 + self.rng.below(3) {
            let contracts = self.rng.signed(40_000);
            let (future, index) = self.market.a_basis_trade(&mut self.rng);
            add(&mut book, future, contracts * 1_000);
            add(&mut book, index, -contracts * 1_012);
        }
        let q = match self.rng.below(3) {
            0 => 0,
            _ => self.rng.signed(3),
        };
        let (future, _) = self.market.a_basis_trade(&mut self.rng);
        add(&mut book, future, q);
        book
    }

    /// What a unit more costs at most: alone, on either side.
    fn gross(&mut self, unit: (usize, i64), kind: Kind) -> Breakdown {
        let (instrument, q) = unit;
        let long = self.evaluate(&[(instrument, q)], 0, kind);
        let short = self.evaluate(&[(instrument, -q)], 0, kind);
        if long.requirement > short.requirement {
            long
        } else {
            short
        }
    }
}

/// Nothing that is added moves the requirement by more than it would need alone, wherever the book stands: exact offsets and
/// books on either side of them too.
#[test]
fn a_unit_more_moves_the_requirement_by_no_more_than_its_own_gross_charge() {
    let mut bench = Bench::new(10);
    let (mut at_nothing, mut charged) = (0, 0);
    for case in 0..CASES / 2 {
        let (book, kind) = (bench.offset_book(), bench.kind());
        let instrument = bench.rng.below(bench.market.instruments() as u64) as usize;
        let q = 1 + bench.rng.below(3) as i64;
        let mut more = book.clone();
        add(&mut more, instrument, q);
        let (before, after) = (
            bench.evaluate(&book, 0, kind),
            bench.evaluate(&more, 0, kind),
        );
        let gross = bench.gross((instrument, q), kind);
        let moved = (after.requirement - before.requirement).abs();
        assert!(
            moved <= gross.requirement,
            "case {case}: {moved} for {gross:?}"
        );
        // Each charge by itself too.
        for (name, of) in CHARGES {
            let moved = (of(&after) - of(&before)).abs();
            let own = of(&bench.evaluate(&[(instrument, q)], 0, kind));
            assert!(moved <= own, "case {case}, {name}: {moved} for {own}");
        }
        at_nothing += u64::from(before.expected_shortfall == 0);
        charged += u64::from(before.expected_shortfall == 0 && before.requirement > 0);
    }
    // Not vacuous: many books offset themselves exactly, and they are charged all the same.
    assert!(
        at_nothing > CASES / 50 && charged > CASES / 50,
        "{at_nothing} {charged}"
    );
}

type Charge = (&'static str, fn(&Breakdown) -> i64);
const CHARGES: [Charge; 3] = [
    ("oracle", |b| b.addons.oracle),
    ("basis", |b| b.addons.basis),
    ("doubt", |b| b.addons.doubt),
];

/// Impact grows with the power 3/2 of the size, or 5/2 beyond the allowed share of open interest, up to the whole exposure:
/// a unit moves it by no more than 5/2 of what the unit is worth.
#[test]
fn a_unit_more_moves_concentration_by_no_more_than_its_own_worth() {
    let mut bench = Bench::new(11);
    let mut charged = 0;
    for case in 0..CASES / 4 {
        let mut book = bench.offset_book();
        // Of every size: from a millionth of a contract to ten thousand of them.
        let instrument = bench.rng.below(bench.market.instruments() as u64) as usize;
        let size = bench.rng.signed(10_000_000_000) >> bench.rng.below(34);
        add(&mut book, instrument, size);
        let q = 1 + bench.rng.below(3) as i64;
        let mut more = book.clone();
        add(&mut more, instrument, q);
        let mut of = |book: &[(usize, i64)]| {
            let all = bench.evaluate_by(&MarginParams::STANDARD, book, 0, Kind::Initial);
            all.addons.concentration
        };
        let (before, after) = (of(&book), of(&more));
        let price = bench.market.price(instrument);
        // Rounded up to micro-USD, and the charge itself to 2⁻³⁸ of it.
        let worth = (u128::from(price) * 3).div_ceil(1_000_000) as i64 * 5 / 2 + 2;
        let moved = (after - before).abs();
        assert!(
            moved <= worth + (before >> 38),
            "case {case}: {moved} for {worth} at {before}"
        );
        charged += u64::from(before > 0);
    }
    assert!(charged > CASES / 8);
}

/// The basis charge is asked for whatever else a book is, exact offsets included.
#[test]
fn the_requirement_is_never_below_the_basis_charge() {
    let mut bench = Bench::new(12);
    let mut alone = 0;
    for case in 0..CASES / 2 {
        let (book, kind) = (bench.offset_book(), bench.kind());
        let got = bench.evaluate(&book, 0, kind);
        let want = bench.market.basis_charge(&book, &PARAMS, kind);
        assert!(
            got.requirement >= want && got.addons.basis >= want,
            "case {case}: {got:?} for {want}"
        );
        alone += u64::from(want > 0 && got.expected_shortfall == 0);
    }
    assert!(alone > CASES / 50, "{alone}");
}

#[test]
fn subadditive_with_zero_slack() {
    let mut bench = Bench::new(1);
    let mut strict = 0;
    for case in 0..CASES {
        let (a, b, kind) = (bench.book(), bench.book(), bench.kind());
        let mut joined = a.clone();
        for (instrument, q) in &b {
            add(&mut joined, *instrument, *q);
        }
        let apart =
            bench.evaluate(&a, 0, kind).requirement + bench.evaluate(&b, 0, kind).requirement;
        let together = bench.evaluate(&joined, 0, kind).requirement;
        assert!(together <= apart, "case {case}: {together} > {apart}");
        strict += u64::from(together < apart);
    }
    // Not vacuous: almost every pair nets something.
    assert!(strict > CASES * 9 / 10, "{strict}");
}

/// A long option pays something or nothing in every scenario: being given one never lowers health. Slack: one unit each for the
/// mark, the equity and the curve's value.
#[test]
fn monotone_in_what_can_only_pay() {
    let mut bench = Bench::new(2);
    let mut params_free = 0;
    for case in 0..CASES {
        let (a, kind) = (bench.book(), bench.kind());
        let option = bench.market.an_option(&mut bench.rng);
        let q = 1 + bench.rng.below(20_000_000) as i64;
        let mut richer = a.clone();
        add(&mut richer, option, q);
        // What the curve says it is worth goes into the requirement at most, and its delta into the add-ons.
        let (before, after) = (
            bench.evaluate(&a, 0, kind),
            bench.evaluate(&richer, 0, kind),
        );
        let addons = |b: &Breakdown| b.addons.oracle + b.addons.basis + b.addons.doubt;
        let grown = (addons(&after) - addons(&before)).max(0);
        assert!(
            after.health() + grown + 3 + q / 1_000_000 >= before.health(),
            "case {case}: {} after {}",
            after.health(),
            before.health()
        );
        params_free += u64::from(after.health() > before.health());
    }
    assert!(params_free > CASES / 2);
}

#[test]
fn homogeneous() {
    let mut bench = Bench::new(3);
    for case in 0..CASES {
        let (a, kind) = (bench.book(), bench.kind());
        let n = 2 + bench.rng.below(30) as i64;
        let big: Vec<_> = a.iter().map(|(i, q)| (*i, q * n)).collect();
        let (one, many) = (
            bench.evaluate(&a, 0, kind).requirement,
            bench.evaluate(&big, 0, kind).requirement,
        );
        // Every rounding goes up, so the multiple never costs more; less by at most the roundings of the one: three per
        // underlying with options, and those of factors, floors and add-ons.
        assert!(
            many <= n * one && n * (one - 24) <= many,
            "case {case}: {many} against {n} x {one}"
        );
    }
}

#[test]
fn cash_translates_equity_and_nothing_else() {
    let mut bench = Bench::new(4);
    for _ in 0..CASES {
        let (a, kind) = (bench.book(), bench.kind());
        let cash = bench.rng.signed(1_000_000_000_000);
        let (with, without) = (bench.evaluate(&a, cash, kind), bench.evaluate(&a, 0, kind));
        assert_eq!(with.requirement, without.requirement);
        assert_eq!(with.equity, without.equity + cash);
        assert_eq!(with.health(), without.health() + cash);
    }
}

#[test]
fn independent_of_the_order_of_positions() {
    let mut bench = Bench::new(5);
    for _ in 0..CASES {
        let (mut a, kind) = (bench.book(), bench.kind());
        let before = bench.evaluate(&a, 0, kind);
        for i in (1..a.len()).rev() {
            let j = bench.rng.below(i as u64 + 1) as usize;
            a.swap(i, j);
        }
        assert_eq!(before, bench.evaluate(&a, 0, kind));
    }
}

/// Collateral against a perpetual at the index, and an option against itself: nothing changes but the minimum on the short option.
#[test]
fn an_exactly_hedged_pair_is_neutral() {
    let mut bench = Bench::ahead(6);
    for case in 0..CASES {
        let (a, kind) = (bench.book(), bench.kind());
        let instrument = bench.rng.below(bench.market.instruments() as u64) as usize;
        let q = 1 + bench.rng.below(20_000_000) as i64;
        let mut hedged = a.clone();
        hedged.push((instrument, q));
        hedged.push((instrument, -q));
        let (before, after) = (
            bench.evaluate(&a, 0, kind),
            bench.evaluate(&hedged, 0, kind),
        );
        let core = |b: &Breakdown| b.requirement - b.addons.short_option;
        assert_eq!(core(&before), core(&after), "case {case}");
        assert_eq!(before.equity, after.equity);
    }
}

#[test]
fn maintenance_never_exceeds_initial() {
    let mut bench = Bench::new(7);
    for case in 0..CASES {
        let a = bench.book();
        let initial = bench.evaluate(&a, 0, Kind::Initial).requirement;
        let maintenance = bench.evaluate(&a, 0, Kind::Maintenance).requirement;
        assert!(
            maintenance <= initial,
            "case {case}: {maintenance} > {initial}"
        );
    }
}

/// A long option cannot lose more than it is worth.
#[test]
fn a_long_option_alone_needs_at_most_its_value() {
    let mut bench = Bench::new(8);
    for case in 0..CASES {
        let option = bench.market.an_option(&mut bench.rng);
        let q = 1 + bench.rng.below(20_000_000) as i64;
        let kind = bench.kind();
        let b = bench.evaluate(&[(option, q)], 0, kind);
        let scenarios = b.requirement - b.addons.oracle - b.addons.basis - b.addons.doubt;
        assert!(
            scenarios <= b.equity + 3 + q / 1_000_000,
            "case {case}: {b:?}"
        );
    }
}

/// Conversion: long call, short put, short the future. Nothing moves it but the grid's own resolution.
#[test]
fn put_call_parity_holds_in_every_scenario() {
    let mut bench = Bench::ahead(9);
    for case in 0..1_000 {
        let (call, put, future) = bench.market.a_conversion(&mut bench.rng);
        let q = 1 + bench.rng.below(20_000_000) as i64;
        let b = bench.evaluate(&[(call, q), (put, -q), (future, -q)], 0, Kind::Initial);
        let addons = b.addons.oracle + b.addons.basis + b.addons.doubt + b.addons.short_option;
        let core = b.requirement - addons;
        let notional = i128::from(q) * i128::from(bench.market.price(call)) / 1_000_000;
        // A place is known to 2⁻¹⁴ of its gap: 10⁻⁶ of the centre near it, 8 x 10⁻⁶ in the wider gaps.
        assert!(
            i128::from(core) <= notional / 125_000 + 8,
            "case {case}: {core} on {notional}"
        );
    }
}
