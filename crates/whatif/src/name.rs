//! Instrument names in Deribit's form: `BTC-PERP`, `BTC-27MAR26`, `BTC-27MAR26-70000-C`.

use {
    cep_scenarios::Symbol,
    chrono::{NaiveDate, NaiveTime},
    std::{fmt, str::FromStr},
};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    pub underlying: Symbol,
    pub contract: Contract,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Contract {
    Perpetual,
    Future {
        expiry: i64,
    },
    Option {
        expiry: i64,
        strike: f64,
        call: bool,
    },
}

/// Hour of expiry, UTC.
const EXPIRY_HOUR: u32 = 8;

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is not an instrument: write it like BTC-PERP, BTC-27MAR26 or BTC-27MAR26-70000-C"
            )
        };
        let parts: Vec<&str> = text.split('-').collect();
        let (symbol, contract) = match parts.as_slice() {
            [symbol, perp] if perp.starts_with("PERP") => (symbol, Contract::Perpetual),
            [symbol, date] => (
                symbol,
                Contract::Future {
                    expiry: expiry(date).ok_or_else(refuse)?,
                },
            ),
            [symbol, date, strike, kind] => (
                symbol,
                Contract::Option {
                    expiry: expiry(date).ok_or_else(refuse)?,
                    strike: self::strike(strike).ok_or_else(refuse)?,
                    call: match *kind {
                        "C" => true,
                        "P" => false,
                        _ => return Err(refuse()),
                    },
                },
            ),
            _ => return Err(refuse()),
        };
        Ok(Self {
            underlying: Symbol::new(symbol).ok_or_else(refuse)?,
            contract,
        })
    }
}

/// `27MAR26` at 08:00 UTC, Unix seconds.
fn expiry(date: &str) -> Option<i64> {
    let day = NaiveDate::parse_from_str(date, "%d%b%y").ok()?;
    let time = NaiveTime::from_hms_opt(EXPIRY_HOUR, 0, 0)?;
    Some(day.and_time(time).and_utc().timestamp())
}

/// Deribit writes the decimal point of small strikes as a `d`.
fn strike(text: &str) -> Option<f64> {
    let strike: f64 = text.replace('d', ".").parse().ok()?;
    (strike.is_finite() && strike > 0.0).then_some(strike)
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Perpetual => "perpetual",
            Self::Future { .. } => "future",
            Self::Option { call: true, .. } => "call",
            Self::Option { call: false, .. } => "put",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_deribit_writes_them() {
        let option: Name = "BTC-6FEB26-70000-C".parse().unwrap();
        assert_eq!(option.underlying.as_str(), "BTC");
        assert_eq!(
            option.contract,
            Contract::Option {
                expiry: 1_770_364_800,
                strike: 70_000.0,
                call: true
            }
        );
        let future: Name = "ETH-27MAR26".parse().unwrap();
        assert_eq!(
            future.contract,
            Contract::Future {
                expiry: 1_774_598_400
            }
        );
        let small: Name = "XRP-27MAR26-0d5-P".parse().unwrap();
        assert!(
            matches!(small.contract, Contract::Option { strike, call: false, .. } if strike == 0.5)
        );
        assert_eq!(
            "SOL-PERP".parse::<Name>().unwrap().contract,
            Contract::Perpetual
        );
    }

    #[test]
    fn anything_else_is_refused_with_the_form_to_use() {
        for bad in [
            "",
            "BTC",
            "BTC-31FEB26",
            "BTC-27MAR26-x-C",
            "BTC-27MAR26-70000-X",
            "BTC-27MAR26-0-C",
        ] {
            let refused = bad.parse::<Name>().unwrap_err();
            assert!(refused.contains("write it like"), "{bad}: {refused}");
        }
    }
}
