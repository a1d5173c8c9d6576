//! Between what a person writes and what the chain stores.

/// Micro-USD, millionths: the factor of every fixed-point number on chain.
pub const MICRO: f64 = 1e6;

/// USD to micro-USD, rounded to nearest. For input only: on-chain arithmetic never sees a float.
/// Saturates beyond the range of `i64`.
#[must_use]
pub fn micro_usd(usd: f64) -> i64 {
    (usd * MICRO).round() as i64
}

/// Contracts to millionths of a contract, rounded to nearest. Saturates.
#[must_use]
pub fn quantity(contracts: f64) -> i64 {
    (contracts * MICRO).round() as i64
}

/// Micro-USD to USD, for display.
#[must_use]
pub fn usd(micro: i64) -> f64 {
    micro as f64 / MICRO
}

/// A daily volatility (0.035 is 3.5 %) as variance per day in Q48, the form risk books store.
#[must_use]
pub fn variance_q48(daily_volatility: f64) -> u64 {
    (daily_volatility * daily_volatility * cep_risk::ewma::VARIANCE_ONE as f64).round() as u64
}

/// Variance per day in Q48 as a daily volatility.
#[must_use]
pub fn daily_volatility(variance_q48: u64) -> f64 {
    (variance_q48 as f64 / cep_risk::ewma::VARIANCE_ONE as f64).sqrt()
}

/// A symbol padded with zeros to the eight bytes that addresses are derived from. Longer ones are cut.
#[must_use]
pub fn symbol(name: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (slot, byte) in bytes.iter_mut().zip(name.bytes()) {
        *slot = byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round_to_nearest_and_back() {
        assert_eq!(micro_usd(73_067.62), 73_067_620_000);
        assert_eq!(quantity(-0.000_000_6), -1);
        assert!((daily_volatility(variance_q48(0.035)) - 0.035).abs() < 1e-9);
        assert_eq!(&symbol("BTC"), b"BTC\0\0\0\0\0");
    }
}
