//! The requirement under one scenario set, by the code that runs on chain.

use {
    crate::{
        config::Config,
        error::BacktestError,
        statistics::{Tail, weighted_quantile},
    },
    cep_risk::{
        Notional, ROWS, WEIGHT_ONE,
        rows::{Column, losses, to_micro_usd},
        scenario::simple_return,
        tail::expected_shortfall,
    },
    cep_scenarios::{ScenarioSet, Symbol},
};

/// A scenario set in the form of the chain's account.
#[derive(Clone, Debug)]
pub struct Model {
    weights: Box<[u32; ROWS]>,
    columns: Vec<(Symbol, Box<Column>)>,
}

/// What the model asks for. USD, rounded up to a micro-USD.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// Expected Shortfall, no less than zero: what is charged.
    pub es: f64,
    /// Value at Risk of the same scenario losses; may be negative.
    pub var: f64,
    /// Losses beyond it, in USD.
    pub tail: Tail,
}

impl Model {
    /// Takes over a set's draws. Rows that a small set lacks have no weight.
    #[must_use]
    pub fn of(set: &ScenarioSet) -> Self {
        let mut weights = Box::new([0; ROWS]);
        for (slot, draw) in weights.iter_mut().zip(set.draws()) {
            *slot = draw.weight;
        }
        let columns = set.symbols().iter().enumerate().map(|(at, symbol)| {
            let mut z = Box::new([0; ROWS]);
            for (slot, draw) in z.iter_mut().zip(set.draws()) {
                *slot = draw.z[at];
            }
            (*symbol, z)
        });
        Self {
            weights,
            columns: columns.collect(),
        }
    }

    /// The requirement of exposures to `symbols` at these variances per day (Q48), entry by entry.
    pub fn requirement(
        &self,
        symbols: &[Symbol],
        exposures: &[Notional],
        variances: &[u64],
        config: &Config,
    ) -> Result<Requirement, BacktestError> {
        let tail = config.tail()?;
        let mut returns: Vec<Box<Column>> = Vec::with_capacity(symbols.len());
        for (symbol, variance) in symbols.iter().zip(variances) {
            let found = self.columns.iter().find(|(s, _)| s == symbol);
            let (_, z) = found.ok_or(BacktestError::HistoryColumn(*symbol))?;
            let sigma = config.sigma_q32(*variance);
            let mut column = Box::new([0; ROWS]);
            for (r, z) in column.iter_mut().zip(z.iter()) {
                *r = simple_return(sigma, *z);
            }
            returns.push(column);
        }
        let columns: Vec<&Column> = returns.iter().map(|c| &**c).collect();
        let mut rows = [0; ROWS];
        losses(exposures, &columns, &mut rows)?;
        let es = expected_shortfall(&rows, &self.weights, tail, &mut [0; ROWS])?;
        // The tail is at most half of the weight, so there is a row that crosses it.
        let var = weighted_quantile(&rows, self.weights.as_slice(), tail).unwrap_or(es);
        let beyond = rows
            .iter()
            .zip(self.weights.iter())
            .filter(|(loss, _)| **loss > var);
        let foreseen = beyond
            .map(|(loss, weight)| Ok((f64::from(*weight) / f64::from(WEIGHT_ONE), usd(*loss)?)))
            .collect::<Result<_, BacktestError>>()?;
        let (es, var) = (usd(es)?.max(0.0), usd(var)?);
        Ok(Requirement {
            es,
            var,
            tail: Tail {
                rows: foreseen,
                var,
                es,
            },
        })
    }
}

/// Row units to USD, by way of the chain's own rounding to micro-USD.
fn usd(row_units: i64) -> Result<f64, BacktestError> {
    Ok(to_micro_usd(row_units)? as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use {super::*, crate::volatility::variance_q48};

    /// For a volatility so small that simple and log returns agree, ES is that of the set's own draws times volatility.
    #[test]
    fn a_long_bitcoin_needs_what_the_draws_of_the_shipped_set_say() {
        let set = ScenarioSet::shipped().unwrap();
        let model = Model::of(&set);
        let btc = [Symbol::new("BTC").unwrap()];
        let long: Vec<f64> = set
            .symbols()
            .iter()
            .map(|s| f64::from(u8::from(*s == btc[0])))
            .collect();
        let exposure = [Notional(1_000_000 * 1_000_000_000_000)];
        let sigma = 1e-4;
        for confidence in [0.99, 0.975] {
            let config = Config {
                confidence,
                volatility_scale: 1_000_000,
                ..Config::default()
            };
            let got = model
                .requirement(&btc, &exposure, &[variance_q48(sigma * sigma)], &config)
                .unwrap();
            let want = set.cloud().expected_shortfall(&long, 1.0 - confidence);
            assert!(
                (got.es / (1e6 * sigma) - want).abs() < 0.01,
                "{want} {got:?}"
            );
            assert!(got.var < got.es);
            let beyond: f64 = got.tail.rows.iter().map(|(p, _)| p).sum();
            assert!(beyond <= 1.0 - confidence + 1e-9 && beyond > 0.5 * (1.0 - confidence));
            assert!(got.tail.rows.iter().all(|(_, loss)| *loss > got.var));
        }
    }

    #[test]
    fn an_unknown_column_or_confidence_is_refused() {
        let model = Model::of(&ScenarioSet::shipped().unwrap());
        let doge = [Symbol::new("DOGE").unwrap()];
        let config = Config::default();
        let refused = model.requirement(&doge, &[Notional(1)], &[1], &config);
        assert_eq!(refused, Err(BacktestError::HistoryColumn(doge[0])));
        for confidence in [0.5, 1.0, f64::NAN] {
            assert!(
                Config {
                    confidence,
                    ..Config::default()
                }
                .tail()
                .is_err()
            );
        }
    }
}
