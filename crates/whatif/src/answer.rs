//! What the portfolio needs, and why.

use {
    crate::{
        convert::{money, price, quantity, usd},
        error::{WhatIfError, field},
        input::Portfolio,
        model::{Model, Priced},
        name::Contract,
    },
    cep_risk::{
        Addons, Dated, Holding, Instrument, Kind, MarginParams, Notional, Quantity, ROWS, Scratch,
    },
    cep_scenarios::{ScenarioSet, Symbol},
    serde::Serialize,
    std::collections::BTreeMap,
};

/// Money in USD. Requirements are positive: equity must reach them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub equity: f64,
    pub initial: f64,
    pub maintenance: f64,
    /// Equity over maintenance; `null` when nothing is required.
    pub health_factor: Option<f64>,
    pub es_975: f64,
    pub es_99: f64,
    pub worst: Worst,
    /// Those of initial margin.
    pub addons: AddonsUsd,
    /// Initial margin of the same holdings one by one, under the same scenarios.
    pub isolated: f64,
    pub greeks: BTreeMap<String, GreeksUsd>,
    /// Each holding's part in ES 99, in the order of collateral, then positions.
    pub contributions: Vec<Contribution>,
}

/// The scenario that costs most, and what it costs, unweighted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    pub loss: f64,
    pub scenario: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AddonsUsd {
    pub concentration: f64,
    pub oracle: f64,
    pub basis: f64,
    pub short_option: f64,
}

/// Delta in contracts, gamma per USD, vega per 1.00 of volatility, theta per day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct GreeksUsd {
    pub delta: f64,
    pub gamma: f64,
    pub vega: f64,
    pub theta: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contribution {
    pub holding: String,
    pub es_99: f64,
}

impl From<Addons> for AddonsUsd {
    fn from(a: Addons) -> Self {
        Self {
            concentration: usd(a.concentration),
            oracle: usd(a.oracle),
            basis: usd(a.basis),
            short_option: usd(a.short_option),
        }
    }
}

/// One line of the portfolio with what it needs to live as long as the check.
struct Line {
    name: String,
    book: usize,
    quantity: Quantity,
    quote: i64,
    what: What,
}

enum What {
    Linear(Instrument<'static>),
    Option(Priced),
}

/// Margin of a portfolio in a market.
///
/// # Errors
/// [`WhatIfError`] naming the field that does not fit.
pub fn margin(
    model: &Model,
    portfolio: &Portfolio,
    set: &ScenarioSet,
    params: &MarginParams,
) -> Result<Answer, WhatIfError> {
    let lines = lines(model, portfolio)?;
    let holdings: Vec<Holding<'_>> = lines.iter().map(|line| line.holding(model)).collect();
    let books = model.books();
    let account = cep_risk::Portfolio {
        cash: money("cash", portfolio.cash)?,
        holdings: &holdings,
        books: &books,
    };
    let mut scratch = Scratch::new();
    let initial = account.evaluate(params, Kind::Initial, &mut scratch)?;
    let maintenance = account.evaluate(params, Kind::Maintenance, &mut scratch)?;
    let isolated = account.isolated(params, Kind::Initial, &mut scratch)?;
    let why = account.explain(params, Kind::Initial, &mut scratch)?;
    let worst = why.as_ref().map_or_else(
        || Worst {
            loss: 0.0,
            scenario: "none: no scenario moves this portfolio".into(),
        },
        |why| {
            let (row, loss) = if why.worst_stress_loss > why.worst_loss {
                (ROWS + why.worst_stress_row, why.worst_stress_loss)
            } else {
                (why.worst_row, why.worst_loss)
            };
            Worst {
                loss: usd(loss),
                scenario: set.label(row).unwrap_or_else(|| format!("row {row}")),
            }
        },
    );
    let contributions = why.map_or_else(Vec::new, |why| why.contributions);
    Ok(Answer {
        equity: usd(initial.equity),
        initial: usd(initial.requirement),
        maintenance: usd(maintenance.requirement),
        health_factor: maintenance.health_factor_ppm().map(|ppm| ppm as f64 / 1e6),
        es_975: usd(maintenance.expected_shortfall),
        es_99: usd(initial.expected_shortfall),
        worst,
        addons: initial.addons.into(),
        isolated: usd(isolated),
        greeks: greeks(model, &lines),
        contributions: lines
            .iter()
            .zip(contributions)
            .map(|(line, es)| Contribution {
                holding: line.name.clone(),
                es_99: usd(es),
            })
            .collect(),
    })
}

impl Line {
    fn holding(&self, model: &Model) -> Holding<'_> {
        Holding {
            book: self.book,
            quantity: self.quantity,
            quote: self.quote,
            instrument: match &self.what {
                What::Linear(instrument) => *instrument,
                What::Option(priced) => priced.instrument(model.spot(self.book)),
            },
        }
    }
}

/// Collateral, then positions, one line per instrument: repeated ones are netted, as in an account.
fn lines(model: &Model, portfolio: &Portfolio) -> Result<Vec<Line>, WhatIfError> {
    let mut lines: Vec<Line> = Vec::new();
    for (symbol, amount) in &portfolio.collateral {
        let at = format!("collateral.{symbol}");
        if *amount < 0.0 {
            return Err(field(at, "is negative; borrowed cash goes into `cash`"));
        }
        lines.push(Line {
            book: book(model, &at, Symbol::new(symbol), symbol)?,
            quantity: quantity(&at, *amount)?,
            quote: 0,
            what: What::Linear(Instrument::Index),
            name: symbol.clone(),
        });
    }
    let collaterals = lines.len();
    for (n, position) in portfolio.positions.iter().enumerate() {
        let at = |part: &str| format!("positions[{n}].{part}");
        let instrument = &position.instrument;
        let (name, quote) = model.quote(&at("instrument"), instrument)?;
        let book = book(
            model,
            &at("instrument"),
            Some(name.underlying),
            name.underlying.as_str(),
        )?;
        let quantity = quantity(&at("quantity"), position.quantity)?;
        let of = |value: Option<f64>, part: &str| {
            value.ok_or_else(|| {
                field(
                    format!("instruments.{instrument}"),
                    format!("a {} needs `{part}`", name.contract),
                )
            })
        };
        let (what, mark) = match &name.contract {
            Contract::Perpetual => {
                let mark = price(
                    &format!("instruments.{instrument}.mark"),
                    of(quote.mark, "mark")?,
                )?;
                (What::Linear(Instrument::Perpetual { mark }), Some(mark))
            }
            Contract::Future { expiry } => {
                let forward = price(
                    &format!("instruments.{instrument}.forward"),
                    of(quote.forward, "forward")?,
                )?;
                let dated = Dated::ahead(*expiry, model.seconds_to(instrument, *expiry)?);
                (
                    What::Linear(Instrument::Future { forward, dated }),
                    Some(forward),
                )
            }
            option @ Contract::Option { .. } => (
                What::Option(model.option(instrument, book, option, quote)?),
                None,
            ),
        };
        // An option's premium left the cash when it was bought, so its mark counts whole; what a linear position has
        // earned counts from its entry.
        let quote = match (mark, position.entry) {
            (None, _) => 0,
            (Some(mark), None) => cost(quantity, mark.micro_usd())?,
            (Some(_), Some(entry)) => cost(quantity, price(&at("entry"), entry)?.micro_usd())?,
        };
        match lines[collaterals..]
            .iter_mut()
            .find(|l| l.name == *instrument)
        {
            Some(line) => {
                line.quantity = Quantity(line.quantity.0 + quantity.0);
                line.quote += quote;
            }
            None => lines.push(Line {
                name: instrument.clone(),
                book,
                quantity,
                quote,
                what,
            }),
        }
    }
    Ok(lines)
}

/// What was paid for a linear position, negated: rounded down, against the account.
fn cost(quantity: Quantity, micro_usd: u64) -> Result<i64, WhatIfError> {
    Ok(Notional(-quantity.times_micro(micro_usd).0).floor_micro_usd()?)
}

fn book(model: &Model, at: &str, symbol: Option<Symbol>, name: &str) -> Result<usize, WhatIfError> {
    symbol.and_then(|s| model.book(s)).ok_or_else(|| {
        field(
            at,
            format!("the market has no underlying {name}; add it to `underlyings`"),
        )
    })
}

fn greeks(model: &Model, lines: &[Line]) -> BTreeMap<String, GreeksUsd> {
    const Q32: f64 = 4_294_967_296.0;
    const PREMIUM: f64 = 65_536.0 * 1e6;
    let mut sums: BTreeMap<String, GreeksUsd> = BTreeMap::new();
    for line in lines {
        let sum = sums
            .entry(model.symbols()[line.book].to_string())
            .or_default();
        let contracts = line.quantity.0 as f64 / 1e6;
        match &line.what {
            What::Linear(_) => sum.delta += contracts,
            What::Option(priced) => {
                let g = &priced.greeks;
                sum.delta += contracts * g.delta as f64 / Q32;
                sum.gamma += contracts * g.gamma as f64 / Q32 / priced.forward;
                sum.vega += contracts * g.vega.0 as f64 / PREMIUM;
                sum.theta += contracts * g.theta.0 as f64 / PREMIUM;
            }
        }
    }
    sums
}
