//! Properties of the requirement, on random linear portfolios.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::{
        AddonParams, Book, Holding, Instrument, Kind, MarginParams, PPM, Portfolio, Price,
        Quantity, ROWS, RiskError, STRESS_ROWS, Scratch, WEIGHT_ONE,
        margin::{FLAT_LEVELS, FLAT_STRESS_LEVELS},
        rows::RETURN_ONE,
        scenario::{Z_ONE, simple_return},
    },
    proptest::prelude::*,
};

const PARAMS: MarginParams = MarginParams {
    stress_weight: 800_000,
    retained: 150_000,
    maintenance_factor: 800_000,
    confidence_multiple: 1_000_000,
    addons: AddonParams::NONE,
};

/// Columns that a test can own: one common factor and one of its own, in heavy-tailed steps.
struct Market {
    returns: Vec<[i32; ROWS]>,
    stress: Vec<[i32; STRESS_ROWS]>,
    weights: [u32; ROWS],
    prices: Vec<u64>,
}

impl Market {
    fn new(seed: u64) -> Self {
        let mut state = seed | 1;
        let mut draw = move || {
            let mut sum = 0i64;
            for _ in 0..6 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                sum += ((state >> 33) as i64 % i64::from(Z_ONE)) - i64::from(Z_ONE / 2);
            }
            sum as i32
        };
        let sigma = (0.04 * 2f64.powi(32)) as u64;
        let common: Vec<i32> = (0..ROWS).map(|_| draw()).collect();
        let column = |draw: &mut dyn FnMut() -> i32| {
            let mut c = [0; ROWS];
            for (slot, f) in c.iter_mut().zip(&common) {
                *slot = simple_return(sigma, f + draw() / 2);
            }
            c
        };
        let returns = (0..3).map(|_| column(&mut draw)).collect();
        let mut stress = vec![[0; STRESS_ROWS]; 3];
        for s in &mut stress {
            s[0] = -RETURN_ONE / 3;
            s[1] = RETURN_ONE / 2;
        }
        Self {
            returns,
            stress,
            weights: [WEIGHT_ONE / ROWS as u32; ROWS],
            prices: vec![120_000_000_000, 4_000_000_000, 200_000_000],
        }
    }

    fn books(&self, confidence: u64) -> Vec<Book<'_>> {
        (0..3)
            .map(|u| Book {
                price: Price::new(self.prices[u]).unwrap(),
                confidence,
                returns: &self.returns[u],
                extremes: (
                    *self.returns[u].iter().min().unwrap(),
                    *self.returns[u].iter().max().unwrap(),
                ),
                weights: &self.weights,
                levels: &FLAT_LEVELS,
                stress_levels: &FLAT_STRESS_LEVELS,
                age: 0,
                sigma: 0,
                horizon: 86_400,
                daily_volume: 0,
                open_interest: 0,
                doubt: 0,
                basis_step: 0,
                stress: &self.stress[u],
                scenario_set: 1,
            })
            .collect()
    }
}

fn requirement(market: &Market, holdings: &[Holding], kind: Kind) -> i64 {
    let books = market.books(0);
    let p = Portfolio {
        cash: 0,
        holdings,
        books: &books,
    };
    p.evaluate(&PARAMS, kind, &mut Scratch::new())
        .unwrap()
        .requirement
}

fn holding(book: usize, quantity: i64) -> Holding<'static> {
    Holding {
        book,
        quantity: Quantity(quantity),
        quote: 0,
        instrument: Instrument::Index,
    }
}

prop_compose! {
    fn book()(q in prop::collection::vec((0usize..3, -50_000_000i64..50_000_000), 1..12)) -> Vec<Holding<'static>> {
        q.into_iter().map(|(b, q)| holding(b, q)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn joining_two_accounts_never_raises_the_requirement(seed: u64, a in book(), b in book()) {
        let m = Market::new(seed);
        let joined: Vec<_> = a.iter().chain(&b).copied().collect();
        for kind in [Kind::Initial, Kind::Maintenance] {
            // Zero slack: every rounding goes up.
            prop_assert!(requirement(&m, &joined, kind)
                <= requirement(&m, &a, kind) + requirement(&m, &b, kind));
        }
    }

    #[test]
    fn maintenance_never_exceeds_initial(seed: u64, a in book()) {
        let m = Market::new(seed);
        prop_assert!(requirement(&m, &a, Kind::Maintenance) <= requirement(&m, &a, Kind::Initial));
    }

    #[test]
    fn order_of_positions_does_not_matter(seed: u64, mut a in book()) {
        let m = Market::new(seed);
        let before = requirement(&m, &a, Kind::Initial);
        a.reverse();
        prop_assert_eq!(before, requirement(&m, &a, Kind::Initial));
    }

    #[test]
    fn an_exactly_hedged_pair_changes_nothing(seed: u64, a in book(), u in 0usize..3, q in 1i64..90_000_000) {
        let m = Market::new(seed);
        let before = requirement(&m, &a, Kind::Initial);
        let mut with_pair = a.clone();
        with_pair.extend([holding(u, q), holding(u, -q)]);
        prop_assert_eq!(before, requirement(&m, &with_pair, Kind::Initial));
    }

    #[test]
    fn scaling_the_book_scales_the_requirement(seed: u64, a in book(), n in 2i64..50) {
        let m = Market::new(seed);
        let big: Vec<_> = a.iter().map(|h| holding(h.book, h.quantity.0 * n)).collect();
        let (one, many) = (requirement(&m, &a, Kind::Initial), requirement(&m, &big, Kind::Initial));
        // Ceilings: a handful of micro-USD per unit of scale.
        prop_assert!((many - one * n).abs() <= 8 * n, "{} against {}", many, one * n);
    }

    #[test]
    fn cash_moves_equity_one_for_one_and_leaves_the_requirement(seed: u64, a in book(), cash in -1_000_000_000i64..1_000_000_000) {
        let m = Market::new(seed);
        let books = m.books(5_000);
        let at = |cash| Portfolio { cash, holdings: &a, books: &books }
            .evaluate(&PARAMS, Kind::Initial, &mut Scratch::new()).unwrap();
        prop_assert_eq!(at(cash).requirement, at(0).requirement);
        prop_assert_eq!(at(cash).equity, at(0).equity + cash);
    }
}

#[test]
fn a_single_long_needs_its_own_tail_and_is_the_isolated_figure() {
    let m = Market::new(7);
    let books = m.books(0);
    let holdings = [holding(0, 1_000_000)];
    let p = Portfolio {
        cash: 0,
        holdings: &holdings,
        books: &books,
    };
    let joint = p
        .evaluate(&PARAMS, Kind::Initial, &mut Scratch::new())
        .unwrap();
    assert_eq!(
        joint.requirement,
        p.isolated(&PARAMS, Kind::Initial, &mut Scratch::new())
            .unwrap()
    );
    // The worst mandated row is -1/3 at 80 %: 32,000 USD on 120,000, rounded up.
    assert_eq!(
        joint.stress,
        31_999_998_093 + (joint.stress - 31_999_998_093).clamp(0, 2)
    );
    assert_eq!(joint.worst_stress_row, 0);
    assert_eq!(joint.equity, 120_000_000_000);
}

#[test]
fn the_oracle_addon_is_confidence_times_net_quantity() {
    let m = Market::new(7);
    let books = m.books(12_500_000);
    let holdings = [holding(0, 2_000_000), holding(0, -500_000)];
    let p = Portfolio {
        cash: 0,
        holdings: &holdings,
        books: &books,
    };
    let b = p
        .evaluate(&PARAMS, Kind::Initial, &mut Scratch::new())
        .unwrap();
    assert_eq!(b.addons.oracle, 18_750_000);
}

#[test]
fn a_price_in_doubt_is_charged_on_the_net_quantity_and_never_in_maintenance() {
    let m = Market::new(7);
    let evaluate = |doubt, holdings: &[Holding], kind| {
        let mut books = m.books(0);
        books[0].doubt = doubt;
        Portfolio {
            cash: 0,
            holdings,
            books: &books,
        }
        .evaluate(&PARAMS, kind, &mut Scratch::new())
        .unwrap()
    };
    // 120,000 USD a contract, and what a millionth of a contract at a millionth of doubt rounds up to.
    for (quantity, doubt, charge) in [
        (2_000_000, 1_000_000, 240_000_000_000),
        (-2_000_000, 1_000_000, 240_000_000_000),
        (2_000_000, 2_000_000, 240_000_000_000),
        (2_000_000, 50_000, 12_000_000_000),
        (-1, 1, 1),
        (2_000_000, 0, 0),
    ] {
        // SETUP: an underlying beside it whose price is trusted.
        let holdings = [holding(0, quantity), holding(1, 5_000_000)];
        for kind in [Kind::Initial, Kind::Maintenance] {
            // ACT
            let (calm, unsure) = (
                evaluate(0, &holdings, kind),
                evaluate(doubt, &holdings, kind),
            );
            // CHECK
            let charge = if kind == Kind::Initial { charge } else { 0 };
            assert_eq!((calm.addons.doubt, unsure.addons.doubt), (0, charge));
            assert_eq!(unsure.requirement, calm.requirement + charge);
            assert_eq!(unsure.equity, calm.equity);
        }
    }
    // Nothing can be withdrawn against a long; a hedge is free.
    let long = evaluate(PPM, &[holding(0, 2_000_000)], Kind::Initial);
    assert!(long.equity <= long.addons.doubt && long.health() < 0);
    let pair = [holding(0, 2_000_000), holding(1, 1), holding(0, -2_000_000)];
    let hedged = evaluate(PPM, &pair, Kind::Initial);
    assert_eq!(hedged.addons.doubt, 0);
    assert_eq!(hedged, evaluate(0, &pair, Kind::Initial));
}

#[test]
fn a_missing_book_and_mixed_sets_are_refused() {
    let m = Market::new(7);
    let mut books = m.books(0);
    let holdings = [holding(0, 1), holding(1, 1)];
    let eval = |books: &[Book], holdings: &[Holding]| {
        Portfolio {
            cash: 0,
            holdings,
            books,
        }
        .evaluate(&PARAMS, Kind::Initial, &mut Scratch::new())
    };
    assert_eq!(eval(&books, &[holding(3, 1)]), Err(RiskError::MissingBook));
    books[1].scenario_set = 2;
    assert_eq!(eval(&books, &holdings), Err(RiskError::MixedScenarioSets));
    // A hedged underlying does not count, whatever its set.
    assert!(eval(&books, &[holding(0, 1), holding(1, 1), holding(1, -1)]).is_ok());
}
