//! Volatility of an underlying from the options of the market, where the file gives none.

use {
    crate::{input::Quote, name::Contract},
    std::collections::BTreeMap,
};

const DAY: f64 = 86_400.0;
/// Constant maturity that the daily volatility is read at.
const TENOR: f64 = 30.0 * DAY;

/// One option: seconds to expiry, strike over forward, volatility per root year.
struct Point {
    seconds: f64,
    moneyness: f64,
    iv: f64,
}

/// Volatility per day from at-the-money implied volatility at 30 days: per expiry interpolated in strike to the forward,
/// between expiries linearly in total variance, flat beyond the first and the last. `None` without options.
pub(crate) fn daily_volatility<'a>(
    options: impl Iterator<Item = (&'a Contract, &'a Quote)>,
    now: i64,
) -> Option<f64> {
    let mut expiries: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
    for (contract, quote) in options {
        let (Contract::Option { expiry, strike, .. }, Some(forward), Some(iv)) =
            (contract, quote.forward, quote.iv)
        else {
            continue;
        };
        if *expiry > now && forward > 0.0 && iv > 0.0 {
            expiries.entry(*expiry).or_default().push(Point {
                seconds: (*expiry - now) as f64,
                moneyness: strike / forward,
                iv,
            });
        }
    }
    // (seconds, total variance) by expiry.
    let terms: Vec<(f64, f64)> = expiries
        .into_values()
        .filter_map(|points| {
            let iv = at_the_money(&points)?;
            let seconds = points.first()?.seconds;
            Some((seconds, iv * iv * seconds))
        })
        .collect();
    let (first, last) = (terms.first()?, terms.last()?);
    let per_second = if TENOR <= first.0 {
        first.1 / first.0
    } else if TENOR >= last.0 {
        last.1 / last.0
    } else {
        let pair = terms.windows(2).find(|pair| TENOR <= pair[1].0)?;
        let share = (TENOR - pair[0].0) / (pair[1].0 - pair[0].0);
        (pair[0].1 + share * (pair[1].1 - pair[0].1)) / TENOR
    };
    Some((per_second / 365.0).sqrt())
}

/// Between the nearest strikes on either side of the forward; the nearest alone where one side is missing.
fn at_the_money(points: &[Point]) -> Option<f64> {
    let near = |below: bool| {
        points
            .iter()
            .filter(|p| (p.moneyness <= 1.0) == below)
            .min_by(|a, b| {
                (a.moneyness - 1.0)
                    .abs()
                    .total_cmp(&(b.moneyness - 1.0).abs())
            })
    };
    match (near(true), near(false)) {
        (Some(a), Some(b)) => {
            let share = (1.0 - a.moneyness) / (b.moneyness - a.moneyness);
            Some(a.iv + share * (b.iv - a.iv))
        }
        (Some(one), None) | (None, Some(one)) => Some(one.iv),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(days: i64, strike: f64) -> Contract {
        Contract::Option {
            expiry: days * 86_400,
            strike,
            call: true,
        }
    }

    fn quote(iv: f64) -> Quote {
        Quote {
            forward: Some(100.0),
            iv: Some(iv),
            mark: None,
        }
    }

    #[test]
    fn total_variance_is_linear_between_expiries_and_strikes_meet_at_the_forward() {
        let quotes = [
            (option(20, 90.0), quote(0.50)),
            (option(20, 110.0), quote(0.70)),
            (option(40, 100.0), quote(0.40)),
        ];
        let got = daily_volatility(quotes.iter().map(|(c, q)| (c, q)), 0).unwrap();
        // 0.6^2 x 20 and 0.4^2 x 40 meet half way, over 30 days.
        let want = (((0.36 * 20.0 + 0.16 * 40.0) / 2.0) / 30.0 / 365.0_f64).sqrt();
        assert!((got - want).abs() < 1e-12);
    }

    #[test]
    fn one_expiry_is_flat_and_none_gives_none() {
        let one = [(option(5, 100.0), quote(0.8))];
        let got = daily_volatility(one.iter().map(|(c, q)| (c, q)), 0).unwrap();
        assert!((got - 0.8 / 365f64.sqrt()).abs() < 1e-12);
        assert_eq!(daily_volatility(core::iter::empty(), 0), None);
        // Expired options say nothing.
        assert_eq!(
            daily_volatility(one.iter().map(|(c, q)| (c, q)), 5 * 86_400),
            None
        );
    }
}
