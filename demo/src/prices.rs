//! The crash as a sequence of prints, and a print as price accounts of the Pyth receiver.

use {
    anchor_lang::AccountSerialize,
    anyhow::{Context, Result},
    cep_migrations::{Parameters, parameters::feeds},
    cep_scenarios::{
        Symbol,
        replay::{HourBar, ReplayTable},
    },
    cep_sdk::Pubkey,
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    solana_sdk::signature::{Keypair, Signer},
};

/// The underlyings in the order in which the pool lists them.
pub const SYMBOLS: [&str; 3] = ["BTC", "ETH", "SOL"];
pub const BTC: usize = 0;
pub const ETH: usize = 1;
pub const SOL: usize = 2;
/// Four prints an hour.
pub const PRINT_SECONDS: i64 = 900;
/// Pyth's usual exponent: prices in units of 10⁻⁸ USD.
const EXPONENT: i32 = -8;
/// Confidence interval posted with every price, as a fraction of it.
const CONFIDENCE: f64 = 0.0005;

/// One price of everything, USD in the order of [`SYMBOLS`].
pub type Prices = [f64; 3];

/// Prices at a moment of October 2025.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    /// Original time, Unix seconds.
    pub time: i64,
    pub prices: Prices,
}

/// The whole replay: the prices before it and every print of it.
pub struct Tape {
    pub start: Prices,
    pub prints: Vec<Print>,
}

impl Tape {
    /// From the table that ships with the project.
    pub fn shipped() -> Result<Self> {
        let table = ReplayTable::shipped().context("the shipped replay table is damaged")?;
        let mut columns = [0; 3];
        for (column, name) in columns.iter_mut().zip(SYMBOLS) {
            let symbol: Symbol = name
                .parse()
                .ok()
                .context("a symbol of the demo is malformed")?;
            *column = table
                .column(symbol)
                .with_context(|| format!("the replay table has no column {name}"))?;
        }
        let start = columns.map(|c| table.starts.get(c).map_or(0.0, |s| s.price));
        let mut prints = Vec::new();
        for hour in &table.hours {
            let falling = falls(&hour.bars);
            let paths = columns.map(|c| hour.bars.get(c).map_or([0.0; 4], |b| path(b, falling)));
            for (quarter, time) in (0..4).zip((hour.timestamp..).step_by(PRINT_SECONDS as usize)) {
                let prices = paths.map(|p| p.get(quarter).copied().unwrap_or_default());
                prints.push(Print { time, prices });
            }
        }
        Ok(Self { start, prints })
    }
}

/// Which extreme of an hour came first is not in the table: a falling hour is taken to have risen first. One
/// answer for all underlyings, or one would stand at its high while another is at its low, which no market did.
fn falls(bars: &[HourBar]) -> bool {
    bars.iter()
        .map(|bar| (bar.close / bar.open).ln())
        .sum::<f64>()
        < 0.0
}

/// A bar as four prints.
fn path(bar: &HourBar, falling: bool) -> [f64; 4] {
    let (first, second) = if falling {
        (bar.high, bar.low)
    } else {
        (bar.low, bar.high)
    };
    [bar.open, first, second, bar.close]
}

/// The price accounts that this deployment's books follow.
pub struct Feeds {
    /// In the order of [`SYMBOLS`].
    pub accounts: [Pubkey; 3],
    ids: [[u8; 32]; 3],
}

impl Feeds {
    pub fn new() -> Self {
        Self {
            accounts: [0; 3].map(|_| Keypair::new().pubkey()),
            ids: [feeds::BTC, feeds::ETH, feeds::SOL],
        }
    }

    /// Risk books and their price accounts.
    pub fn by_book(&self, parameters: &Parameters) -> Vec<(Pubkey, Vec<Pubkey>)> {
        let books = parameters
            .underlyings
            .iter()
            .map(|u| cep_sdk::address::risk_book(&u.symbol));
        books.zip(self.accounts.map(|at| vec![at])).collect()
    }

    /// The accounts' contents: fully verified updates, serialised by Pyth's own type.
    pub fn updates(&self, prices: &Prices, publish_time: i64) -> Result<Vec<(Pubkey, Vec<u8>)>> {
        let feeds = self.accounts.iter().zip(&self.ids).zip(prices);
        feeds
            .map(|((account, id), price)| Ok((*account, update(*id, *price, publish_time)?)))
            .collect()
    }
}

fn update(feed_id: [u8; 32], price: f64, publish_time: i64) -> Result<Vec<u8>> {
    let scale = 10f64.powi(-EXPONENT);
    let price_units = (price * scale).round() as i64;
    let confidence = (price * CONFIDENCE * scale).round() as u64;
    let update = PriceUpdateV2 {
        write_authority: Pubkey::default(),
        verification_level: VerificationLevel::Full,
        price_message: PriceFeedMessage {
            feed_id,
            price: price_units,
            conf: confidence,
            exponent: EXPONENT,
            publish_time,
            prev_publish_time: publish_time - 1,
            ema_price: price_units,
            ema_conf: confidence,
        },
        posted_slot: 0,
    };
    let mut bytes = Vec::new();
    update
        .try_serialize(&mut bytes)
        .context("Pyth's type does not serialise a price update")?;
    bytes.resize(PriceUpdateV2::LEN, 0);
    Ok(bytes)
}

/// The owner that the risk engine demands of a price account.
pub fn receiver() -> Pubkey {
    pyth_solana_receiver_sdk::ID
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tape_has_four_prints_an_hour_and_the_crash_in_it() {
        let tape = Tape::shipped().unwrap();
        assert_eq!(tape.prints.len(), 4 * 48);
        assert!(
            tape.prints
                .windows(2)
                .all(|w| w[1].time - w[0].time == PRINT_SECONDS)
        );
        let low = tape
            .prints
            .iter()
            .map(|p| p.prices[SOL])
            .fold(f64::MAX, f64::min);
        assert!(low < 0.7 * tape.start[SOL]);
    }

    #[test]
    fn a_falling_hour_goes_up_first_for_everybody() {
        let bar = HourBar {
            open: 2.0,
            high: 3.0,
            low: 1.0,
            close: 1.5,
        };
        let slightly_up = HourBar { close: 2.1, ..bar };
        assert!(falls(&[bar, slightly_up]) && !falls(&[slightly_up]));
        assert_eq!(path(&slightly_up, true), [2.0, 3.0, 1.0, 2.1]);
        assert_eq!(path(&bar, false), [2.0, 1.0, 3.0, 1.5]);
    }
}
