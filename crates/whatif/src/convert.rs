//! From the numbers of a file to the integers of the risk library, naming the field that does not fit.

use {
    crate::error::{WhatIfError, field},
    cep_risk::{
        Price, Quantity,
        units::{MAX_PRICE, MAX_QUANTITY},
    },
};

const MICRO: f64 = 1e6;
const Q32: f64 = 4_294_967_296.0;

/// USD to micro-USD per contract, nearest.
pub(crate) fn price(name: &str, usd: f64) -> Result<Price, WhatIfError> {
    let highest = MAX_PRICE as f64 / MICRO;
    let micro = (usd * MICRO).round();
    if !(1.0..=MAX_PRICE as f64).contains(&micro) {
        return Err(field(
            name,
            format!("{usd} is not a price between 0.000001 and {highest:.0} USD"),
        ));
    }
    Ok(Price::new(micro as u64)?)
}

/// Contracts to millionths, nearest.
pub(crate) fn quantity(name: &str, contracts: f64) -> Result<Quantity, WhatIfError> {
    let millionths = (contracts * MICRO).round();
    let most = MAX_QUANTITY as f64;
    if !(-most..=most).contains(&millionths) {
        return Err(field(
            name,
            format!("{contracts} is more contracts than an account may hold"),
        ));
    }
    Ok(Quantity(millionths as i64))
}

/// USD to micro-USD, nearest; of either sign.
pub(crate) fn money(name: &str, usd: f64) -> Result<i64, WhatIfError> {
    let micro = (usd * MICRO).round();
    // Below a ninth of what an i64 holds, so that sums fit.
    if !(-1e18..=1e18).contains(&micro) {
        return Err(field(name, format!("{usd} USD is out of range")));
    }
    Ok(micro as i64)
}

/// A number that is not negative, in millionths, nearest; absent is zero.
pub(crate) fn optional(name: &str, value: Option<f64>) -> Result<u64, WhatIfError> {
    let value = value.unwrap_or(0.0);
    let scaled = (value * MICRO).round();
    if !(0.0..=1e18).contains(&scaled) {
        return Err(field(name, format!("{value} is negative or out of range")));
    }
    Ok(scaled as u64)
}

/// A fraction to Q32, nearest, within bounds.
pub(crate) fn q32(name: &str, value: f64, low: f64, high: f64) -> Result<u64, WhatIfError> {
    if !(low..=high).contains(&value) {
        return Err(field(
            name,
            format!("{value} is not between {low} and {high}"),
        ));
    }
    Ok((value * Q32).round() as u64)
}

/// Micro-USD to USD.
pub(crate) fn usd(micro: i64) -> f64 {
    micro as f64 / MICRO
}
