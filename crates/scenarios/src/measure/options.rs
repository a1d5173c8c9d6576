//! Option books, whose tails lie elsewhere than those of linear books: a long straddle loses when nothing moves.
//!
//! Plain Black-Scholes on numbers, for measurements only.

use super::{Cloud, expected_shortfall};
use crate::rng::SplitMix64;

const DAYS_A_YEAR: f64 = 365.0;

/// A European option on one column whose spot is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Leg {
    column: usize,
    quantity: f64,
    call: bool,
    strike: f64,
    /// Days to expiry.
    days: f64,
}

/// Options on several columns with a delta hedge, at given volatilities.
#[derive(Clone, Debug)]
pub struct OptionBook {
    legs: Vec<Leg>,
    hedge: Vec<f64>,
    sigma: Vec<f64>,
    /// Days that pass between now and the scenario.
    decay: f64,
}

impl OptionBook {
    /// A book of one to three structures per column (straddles, strangles, risk reversals, calendars, verticals; bought or
    /// sold), 7 to 60 days, hedged to zero delta in half of the cases.
    ///
    /// `sigma` is each column's daily volatility, implied too; `decay` the days that pass before the scenario strikes.
    pub fn random(sigma: &[f64], decay: f64, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let mut legs = Vec::new();
        for (column, sigma) in sigma.iter().enumerate() {
            for _ in 0..1 + below(&mut rng, 3) {
                structure(&mut legs, column, *sigma, &mut rng);
            }
        }
        let mut book = Self {
            legs,
            hedge: vec![0.0; sigma.len()],
            sigma: sigma.to_vec(),
            decay,
        };
        if below(&mut rng, 2) == 0 {
            for leg in &book.legs {
                let bump = |s: f64| leg.value(s, sigma[leg.column], 0.0);
                book.hedge[leg.column] -= (bump(1.0005) - bump(0.9995)) / 0.001;
            }
        }
        book
    }

    /// A book that is long (or short, with a negative quantity) one at-the-money straddle of `days` per column.
    pub fn straddles(sigma: &[f64], quantity: f64, days: f64, decay: f64) -> Self {
        let both = |column| {
            [true, false].map(|call| Leg {
                column,
                quantity,
                call,
                strike: 1.0,
                days,
            })
        };
        Self {
            legs: (0..sigma.len()).flat_map(both).collect(),
            hedge: vec![0.0; sigma.len()],
            sigma: sigma.to_vec(),
            decay,
        }
    }

    /// Profit when the columns move by `z` of their volatilities and the volatility level by `level`: a full repricing.
    pub fn profit(&self, z: &[f64], level: f64) -> f64 {
        let hedge: f64 = self
            .hedge
            .iter()
            .zip(z.iter().zip(&self.sigma))
            .map(|(h, (z, s))| h * (libm::exp(z * s) - 1.0))
            .sum();
        let options: f64 = self
            .legs
            .iter()
            .map(|leg| {
                let sigma = self.sigma[leg.column];
                let later = Leg {
                    days: leg.days - self.decay,
                    ..*leg
                };
                let spot = libm::exp(z[leg.column] * sigma);
                later.value(spot, sigma, level) - leg.value(1.0, sigma, 0.0)
            })
            .sum();
        hedge + options
    }

    /// Expected Shortfall over the worst `tail` of weighted draws with their volatility levels.
    pub fn expected_shortfall(&self, cloud: &Cloud, levels: &[f64], tail: f64) -> f64 {
        let draws = cloud.points.iter().zip(levels).zip(&cloud.weights);
        let outcomes = draws.map(|((z, level), w)| (self.profit(z, *level), *w));
        expected_shortfall(outcomes.collect(), tail)
    }
}

impl Leg {
    /// Value with the implied volatility moved by `level`, less at longer tenors: `(30 / days)^p`, p 0.3 up to 30 days and
    /// 0.13 above.
    fn value(&self, spot: f64, sigma: f64, level: f64) -> f64 {
        let ratio = 30.0 / self.days.max(1.0);
        let power = if ratio > 1.0 { 0.3 } else { 0.13 };
        let shift = libm::exp(level * libm::pow(ratio, power));
        let deviation = sigma * DAYS_A_YEAR.sqrt() * shift * (self.days / DAYS_A_YEAR).sqrt();
        let d1 = libm::log(spot / self.strike) / deviation + deviation / 2.0;
        let d2 = d1 - deviation;
        let call = spot * normal(d1) - self.strike * normal(d2);
        self.quantity
            * if self.call {
                call
            } else {
                call - spot + self.strike
            }
    }
}

fn structure(legs: &mut Vec<Leg>, column: usize, sigma: f64, rng: &mut SplitMix64) {
    let days = 7.0 + 53.0 * rng.unit();
    let quantity = (0.5 + rng.unit()) * if below(rng, 2) == 0 { 1.0 } else { -1.0 };
    // A strike that lies `k` deviations of the tenor away.
    let away = |k: f64| libm::exp(k * sigma * days.sqrt());
    let width = 0.5 + rng.unit();
    let mut add = |quantity, call, strike, days| {
        legs.push(Leg {
            column,
            quantity,
            call,
            strike,
            days,
        });
    };
    match below(rng, 5) {
        0 => {
            add(quantity, true, 1.0, days);
            add(quantity, false, 1.0, days);
        }
        1 => {
            add(quantity, true, away(width), days);
            add(quantity, false, away(-width), days);
        }
        2 => {
            add(quantity, true, away(width), days);
            add(-quantity, false, away(-width), days);
        }
        3 => {
            add(quantity, true, 1.0, days);
            add(-quantity, true, 1.0, 7.0 + (days - 7.0) / 2.0);
        }
        _ => {
            add(quantity, true, 1.0, days);
            add(-quantity, true, away(width), days);
        }
    }
}

fn below(rng: &mut SplitMix64, count: u32) -> u32 {
    (rng.unit() * f64::from(count)) as u32
}

/// The standard normal distribution function.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_its_textbook_value() {
        // Spot 1, strike 1, one year at 20 %: 0.0796557 without interest.
        let leg = Leg {
            column: 0,
            quantity: 1.0,
            call: true,
            strike: 1.0,
            days: 365.0,
        };
        let value = leg.value(1.0, 0.2 / DAYS_A_YEAR.sqrt(), 0.0);
        assert!((value - 0.079_655_7).abs() < 1e-6, "{value}");
    }

    #[test]
    fn a_long_straddle_loses_when_nothing_moves() {
        let long = OptionBook::straddles(&[0.04], 1.0, 14.0, 1.0);
        assert!(long.profit(&[0.0], 0.0) < 0.0);
        assert!(long.profit(&[0.0], -0.2) < long.profit(&[0.0], 0.0));
        assert!(long.profit(&[4.0], 0.3) > 0.0);
    }
}
