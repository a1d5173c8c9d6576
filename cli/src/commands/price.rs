use {
    crate::{Failure, Outcome, Output},
    cep_risk::{
        Price as MicroUsd, RiskError,
        black76::{Greeks, Inputs, OptionKind, Premium, Terms, greeks, price},
        fixed::MAX_SECONDS,
    },
    clap::{Args, ValueEnum},
    serde_json::{Value, json},
    std::io::{BufRead, Write, stdin, stdout},
};

#[derive(Args)]
pub struct Price {
    /// Read requests from standard input, one JSON object per line with the names of the options below,
    /// and answer each with one line of JSON
    #[arg(long, conflicts_with_all = ["kind", "forward", "strike", "seconds", "vol", "rate"])]
    batch: bool,
    #[arg(long, required_unless_present = "batch")]
    kind: Option<Kind>,
    /// Forward price in USD
    #[arg(long, required_unless_present = "batch", allow_negative_numbers = true)]
    forward: Option<f64>,
    /// Strike in USD
    #[arg(long, required_unless_present = "batch", allow_negative_numbers = true)]
    strike: Option<f64>,
    /// Time to expiry, to the nearest second
    #[arg(long, required_unless_present = "batch", allow_negative_numbers = true)]
    seconds: Option<f64>,
    /// Volatility per year: 0.55 is 55 %
    #[arg(long, required_unless_present = "batch", allow_negative_numbers = true)]
    vol: Option<f64>,
    /// Interest rate per year of 365 days, continuously compounded [default: 0]
    #[arg(long, allow_negative_numbers = true)]
    rate: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    Call,
    Put,
}

pub fn run(args: Price) -> Outcome {
    if args.batch {
        batch(stdin().lock(), stdout().lock())?;
        return Ok(Output::PRINTED);
    }
    let missing = |name| Failure::Input(format!("--{name}: missing"));
    let request = Request {
        kind: args.kind.ok_or_else(|| missing("kind"))?,
        forward: args.forward.ok_or_else(|| missing("forward"))?,
        strike: args.strike.ok_or_else(|| missing("strike"))?,
        seconds: args.seconds.ok_or_else(|| missing("seconds"))?,
        vol: args.vol.ok_or_else(|| missing("vol"))?,
        rate: args.rate.unwrap_or(0.0),
    };
    let answer = request
        .answer()
        .map_err(|bad| Failure::Input(format!("--{}: {}", bad.field, bad.why)))?;
    Ok(Output {
        text: answer.text(),
        json: answer.json(),
    })
}

/// Answers up to the first bad line have been written when this fails.
fn batch(requests: impl BufRead, mut answers: impl Write) -> Result<(), Failure> {
    for (number, line) in requests.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = Request::read(&line)
            .and_then(|request| request.answer())
            .map_err(|bad| {
                Failure::Input(format!("line {}: {}: {}", number + 1, bad.field, bad.why))
            })?;
        writeln!(answers, "{}", answer.json())?;
    }
    answers.flush()?;
    Ok(())
}

/// A field and what is wrong with it.
#[derive(Debug)]
struct Bad {
    field: String,
    why: String,
}

fn bad(field: &str, why: impl Into<String>) -> Bad {
    Bad {
        field: field.to_owned(),
        why: why.into(),
    }
}

const FIELDS: [&str; 6] = ["kind", "forward", "strike", "seconds", "vol", "rate"];

/// As a person writes it: USD, fractions per year.
#[derive(Clone, Copy)]
struct Request {
    kind: Kind,
    forward: f64,
    strike: f64,
    seconds: f64,
    vol: f64,
    rate: f64,
}

/// A request in the chain's integers. A price of 1 USD is 10^`digits` here, not always 10⁶: Black-76 is
/// homogeneous in forward and strike, so a forward of a hundred micro-USD is computed as finely as one of Bitcoin.
struct Scaled {
    terms: Terms,
    inputs: Inputs,
    digits: i32,
}

struct Answer {
    price: f64,
    delta: f64,
    gamma: f64,
    vega: f64,
    theta: f64,
}

impl Request {
    fn read(line: &str) -> Result<Self, Bad> {
        let value: Value =
            serde_json::from_str(line).map_err(|error| bad("JSON", error.to_string()))?;
        let object = value
            .as_object()
            .ok_or_else(|| bad("JSON", "not an object"))?;
        if let Some(name) = object.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(bad(
                name,
                format!("no such field; the fields are {}", FIELDS.join(", ")),
            ));
        }
        let present = |name: &str| object.get(name).filter(|value| !value.is_null());
        let number = |name: &str, value: &Value| {
            value
                .as_f64()
                .ok_or_else(|| bad(name, format!("{value} is not a number")))
        };
        let required = |name: &str| {
            let value = present(name).ok_or_else(|| bad(name, "missing"))?;
            number(name, value)
        };
        let kind = present("kind").ok_or_else(|| bad("kind", "missing"))?;
        Ok(Self {
            kind: match kind.as_str() {
                Some("call") => Kind::Call,
                Some("put") => Kind::Put,
                _ => {
                    return Err(bad(
                        "kind",
                        format!("{kind} is neither \"call\" nor \"put\""),
                    ));
                }
            },
            forward: required("forward")?,
            strike: required("strike")?,
            seconds: required("seconds")?,
            vol: required("vol")?,
            rate: present("rate").map_or(Ok(0.0), |value| number("rate", value))?,
        })
    }

    fn answer(&self) -> Result<Answer, Bad> {
        let scaled = self.scaled()?;
        let refused = |error: RiskError| bad("rate", error.to_string());
        let value = price(&scaled.terms, &scaled.inputs).map_err(refused)?;
        let Greeks {
            delta,
            gamma,
            vega,
            theta,
        } = greeks(&scaled.terms, &scaled.inputs).map_err(refused)?;
        let usd =
            |premium: Premium| shift(premium.0 as f64 / Premium::MICRO_USD as f64, -scaled.digits);
        let q32 = |value: i64| value as f64 / 2f64.powi(32);
        Ok(Answer {
            price: usd(value),
            delta: q32(delta),
            gamma: q32(gamma) / self.forward,
            vega: usd(vega),
            theta: usd(theta),
        })
    }

    fn scaled(&self) -> Result<Scaled, Bad> {
        within("forward", self.forward, PRICES)?;
        within("strike", self.strike, PRICES)?;
        within("strike", self.strike / self.forward, RATIOS).map_err(|bad| Bad {
            why: format!("as a multiple of the forward, {}", bad.why),
            ..bad
        })?;
        within("seconds", self.seconds, (0.0, MAX_SECONDS as f64))?;
        within("vol", self.vol, (0.05, 10.0))?;
        within("rate", self.rate, (-1.0, 1.0))?;
        let seconds = self.seconds.round();
        let growth = (-self.rate * seconds / 31_536_000.0).exp().max(1.0);
        let digits = (HIGHEST / growth / self.forward.max(self.strike))
            .log10()
            .floor() as i32;
        let chain = |field: &str, usd: f64| {
            MicroUsd::new(shift(usd, digits).round() as u64)
                .map_err(|error| bad(field, error.to_string()))
        };
        let forward = chain("forward", self.forward)?;
        let q32 = |x: f64| (x * 2f64.powi(32)).round();
        // The ranges above are the constructor's own.
        let inputs = Inputs::new(
            forward,
            seconds as u64,
            q32(self.vol) as u64,
            q32(self.rate) as i64,
        )
        .map_err(|error| bad("vol", error.to_string()))?;
        Ok(Scaled {
            terms: Terms {
                kind: match self.kind {
                    Kind::Call => OptionKind::Call,
                    Kind::Put => OptionKind::Put,
                },
                strike: chain("strike", self.strike)?,
            },
            inputs,
            digits,
        })
    }
}

/// Prices in USD that are taken.
const PRICES: (f64, f64) = (1e-9, 1e12);
/// Strikes over the forward that are taken: both sides of ten, far enough for twelve digits to be left.
const RATIOS: (f64, f64) = (1e-5, 1e5);
/// The higher price, grown by a negative rate, stays below 2⁴² units, where no greek leaves its range.
const HIGHEST: f64 = 4e12;

/// `NaN` is within nothing.
fn within(field: &str, value: f64, (low, high): (f64, f64)) -> Result<(), Bad> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(bad(field, format!("{value} is outside {low} to {high}")))
    }
}

/// x times a power of ten, which is exact up to 10²².
fn shift(x: f64, digits: i32) -> f64 {
    if digits >= 0 {
        x * 10f64.powi(digits)
    } else {
        x / 10f64.powi(-digits)
    }
}

impl Answer {
    fn json(&self) -> Value {
        json!({
            "price": self.price,
            "delta": self.delta,
            "gamma": self.gamma,
            "vega": self.vega,
            "theta": self.theta,
        })
    }

    fn text(&self) -> String {
        format!(
            "price  {} USD\ndelta  {}\ngamma  {} per USD\nvega   {} USD per 1.00 of volatility\ntheta  {} USD per day",
            figure(self.price),
            figure(self.delta),
            figure(self.gamma),
            figure(self.vega),
            figure(self.theta),
        )
    }
}

/// Eight significant digits.
fn figure(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let decimals = 7 - x.abs().log10().floor() as i32;
    format!(
        "{x:.*}",
        usize::try_from(decimals.clamp(0, 20)).unwrap_or(0)
    )
}

#[cfg(test)]
mod tests;
