//! How each column of a set is read out of the prices: what kind of price it is, its clean bars, returns and volatility.

use crate::builder::BuildParams;
use crate::date::Date;
use crate::error::BuildError;
use crate::prices::{Bar, DayReturn, Mark, PriceHistory};
use crate::shape::Symbol;
use crate::volatility::{ewma_seeded, long_run};

/// A price is pegged if [`PEGGED_SHARE`] of its closes are this near to their median, as a log return.
const PEG_BAND: f64 = 0.1;
const PEGGED_SHARE: f64 = 0.99;
/// A high or low of a pegged price counts up to this far, as a log return, beyond every open and close of its day, the
/// day before and the day after. Farther out it is a bad print. The largest kept is 10.6 % (USDT, 13 March 2020), the
/// smallest refused 13.2 %: see the README.
const PRINT_BAND: f64 = 0.12;
/// A gap in a series longer than this many days starts its volatility afresh.
const LONGEST_GAP: i32 = 7;
/// Days of realised variance that seed the volatility where prices are intraday.
const SEED_INTRADAY: usize = 14;

/// What a column is the price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A price that moves freely. Filtered by its EWMA volatility; moves the volatility level and makes crash days.
    Market,
    /// A price that others hold at a peg: a stablecoin. Scaled by its long-run volatility.
    Stablecoin,
    /// A staked token's price over its redemption value; named after its underlying, `SOLGAP`. Pegged too.
    StakedGap,
}

impl Role {
    /// True for prices that are held at a peg.
    pub const fn is_pegged(self) -> bool {
        !matches!(self, Self::Market)
    }
}

/// A column of a set, defined as the ratio of two symbols of the price files where these do not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The column.
    pub symbol: Symbol,
    /// Price above the line.
    pub over: Symbol,
    /// Price below the line.
    pub under: Symbol,
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}/{}", self.symbol, self.over, self.under)
    }
}

impl std::str::FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('=')
            .and_then(|(symbol, ratio)| Some((symbol, ratio.split_once('/')?)));
        let Some((symbol, (over, under))) = parts else {
            return Err(format!(
                "`{text}` is not a proxy: write it as SOLGAP=STETH/ETH"
            ));
        };
        Ok(Self {
            symbol: symbol.parse()?,
            over: over.parse()?,
            under: under.parse()?,
        })
    }
}

/// One column's history.
pub(crate) struct Column {
    pub symbol: Symbol,
    pub role: Role,
    /// Per day of the history.
    pub returns: Vec<Option<DayReturn>>,
    /// Volatility known before each day; for a pegged price its long-run volatility.
    pub sigma: Vec<Option<f64>>,
    /// Long-run daily volatility of closes.
    pub long_run: f64,
    /// Lowest price there ever was.
    pub lowest: f64,
    /// Highs and lows that were taken for bad prints.
    pub bad_prints: Vec<Date>,
}

impl Column {
    /// Reads a column, from the files or else through its proxy.
    pub(crate) fn read(
        prices: &PriceHistory,
        symbol: Symbol,
        params: &BuildParams,
    ) -> Result<Self, BuildError> {
        let (bars, marks) =
            source(prices, symbol, params).ok_or(BuildError::UnknownSymbol(symbol))?;
        let role = role_of(symbol, &bars);
        let (bars, bad_prints) = if role.is_pegged() {
            clean(prices.days(), &bars)
        } else {
            (bars, Vec::new())
        };
        let returns = prices.day_returns(&bars, &marks);
        let long_run = long_run(returns.iter().flatten().map(|r| r.close));
        let sigma = if role.is_pegged() {
            returns.iter().map(|r| r.map(|_| long_run)).collect()
        } else {
            filter(prices.days(), &returns, &marks, params)
        };
        let lows = bars.iter().flatten().map(|b| b.low);
        Ok(Self {
            symbol,
            role,
            returns,
            sigma,
            long_run,
            lowest: lows.fold(f64::INFINITY, f64::min),
            bad_prints,
        })
    }
}

/// Whether the prices have this column, or what it is derived from.
pub(crate) fn available(prices: &PriceHistory, symbol: Symbol, params: &BuildParams) -> bool {
    source(prices, symbol, params).is_some()
}

fn source(
    prices: &PriceHistory,
    symbol: Symbol,
    params: &BuildParams,
) -> Option<(Vec<Option<Bar>>, Vec<Mark>)> {
    if let (Some(bars), Some(marks)) = (prices.bars(symbol), prices.marks(symbol)) {
        return Some((bars.to_vec(), marks.to_vec()));
    }
    let proxy = params.proxies.iter().find(|p| p.symbol == symbol)?;
    prices.ratio(proxy.over, proxy.under)
}

fn role_of(symbol: Symbol, bars: &[Option<Bar>]) -> Role {
    let mut closes: Vec<f64> = bars.iter().flatten().map(|b| b.close).collect();
    closes.sort_by(f64::total_cmp);
    let Some(median) = closes.get(closes.len() / 2) else {
        return Role::Market;
    };
    let near = closes
        .iter()
        .filter(|c| libm::log(**c / median).abs() <= PEG_BAND)
        .count();
    if (near as f64) < PEGGED_SHARE * closes.len() as f64 {
        Role::Market
    } else if symbol.as_str().len() > 3 && symbol.as_str().ends_with("GAP") {
        Role::StakedGap
    } else {
        Role::Stablecoin
    }
}

/// Replaces the bad prints among highs and lows by the outermost price that supports them; names their days.
fn clean(days: &[Date], bars: &[Option<Bar>]) -> (Vec<Option<Bar>>, Vec<Date>) {
    let mut bad = Vec::new();
    let cleaned = bars.iter().enumerate().map(|(at, bar)| {
        let mut bar = (*bar)?;
        let near = &bars[at.saturating_sub(1)..bars.len().min(at + 2)];
        let support = || near.iter().flatten().flat_map(|b| [b.open, b.close]);
        let floor = support().fold(f64::INFINITY, f64::min);
        let ceiling = support().fold(0.0, f64::max);
        if libm::log(floor / bar.low) > PRINT_BAND {
            bar.low = floor;
            bad.push(days[at]);
        }
        if libm::log(bar.high / ceiling) > PRINT_BAND {
            bar.high = ceiling;
            bad.push(days[at]);
        }
        Some(bar)
    });
    let cleaned = cleaned.collect();
    (cleaned, bad)
}

/// EWMA volatility known before each day. It starts afresh in every file and after a long gap: a volatility of months
/// ago says nothing. Daily prices seed it with their first returns, intraday prices with two weeks of realised variance.
fn filter(
    days: &[Date],
    returns: &[Option<DayReturn>],
    marks: &[Mark],
    params: &BuildParams,
) -> Vec<Option<f64>> {
    let known: Vec<usize> = (0..returns.len())
        .filter(|t| returns[*t].is_some())
        .collect();
    let mut sigma = vec![None; returns.len()];
    let stretches = known.chunk_by(|a, b| {
        marks[*a].file == marks[*b].file && days[*b].days() - days[*a].days() <= LONGEST_GAP
    });
    for stretch in stretches {
        let intraday = stretch.iter().all(|t| marks[*t].realised.is_some());
        let seed_days = if intraday {
            SEED_INTRADAY
        } else {
            params.seed_days as usize
        };
        let squares: Vec<(f64, f64)> = stretch
            .iter()
            .map(|t| {
                let close = returns[*t].map_or(0.0, |r| r.close);
                let square = close * close;
                (
                    square,
                    marks[*t].realised.filter(|_| intraday).unwrap_or(square),
                )
            })
            .collect();
        for (t, value) in stretch
            .iter()
            .zip(ewma_seeded(&squares, params.lambda(), seed_days))
        {
            sigma[*t] = value;
        }
    }
    sigma
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Option<Bar> {
        Some(Bar {
            open,
            high,
            low,
            close,
        })
    }

    fn days(count: i32) -> Vec<Date> {
        (0..count).map(Date::from_days).collect()
    }

    #[test]
    fn a_peg_is_known_by_its_closes_and_a_gap_by_its_name() {
        let held = vec![bar(1.0, 1.2, 0.8, 1.0); 50];
        let mut free = held.clone();
        free[3] = bar(1.0, 1.2, 0.8, 1.2);
        let role = |name: &str, bars: &[_]| role_of(name.parse().unwrap(), bars);
        assert_eq!(role("USDC", &held), Role::Stablecoin);
        assert_eq!(role("SOLGAP", &held), Role::StakedGap);
        assert_eq!(role("BTC", &free), Role::Market);
        assert_eq!(role("BTC", &[]), Role::Market);
    }

    #[test]
    fn a_print_that_nothing_supports_is_cut_back_and_a_depeg_is_kept() {
        // USDC on 15 to 17 November 2021 and on 10 to 12 March 2023.
        let bars = [
            bar(1.0, 1.001, 0.999, 1.0),
            bar(1.0007, 2.3496, 0.998, 1.0004),
            bar(1.0019, 1.1735, 0.998, 0.9999),
        ];
        let (cleaned, bad) = clean(&days(3), &bars);
        assert_eq!(bad, [Date::from_days(1), Date::from_days(2)]);
        assert_eq!(cleaned[1].unwrap().high, 1.0019);
        let depeg = [
            bar(1.0, 1.0, 0.999, 0.9995),
            bar(0.9995, 1.0, 0.8774, 0.9715),
            bar(0.9683, 0.9954, 0.947, 0.9921),
        ];
        assert_eq!(clean(&days(3), &depeg), (depeg.to_vec(), vec![]));
    }

    #[test]
    fn volatility_starts_afresh_in_another_file() {
        let params = BuildParams {
            seed_days: 20,
            ..BuildParams::default()
        };
        let day = |close: f64| {
            Some(DayReturn {
                close,
                low: close,
                high: close,
            })
        };
        let mut returns = vec![day(0.02); 30];
        returns.extend(vec![day(0.05); 30]);
        let mut marks = vec![Mark::default(); 30];
        marks.extend(vec![
            Mark {
                file: 1,
                realised: Some(0.0009),
            };
            30
        ]);
        let sigma = filter(&days(60), &returns, &marks, &params);
        assert!(sigma[19].is_none() && (sigma[20].unwrap() - 0.02).abs() < 1e-12);
        assert!(sigma[43].is_none(), "two weeks of the second file seed it");
        assert!((sigma[44].unwrap() - 0.03).abs() < 1e-12);
        assert!(sigma[45].unwrap() > 0.03);
    }
}
