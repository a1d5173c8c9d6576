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
    fn new(seed: u64) -> Self {
        Self {
            market: Market::new(seed),
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
        portfolio
            .evaluate(&PARAMS, kind, &mut self.scratch)
            .unwrap()
    }
}

fn add(book: &mut Vec<(usize, i64)>, instrument: usize, q: i64) {
    match book.iter_mut().find(|(i, _)| *i == instrument) {
        Some((_, sum)) => *sum += q,
        None => book.push((instrument, q)),
    }
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
    let mut bench = Bench::new(6);
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
    let mut bench = Bench::new(9);
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
