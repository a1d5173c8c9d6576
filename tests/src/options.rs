//! Option chains: a deployment whose BTC has a volatility feed and instrument slots.

use {
    crate::{
        actions::leg,
        bare::{endow, keypair},
        oracle::Feed,
        outcome::{Outcome, Receipt, Refusal},
        world::{BTC, Setup, World, admin},
    },
    anchor_lang::prelude::Pubkey,
    cep_migrations::parameters::switchboard,
    cep_sdk::{
        address,
        instruction::{instruments, pool, risk},
        programs::margin_pool::{Leg, clearing::Asset, margin::valuation},
        programs::risk_engine::{
            MAX_NEW_SLOTS, SurfaceArgs,
            events::{CurvesRefreshed, InstrumentListed},
            state::{AtmFeedArgs, Expiry, InstrumentKind, RiskConfig},
        },
    },
    solana_sdk::{clock::Clock, signature::Signer},
};

const DAY: i64 = 86_400;

/// The standard deployment; BTC's implied volatility at 7, 30 and 90 days comes from feeds.
#[must_use]
pub fn setup() -> Setup {
    let mut setup = Setup::standard();
    let btc = &mut setup.parameters.underlyings[usize::from(BTC)];
    btc.implied = feeds();
    setup
}

/// Volatility at 7, 30 and 90 days. Underlyings may share the feeds.
#[must_use]
pub fn feeds() -> Vec<AtmFeedArgs> {
    [7, 30, 90].map(atm).to_vec()
}

fn atm(days: u32) -> AtmFeedArgs {
    AtmFeedArgs {
        tenor: days * 86_400,
        source: switchboard(&feed_of(days)),
    }
}

fn feed_of(days: u32) -> Pubkey {
    keypair(&format!("btc volatility {days}")).pubkey()
}

/// [`setup`], priced, with room for `slots` instruments of BTC.
#[must_use]
pub fn world(slots: usize) -> World {
    let mut world = World::ready(&setup());
    world.extend_book(BTC, slots);
    world
}

/// `pairs` strikes around the money, call and put side by side, over `expiries` (at most four), priced and without
/// curves yet.
#[must_use]
pub fn chain(pairs: usize, expiries: usize) -> World {
    let mut world = world(2 * pairs);
    let per_expiry = pairs.div_ceil(expiries);
    for pair in 0..pairs {
        let expiry = world.expiry_in([7, 30, 60, 180][pair / per_expiry]);
        let step = (pair % per_expiry) as f64 - per_expiry as f64 / 2.0;
        let strike = (120_000.0 + 2_000.0 * step).round();
        world.list(BTC, InstrumentKind::Call, expiry, strike);
        world.list(BTC, InstrumentKind::Put, expiry, strike);
    }
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world
}

/// Slots of [`week`].
pub const CALL: u16 = 0;
pub const PUT: u16 = 1;
pub const FUTURE: u16 = 2;

/// A call and a put at 120,000 and a future, a week from their expiry (which it returns), open for trading.
#[must_use]
pub fn week() -> (World, i64) {
    let mut world = world(4);
    let expiry = world.expiry_in(7);
    world.list(BTC, InstrumentKind::Call, expiry, 120_000.0);
    world.list(BTC, InstrumentKind::Put, expiry, 120_000.0);
    world.list(BTC, InstrumentKind::Future, expiry, 0.0);
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.crank_curves(BTC, 8);
    world.refresh_scenarios(BTC).accepted();
    world.open_all(BTC);
    (world, expiry)
}

impl World {
    pub fn extend_book(&mut self, underlying: u8, slots: usize) {
        let (admin, book) = (admin(), self.book_address(underlying));
        let mut left = slots;
        while left > 0 {
            let some = left.min(MAX_NEW_SLOTS);
            let me = admin.pubkey();
            let ix = risk::extend_book(me, me, book, u8::try_from(some).unwrap());
            self.send(&[ix], &[&admin]).accepted();
            left -= some;
        }
    }

    /// An expiry on the full hour, at least so many days from now.
    #[must_use]
    pub fn expiry_in(&self, days: i64) -> i64 {
        (self.now() + days * DAY).div_euclid(3_600) * 3_600 + 3_600
    }

    pub fn try_list(
        &mut self,
        underlying: u8,
        kind: InstrumentKind,
        expiry: i64,
        strike_usd: f64,
    ) -> Result<Receipt, Refusal> {
        let strike = (strike_usd * 1e6).round() as u64;
        let (admin, book) = (admin(), self.book_address(underlying));
        let ix = instruments::list_instrument(admin.pubkey(), book, kind, expiry, strike);
        self.send(&[ix], &[&admin])
    }

    /// Slot and id of a new instrument.
    pub fn list(
        &mut self,
        underlying: u8,
        kind: InstrumentKind,
        expiry: i64,
        strike_usd: f64,
    ) -> (u16, u64) {
        let receipt = self
            .try_list(underlying, kind, expiry, strike_usd)
            .accepted();
        let event = receipt.event::<InstrumentListed>();
        (event.slot, event.id)
    }

    /// The feeds say `volatility` a year at every tenor, and every book that follows them takes it, BTC's last.
    pub fn set_volatility(&mut self, volatility: f64) -> Receipt {
        self.advance(1);
        let clock = self.svm.get_sysvar::<Clock>();
        let feeds = [7, 30, 90].map(feed_of);
        for feed in feeds {
            let account = Feed::new(volatility, 0.0, clock.unix_timestamp, clock.slot);
            account.write(&mut self.svm, feed);
        }
        for underlying in self.underlyings().filter(|u| *u != BTC) {
            let parameters = &self.parameters.underlyings[usize::from(underlying)];
            if !parameters.implied.is_empty() {
                let ix = risk::refresh_volatility(self.book_address(underlying), &feeds);
                self.send(&[ix], &[&admin()]).accepted();
            }
        }
        let ix = risk::refresh_volatility(self.book_address(BTC), &feeds);
        self.send(&[ix], &[&admin()]).accepted()
    }

    pub fn refresh_curves(
        &mut self,
        underlying: u8,
        from: u16,
        limit: u8,
    ) -> Result<Receipt, Refusal> {
        let ix = instruments::refresh_curves(self.book_address(underlying), from, limit);
        self.send(&[ix], &[&admin()])
    }

    /// Turns the crank over the whole book, `limit` curves at a time; transactions and curves built.
    pub fn crank_curves(&mut self, underlying: u8, limit: u8) -> (usize, usize) {
        let slots = self.book(underlying).instruments.len();
        let (mut from, mut transactions, mut built) = (0, 0, 0);
        while usize::from(from) < slots {
            let receipt = self.refresh_curves(underlying, from, limit).accepted();
            let event = receipt.event::<CurvesRefreshed>();
            assert_eq!(event.skipped, 0);
            from = event.next;
            built += usize::from(event.built);
            transactions += 1;
        }
        (transactions, built)
    }

    /// A quorum posts a flat surface without basis for every expiry that has none. Its seats are given back.
    pub fn publish_surfaces(&mut self, underlying: u8) {
        let book = self.book(underlying);
        let without = |e: &&Expiry| e.expiry != 0 && e.surface_time == 0;
        let expiries: Vec<i64> = book
            .expiries
            .iter()
            .filter(without)
            .map(|e| e.expiry)
            .collect();
        let address = address::risk_config();
        let seats = self.config().publishers;
        let keys = [0, 1, 2, 3, 4].map(|i| keypair(&format!("surface {i}")));
        let quorum = usize::try_from(self.config().params.surface_quorum).unwrap();
        for (i, key) in keys.iter().enumerate().take(quorum) {
            endow(&mut self.svm, key.pubkey());
            self.forge::<RiskConfig>(&address, |c| c.publishers[i] = key.pubkey());
        }
        for expiry in expiries {
            for key in &keys[..quorum] {
                let args = SurfaceArgs {
                    expiry,
                    skew: 0,
                    curvature: 0,
                    basis: 0,
                };
                let at = self.book_address(underlying);
                let ix = instruments::post_surface(key.pubkey(), at, args);
                self.send(&[ix], &[key]).accepted();
            }
        }
        self.forge::<RiskConfig>(&address, |c| c.publishers = seats);
    }

    /// Opens every listed instrument of a book for trading; options need their curves first. Expiries get a flat surface if
    /// they have none.
    pub fn open_all(&mut self, underlying: u8) {
        self.publish_surfaces(underlying);
        let (admin, book) = (admin(), self.book_address(underlying));
        let listed = self.book(underlying).instruments;
        for (slot, instrument) in (0..)
            .zip(&listed)
            .filter(|(_, i)| i.id != 0 && i.state == 1)
        {
            let ix = instruments::open_instrument(admin.pubkey(), book, slot, instrument.id);
            self.send(&[ix], &[&admin]).accepted();
        }
    }

    /// A leg in the instrument of a slot; positive: the first account buys.
    #[must_use]
    pub fn dated_leg(&self, underlying: u8, slot: u16, contracts: f64, price_usd: f64) -> Leg {
        Leg {
            slot,
            instrument: self.book(underlying).instruments[usize::from(slot)].id,
            ..leg(underlying, contracts, price_usd)
        }
    }

    /// What the pool marks the instrument of a slot at, USD, down.
    #[must_use]
    pub fn mark(&self, underlying: u8, slot: u16) -> f64 {
        let (book, market) = (self.book(underlying), self.market(underlying));
        let id = book.instruments[usize::from(slot)].id;
        let book = &book.listed(underlying, &market).book;
        let asset = Asset::trading(book, (underlying, slot, id), 0).unwrap();
        valuation::mark(book, &asset, false, self.now()).unwrap() as f64 / 1e6
    }

    /// Lets an expiry pass and fixes its settlement price: the one in force, by an oracle that stayed silent for a day.
    pub fn expire(&mut self, underlying: u8, expiry: i64) {
        self.advance(expiry + DAY - self.now());
        let (admin, book) = (admin(), self.book_address(underlying));
        let ix = instruments::settle_expiry(admin.pubkey(), book, expiry);
        self.send(&[ix], &[&admin]).accepted();
        self.republish();
    }

    /// Turns what these accounts hold of an expiry into cash.
    pub fn settle_expired(
        &mut self,
        underlying: u8,
        expiry: i64,
        accounts: &[Pubkey],
    ) -> Result<Receipt, Refusal> {
        let book = self.book_address(underlying);
        let ix = pool::settle_expired(&book, expiry, accounts);
        self.send(&[ix], &[&admin()])
    }
}
