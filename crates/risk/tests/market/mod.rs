//! A random market with options that tests can own: heavy-tailed joint columns, levels that rise with the moves, and curves
//! built by the library from a flat surface.

use cep_risk::{
    Book, Curve, Dated, Holding, Instrument, Kind, MarginParams, Price, Quantity, ROWS,
    SECONDS_PER_DAY, STRESS_ROWS, Struck, WEIGHT_ONE,
    black76::{OptionKind, Terms},
    curve::{CurveBuilder, CurveTerms, NODES, Slope, level_step},
    rows::RETURN_ONE,
    scenario::{LEVEL_ONE, Z_ONE, simple_return},
    settling::Settling,
    twap::Twap,
};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Rng(u64);

impl Rng {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub const fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub const fn signed(&mut self, n: i64) -> i64 {
        self.below(2 * n as u64 + 1) as i64 - n
    }
}

struct Series {
    underlying: usize,
    seconds: u64,
    struck: Struck,
    mark: u64,
    values: Box<[u32; NODES]>,
}

pub struct Market {
    spots: [u64; UNDERLYINGS],
    centres: [u64; UNDERLYINGS],
    returns: Vec<[i32; ROWS]>,
    levels: Box<[u8; ROWS]>,
    stress: [[i32; STRESS_ROWS]; UNDERLYINGS],
    stress_levels: [u8; STRESS_ROWS],
    weights: Box<[u32; ROWS]>,
    series: Vec<Series>,
    /// Minutes of the first expiry's settlement average that are known; none: it is a day ahead.
    known: [u64; UNDERLYINGS],
}

const UNDERLYINGS: usize = 3;
const DAYS: [u64; 4] = [1, 7, 30, 180];
const STRIKES: [u64; 3] = [85, 100, 120];
/// Collateral or perpetual at the index, perpetual at its mark, and one future per expiry.
const LINEAR: usize = UNDERLYINGS * (2 + DAYS.len());
const FORWARD_PPM: u64 = 1_012_000;
const FORWARD_Q32: u64 = (1 << 32) * FORWARD_PPM / 1_000_000;

impl Market {
    /// One in which the settlement prices of the first expiries are being averaged: so many minutes are known of each, none where it is a day ahead, by
    /// underlying, at prices somewhat off the present ones.
    pub fn averaging(seed: u64, known: [u64; UNDERLYINGS]) -> Self {
        let mut rng = Rng::new(seed);
        let bell = |rng: &mut Rng| -> i64 {
            (0..6).map(|_| rng.signed(i64::from(Z_ONE))).sum::<i64>() * 2 / 3
        };
        // One move in ten is three times as large.
        let tails: Vec<i64> = (0..ROWS).map(|k| if k % 10 == 0 { 3 } else { 1 }).collect();
        let common: Vec<i64> = tails.iter().map(|t| bell(&mut rng) * t).collect();
        let returns = (0..UNDERLYINGS)
            .map(|u| {
                let sigma = (0.03 + 0.01 * u as f64) * 2f64.powi(32);
                std::array::from_fn(|k| {
                    let z = common[k] + bell(&mut rng) * tails[k] / 2;
                    simple_return(sigma as u64, z as i32)
                })
            })
            .collect();
        let levels = Box::new(std::array::from_fn(|k| {
            let size = common[k].unsigned_abs() as i32 / 6;
            level_step((size - LEVEL_ONE / 10).min(LEVEL_ONE))
        }));
        let mut stress = [[0; STRESS_ROWS]; UNDERLYINGS];
        for column in &mut stress {
            (column[0], column[1]) = (-RETURN_ONE / 2, RETURN_ONE / 2);
        }
        let mut stress_levels = [level_step(0); STRESS_ROWS];
        (stress_levels[0], stress_levels[1]) = (level_step(LEVEL_ONE), level_step(LEVEL_ONE / 2));
        let spots = [73_067_620_000, 2_136_960_000, 91_500_000];
        let mut market = Self {
            spots,
            // Spot has moved since the curves were made.
            centres: [75_000_000_000, 2_100_000_000, 91_500_000],
            returns,
            levels,
            stress,
            stress_levels,
            weights: weights(&mut rng),
            series: Vec::new(),
            known,
        };
        for u in 0..UNDERLYINGS {
            for days in DAYS {
                for strike in STRIKES {
                    for kind in [OptionKind::Call, OptionKind::Put] {
                        market.list(u, days, strike, kind);
                    }
                }
            }
        }
        market
    }

    fn list(&mut self, u: usize, days: u64, strike: u64, kind: OptionKind) {
        let seconds = days * SECONDS_PER_DAY;
        let terms = CurveTerms {
            terms: Terms {
                kind,
                strike: Price::new(self.spots[u] * strike / 100).unwrap(),
            },
            seconds,
            volatility: (1 << 32) * 6 / 10,
            rate: 0,
            forward_ratio: (1 << 32) * FORWARD_PPM / 1_000_000,
            response: 1_000_000,
        };
        let mut values = Box::new([0; NODES]);
        let centre = Price::new(self.centres[u]).unwrap();
        CurveBuilder::new(terms, centre)
            .unwrap()
            .fill(&mut values)
            .unwrap();
        let mut series = Series {
            underlying: u,
            seconds,
            struck: Struck {
                strike: terms.terms.strike,
                put: kind == OptionKind::Put,
            },
            mark: 0,
            values,
        };
        series.mark = self.mark(&series);
        self.series.push(series);
    }

    /// The curve's own value at spot, rounded down: what one contract costs in the lookup.
    fn mark(&self, series: &Series) -> u64 {
        let curve = Curve {
            centre: Price::new(self.centres[series.underlying]).unwrap(),
            values: &series.values,
        };
        let dated = self.dated(series.underlying, series.seconds);
        let spot = Price::new(self.spots[series.underlying]).unwrap();
        curve.settling_value(spot, &dated.at_spot(FORWARD_Q32), &series.struck)
    }

    /// An expiry of an underlying; the first one may be in its window.
    fn dated(&self, u: usize, seconds: u64) -> Dated {
        const EXPIRY: i64 = 1_800_000_000;
        let known = self.known[u] * 60;
        let expiry = EXPIRY + seconds as i64;
        if known == 0 || seconds != DAYS[0] * SECONDS_PER_DAY {
            return Dated::ahead(expiry, seconds);
        }
        // Averages of 3 % below, of the present price and of 2 % above it.
        let past = self.spots[u] * [97, 100, 102][u] / 100;
        let twap = Twap {
            sum: past * known,
            covered: known,
            last_time: expiry - 1_800 + known as i64,
        };
        let at = Dated::at(twap, expiry, (past, true), twap.last_time, 60);
        let Settling::Open(dated) = at else {
            panic!("decided");
        };
        dated
    }

    pub fn instruments(&self) -> usize {
        LINEAR + self.series.len()
    }

    pub fn an_option(&self, rng: &mut Rng) -> usize {
        LINEAR + rng.below(self.series.len() as u64) as usize
    }

    /// A call, the put of the same strike, and the future of the same expiry.
    pub fn a_conversion(&self, rng: &mut Rng) -> (usize, usize, usize) {
        let pair = rng.below(self.series.len() as u64 / 2) as usize * 2;
        let expiry = pair / (2 * STRIKES.len());
        let (u, e) = (expiry / DAYS.len(), expiry % DAYS.len());
        (
            LINEAR + pair,
            LINEAR + pair + 1,
            u * (2 + DAYS.len()) + 2 + e,
        )
    }

    /// A future, and its underlying at the index: 1,012 of the index for 1,000 of the future are exposed to nothing.
    pub fn a_basis_trade(&self, rng: &mut Rng) -> (usize, usize) {
        let u = rng.below(UNDERLYINGS as u64) as usize;
        let first = u * (2 + DAYS.len());
        (first + 2 + rng.below(DAYS.len() as u64) as usize, first)
    }

    /// The basis charge as it is defined: by underlying and expiry, the delta without its sign at the index price times
    /// floor and rate; in floats of millionths of a dollar, rounded down.
    pub fn basis_charge(&self, book: &[(usize, i64)], params: &MarginParams, kind: Kind) -> i64 {
        let mut charge = 0.0;
        for u in 0..UNDERLYINGS {
            for days in DAYS {
                let of_expiry = book
                    .iter()
                    .filter(|(i, _)| self.underlying(*i) == u && self.days(*i) == Some(days));
                let delta: f64 = of_expiry.map(|(i, q)| self.delta(*i) * *q as f64).sum();
                let seconds = self.dated(u, days * SECONDS_PER_DAY).seconds();
                let years = seconds as f64 / 31_536_000.0;
                let (rate, floor) = (params.addons.basis_rate, params.addons.basis_floor);
                let step = self.books()[u].basis_step as f64 * 1e-6 * years;
                let shock = (floor as f64 * 1e-6 + rate as f64 * 1e-6 * years).max(step);
                charge += delta.abs() * 1e-6 * self.spots[u] as f64 * shock;
            }
        }
        let factor = match kind {
            Kind::Initial => 1.0,
            Kind::Maintenance => params.maintenance_factor as f64 * 1e-6,
        };
        // The shock is in whole parts per million, rounded down.
        (charge * factor * (1.0 - 1e-3)) as i64
    }

    /// Days to expiry of what has one.
    fn days(&self, instrument: usize) -> Option<u64> {
        match instrument.checked_sub(LINEAR) {
            Some(option) => Some(self.series[option].seconds / SECONDS_PER_DAY),
            None => (instrument % (2 + DAYS.len()))
                .checked_sub(2)
                .map(|expiry| DAYS[expiry]),
        }
    }

    /// Delta of a contract: of an option the slope of its curve.
    fn delta(&self, instrument: usize) -> f64 {
        let u = self.underlying(instrument);
        let days = self.days(instrument).unwrap_or(DAYS[1]);
        let dated = self.dated(u, days * SECONDS_PER_DAY);
        let Some(option) = instrument.checked_sub(LINEAR) else {
            return dated.delta_q24() as f64 / f64::from(RETURN_ONE);
        };
        let series = &self.series[option];
        let price = |micro| Price::new(micro).unwrap();
        let curve = Curve {
            centre: price(self.centres[u]),
            values: &series.values,
        };
        let at = Slope::at(price(self.spots[u]), price(self.centres[u]));
        let dated = dated.at_spot(FORWARD_Q32);
        curve.settling_delta_q24(&at, &dated, &series.struck) as f64 / f64::from(RETURN_ONE)
    }

    pub fn price(&self, instrument: usize) -> u64 {
        self.spots[self.underlying(instrument)]
    }

    fn underlying(&self, instrument: usize) -> usize {
        match instrument.checked_sub(LINEAR) {
            Some(option) => self.series[option].underlying,
            None => instrument / (2 + DAYS.len()),
        }
    }

    pub fn holding(&self, instrument: usize, q: i64) -> Holding<'_> {
        let u = self.underlying(instrument);
        let forward = || Price::new(self.spots[u] * FORWARD_PPM / 1_000_000).unwrap();
        let what = match instrument.checked_sub(LINEAR) {
            Some(option) => {
                let series = &self.series[option];
                Instrument::Option {
                    mark: series.mark,
                    curve: Curve {
                        centre: Price::new(self.centres[u]).unwrap(),
                        values: &series.values,
                    },
                    struck: series.struck,
                    dated: self.dated(u, series.seconds).at_spot(FORWARD_Q32),
                }
            }
            None => match instrument % (2 + DAYS.len()) {
                0 => Instrument::Index,
                1 => Instrument::Perpetual {
                    mark: Price::new(self.spots[u] + self.spots[u] / 2_000).unwrap(),
                },
                expiry => Instrument::Future {
                    forward: forward(),
                    dated: self.dated(u, DAYS[expiry - 2] * SECONDS_PER_DAY),
                },
            },
        };
        Holding {
            book: u,
            quantity: Quantity(q),
            quote: 0,
            instrument: what,
        }
    }

    pub fn books(&self) -> Vec<Book<'_>> {
        (0..UNDERLYINGS)
            .map(|u| Book {
                price: Price::new(self.spots[u]).unwrap(),
                confidence: self.spots[u] / 5_000,
                age: 20,
                sigma: (0.04 * 2f64.powi(32)) as u64,
                horizon: SECONDS_PER_DAY,
                daily_volume: 1_000_000_000_000,
                open_interest: 0,
                // One of the prices is in doubt.
                doubt: if u == 1 { 30_000 } else { 0 },
                // One of the bases may move faster than the parameters say.
                basis_step: if u == 2 { 50_000 } else { 0 },
                returns: &self.returns[u],
                extremes: (
                    *self.returns[u].iter().min().unwrap(),
                    *self.returns[u].iter().max().unwrap(),
                ),
                weights: &self.weights,
                levels: &self.levels,
                stress: &self.stress[u],
                stress_levels: &self.stress_levels,
                scenario_set: 1,
            })
            .collect()
    }
}

/// Uneven weights that sum to one: a tail row weighs a tenth of a body row or so.
fn weights(rng: &mut Rng) -> Box<[u32; ROWS]> {
    let mut weights: Box<[u32; ROWS]> =
        Box::new(std::array::from_fn(|_| 2_000 + rng.below(50_000) as u32));
    let sum: u64 = weights.iter().map(|w| u64::from(*w)).sum();
    let mut given = 0;
    for weight in weights.iter_mut() {
        *weight = (u64::from(*weight) * u64::from(WEIGHT_ONE) / sum) as u32;
        given += *weight;
    }
    weights[0] += WEIGHT_ONE - given;
    weights
}
