//! All of the protocol's accounts at one moment, and what they say about everyone's health.

use {
    crate::{actors::Cast, prices::Prices, tokens::balance_in},
    anchor_lang::{Discriminator, Owner},
    anyhow::{Context, Result, bail},
    bytemuck::{Pod, bytes_of, cast_slice},
    cep_sdk::{
        Book, Client, Pubkey,
        account::decode,
        address,
        clock::{CLOCK, ChainTime},
        health::Health,
        programs::{
            liquidation::state::InsuranceFund,
            margin_pool::{
                margin::Books,
                state::{MarginAccount, Market, Pool},
            },
        },
        units::micro_usd,
    },
    solana_sdk::account::Account,
};

/// Which accounts to read.
pub struct Watch {
    addresses: Vec<Pubkey>,
    underlyings: usize,
    collaterals: usize,
}

/// Everything, read in one request.
pub struct Snapshot {
    /// The chain's time, Unix seconds.
    pub now: i64,
    pub pool: Box<Pool>,
    pub fund: Box<InsuranceFund>,
    /// Tokens that really lie in the quote vault.
    pub quote_vault: u64,
    /// The same for each collateral, in the pool's order.
    pub collateral_vaults: Vec<u64>,
    pub books: Vec<Book>,
    pub markets: Vec<Market>,
    /// In the order of the cast.
    pub accounts: Vec<MarginAccount>,
}

impl Watch {
    pub async fn new(client: &Client, cast: &Cast) -> Result<Self> {
        let pool = client.pool().await?;
        let underlyings = usize::from(pool.underlying_count);
        let collaterals = usize::from(pool.collateral_count);
        let mut addresses = vec![
            CLOCK,
            address::pool(),
            address::insurance_fund(),
            pool.quote_vault,
        ];
        addresses.extend(pool.collaterals.iter().take(collaterals).map(|c| c.vault));
        addresses.extend(pool.underlyings.iter().take(underlyings).map(|u| u.book));
        addresses.extend(pool.underlyings.iter().take(underlyings).map(|u| u.market));
        addresses.extend(cast.actors.iter().map(|actor| actor.account));
        Ok(Self {
            addresses,
            underlyings,
            collaterals,
        })
    }

    pub async fn read(&self, client: &Client) -> Result<Snapshot> {
        let found = client
            .rpc
            .get_multiple_accounts(&self.addresses)
            .await
            .context("reading the protocol's accounts")?;
        let mut rest = Reader {
            accounts: self.addresses.iter().zip(found),
        };
        let now = ChainTime::from_sysvar(&rest.raw()?.1.data)
            .context("the chain's clock is no clock")?
            .unix_timestamp;
        let pool = rest.next()?;
        let fund = rest.next()?;
        let quote_vault = rest.balance()?;
        let many = 0..self.underlyings;
        Ok(Snapshot {
            now,
            pool,
            fund,
            quote_vault,
            collateral_vaults: (0..self.collaterals)
                .map(|_| rest.balance())
                .collect::<Result<_>>()?,
            books: many
                .clone()
                .map(|_| {
                    let (address, account) = rest.raw()?;
                    Ok(Book::decode(address, &account)?)
                })
                .collect::<Result<_>>()?,
            markets: many.map(|_| Ok(*rest.next()?)).collect::<Result<_>>()?,
            accounts: rest.all()?,
        })
    }
}

/// Hands out accounts in the order they were asked for.
struct Reader<I> {
    accounts: I,
}

impl<'a, I: Iterator<Item = (&'a Pubkey, Option<Account>)>> Reader<I> {
    fn raw(&mut self) -> Result<(&'a Pubkey, Account)> {
        match self.accounts.next() {
            Some((address, Some(account))) => Ok((address, account)),
            Some((address, None)) => bail!("{address} is gone from the local chain"),
            None => bail!("the local chain returned fewer accounts than were asked for"),
        }
    }

    fn next<T: Pod + Discriminator + Owner>(&mut self) -> Result<Box<T>> {
        let (address, account) = self.raw()?;
        Ok(decode(address, &account)?)
    }

    fn balance(&mut self) -> Result<u64> {
        let (address, account) = self.raw()?;
        balance_in(&account.data).with_context(|| format!("{address} is not a token account"))
    }

    fn all<T: Pod + Discriminator + Owner>(&mut self) -> Result<Vec<T>> {
        self.accounts
            .by_ref()
            .map(|(address, account)| {
                let account = account.with_context(|| format!("{address} is gone"))?;
                Ok(*decode(address, &account)?)
            })
            .collect()
    }
}

impl Snapshot {
    /// Health of every account on the books as they stand.
    pub fn health(&self) -> Result<Vec<Health>> {
        self.health_on(&self.books)
    }

    /// Health of every account once these prices are in the books and nobody has acted on them yet.
    pub fn health_at(&self, prices: &Prices) -> Result<Vec<Health>> {
        let mut books = self.books.clone();
        for (book, price) in books.iter_mut().zip(prices) {
            book.price = u64::try_from(micro_usd(*price))?;
        }
        self.health_on(&books)
    }

    fn health_on(&self, books: &[Book]) -> Result<Vec<Health>> {
        let listed = (0..self.pool.underlying_count).zip(books.iter().zip(&self.markets));
        let books = Books {
            list: listed
                .map(|(index, (book, market))| book.listed(index, market))
                .collect(),
            now: self.now,
        };
        self.accounts
            .iter()
            .map(|account| Ok(Health::of(&self.pool, account, &books)?))
            .collect()
    }

    /// Whether every book stands on prices of `publish_time` or later, with scenarios that cover them.
    pub fn is_refreshed(&self, publish_time: i64) -> bool {
        self.books
            .iter()
            .all(|b| b.publish_time >= publish_time && b.scenarios_cover_volatility())
    }

    pub fn in_auction(&self) -> bool {
        self.accounts.iter().any(|a| a.in_liquidation != 0)
    }

    /// Whether somebody is below maintenance margin with no auction open.
    pub fn awaits_auction(&self) -> Result<bool> {
        let health = self.health()?;
        Ok(self
            .accounts
            .iter()
            .zip(health)
            .any(|(a, h)| a.in_liquidation == 0 && h.maintenance.health() < 0))
    }

    /// Whether nothing at all differs.
    pub fn same_as(&self, other: &Self) -> bool {
        let bytes = |s: &Self| -> Vec<u8> {
            let mut all = [
                bytes_of(&*s.pool),
                bytes_of(&*s.fund),
                cast_slice(&s.markets),
                cast_slice(&s.accounts),
                cast_slice(&s.collateral_vaults),
                bytes_of(&s.quote_vault),
            ]
            .concat();
            s.books
                .iter()
                .for_each(|book| all.extend(bytes_of(&**book)));
            all
        };
        bytes(self) == bytes(other)
    }
}
