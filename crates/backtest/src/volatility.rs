//! The chain's volatility over a price series.

use {
    crate::{error::BacktestError, time::Time},
    cep_risk::{
        Price, SECONDS_PER_DAY,
        ewma::{VARIANCE_MAX, VARIANCE_ONE, update},
    },
};

/// Beyond this gap in the prices the average starts anew.
const LONGEST_GAP: u64 = 2 * SECONDS_PER_DAY;

/// Average of realised volatility, kept by [`cep_risk::ewma::update`].
///
/// At the first price, and after a gap of more than two days, there is none until `seed` seconds have been seen: their mean
/// squared log return per day is where the average starts.
#[derive(Clone, Debug)]
pub struct Volatility {
    tau: u64,
    seed: u64,
    floor: u64,
    last: Option<(Time, Price)>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Sum of squared log returns, over these seconds.
    Seeding(f64, u64),
    /// Variance per day, Q48.
    Known(u64),
}

const UNSEEDED: State = State::Seeding(0.0, 0);

impl Volatility {
    /// `tau` decay time in seconds, `seed` seconds that start the average, `floor` volatility per day as a fraction.
    #[must_use]
    pub fn new(tau: u64, seed: u64, floor: f64) -> Self {
        Self {
            tau,
            seed,
            floor: variance_q48(floor * floor),
            last: None,
            state: UNSEEDED,
        }
    }

    /// Takes in the price at a time after the last one.
    pub fn observe(&mut self, time: Time, price: Price) -> Result<(), BacktestError> {
        let Some((before, from)) = self.last.replace((time, price)) else {
            return Ok(());
        };
        let elapsed = u64::try_from(time.unix() - before.unix()).unwrap_or(0);
        if elapsed > LONGEST_GAP {
            self.state = UNSEEDED;
            return Ok(());
        }
        self.state = match self.state {
            State::Known(variance) => {
                let (from, to) = (from.micro_usd(), price.micro_usd());
                State::Known(update(variance, from, to, elapsed, self.tau)?)
            }
            State::Seeding(squares, seconds) => {
                let r = (price.micro_usd() as f64 / from.micro_usd() as f64).ln();
                let (squares, seconds) = (squares + r * r, seconds + elapsed);
                if seconds < self.seed {
                    State::Seeding(squares, seconds)
                } else {
                    State::Known(variance_q48(
                        squares * SECONDS_PER_DAY as f64 / seconds as f64,
                    ))
                }
            }
        };
        Ok(())
    }

    /// Variance per day (Q48), no less than the floor; `None` while it is seeded.
    #[must_use]
    pub fn variance(&self) -> Option<u64> {
        match self.state {
            State::Known(variance) => Some(variance.max(self.floor)),
            State::Seeding(..) => None,
        }
    }
}

/// A variance per day as the chain holds it, capped as there.
pub(crate) fn variance_q48(variance: f64) -> u64 {
    // A float beyond u64 saturates.
    ((variance * VARIANCE_ONE as f64).round() as u64).min(VARIANCE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = SECONDS_PER_DAY as i64;

    fn price(usd: f64) -> Price {
        Price::new((usd * 1e6) as u64).unwrap()
    }

    fn daily(v: &Volatility) -> Option<f64> {
        Some((v.variance()? as f64 / VARIANCE_ONE as f64).sqrt())
    }

    #[test]
    fn starts_at_the_mean_square_of_the_seed_and_then_decays() {
        let mut v = Volatility::new(2_836_000, 4 * SECONDS_PER_DAY, 0.0);
        for day in 0..5 {
            assert_eq!(v.variance(), None);
            v.observe(
                Time::from_unix(day * DAY),
                price(if day % 2 == 0 { 100.0 } else { 110.0 }),
            )
            .unwrap();
        }
        let start = 1.1f64.ln();
        assert!((daily(&v).unwrap() / start - 1.0).abs() < 1e-6);
        v.observe(Time::from_unix(5 * DAY), price(100.0)).unwrap();
        let want = start * (-86_400.0 / 2_836_000.0f64 / 2.0).exp();
        assert!((daily(&v).unwrap() / want - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_gap_starts_it_anew_and_the_floor_holds() {
        let mut v = Volatility::new(2_836_000, SECONDS_PER_DAY, 0.02);
        v.observe(Time::from_unix(0), price(100.0)).unwrap();
        v.observe(Time::from_unix(DAY), price(100.0)).unwrap();
        assert!((daily(&v).unwrap() - 0.02).abs() < 1e-9);
        v.observe(Time::from_unix(4 * DAY), price(300.0)).unwrap();
        assert_eq!(v.variance(), None);
    }
}
