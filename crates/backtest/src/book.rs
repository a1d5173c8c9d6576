use {
    crate::error::BacktestError,
    cep_risk::{Notional, Price, Quantity, units::MAX_QUANTITY},
    cep_scenarios::Symbol,
    std::collections::BTreeMap,
};

/// A linear book.
#[derive(Clone, Debug, PartialEq)]
pub enum Book {
    /// Contracts per underlying, signed, as `BOOK.json` gives them. Over years its weights drift with the prices.
    Contracts(BTreeMap<Symbol, f64>),
    /// USD per underlying, signed, set back to these amounts at every observation.
    Usd(BTreeMap<Symbol, f64>),
}

impl Book {
    /// A book of contracts from names, as they stand in `BOOK.json`. Positions of zero are left out.
    pub fn contracts<'a>(
        entries: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self, String> {
        Ok(Self::Contracts(read(entries)?))
    }

    /// A book of USD amounts from names.
    pub fn usd<'a>(entries: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self, String> {
        Ok(Self::Usd(read(entries)?))
    }

    fn amounts(&self) -> &BTreeMap<Symbol, f64> {
        match self {
            Self::Contracts(amounts) | Self::Usd(amounts) => amounts,
        }
    }

    /// What it holds, in alphabetical order.
    #[must_use]
    pub fn symbols(&self) -> Vec<Symbol> {
        self.amounts().keys().copied().collect()
    }

    /// Refuses a book of nothing, and numbers that the chain's integers cannot hold.
    pub(crate) fn check(&self) -> Result<(), BacktestError> {
        if self.amounts().is_empty() {
            return Err(BacktestError::EmptyBook);
        }
        for (symbol, quantity) in self.amounts() {
            if !quantity.is_finite() || quantity.abs() * 1e6 > MAX_QUANTITY as f64 {
                return Err(BacktestError::Quantity {
                    symbol: *symbol,
                    quantity: *quantity,
                });
            }
        }
        Ok(())
    }

    /// Net exposure per underlying at these prices (USD per contract): exact price x quantity, as in the chain's accounts.
    pub(crate) fn exposures(&self, prices: &[f64]) -> Result<Vec<Notional>, BacktestError> {
        let exposure = |(symbol, amount): (&Symbol, &f64), price: &f64| match self {
            Self::Contracts(_) => {
                // Checked: below 2^47 either way.
                let quantity = Quantity((amount * 1e6).round() as i64);
                Ok(quantity.at(price_of(*symbol, *price)?))
            }
            Self::Usd(_) => Ok(Notional((amount * 1e12).round() as i128)),
        };
        self.amounts()
            .iter()
            .zip(prices)
            .map(|(entry, price)| exposure(entry, price))
            .collect()
    }
}

/// A price as the chain holds it, rounded to the nearest micro-USD.
pub(crate) fn price_of(symbol: Symbol, price: f64) -> Result<Price, BacktestError> {
    let refuse = || BacktestError::Price { symbol, price };
    // A float beyond u64 saturates, and the range check refuses it.
    Price::new((price * 1e6).round() as u64).map_err(|_| refuse())
}

fn read<'a>(
    entries: impl IntoIterator<Item = (&'a str, f64)>,
) -> Result<BTreeMap<Symbol, f64>, String> {
    let mut amounts = BTreeMap::new();
    for (name, amount) in entries {
        let symbol: Symbol = name.parse()?;
        if amounts.insert(symbol, amount).is_some() {
            return Err(format!(
                "{symbol} is named twice: name every underlying once"
            ));
        }
    }
    amounts.retain(|_, amount| *amount != 0.0);
    Ok(amounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contracts_follow_the_price_and_usd_does_not() {
        let contracts = Book::contracts([("ETH", -20.0), ("BTC", 1.0), ("SOL", 0.0)]).unwrap();
        let names: Vec<String> = contracts.symbols().iter().map(Symbol::to_string).collect();
        assert_eq!(names, ["BTC", "ETH"]);
        let usd = |book: &Book, prices: &[f64]| -> Vec<f64> {
            let exposures = book.exposures(prices).unwrap();
            exposures.iter().map(|e| e.0 as f64 / 1e12).collect()
        };
        assert_eq!(usd(&contracts, &[60_000.0, 3_000.0]), [60_000.0, -60_000.0]);
        let constant = Book::usd([("BTC", 500.0)]).unwrap();
        assert_eq!(usd(&constant, &[1.0]), usd(&constant, &[60_000.0]));
    }

    #[test]
    fn unusable_books_are_refused() {
        assert!(Book::contracts([("BTC", 1.0), ("btc", 1.0)]).is_err());
        assert!(Book::contracts([("B/C", 1.0)]).is_err());
        let check = |book: Result<Book, String>| book.unwrap().check();
        assert_eq!(
            check(Book::contracts([("BTC", 0.0)])),
            Err(BacktestError::EmptyBook)
        );
        assert!(check(Book::contracts([("BTC", f64::NAN)])).is_err());
        assert!(check(Book::usd([("BTC", 1e300)])).is_err());
        assert!(
            Book::contracts([("BTC", 1.0)])
                .unwrap()
                .exposures(&[1e12])
                .is_err()
        );
    }
}
