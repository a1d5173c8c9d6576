//! Expected Shortfall of option books from 512 rows and value curves, against full repricing over the
//! whole filtered history.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
use {
    cep_risk::{
        AddonParams, Book, Curve, Holding, Instrument, Kind, MarginParams, Portfolio, Price,
        Quantity, ROWS, STRESS_ROWS, Scratch,
        black76::{OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms, NODES, level_step},
        scenario::simple_return,
    },
    cep_scenarios::{BuildParams, Population, PriceHistory, ScenarioSet, Symbol, build},
    std::path::Path,
};

const DRAWS: usize = 1 << 17;
const SPOTS: [f64; 3] = [73_067.62, 2_136.96, 91.5];
const SIGMA: [f64; 3] = [0.034, 0.045, 0.050];
const IV: [f64; 3] = [0.52, 0.72, 0.80];

struct Rng(u64);
impl Rng {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[(self.unit() * of.len() as f64) as usize]
    }
}

fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

fn black(call: bool, f: f64, k: f64, sd: f64) -> f64 {
    if f <= 0.0 {
        return if call { 0.0 } else { k };
    }
    let d1 = (f / k).ln() / sd + sd / 2.0;
    let c = f * cdf(d1) - k * cdf(d1 - sd);
    if call {
        c.max(0.0)
    } else {
        (c - f + k).max(0.0)
    }
}

struct Opt {
    u: usize,
    call: bool,
    k: f64,
    days: f64,
    q: f64,
    iv: f64,
}

fn vol(iv: f64, level: f64, days: f64) -> f64 {
    let p = if days < 30.0 { 0.3 } else { 0.13 };
    (iv * (level * (30.0 / days.max(1.0)).powf(p)).exp()).min(10.0)
}

impl Opt {
    fn value(&self, s: f64, level: f64) -> f64 {
        black(
            self.call,
            s,
            self.k,
            vol(self.iv, level, self.days) * (self.days / 365.0).sqrt(),
        )
    }
    fn curve(&self) -> Box<[u32; NODES]> {
        let centre = Price::new((SPOTS[self.u] * 1e6) as u64).unwrap();
        let one = 2f64.powi(32);
        let terms = CurveTerms {
            terms: Terms {
                kind: if self.call {
                    OptionKind::Call
                } else {
                    OptionKind::Put
                },
                strike: Price::new((self.k * 1e6) as u64).unwrap(),
            },
            seconds: (self.days * 86_400.0) as u64,
            volatility: (self.iv * one) as u64,
            rate: 0,
            forward_ratio: one as u64,
            response: 1_000_000,
        };
        let mut values = Box::new([0; NODES]);
        CurveBuilder::new(terms, centre)
            .unwrap()
            .fill(&mut values)
            .unwrap();
        values
    }
}

fn es(mut losses: Vec<f64>, tail: f64) -> f64 {
    losses.sort_by(|a, b| b.total_cmp(a));
    let n = losses.len() as f64 * tail;
    let whole = n.floor() as usize;
    (losses[..whole].iter().sum::<f64>() + losses[whole] * (n - whole as f64)) / n
}

fn book_of(rng: &mut Rng) -> Vec<Opt> {
    let n = 4 + (rng.unit() * 13.0) as usize;
    (0..n)
        .map(|_| {
            let u = (rng.unit() * 3.0) as usize;
            let days = *rng.pick(&[2.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0]);
            let spread = 2.0 * IV[u] * f64::sqrt(days / 365.0);
            let k = SPOTS[u] * ((rng.unit() * 2.0 - 1.0) * spread).exp();
            let notional = (rng.unit() * 2.0 - 1.0) * 100_000.0;
            Opt {
                u,
                call: rng.unit() < 0.5,
                k,
                days,
                q: (notional / SPOTS[u] * 1e6).round() / 1e6,
                iv: IV[u],
            }
        })
        .collect()
}

#[test]
fn expected_shortfall_of_option_books_agrees_with_full_repricing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/daily_btc_eth_sol_usdc_usdt_steth_2018_2024.csv");
    let Ok(prices) = PriceHistory::open(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let symbols: Vec<Symbol> = ["BTC", "ETH", "SOL"]
        .iter()
        .map(|s| Symbol::new(s).unwrap())
        .collect();
    let params = BuildParams {
        body_rows: std::env::var("BODY")
            .ok()
            .map_or(64, |b| b.parse().unwrap()),
        ..BuildParams::default()
    };
    let population = Population::filter(&prices, &symbols, &params).unwrap();
    let set: ScenarioSet = build(&prices, &symbols, &params).unwrap();
    let sigma_q32: Vec<u64> = SIGMA.iter().map(|s| (s * 2f64.powi(32)) as u64).collect();
    let weights: Box<[u32; ROWS]> = Box::new(std::array::from_fn(|k| set.draws()[k].weight));
    let levels: Box<[u8; ROWS]> =
        Box::new(std::array::from_fn(|k| level_step(set.draws()[k].level)));
    let columns: Vec<Box<[i32; ROWS]>> = (0..3)
        .map(|u| {
            Box::new(std::array::from_fn(|k| {
                simple_return(sigma_q32[u], set.draws()[k].z[u])
            }))
        })
        .collect();
    let flat = [0i32; STRESS_ROWS];
    let flat_levels = [4u8; STRESS_ROWS];
    let books: Vec<Book> = (0..3)
        .map(|u| Book {
            price: Price::new((SPOTS[u] * 1e6) as u64).unwrap(),
            confidence: 0,
            age: 0,
            sigma: sigma_q32[u],
            horizon: 86_400,
            daily_volume: 0,
            open_interest: 0,
            returns: &columns[u],
            extremes: (
                *columns[u].iter().min().unwrap(),
                *columns[u].iter().max().unwrap(),
            ),
            weights: &weights,
            levels: &levels,
            stress: &flat,
            stress_levels: &flat_levels,
            scenario_set: 1,
        })
        .collect();
    let margin = MarginParams {
        stress_weight: 0,
        retained: 0,
        maintenance_factor: 1_000_000,
        confidence_multiple: 0,
        addons: AddonParams::NONE,
    };
    let mut rng = Rng(20_260_204);
    // The draws: which day each of them is.
    let mut at = Vec::new();
    let mut sum = 0.0;
    for w in population.weights() {
        sum += w;
        at.push(sum);
    }
    let picks: Vec<usize> = (0..DRAWS)
        .map(|_| {
            let x = rng.unit() * sum;
            at.partition_point(|a| *a <= x).min(at.len() - 1)
        })
        .collect();
    let (mut errors, mut pops) = (vec![], vec![]);
    for n in 0..40 {
        let options = book_of(&mut rng);
        let curves: Vec<_> = options.iter().map(Opt::curve).collect();
        let holdings: Vec<Holding> = options
            .iter()
            .zip(&curves)
            .map(|(o, c)| Holding {
                book: o.u,
                quantity: Quantity((o.q * 1e6).round() as i64),
                quote: 0,
                instrument: Instrument::Option {
                    mark: 0,
                    seconds: 0,
                    curve: Curve {
                        centre: books[o.u].price,
                        values: c,
                    },
                },
            })
            .collect();
        let p = Portfolio {
            cash: 0,
            holdings: &holdings,
            books: &books,
        };
        let got = p
            .evaluate(&margin, Kind::Maintenance, &mut Scratch::new())
            .unwrap()
            .expected_shortfall as f64
            / 1e6;
        let loss: Vec<f64> = population
            .draws
            .iter()
            .map(|d| {
                options
                    .iter()
                    .map(|o| {
                        o.q * (o.value(SPOTS[o.u], 0.0)
                            - o.value(SPOTS[o.u] * (SIGMA[o.u] * d.z[o.u]).exp(), d.level))
                    })
                    .sum()
            })
            .collect();
        let want = es(picks.iter().map(|i| loss[*i]).collect(), 0.025);
        // Same rows, exact prices.
        let mut rows: Vec<(f64, u32)> = set
            .draws()
            .iter()
            .map(|d| {
                (
                    options
                        .iter()
                        .map(|o| {
                            o.q * (o.value(SPOTS[o.u], 0.0)
                                - o.value(
                                    SPOTS[o.u] * (SIGMA[o.u] * f64::from(d.z[o.u]) / 65536.0).exp(),
                                    f64::from(d.level) / 65536.0,
                                ))
                        })
                        .sum(),
                    d.weight,
                )
            })
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut left, mut s) = (400_000u32, 0.0);
        for (l, w) in rows {
            let t = left.min(w);
            s += l * f64::from(t);
            left -= t;
        }
        let pop = s / 400_000.0;
        println!(
            "{n:2} {:2} options: {got:10.0} against {want:10.0}: {:+.2} %  (rows alone {:+.2} %)",
            options.len(),
            100.0 * (got / want - 1.0),
            100.0 * (pop / want - 1.0)
        );
        errors.push(got / want - 1.0);
        pops.push(pop / want - 1.0);
    }
    let rmse = |e: &[f64]| (e.iter().map(|e| e * e).sum::<f64>() / e.len() as f64).sqrt();
    println!(
        "RMSE {:.2} %, worst understatement {:.2} %; rows alone {:.2} % {:.2} %",
        100.0 * rmse(&errors),
        100.0 * errors.iter().fold(0.0f64, |a, b| a.min(*b)),
        100.0 * rmse(&pops),
        100.0 * pops.iter().fold(0.0f64, |a, b| a.min(*b))
    );
}
