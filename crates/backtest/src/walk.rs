//! The walk itself: one pass over the bars, each seen once and after everything that is computed from those before it.

use {
    crate::{
        book::{Book, price_of},
        config::Config,
        error::BacktestError,
        history::DailyHistory,
        model::Model,
        observation::{Observation, Realised},
        series::PriceSeries,
        time::Time,
        volatility::Volatility,
    },
    cep_risk::{Notional, SECONDS_PER_DAY},
    cep_scenarios::{BuildError, BuildParams, PriceHistory, Symbol, build},
};

/// Every requirement that the history allowed.
#[derive(Clone, Debug)]
pub struct Walk {
    /// One per bar from the first scenario set on.
    pub observations: Vec<Observation>,
    /// Bars in a horizon.
    pub bars: usize,
    /// Seconds in a bar.
    pub step: i64,
    /// Scenario sets built.
    pub sets: usize,
    /// Of these, with fewer rows than the chain takes.
    pub early_sets: usize,
    /// The configuration walked with.
    pub config: Config,
}

impl Walk {
    /// Observations whose horizons do not overlap: the earliest, then each time the first at or after the end of the one before.
    #[must_use]
    pub fn independent(&self) -> Vec<&Observation> {
        let mut next = 0;
        self.observations
            .iter()
            .filter(|o| {
                let taken = o.realised.is_some() && o.index >= next;
                if taken {
                    next = o.index + self.bars;
                }
                taken
            })
            .collect()
    }
}

/// Walks `series` with `book`. `before` is daily history that was known besides: its days count from their end on.
pub fn walk(
    series: &PriceSeries,
    before: Option<&PriceHistory>,
    book: &Book,
    config: &Config,
) -> Result<Walk, BacktestError> {
    book.check()?;
    config.tail()?;
    let bars = config.bars(series.step())?;
    let symbols = book.symbols();
    let columns = config.columns.as_ref().unwrap_or(&symbols);
    let history = DailyHistory::new(series, before, columns)?;
    let closes = Closes::of(series, &symbols)?;
    let mut volatility = Averages::new(&symbols, config);
    if let Some(first) = series.ends().first() {
        volatility.warm_up(&history, *first)?;
    }
    let mut sets = Sets::new(&history, columns, config);
    let mut observations = Vec::new();
    for (index, end) in series.ends().iter().enumerate() {
        volatility.observe(*end, &closes, index)?;
        let Some(model) = sets.at(*end)? else {
            continue;
        };
        let (Some(prices), Some(variances)) = (closes.at(index), volatility.variances()) else {
            continue;
        };
        let exposures = book.exposures(&prices)?;
        observations.push(Observation {
            at: *end,
            index,
            notional: usd(exposures.iter().map(|e| e.abs())),
            requirement: model.requirement(&symbols, &exposures, &variances, config)?,
            realised: closes.realised(index, bars, &exposures),
        });
    }
    if observations.iter().all(|o| o.realised.is_none()) {
        return Err(BacktestError::NoObservation {
            days: history.joint_days(usize::MAX),
            rows: config.early_rows.unwrap_or(config.build.rows),
        });
    }
    Ok(Walk {
        observations,
        bars,
        step: series.step(),
        sets: sets.built,
        early_sets: sets.early,
        config: config.clone(),
    })
}

fn usd(exposures: impl Iterator<Item = Notional>) -> f64 {
    exposures.map(|e| e.0 as f64 / 1e12).sum()
}

/// The book's bars.
struct Closes<'a> {
    bars: Vec<&'a [Option<crate::SeriesBar>]>,
    ends: &'a [Time],
    step: i64,
}

impl<'a> Closes<'a> {
    fn of(series: &'a PriceSeries, symbols: &[Symbol]) -> Result<Self, BacktestError> {
        let bars = symbols.iter().map(|symbol| {
            let missing = || BacktestError::MissingColumn(format!("{symbol}_close").to_lowercase());
            series.bars(*symbol).ok_or_else(missing)
        });
        Ok(Self {
            bars: bars.collect::<Result<_, _>>()?,
            ends: series.ends(),
            step: series.step(),
        })
    }

    /// All closes of one bar.
    fn at(&self, index: usize) -> Option<Vec<f64>> {
        self.bars
            .iter()
            .map(|bars| Some(bars[index]?.close))
            .collect()
    }

    /// The loss of exposures taken on at `index` over the next `bars` bars, when all of them are there.
    fn realised(&self, index: usize, bars: usize, exposures: &[Notional]) -> Option<Realised> {
        let last = index + bars;
        let due = self.ends[index].plus(self.step * i64::try_from(bars).ok()?);
        if *self.ends.get(last)? != due {
            return None;
        }
        let start = self.at(index)?;
        // Exposure / price is the quantity held, whichever way the book is given.
        let loss = |prices: &dyn Fn(usize, f64) -> Option<f64>| -> Option<f64> {
            exposures
                .iter()
                .zip(&start)
                .enumerate()
                .try_fold(0.0, |sum, (at, (exposure, from))| {
                    let exposure = exposure.0 as f64 / 1e12;
                    Some(sum - exposure * (prices(at, exposure)? / from - 1.0))
                })
        };
        let mut worst = f64::NEG_INFINITY;
        for bar in index + 1..=last {
            let extreme = |at: usize, exposure: f64| {
                let bar = self.bars[at][bar]?;
                Some(if exposure > 0.0 { bar.low } else { bar.high })
            };
            worst = worst.max(loss(&extreme)?);
        }
        let loss = loss(&|at, _| Some(self.bars[at][last]?.close))?;
        Some(Realised { loss, worst })
    }
}

/// Volatility averages of every underlying.
struct Averages<'a> {
    symbols: &'a [Symbol],
    /// One per decay time, per symbol.
    averages: Vec<Vec<Volatility>>,
}

impl<'a> Averages<'a> {
    fn new(symbols: &'a [Symbol], config: &Config) -> Self {
        let seed = u64::from(config.seed_days) * SECONDS_PER_DAY;
        let averages = symbols.iter().map(|symbol| {
            let floor = config.floors.get(symbol).copied().unwrap_or(0.0);
            let taus = [config.tau].into_iter().chain(config.fast_tau);
            taus.map(|tau| Volatility::new(tau, seed, floor)).collect()
        });
        Self {
            symbols,
            averages: averages.collect(),
        }
    }

    /// Daily closes from before the first bar ends.
    fn warm_up(&mut self, history: &DailyHistory, first: Time) -> Result<(), BacktestError> {
        for (symbol, averages) in self.symbols.iter().zip(&mut self.averages) {
            for (end, close) in history.closes(*symbol).take_while(|(end, _)| *end < first) {
                take(averages, *symbol, end, close)?;
            }
        }
        Ok(())
    }

    fn observe(
        &mut self,
        end: Time,
        closes: &Closes<'_>,
        index: usize,
    ) -> Result<(), BacktestError> {
        for ((symbol, averages), bars) in self
            .symbols
            .iter()
            .zip(&mut self.averages)
            .zip(&closes.bars)
        {
            if let Some(bar) = bars[index] {
                take(averages, *symbol, end, bar.close)?;
            }
        }
        Ok(())
    }

    /// The largest average of every underlying, once all are known.
    fn variances(&self) -> Option<Vec<u64>> {
        let largest = |averages: &Vec<Volatility>| {
            averages
                .iter()
                .map(Volatility::variance)
                .try_fold(0, |max, v| Some(v?.max(max)))
        };
        self.averages.iter().map(largest).collect()
    }
}

fn take(
    averages: &mut [Volatility],
    symbol: Symbol,
    end: Time,
    close: f64,
) -> Result<(), BacktestError> {
    let price = price_of(symbol, close)?;
    averages
        .iter_mut()
        .try_for_each(|average| average.observe(end, price))
}

/// The scenario set in force, rebuilt as days go by.
struct Sets<'a> {
    history: &'a DailyHistory,
    columns: &'a [Symbol],
    config: &'a Config,
    /// Days known at the last build or attempt.
    days: Option<usize>,
    model: Option<Model>,
    built: usize,
    early: usize,
}

impl<'a> Sets<'a> {
    fn new(history: &'a DailyHistory, columns: &'a [Symbol], config: &'a Config) -> Self {
        Self {
            history,
            columns,
            config,
            days: None,
            model: None,
            built: 0,
            early: 0,
        }
    }

    /// The set at this time: built from days that had ended, at most `rebuild_days` ago.
    fn at(&mut self, time: Time) -> Result<Option<&Model>, BacktestError> {
        let known = self.history.known_at(time);
        let every = if self.model.is_some() {
            self.config.rebuild_days.max(1)
        } else {
            1
        };
        if self.days.is_none_or(|days| known >= days + every as usize) {
            self.days = Some(known);
            self.rebuild(known)?;
        }
        Ok(self.model.as_ref())
    }

    fn rebuild(&mut self, known: usize) -> Result<(), BacktestError> {
        let params = &self.config.build;
        let early = self.config.early_rows.filter(|rows| *rows < params.rows);
        let sizes = [
            Some(params.clone()),
            early.map(|rows| params.clone().with_rows(rows)),
        ];
        for (at, params) in sizes.into_iter().flatten().enumerate() {
            // Each joint day gives at most two draws; asking the builder costs the whole filter.
            if self.history.joint_days(known) * 2 < usize::from(params.rows) {
                continue;
            }
            if let Some(model) = self.build(known, &params)? {
                self.model = Some(model);
                self.built += 1;
                self.early += usize::from(at > 0);
                break;
            }
        }
        Ok(())
    }

    /// `None` while there are not enough days.
    fn build(&self, known: usize, params: &BuildParams) -> Result<Option<Model>, BacktestError> {
        match build(&self.history.first(known)?, self.columns, params) {
            Ok(set) => Ok(Some(Model::of(&set))),
            Err(BuildError::TooFewDays { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
