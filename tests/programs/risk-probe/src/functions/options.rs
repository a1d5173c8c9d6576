//! Black-76, value curves, and margin checks of portfolios with options.

use {
    super::portfolio::{KINDS, put_breakdown},
    crate::{Answer, Request, SERIES, Tables},
    cep_risk::{
        AddonParams, Book, Curve, Dated, Holding, Instrument, MAX_UNDERLYINGS, MarginParams, PPM,
        Portfolio, Price, Quantity, RiskError, SECONDS_PER_DAY, Scratch, Struck,
        black76::{self, Inputs, MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Terms},
        curve::{CurveBuilder, CurveTerms, LEVEL_NODES, SPOT_NODES},
        fixed::MAX_SECONDS,
    },
};

/// Terms and market: a forward of 10 to 40 bits, a strike from a tenth to ten times it.
fn option(request: &mut Request) -> Result<(Terms, Inputs), RiskError> {
    let digits = request.within(10, 40);
    let forward = request.within(1 << (digits - 1), 1 << digits);
    let strike = request.within(forward / 10, forward * 10);
    let kind = match request.within(0, 1) {
        0 => OptionKind::Call,
        _ => OptionKind::Put,
    };
    let seconds = request.within(0, MAX_SECONDS) >> request.within(0, 28);
    let volatility = request.within(MIN_VOLATILITY, MAX_VOLATILITY);
    let rate = request.within(0, 1 << 33).cast_signed() - (1 << 32);
    let terms = Terms {
        kind,
        strike: Price::new(strike)?,
    };
    let inputs = Inputs::new(Price::new(forward)?, seconds, volatility, rate)?;
    Ok((terms, inputs))
}

pub fn price(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let drawn = option(request);
        let result =
            answer.metered(|| drawn.and_then(|(terms, inputs)| black76::price(&terms, &inputs)));
        answer.put_result(result, |answer, premium| answer.put(premium.0));
    }
}

pub fn greeks(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let drawn = option(request);
        let result =
            answer.metered(|| drawn.and_then(|(terms, inputs)| black76::greeks(&terms, &inputs)));
        answer.put_result(result, |answer, g| {
            for value in [g.delta, g.gamma, g.vega.0, g.theta.0] {
                answer.put(value);
            }
        });
    }
}

/// One level of one curve; the values are folded into one word, since they would fill the return data.
pub fn curve(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let drawn = option(request);
        let level = request.within(0, LEVEL_NODES as u64 - 1) as usize;
        let ratio = request.within(1 << 31, 1 << 33);
        let mut row = [0; SPOT_NODES];
        let result = answer.metered(|| {
            let (terms, inputs) = drawn?;
            let terms = CurveTerms {
                terms,
                seconds: inputs.seconds(),
                volatility: inputs.volatility(),
                rate: inputs.rate(),
                forward_ratio: ratio,
                response: PPM,
            };
            CurveBuilder::new(terms, inputs.forward())?.level(level, &mut row)
        });
        answer.put_result(result, |answer, ()| {
            let folded = row
                .iter()
                .fold(0u64, |sum, value| sum.rotate_left(7) ^ u64::from(*value));
            answer.put_unsigned(folded);
        });
    }
}

/// The requirement of portfolios of options, perpetuals, futures and collateral. The words: initial or maintenance,
/// underlyings, linear holdings and options per underlying, whether every add-on is on, then the sizes.
pub fn evaluate(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let mut scratch = Scratch::new();
    for _ in 0..request.calls {
        let kind = KINDS[request.within(0, 1) as usize];
        let (books, holdings, params) = draw(request, tables);
        let portfolio = Portfolio {
            cash: 0,
            holdings: &holdings,
            books: &books,
        };
        let result = answer.metered(|| portfolio.evaluate(&params, kind, &mut scratch));
        answer.put_result(result, put_breakdown);
    }
}

fn draw<'a>(
    request: &mut Request,
    tables: &'a Tables,
) -> (Vec<Book<'a>>, Vec<Holding<'a>>, MarginParams) {
    let underlyings = request.within(1, MAX_UNDERLYINGS as u64) as usize;
    let linear = request.within(0, 2);
    let options = request.within(0, SERIES as u64) as usize;
    let params = MarginParams {
        addons: match request.within(0, 1) {
            0 => AddonParams::NONE,
            _ => MarginParams::STANDARD.addons,
        },
        ..MarginParams::STANDARD
    };
    let mut books = Vec::with_capacity(MAX_UNDERLYINGS);
    let mut holdings = Vec::with_capacity(underlyings * (SERIES + 2));
    for (at, table) in tables.underlyings.iter().take(underlyings).enumerate() {
        // Spot within a tenth of the centre.
        let spot = table.centre / 1_000 * request.within(900, 1_100);
        let (Ok(price), Ok(centre)) = (Price::new(spot), Price::new(table.centre)) else {
            continue;
        };
        books.push(Book {
            price,
            confidence: spot / 4_096,
            age: request.within(0, 60),
            sigma: (1 << 32) / 25,
            horizon: SECONDS_PER_DAY,
            daily_volume: request.within(0, 1 << 50),
            open_interest: request.within(0, 1 << 50),
            doubt: request.within(0, 1 << 20),
            basis_step: 0,
            returns: &table.returns,
            extremes: (table.lowest, table.highest),
            weights: &tables.weights,
            levels: &tables.levels,
            stress: &table.stress,
            stress_levels: &tables.stress_levels,
            scenario_set: 1,
        });
        // Up to about ten million dollars, often far less.
        let mut quantity = || {
            let most = (1u64 << 43) / (spot >> 20).max(1);
            let size = request.within(0, most) >> request.within(0, 20);
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            Quantity(if request.within(0, 1) == 1 {
                -size
            } else {
                size
            })
        };
        for n in 0..linear {
            holdings.push(Holding {
                book: at,
                quantity: quantity(),
                quote: 0,
                instrument: match n {
                    0 => Instrument::Index,
                    _ => Instrument::Future {
                        forward: price,
                        dated: Dated::ahead(0, 40 * SECONDS_PER_DAY),
                    },
                },
            });
        }
        for series in table.series.iter().take(options) {
            holdings.push(Holding {
                book: at,
                quantity: quantity(),
                quote: 0,
                instrument: Instrument::Option {
                    mark: series.mark,
                    struck: Struck {
                        strike: centre,
                        put: false,
                    },
                    dated: Dated::ahead(i64::try_from(series.seconds).unwrap_or(0), series.seconds),
                    curve: Curve {
                        centre,
                        values: &series.values,
                    },
                },
            });
        }
    }
    (books, holdings, params)
}
