//! What the keeper knows of the chain. Written by one task, read by the planner.

use {
    anchor_lang::{Discriminator, Owner},
    bytemuck::Pod,
    cep_risk::units::MAX_PRICE,
    cep_sdk::{
        Book, Listed, Pubkey, SdkError,
        account::decode,
        address,
        clock::ChainTime,
        follow::Target,
        programs::{
            liquidation::state::{Auction, LiquidationConfig},
            margin_pool::{
                margin::Books,
                state::{MarginAccount, Market, Pool},
            },
            risk_engine::{
                oracle::{self, ClockView, Fault, Reading},
                state::{RiskBook, RiskConfig, Source},
            },
        },
    },
    solana_sdk::account::Account,
    std::collections::{BTreeMap, BTreeSet},
};

/// A book with its market, as the view has them.
pub type BookView<'a> = Listed<&'a Book, &'a Market>;

pub struct View {
    pub time: ChainTime,
    pub pool: Box<Pool>,
    pub risk: Box<RiskConfig>,
    pub liquidation: Box<LiquidationConfig>,
    pub books: BTreeMap<Pubkey, Book>,
    pub markets: BTreeMap<Pubkey, Box<Market>>,
    pub accounts: BTreeMap<Pubkey, Box<MarginAccount>>,
    /// By their own address, see [`View::auction_of`].
    pub auctions: BTreeMap<Pubkey, Box<Auction>>,
    /// The configured oracle accounts, as they are; `None` while one does not exist.
    pub oracles: BTreeMap<Pubkey, Option<Account>>,
}

/// Everything a view is kept current by.
pub fn targets(prices: impl IntoIterator<Item = Pubkey>) -> Vec<Target> {
    let single = [
        address::pool(),
        address::risk_config(),
        address::liquidation_config(),
    ];
    let mut targets = vec![
        Target::all::<MarginAccount>(),
        Target::all::<Market>(),
        Target::all::<RiskBook>(),
        Target::all::<Auction>(),
    ];
    targets.extend(single.into_iter().chain(prices).map(Target::One));
    targets
}

impl View {
    /// Takes the new state of one account; `None` when it was closed.
    ///
    /// # Errors
    /// A decoding error for an account that looks like the protocol's and is not.
    pub fn apply(&mut self, at: Pubkey, account: Option<&Account>) -> Result<(), SdkError> {
        let Some(account) = account.filter(|a| a.lamports > 0) else {
            self.auctions.remove(&at);
            self.accounts.remove(&at);
            if let Some(oracle) = self.oracles.get_mut(&at) {
                *oracle = None;
            }
            return Ok(());
        };
        if let Some(oracle) = self.oracles.get_mut(&at) {
            *oracle = Some(account.clone());
        } else if is::<Pool>(account) {
            self.pool = decode(&at, account)?;
        } else if is::<RiskConfig>(account) {
            self.risk = decode(&at, account)?;
        } else if is::<LiquidationConfig>(account) {
            self.liquidation = decode(&at, account)?;
        } else {
            if is::<RiskBook>(account) {
                self.books.insert(at, Book::decode(&at, account)?);
            }
            put(&mut self.markets, at, account)?;
            put(&mut self.accounts, at, account)?;
            put(&mut self.auctions, at, account)?;
        }
        Ok(())
    }

    /// What the chain would make of an oracle account right now.
    ///
    /// # Errors
    /// [`Fault`], for which the chain would pass it over.
    pub fn read(&self, source: &Source, at: &Pubkey, account: &Account) -> Result<Reading, Fault> {
        let clock = ClockView {
            unix: self.time.unix_timestamp,
            slot: self.time.slot,
            max_skew: self.risk.params.max_clock_skew,
        };
        let (owner, data) = (&account.owner, &account.data);
        oracle::read(source, at, owner, data, &clock, 6, 1..=MAX_PRICE)
    }

    /// The open auction of a margin account.
    #[must_use]
    pub fn auction_of(&self, margin_account: &Pubkey) -> Option<&Auction> {
        self.auctions
            .get(&address::auction(margin_account))
            .map(|auction| &**auction)
    }

    /// The books of some of the pool's underlyings, as a margin check takes them; `None` while one is
    /// unknown.
    #[must_use]
    pub fn books_of(&self, underlyings: &BTreeSet<u8>) -> Option<Books<BookView<'_>>> {
        let list = underlyings.iter().map(|index| {
            let listed = self.pool.underlying(*index).ok()?;
            let book = self.books.get(&listed.book)?;
            Some(book.listed(*index, self.markets.get(&listed.market)?))
        });
        Some(Books {
            list: list.collect::<Option<_>>()?,
            now: self.time.unix_timestamp,
        })
    }

    /// Addresses of the books of some of the pool's underlyings.
    #[must_use]
    pub fn book_addresses(&self, underlyings: &BTreeSet<u8>) -> Vec<Pubkey> {
        underlyings
            .iter()
            .filter_map(|index| self.book_address(*index))
            .collect()
    }

    fn book_address(&self, index: u8) -> Option<Pubkey> {
        self.pool.underlying(index).ok().map(|listed| listed.book)
    }
}

fn is<T: Discriminator + Owner>(account: &Account) -> bool {
    account.owner == T::owner() && account.data.starts_with(T::DISCRIMINATOR)
}

fn put<T: Pod + Discriminator + Owner>(
    map: &mut BTreeMap<Pubkey, Box<T>>,
    at: Pubkey,
    account: &Account,
) -> Result<(), SdkError> {
    if is::<T>(account) {
        map.insert(at, decode(&at, account)?);
    }
    Ok(())
}

/// A book's symbol as text.
#[must_use]
pub fn symbol_of(book: &RiskBook) -> String {
    String::from_utf8_lossy(&book.symbol)
        .trim_end_matches('\0')
        .to_owned()
}
