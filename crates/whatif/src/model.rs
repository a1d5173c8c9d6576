//! The market as the risk library takes it: books scaled from a scenario set, and a value curve per option.

use {
    crate::{
        convert::{optional, price, q32},
        error::{WhatIfError, field},
        input::{Market, Quote},
        name::{Contract, Name},
        surface::daily_volatility,
    },
    cep_risk::{
        Book, Curve, Dated, Instrument, Price, ROWS, RiskError, STRESS_ROWS, Struck,
        black76::{Greeks, Inputs, OptionKind, Terms, greeks, price as black76_price},
        curve::{CurveBuilder, CurveTerms, LEVEL_ZERO, NODES, level_step},
        scenario::{TO_EXTREMES, simple_return},
    },
    cep_scenarios::{ScenarioSet, Symbol},
    chrono::DateTime,
    std::collections::BTreeMap,
};

/// One underlying, scaled.
struct Scaled {
    price: Price,
    confidence: u64,
    sigma: u64,
    daily_volume: u64,
    returns: Box<[i32; ROWS]>,
    extremes: (i32, i32),
    stress: [i32; STRESS_ROWS],
}

/// An option that is held: its value now and its curve.
pub(crate) struct Priced {
    /// Micro-USD per contract, nearest below.
    pub mark: u64,
    pub struck: Struck,
    pub dated: Dated,
    pub greeks: Greeks,
    /// USD.
    pub forward: f64,
    values: Box<[u32; NODES]>,
}

/// Everything of a market that does not depend on the portfolio.
pub struct Model {
    time: i64,
    horizon: u64,
    symbols: Vec<Symbol>,
    scaled: Vec<Scaled>,
    weights: Box<[u32; ROWS]>,
    levels: Box<[u8; ROWS]>,
    stress_levels: [u8; STRESS_ROWS],
    quotes: BTreeMap<String, (Name, Quote)>,
}

/// Response of implied volatility to a scenario's level, parts per million.
const RESPONSE: u64 = 1_000_000;
const ONE_Q32: f64 = 4_294_967_296.0;

impl Model {
    /// # Errors
    /// [`WhatIfError`] naming the field that does not fit.
    pub fn new(market: &Market, set: &ScenarioSet) -> Result<Self, WhatIfError> {
        let time = DateTime::parse_from_rfc3339(&market.time)
            .map_err(|e| field("time", format!("`{}` is not RFC 3339: {e}", market.time)))?
            .timestamp();
        if !(1..=240).contains(&market.horizon_hours) {
            return Err(field(
                "horizon_hours",
                format!("{} is not between 1 and 240", market.horizon_hours),
            ));
        }
        if set.draws().len() != ROWS {
            return Err(WhatIfError::Rows(set.draws().len()));
        }
        let mut quotes = BTreeMap::new();
        for (text, quote) in &market.instruments {
            let name: Name = text
                .parse()
                .map_err(|reason: String| field(format!("instruments.{text}"), reason))?;
            quotes.insert(text.clone(), (name, quote.clone()));
        }
        let mut weights = Box::new([0; ROWS]);
        let mut levels = Box::new([LEVEL_ZERO; ROWS]);
        for ((weight, level), draw) in weights.iter_mut().zip(levels.iter_mut()).zip(set.draws()) {
            (*weight, *level) = (draw.weight, level_step(draw.level));
        }
        let mut stress_levels = [LEVEL_ZERO; STRESS_ROWS];
        for (level, row) in stress_levels.iter_mut().zip(set.stress()) {
            *level = level_step(row.level);
        }
        let mut model = Self {
            time,
            horizon: u64::from(market.horizon_hours) * 3_600,
            symbols: Vec::new(),
            scaled: Vec::new(),
            weights,
            levels,
            stress_levels,
            quotes,
        };
        for (name, underlying) in &market.underlyings {
            let at = |part: &str| format!("underlyings.{name}.{part}");
            let symbol = Symbol::new(name)
                .ok_or_else(|| field(at(""), "use 1 to 8 letters or digits, like BTC"))?;
            let daily = match underlying.sigma_daily {
                Some(sigma) => sigma,
                None => TO_EXTREMES as f64 / 1e6 * model.implied(symbol).ok_or_else(|| {
                    field(
                        at("sigma_daily"),
                        "absent, and the market has no live options on it to read a volatility from",
                    )
                })?,
            };
            let sigma = daily * (f64::from(market.horizon_hours) / 24.0).sqrt();
            let sigma = q32(&at("sigma_daily"), sigma, 0.000_01, 4.0)?;
            model.scaled.push(Scaled {
                price: price(&at("spot"), underlying.spot)?,
                confidence: optional(&at("confidence"), underlying.confidence)?,
                sigma,
                daily_volume: optional(&at("daily_volume"), underlying.daily_volume)?,
                ..scale(set, symbol, sigma)?
            });
            model.symbols.push(symbol);
        }
        Ok(model)
    }

    fn implied(&self, symbol: Symbol) -> Option<f64> {
        let options = self
            .quotes
            .values()
            .filter(|(name, _)| name.underlying == symbol)
            .map(|(name, quote)| (&name.contract, quote));
        daily_volatility(options, self.time)
    }

    /// Place of an underlying among the books.
    pub(crate) fn book(&self, symbol: Symbol) -> Option<usize> {
        self.symbols.iter().position(|s| *s == symbol)
    }

    pub(crate) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    pub(crate) fn spot(&self, book: usize) -> Price {
        self.scaled[book].price
    }

    pub(crate) fn books(&self) -> Vec<Book<'_>> {
        self.scaled
            .iter()
            .map(|s| Book {
                price: s.price,
                confidence: s.confidence,
                age: 0,
                sigma: s.sigma,
                horizon: self.horizon,
                daily_volume: s.daily_volume,
                open_interest: 0,
                doubt: 0,
                basis_step: 0,
                returns: &s.returns,
                extremes: s.extremes,
                weights: &self.weights,
                levels: &self.levels,
                stress: &s.stress,
                stress_levels: &self.stress_levels,
                scenario_set: 1,
            })
            .collect()
    }

    /// The quote and meaning of an instrument that the market must have.
    pub(crate) fn quote(&self, at: &str, instrument: &str) -> Result<(&Name, &Quote), WhatIfError> {
        let (name, quote) = self.quotes.get(instrument).ok_or_else(|| {
            field(
                at,
                format!("the market has no quote for {instrument}; add it to `instruments`"),
            )
        })?;
        Ok((name, quote))
    }

    /// Seconds to an expiry that must lie ahead.
    pub(crate) fn seconds_to(&self, instrument: &str, expiry: i64) -> Result<u64, WhatIfError> {
        u64::try_from(expiry - self.time)
            .ok()
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| field(format!("instruments.{instrument}"), "has expired by `time`"))
    }

    /// Prices an option and builds its curve.
    pub(crate) fn option(
        &self,
        instrument: &str,
        book: usize,
        contract: &Contract,
        quote: &Quote,
    ) -> Result<Priced, WhatIfError> {
        let at = |part: &str| format!("instruments.{instrument}.{part}");
        let Contract::Option {
            expiry,
            strike,
            call,
        } = contract
        else {
            return Err(field(
                format!("instruments.{instrument}"),
                "is not an option",
            ));
        };
        let (Some(forward), Some(iv)) = (quote.forward, quote.iv) else {
            return Err(field(
                format!("instruments.{instrument}"),
                "an option needs `forward` and `iv`",
            ));
        };
        let seconds = self.seconds_to(instrument, *expiry)?;
        let terms = Terms {
            kind: if *call {
                OptionKind::Call
            } else {
                OptionKind::Put
            },
            strike: price(&format!("instruments.{instrument}"), *strike)?,
        };
        let volatility = q32(&at("iv"), iv, 0.05, 10.0)?;
        let spot = self.spot(book);
        let inputs = Inputs::new(price(&at("forward"), forward)?, seconds, volatility, 0)?;
        let ratio = inputs.forward().micro_usd() as f64 / spot.micro_usd() as f64;
        let builder = CurveBuilder::new(
            CurveTerms {
                terms,
                seconds,
                volatility,
                rate: 0,
                forward_ratio: (ratio * ONE_Q32).round() as u64,
                response: RESPONSE,
            },
            spot,
        )
        .map_err(|e| match e {
            RiskError::BadParameter => field(
                at("forward"),
                "is not between half and twice the spot price",
            ),
            other => other.into(),
        })?;
        let mut values = Box::new([0; NODES]);
        builder.fill(&mut values)?;
        Ok(Priced {
            mark: black76_price(&terms, &inputs)?
                .floor_micro_usd()
                .unsigned_abs(),
            struck: Struck {
                strike: terms.strike,
                put: !*call,
            },
            dated: Dated::ahead(*expiry, seconds),
            greeks: greeks(&terms, &inputs)?,
            forward,
            values,
        })
    }
}

impl Priced {
    pub(crate) fn instrument(&self, centre: Price) -> Instrument<'_> {
        Instrument::Option {
            mark: self.mark,
            struck: self.struck,
            dated: self.dated,
            curve: Curve {
                centre,
                values: &self.values,
            },
        }
    }
}

/// The column of a set at a volatility; the caller fills in the rest.
fn scale(set: &ScenarioSet, symbol: Symbol, sigma: u64) -> Result<Scaled, WhatIfError> {
    let column = set
        .symbols()
        .iter()
        .position(|s| *s == symbol)
        .ok_or(WhatIfError::NoColumn(symbol))?;
    let mut returns = Box::new([0; ROWS]);
    let mut extremes = (i32::MAX, i32::MIN);
    for (slot, draw) in returns.iter_mut().zip(set.draws()) {
        *slot = simple_return(sigma, draw.z[column]);
        extremes = (extremes.0.min(*slot), extremes.1.max(*slot));
    }
    let mut stress = [0; STRESS_ROWS];
    for (slot, row) in stress.iter_mut().zip(set.stress()) {
        *slot = row.returns[column];
    }
    Ok(Scaled {
        price: Price::new(1)?,
        confidence: 0,
        sigma,
        daily_volume: 0,
        returns,
        extremes,
        stress,
    })
}
