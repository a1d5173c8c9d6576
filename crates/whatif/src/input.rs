//! The files: a market and a portfolio, as `cep margin` reads them.

use {serde::Deserialize, std::collections::BTreeMap};

/// A market at one time. Money in USD, volatility as a fraction.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// RFC 3339.
    pub time: String,
    #[serde(default = "a_day")]
    pub horizon_hours: u32,
    pub underlyings: BTreeMap<String, Underlying>,
    #[serde(default)]
    pub instruments: BTreeMap<String, Quote>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Underlying {
    pub spot: f64,
    /// Oracle confidence interval, USD.
    pub confidence: Option<f64>,
    /// Volatility per day; without it, from the option surface.
    pub sigma_daily: Option<f64>,
    /// Contracts a day.
    pub daily_volume: Option<f64>,
}

/// One of: a perpetual's `mark`, a future's `forward`, an option's `forward` and `iv`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    pub mark: Option<f64>,
    pub forward: Option<f64>,
    pub iv: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portfolio {
    #[serde(default)]
    pub cash: f64,
    #[serde(default)]
    pub collateral: BTreeMap<String, f64>,
    #[serde(default)]
    pub positions: Vec<Position>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub instrument: String,
    /// Contracts; negative is short.
    pub quantity: f64,
    /// USD; the mark when absent or null.
    #[serde(default)]
    pub entry: Option<f64>,
}

fn a_day() -> u32 {
    24
}
