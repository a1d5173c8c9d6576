//! What people do, one call each. Money in micro-USD, quantities in millionths, tokens in their smallest unit.

use {
    crate::{
        bare::{endow, keypair},
        outcome::{Outcome, Receipt, Refusal},
        token::{balance, wallet, write_wallet},
        world::{World, admin, quote_mint},
    },
    anchor_lang::prelude::Pubkey,
    cep_sdk::{
        Health, SdkError, address,
        health::exposed_underlyings,
        instruction,
        programs::{
            liquidation::{BidArgs, state::Auction},
            margin_pool::{
                Leg, LegArgs, clearing,
                margin::Books,
                state::{MarginAccount, Pool, PoolChange, permission},
            },
        },
        units::{micro_usd, quantity},
    },
    solana_sdk::signature::{Keypair, Signer},
    std::collections::BTreeSet,
};

/// Everything that is on offer.
pub const ALL: u64 = cep_risk::auction::PPB;

/// A key with one margin account.
pub struct Trader {
    pub key: Keypair,
    pub account: Pubkey,
}

impl Clone for Trader {
    fn clone(&self) -> Self {
        Self {
            key: self.key.insecure_clone(),
            account: self.account,
        }
    }
}

impl Trader {
    /// By name, before anything of it is on chain.
    #[must_use]
    pub fn named(name: &str, id: u16) -> Self {
        let key = keypair(name);
        let account = address::margin_account(&key.pubkey(), id);
        Self { key, account }
    }

    #[must_use]
    pub fn owner(&self) -> Pubkey {
        self.key.pubkey()
    }

    /// Account and owner, as the SDK's builders take them.
    #[must_use]
    pub fn pair(&self) -> (Pubkey, Pubkey) {
        (self.account, self.owner())
    }

    /// Where its quote currency lies.
    #[must_use]
    pub fn wallet(&self) -> Pubkey {
        wallet(&self.owner(), &quote_mint())
    }
}

/// A leg in contracts and USD; positive: the first account buys.
#[must_use]
pub fn leg(underlying: u8, contracts: f64, price_usd: f64) -> Leg {
    Leg::perpetual(
        underlying,
        quantity(contracts),
        u64::try_from(micro_usd(price_usd)).unwrap(),
    )
}

impl World {
    /// A new trader with one account and this much USD in it.
    pub fn trader(&mut self, name: &str, usd: f64) -> Trader {
        let trader = Trader::named(name, 0);
        endow(&mut self.svm, trader.owner());
        self.create_account(&trader, 0).accepted();
        if usd > 0.0 {
            self.deposit_usd(&trader, usd);
        }
        trader
    }

    /// Another account of the same key.
    pub fn sibling(&mut self, name: &str, id: u16) -> Trader {
        let trader = Trader::named(name, id);
        self.create_account(&trader, id).accepted();
        trader
    }

    pub fn create_account(&mut self, trader: &Trader, id: u16) -> Result<Receipt, Refusal> {
        let ix = instruction::pool::create_account(trader.owner(), trader.owner(), id);
        self.send(&[ix], &[&trader.key])
    }

    /// Puts tokens into someone's wallet, out of nowhere.
    pub fn mint_to(&mut self, owner: Pubkey, mint: Pubkey, amount: u64) -> Pubkey {
        let address = wallet(&owner, &mint);
        let total = balance(&self.svm, &address) + amount;
        write_wallet(&mut self.svm, address, mint, owner, total);
        address
    }

    /// Deposits `amount` that the trader is given first.
    pub fn deposit(
        &mut self,
        trader: &Trader,
        mint: Pubkey,
        amount: u64,
    ) -> Result<Receipt, Refusal> {
        let source = self.mint_to(trader.owner(), mint, amount);
        let ix = instruction::pool::deposit(trader.account, mint, source, trader.owner(), amount);
        self.send(&[ix], &[&trader.key])
    }

    pub fn deposit_usd(&mut self, trader: &Trader, usd: f64) {
        let amount = u64::try_from(micro_usd(usd)).unwrap();
        self.deposit(trader, quote_mint(), amount).accepted();
    }

    /// Wrapped SOL, in whole SOL.
    pub fn deposit_sol(&mut self, trader: &Trader, sol: f64) {
        let mint = self.parameters.collaterals[0].mint;
        self.deposit(trader, mint, (sol * 1e9) as u64).accepted();
    }

    pub fn withdraw(
        &mut self,
        trader: &Trader,
        mint: Pubkey,
        amount: u64,
    ) -> Result<Receipt, Refusal> {
        let destination = self.mint_to(trader.owner(), mint, 0);
        let books = self.books_of(&[trader.account], &[]);
        let ix = instruction::pool::withdraw(
            trader.account,
            trader.owner(),
            mint,
            destination,
            amount,
            &books,
        );
        self.send(&[ix], &[&trader.key])
    }

    pub fn withdraw_usd(&mut self, trader: &Trader, micro: i64) -> Result<Receipt, Refusal> {
        self.withdraw(trader, quote_mint(), u64::try_from(micro).unwrap())
    }

    /// Anyone may.
    pub fn announce_silence(&mut self, underlying: u8) -> Result<Receipt, Refusal> {
        let ix = instruction::risk::announce_silence(self.book_address(underlying));
        self.send(&[ix], &[&admin()])
    }

    /// Both sign.
    pub fn trade(&mut self, a: &Trader, b: &Trader, legs: &[Leg]) -> Result<Receipt, Refusal> {
        let traded: Vec<u8> = legs.iter().map(|l| l.underlying).collect();
        let books = self.books_of(&[a.account, b.account], &traded);
        let ix = instruction::pool::trade_block(a.pair(), b.pair(), legs.to_vec(), &books);
        self.send(&[ix], &signers(a, b))
    }

    /// At the mark; positive: `a` buys.
    pub fn trade_at_mark(
        &mut self,
        a: &Trader,
        b: &Trader,
        underlying: u8,
        contracts: f64,
    ) -> Result<Receipt, Refusal> {
        let leg = Leg::perpetual(underlying, quantity(contracts), self.book(underlying).price);
        self.trade(a, b, &[leg])
    }

    pub fn settle(&mut self, trader: &Trader, underlying: u8) -> Result<Receipt, Refusal> {
        let books = [self.book_address(underlying)];
        let ix = instruction::pool::settle_pnl(trader.account, &books);
        self.send(&[ix], &[&trader.key])
    }

    /// Fills the insurance fund.
    pub fn insure(&mut self, trader: &Trader, usd: f64) -> Result<Receipt, Refusal> {
        let amount = u64::try_from(micro_usd(usd)).unwrap();
        let source = self.mint_to(trader.owner(), quote_mint(), amount);
        let ix =
            instruction::liquidation::fund_insurance(trader.owner(), source, quote_mint(), amount);
        self.send(&[ix], &[&trader.key])
    }

    /// `opener` opens the auction of `failing` and gets the reward.
    pub fn open(&mut self, failing: &Trader, opener: &Trader) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account], &[]);
        let ix = instruction::liquidation::open_auction(
            failing.account,
            opener.owner(),
            opener.account,
            &books,
        );
        self.send(&[ix], &[&opener.key])
    }

    pub fn bid(
        &mut self,
        failing: &Trader,
        bidder: &Trader,
        max_fraction: u64,
        max_payment: i64,
    ) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account, bidder.account], &[]);
        let args = BidArgs {
            max_fraction,
            max_payment,
            hedged: false,
        };
        let ix = instruction::liquidation::bid(failing.account, bidder.pair(), args, &books);
        self.send(&[ix], &[&bidder.key])
    }

    /// A bid followed by a trade of the bidder with `maker` and the check of its margin, in one transaction.
    pub fn bid_and_hedge(
        &mut self,
        failing: &Trader,
        (bidder, maker): (&Trader, &Trader),
        max_fraction: u64,
        legs: &[Leg],
    ) -> Result<Receipt, Refusal> {
        let all = [failing.account, bidder.account, maker.account];
        let books = self.books_of(&all, &[]);
        let args = BidArgs {
            max_fraction,
            max_payment: i64::MAX,
            hedged: true,
        };
        let bid = instruction::liquidation::bid(failing.account, bidder.pair(), args, &books);
        let hedge =
            instruction::pool::trade_block(bidder.pair(), maker.pair(), legs.to_vec(), &books);
        let confirm = instruction::pool::confirm_margin(bidder.account, &books);
        self.send(&[bid, hedge, confirm], &signers(bidder, maker))
    }

    pub fn take_leg(
        &mut self,
        failing: &Trader,
        liquidator: &Trader,
        args: LegArgs,
    ) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account, liquidator.account], &[]);
        let take = instruction::liquidation::take_leg;
        let ix = take(failing.account, liquidator.pair(), args, &books);
        self.send(&[ix], &[&liquidator.key])
    }

    /// Anyone may; `by` signs for the fee.
    pub fn refresh_auction(&mut self, failing: &Trader, by: &Trader) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account], &[]);
        let ix = instruction::liquidation::refresh_auction(failing.account, &books);
        self.send(&[ix], &[&by.key])
    }

    /// Anyone may; `by` signs for the fee.
    pub fn reduce_opposite(&mut self, failing: &Trader, by: &Trader) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account], &[]);
        let ix = instruction::liquidation::reduce_opposite(failing.account, &books);
        self.send(&[ix], &[&by.key])
    }

    /// Anyone may; `by` signs for the fee.
    pub fn write_off(&mut self, failing: &Trader, by: &Trader) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account], &[]);
        let ix = instruction::liquidation::write_off(failing.account, &books);
        self.send(&[ix], &[&by.key])
    }

    /// Anyone may; `by` signs for the fee, and the rent goes to `rent_to`.
    pub fn close(
        &mut self,
        failing: &Trader,
        rent_to: Pubkey,
        by: &Trader,
    ) -> Result<Receipt, Refusal> {
        let books = self.books_of(&[failing.account], &[]);
        let ix = instruction::liquidation::close_auction(failing.account, rent_to, &books);
        self.send(&[ix], &[&by.key])
    }

    /// Moves cash from one account to the other without a trade, by the clearing house's own function.
    pub fn forge_cash(&mut self, from: &Trader, to: &Trader, micro: i64) {
        let mut pool = *self.pool();
        for (who, amount) in [(from, -micro), (to, micro)] {
            let mut account = *self.account(&who.account);
            clearing::credit(&mut pool, &mut account, amount).unwrap();
            self.forge::<MarginAccount>(&who.account, |a| *a = account);
        }
        self.forge::<Pool>(&address::pool(), |p| *p = pool);
    }

    #[must_use]
    pub fn auction(&self, trader: &Trader) -> Box<Auction> {
        self.read(&address::auction(&trader.account))
    }

    /// `key` may do this for the trader's account for so many seconds.
    pub fn delegate(
        &mut self,
        who: &Trader,
        key: &Keypair,
        permissions: u64,
        seconds: i64,
    ) -> Result<Receipt, Refusal> {
        let (account, owner) = who.pair();
        let expires = self.now() + seconds;
        let ix =
            instruction::pool::set_delegate(account, owner, key.pubkey(), permissions, expires);
        self.send(&[ix], &[&who.key])
    }

    /// Registers a venue with half of its trades' fees for `fee_account`, and has these traders delegate to it for a day.
    pub fn open_venue(&mut self, venue: &Keypair, fee_account: Pubkey, traders: &[&Trader]) {
        self.enact_in_pool(PoolChange::Venue {
            slot: 3,
            authority: venue.pubkey(),
            fee_account,
            fee_share: 500_000,
        })
        .accepted();
        for trader in traders {
            self.delegate(trader, venue, permission::VENUE, 86_400)
                .accepted();
        }
    }

    /// Books of all that these accounts are exposed to, and of `more`.
    #[must_use]
    pub fn books_of(&self, accounts: &[Pubkey], more: &[u8]) -> Vec<Pubkey> {
        let pool = self.pool();
        let mut exposed: BTreeSet<u8> = more.iter().copied().collect();
        for account in accounts {
            exposed.extend(exposed_underlyings(&pool, &self.account(account)));
        }
        exposed
            .into_iter()
            .filter(|u| self.underlyings().contains(u))
            .map(|u| self.book_address(u))
            .collect()
    }

    /// What these accounts own together: their equity at the mark, micro-USD. What actors have before and after what they did.
    #[must_use]
    pub fn owned(&self, traders: &[&Trader]) -> i64 {
        let equity = |trader: &&Trader| self.health(trader).maintenance.equity;
        traders.iter().map(equity).sum()
    }

    /// What the SDK says of an account, from the same bytes that the chain reads.
    #[must_use]
    pub fn health(&self, trader: &Trader) -> Health {
        self.try_health(&trader.account).unwrap()
    }

    /// The same; an error while a book of what it holds is not ready.
    pub(crate) fn try_health(&self, account: &Pubkey) -> Result<Health, SdkError> {
        let (pool, account) = (self.pool(), self.account(account));
        let books: Vec<_> = exposed_underlyings(&pool, &account)
            .into_iter()
            .map(|u| (u, self.book(u), self.market(u)))
            .collect();
        let list = books
            .iter()
            .map(|(u, book, market)| book.listed(*u, market));
        let books = Books {
            list: list.collect(),
            now: self.now(),
        };
        Health::of(&pool, &account, &books)
    }

    #[must_use]
    pub fn cash(&self, trader: &Trader) -> i64 {
        self.account(&trader.account).cash
    }

    /// Size of a perpetual position, millionths; zero without one.
    #[must_use]
    pub fn base(&self, trader: &Trader, underlying: u8) -> i64 {
        self.account(&trader.account)
            .perpetual(underlying)
            .map_or(0, |p| p.base)
    }
}

fn signers<'a>(a: &'a Trader, b: &'a Trader) -> Vec<&'a Keypair> {
    if a.owner() == b.owner() {
        vec![&a.key]
    } else {
        vec![&a.key, &b.key]
    }
}
