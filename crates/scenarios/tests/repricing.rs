//! Expected Shortfall of option books, as the engine finds it (512 rows, value curves, integers), against full
//! repricing in floating point over 2^17 draws of the same model, the filtered history with its volatility levels.
//!
//! `cargo test -p cep-scenarios --test repricing -- --nocapture` prints every book.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod common;

use {
    cep_risk::{
        AddonParams, Book, Curve, Dated, Holding, Instrument, Kind, MarginParams, Portfolio, Price,
        Quantity, ROWS, SECONDS_PER_DAY, STRESS_ROWS, Scratch, Struck,
        black76::{OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms, LEVEL_ZERO, NODES, level_step},
        scenario::{LEVEL_ONE, Z_ONE, simple_return},
    },
    cep_scenarios::{Population, ScenarioSet},
    std::f64::consts::SQRT_2,
};

const DRAWS: usize = 1 << 17;
const BOOKS: usize = 40;
const TAIL: f64 = 0.025;
const ASSETS: usize = 3;
const SPOT: [f64; ASSETS] = [73_067.62, 2_136.96, 91.5];
const SIGMA: [f64; ASSETS] = [0.034, 0.045, 0.050];
const IV: [f64; ASSETS] = [0.52, 0.72, 0.80];
const ONE_Q32: f64 = 4_294_967_296.0;

/// SplitMix64 on the unit interval.
struct Rng(u64);

impl Rng {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

struct Leg {
    asset: usize,
    call: bool,
    strike: f64,
    days: f64,
    quantity: f64,
}

impl Leg {
    /// Up to two standard deviations out of the money either way, 2 to 240 days, up to 100,000 USD of notional, long or short.
    fn random(rng: &mut Rng) -> Self {
        let asset = rng.below(ASSETS);
        let days = [2.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0][rng.below(7)];
        let deviations = 4.0 * rng.unit() - 2.0;
        let strike = SPOT[asset] * (deviations * IV[asset] * f64::sqrt(days / 365.0)).exp();
        let notional = (2.0 * rng.unit() - 1.0) * 100_000.0;
        Self {
            asset,
            call: rng.unit() < 0.5,
            strike: (strike * 1e6).round() / 1e6,
            days,
            quantity: (notional / SPOT[asset] * 1e6).round() / 1e6,
        }
    }

    /// Black-76 at a zero rate, with the volatility that the level gives this tenor.
    fn value(&self, spot: f64, level: f64) -> f64 {
        let power = if self.days < 30.0 { 0.3 } else { 0.13 };
        let response = (level * (30.0 / self.days.max(1.0)).powf(power)).exp();
        let total = (IV[self.asset] * response).min(10.0) * (self.days / 365.0).sqrt();
        let normal = |x: f64| 0.5 * libm::erfc(-x / SQRT_2);
        let d1 = (spot / self.strike).ln() / total + total / 2.0;
        let call = spot * normal(d1) - self.strike * normal(d1 - total);
        if self.call {
            call
        } else {
            call - spot + self.strike
        }
    }

    fn loss(&self, z: &[f64], level: f64) -> f64 {
        let spot = SPOT[self.asset];
        let there = spot * (SIGMA[self.asset] * z[self.asset]).exp();
        self.quantity * (self.value(spot, 0.0) - self.value(there, level))
    }

    fn curve(&self) -> Box<[u32; NODES]> {
        let terms = CurveTerms {
            terms: Terms {
                kind: if self.call {
                    OptionKind::Call
                } else {
                    OptionKind::Put
                },
                strike: price(self.strike),
            },
            seconds: self.days as u64 * SECONDS_PER_DAY,
            volatility: (IV[self.asset] * ONE_Q32) as u64,
            rate: 0,
            forward_ratio: ONE_Q32 as u64,
            response: 1_000_000,
        };
        let mut values = Box::new([0; NODES]);
        let builder = CurveBuilder::new(terms, price(SPOT[self.asset])).unwrap();
        builder.fill(&mut values).unwrap();
        values
    }
}

fn price(usd: f64) -> Price {
    Price::new((usd * 1e6).round() as u64).unwrap()
}

/// The shipped set at the volatilities of this test.
struct Engine {
    columns: Vec<[i32; ROWS]>,
    weights: Box<[u32; ROWS]>,
    levels: Box<[u8; ROWS]>,
}

impl Engine {
    fn new(set: &ScenarioSet) -> Self {
        let column = |u: usize| {
            let sigma = (SIGMA[u] * ONE_Q32) as u64;
            std::array::from_fn(|k| simple_return(sigma, set.draws()[k].z[u]))
        };
        Self {
            columns: (0..ASSETS).map(column).collect(),
            weights: Box::new(std::array::from_fn(|k| set.draws()[k].weight)),
            levels: Box::new(std::array::from_fn(|k| level_step(set.draws()[k].level))),
        }
    }

    fn expected_shortfall(&self, legs: &[Leg]) -> f64 {
        let curves: Vec<_> = legs.iter().map(Leg::curve).collect();
        let holdings: Vec<Holding<'_>> = legs
            .iter()
            .zip(&curves)
            .map(|(leg, values)| Holding {
                book: leg.asset,
                quantity: Quantity((leg.quantity * 1e6).round() as i64),
                quote: 0,
                instrument: Instrument::Option {
                    mark: 0,
                    struck: Struck {
                        strike: price(leg.strike),
                        put: !leg.call,
                    },
                    dated: Dated::ahead(leg.days as i64, leg.days as u64 * SECONDS_PER_DAY),
                    curve: Curve {
                        centre: price(SPOT[leg.asset]),
                        values,
                    },
                },
            })
            .collect();
        let books: Vec<Book<'_>> = (0..ASSETS)
            .map(|u| Book {
                price: price(SPOT[u]),
                confidence: 0,
                age: 0,
                sigma: (SIGMA[u] * ONE_Q32) as u64,
                horizon: SECONDS_PER_DAY,
                daily_volume: 0,
                open_interest: 0,
                doubt: 0,
                basis_step: 0,
                returns: &self.columns[u],
                extremes: (
                    *self.columns[u].iter().min().unwrap(),
                    *self.columns[u].iter().max().unwrap(),
                ),
                weights: &self.weights,
                levels: &self.levels,
                stress: &[0; STRESS_ROWS],
                stress_levels: &[LEVEL_ZERO; STRESS_ROWS],
                scenario_set: 1,
            })
            .collect();
        let scenarios_alone = MarginParams {
            addons: AddonParams::NONE,
            ..MarginParams::STANDARD
        };
        let portfolio = Portfolio {
            cash: 0,
            holdings: &holdings,
            books: &books,
        };
        let breakdown = portfolio
            .evaluate(&scenarios_alone, Kind::Maintenance, &mut Scratch::new())
            .unwrap();
        breakdown.expected_shortfall as f64 / 1e6
    }
}

/// Mean of the worst `TAIL` of equally likely losses, the last one for its part.
fn tail_mean(mut losses: Vec<f64>) -> f64 {
    losses.sort_by(|a, b| b.total_cmp(a));
    let n = losses.len() as f64 * TAIL;
    let whole = n as usize;
    (losses[..whole].iter().sum::<f64>() + losses[whole] * n.fract()) / n
}

#[test]
fn expected_shortfall_of_option_books_agrees_with_full_repricing() {
    let Some(prices) = common::shipped_prices() else {
        return;
    };
    let set = ScenarioSet::shipped().unwrap();
    let population = Population::filter(&prices, set.symbols(), &set.provenance().params).unwrap();
    let engine = Engine::new(&set);
    let mut rng = Rng(20_260_204);
    // Each draw is a day of the history, with the day's probability. A day is repriced once, however often it is drawn.
    let mut upto = population.weights();
    for at in 1..upto.len() {
        upto[at] += upto[at - 1];
    }
    let total = *upto.last().unwrap();
    let draws: Vec<usize> = (0..DRAWS)
        .map(|_| {
            let x = rng.unit() * total;
            upto.partition_point(|u| *u <= x).min(upto.len() - 1)
        })
        .collect();
    let (mut squares, mut worst, mut rows_only) = (0.0, 0.0f64, 0.0);
    for book in 0..BOOKS {
        let legs: Vec<Leg> = (0..4 + rng.below(13))
            .map(|_| Leg::random(&mut rng))
            .collect();
        let loss = |z: &[f64], level: f64| legs.iter().map(|leg| leg.loss(z, level)).sum::<f64>();
        let days: Vec<f64> = population
            .draws
            .iter()
            .map(|d| loss(&d.z, d.level))
            .collect();
        let full = tail_mean(draws.iter().map(|day| days[*day]).collect());
        let got = engine.expected_shortfall(&legs);
        // The engine's rows at exact prices tell what the rows and what the curves contribute.
        let rows = set.draws().iter().map(|d| {
            let z: Vec<f64> =
                d.z.iter()
                    .map(|z| f64::from(*z) / f64::from(Z_ONE))
                    .collect();
            let level = f64::from(d.level) / f64::from(LEVEL_ONE);
            (-loss(&z, level), f64::from(d.weight) / 16e6)
        });
        let rows = cep_scenarios::measure::expected_shortfall(rows.collect(), TAIL);
        let (error, of_rows) = (got / full - 1.0, rows / full - 1.0);
        println!(
            "book {book:2}, {:2} options: {got:9.2} against {full:9.2}, {:+.2} % (rows alone {:+.2} %)",
            legs.len(),
            100.0 * error,
            100.0 * of_rows
        );
        squares += error * error;
        rows_only += of_rows * of_rows;
        worst = worst.min(error);
    }
    let rmse = (squares / BOOKS as f64).sqrt();
    println!(
        "RMSE {:.2} % (rows alone {:.2} %), worst understatement {:.2} %",
        100.0 * rmse,
        100.0 * (rows_only / BOOKS as f64).sqrt(),
        -100.0 * worst
    );
    assert!(rmse <= 0.03, "RMSE {rmse}");
    assert!(worst >= -0.05, "understated by {worst}");
}
