//! A [`World`] and, beside it, what a keeper knows of it, so that hundreds of accounts are judged off chain by the very
//! functions that the keeper uses.

use {
    crate::{
        actions::Trader,
        outcome::{Outcome, Receipt, Refusal},
        replay::tape::Prices,
        world::{CONFIDENCE, World, admin},
    },
    anchor_lang::prelude::Pubkey,
    cep_keeper::view::View,
    cep_risk::{Breakdown, Kind, Scratch},
    cep_sdk::{
        address,
        clock::ChainTime,
        health::exposed_underlyings,
        instruction,
        programs::{
            liquidation::{self, state::Readings},
            margin_pool,
            margin_pool::{margin::Snapshot, state::MarginAccount},
            risk_engine,
        },
    },
    solana_sdk::{clock::Clock, instruction::Instruction, signature::Keypair},
    std::collections::{BTreeMap, BTreeSet},
};

pub struct Chain {
    pub world: World,
    pub view: View,
    /// Accepted transactions.
    pub sent: usize,
}

impl Chain {
    #[must_use]
    pub fn of(world: World) -> Self {
        let mut view = View {
            time: ChainTime::default(),
            pool: world.pool(),
            risk: world.config(),
            liquidation: world.read(&address::liquidation_config()),
            books: BTreeMap::new(),
            markets: BTreeMap::new(),
            accounts: BTreeMap::new(),
            auctions: BTreeMap::new(),
            oracles: BTreeMap::new(),
        };
        for program in [risk_engine::ID, margin_pool::ID, liquidation::ID] {
            for (key, account) in world.svm.get_program_accounts(&program) {
                view.apply(key, Some(&account)).unwrap();
            }
        }
        let mut chain = Self {
            world,
            view,
            sent: 0,
        };
        chain.tell_time();
        chain
    }

    fn tell_time(&mut self) {
        let clock = self.world.svm.get_sysvar::<Clock>();
        self.view.time = ChainTime {
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        };
    }

    #[must_use]
    pub fn now(&self) -> i64 {
        self.view.time.unix_timestamp
    }

    pub fn advance(&mut self, seconds: i64) {
        self.world.advance(seconds);
        self.tell_time();
    }

    /// Sends, and follows what it changed.
    pub fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Receipt, Refusal> {
        let receipt = self.world.send(instructions, signers)?;
        self.sent += 1;
        let metas = instructions.iter().flat_map(|ix| &ix.accounts);
        let written: BTreeSet<Pubkey> = metas.filter(|m| m.is_writable).map(|m| m.pubkey).collect();
        let ours = [risk_engine::ID, margin_pool::ID, liquidation::ID];
        for key in written {
            let account = self.world.svm.get_account(&key);
            let account = account.filter(|a| a.lamports > 0 && !a.data.is_empty());
            // What is gone is gone from the view, whoever owned it.
            if account.as_ref().is_none_or(|a| ours.contains(&a.owner)) {
                self.view.apply(key, account.as_ref()).unwrap();
            }
        }
        Ok(receipt)
    }

    /// Posts prices, brings them into the books, and scales scenarios that lag behind.
    pub fn publish(&mut self, prices: &Prices) {
        let mut refreshes = Vec::new();
        for (underlying, price) in (0u8..).zip(prices) {
            let at = self
                .world
                .post_price(underlying, *price, price * CONFIDENCE);
            self.world.prices[usize::from(underlying)] = *price;
            refreshes.push(instruction::risk::refresh(
                self.world.book_address(underlying),
                &[at],
            ));
        }
        self.send(&refreshes, &[&admin()]).accepted();
        for underlying in 0..3u8 {
            let at = self.world.book_address(underlying);
            if !self.view.books[&at].scenarios_cover_volatility() {
                let ix = instruction::risk::refresh_scenarios(at, self.world.scenario_set);
                self.send(&[ix], &[&admin()]).accepted();
            }
        }
    }

    /// How long the prices of what moves an account have served liquidation.
    #[must_use]
    pub fn readings(&self, key: &Pubkey) -> Readings {
        let (view, account) = (&self.view, self.account(key));
        let books = view
            .books_of(&exposed_underlyings(&view.pool, account))
            .unwrap();
        let snapshot = Snapshot::in_liquidation(&view.pool, account, &books).unwrap();
        Readings::of(&books, snapshot.exposed)
    }

    /// Equity and requirement as the chain would find them now.
    #[must_use]
    pub fn judge(&self, account: &MarginAccount, kind: Kind) -> Breakdown {
        let view = &self.view;
        let books = view
            .books_of(&exposed_underlyings(&view.pool, account))
            .unwrap();
        let snapshot = Snapshot::of(&view.pool, account, &books).unwrap();
        snapshot
            .evaluate(&view.pool, &books, kind, &mut Scratch::new())
            .unwrap()
    }

    #[must_use]
    pub fn account(&self, key: &Pubkey) -> &MarginAccount {
        &self.view.accounts[key]
    }

    /// Books of all that these accounts are exposed to, and of `more`.
    #[must_use]
    pub fn books_of(&self, accounts: &[Pubkey], more: &[u8]) -> Vec<Pubkey> {
        let mut exposed: BTreeSet<u8> = more.iter().copied().collect();
        for key in accounts {
            exposed.extend(exposed_underlyings(&self.view.pool, self.account(key)));
        }
        self.view.book_addresses(&exposed)
    }

    /// Millionths of a contract of the perpetual, as last written.
    #[must_use]
    pub fn base(&self, key: &Pubkey, underlying: u8) -> i64 {
        self.account(key)
            .perpetual(underlying)
            .map_or(0, |p| p.base)
    }

    /// `a` buys (negative: sells) so much from `b` at this price.
    pub fn trade(
        &mut self,
        a: &Trader,
        b: &Trader,
        legs: Vec<margin_pool::Leg>,
    ) -> Result<Receipt, Refusal> {
        let traded: Vec<u8> = legs.iter().map(|l| l.underlying).collect();
        let books = self.books_of(&[a.account, b.account], &traded);
        let ix = instruction::pool::trade_block(a.pair(), b.pair(), legs, &books);
        self.send(&[ix], &[&a.key, &b.key])
    }

    /// Settles all that this account has, which also writes its profits down.
    pub fn settle(&mut self, who: &Trader) -> Result<Receipt, Refusal> {
        let held: BTreeSet<u8> = (0..3)
            .filter(|u| self.account(&who.account).perpetual(*u).is_some())
            .collect();
        let books = self.view.book_addresses(&held);
        let ix = instruction::pool::settle_pnl(who.account, &books);
        self.send(&[ix], &[&who.key])
    }
}
