//! Quotes that a maker signs off chain: what is filled, how often, and what a forger or a replayer gets.

use {
    anchor_lang::prelude::Pubkey,
    cep_sdk::{
        address,
        programs::margin_pool::{
            error::MarginPoolError,
            events::{QuoteFilled, Traded},
            state::{Delegate, Fill, MarginAccount, permission},
        },
        rfq::{Leg, Offer, Quote, Sides, Signed, cancel_quote, check, quote, take},
    },
    cep_tests::{BTC, ETH, Outcome, Receipt, Refusal, SOL, Trader, World, actions::leg, keypair},
    solana_sdk::{
        instruction::Instruction,
        signature::{Keypair, Signer},
    },
};

/// Behind the compute budget that every test transaction begins with.
pub(crate) const INDEX: u8 = 1;
pub(crate) const HOUR: i64 = 3_600;

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) maker: Trader,
    pub(crate) taker: Trader,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let mut world = World::new();
        let maker = world.trader("maker", 1_000_000.0);
        let taker = world.trader("taker", 1_000_000.0);
        Self {
            world,
            maker,
            taker,
        }
    }

    /// Ten lots of a tenth of a BTC, for anyone, for an hour; changed by the test.
    pub(crate) fn quote(&self, change: impl FnOnce(&mut Quote)) -> Quote {
        let offer = Offer {
            nonce: 7,
            taker: None,
            expires_at: self.world.now() + HOUR,
            lots: 10,
            min_lots: 0,
            legs: vec![leg(BTC, 0.1, 120_000.0)],
        };
        let (pool, maker) = (self.world.pool(), self.world.account(&self.maker.account));
        let mut quote = quote(
            (address::pool(), &pool),
            (self.maker.account, &maker),
            offer,
        );
        change(&mut quote);
        quote
    }

    pub(crate) fn signed(&self, change: impl FnOnce(&mut Quote)) -> Signed {
        Signed::sign(self.quote(change), &self.maker.key)
    }

    /// The two instructions by which the taker takes it.
    pub(crate) fn instructions(&self, signed: &Signed, lots: u32) -> [Instruction; 2] {
        let traded: Vec<u8> = signed.quote.legs.iter().map(|l| l.underlying).collect();
        let accounts = [self.maker.account, self.taker.account];
        let books = self.world.books_of(&accounts, &traded);
        take(signed, self.taker.pair(), lots, INDEX, &books)
    }

    pub(crate) fn take(&mut self, signed: &Signed, lots: u32) -> Result<Receipt, Refusal> {
        let instructions = self.instructions(signed, lots);
        self.world.send(&instructions, &[&self.taker.key])
    }

    /// Takes one lot with the instruction that verifies the signature replaced.
    pub(crate) fn take_with(
        &mut self,
        signed: &Signed,
        verify: Instruction,
    ) -> Result<Receipt, Refusal> {
        let [_, trade] = self.instructions(signed, 1);
        self.world.send(&[verify, trade], &[&self.taker.key])
    }

    /// What the SDK says before anything is sent.
    pub(crate) fn checked(&self, signed: &Signed, lots: u32) -> Result<(), String> {
        let (pool, maker) = (self.world.pool(), self.world.account(&self.maker.account));
        let sides = Sides {
            pool: (address::pool(), &pool),
            maker: (self.maker.account, &maker),
            taker: self.taker.account,
        };
        let fill = self.fill(signed);
        let now = self.world.now();
        check(signed, &sides, fill.as_deref(), lots, now).map_err(|e| e.to_string())
    }

    /// Both the chain and the SDK refuse, in the same words.
    #[track_caller]
    pub(crate) fn refuses(&mut self, signed: &Signed, lots: u32, reason: MarginPoolError) {
        let local = self.checked(signed, lots).unwrap_err();
        let refusal = self.take(signed, lots).refused(reason);
        assert_eq!(
            local,
            format!("the quote would be refused: {}", refusal.message)
        );
    }

    pub(crate) fn fill_address(&self, signed: &Signed) -> Pubkey {
        let quote = &signed.quote;
        address::fill(&quote.maker, quote.serial, quote.nonce)
    }

    pub(crate) fn fill(&self, signed: &Signed) -> Option<Box<Fill>> {
        let address = self.fill_address(signed);
        let account = self.world.svm.get_account(&address);
        let exists = account.is_some_and(|a| !a.data.is_empty());
        exists.then(|| self.world.read(&address))
    }

    pub(crate) fn delegate(&mut self, name: &str, permissions: u64, expires_at: i64) -> Keypair {
        let key = keypair(name);
        let delegate = Delegate {
            key: key.pubkey(),
            expires_at,
            permissions,
        };
        self.world
            .forge::<MarginAccount>(&self.maker.account, |a| a.delegates[1] = delegate);
        key
    }

    pub(crate) fn cancel(&mut self, nonce: u64, expires_at: i64) -> Result<Receipt, Refusal> {
        let serial = self.world.account(&self.maker.account).serial;
        let maker = (self.maker.account, serial);
        let ix = cancel_quote(maker, self.maker.owner(), nonce, expires_at);
        self.world.send(&[ix], &[&self.maker.key])
    }
}

#[test]
fn several_legs_fill_in_parts_up_to_the_lots_that_were_signed() {
    let mut desk = Desk::open();
    let legs = vec![
        leg(BTC, 0.1, 120_000.0),
        leg(ETH, -2.0, 4_300.0),
        leg(SOL, 5.0, 220.0),
    ];
    let signed = desk.signed(|q| (q.legs, q.min_lots) = (legs, 3));
    desk.checked(&signed, 4).unwrap();

    let first = desk.take(&signed, 4).accepted().event::<QuoteFilled>();
    let second = desk.take(&signed, 4).accepted().event::<QuoteFilled>();
    desk.refuses(&signed, 3, MarginPoolError::QuoteLotsExceeded);
    desk.refuses(&signed, 1, MarginPoolError::QuoteLotsTooFew);
    // All that is left, though fewer than the least.
    desk.take(&signed, 2).accepted();
    desk.refuses(&signed, 1, MarginPoolError::QuoteLotsExceeded);

    assert_eq!((first.lots, first.filled, second.filled), (4, 4, 8));
    let held = |who| [BTC, ETH, SOL].map(|u| desk.world.base(who, u));
    assert_eq!(held(&desk.taker), [1_000_000, -20_000_000, 50_000_000]);
    assert_eq!(held(&desk.maker), [-1_000_000, 20_000_000, -50_000_000]);
}

#[test]
fn the_maker_pays_its_fee_and_the_taker_its_own() {
    let mut desk = Desk::open();
    let params = desk.world.pool().params;
    let signed = desk.signed(|_| {});
    let (maker, taker) = (desk.world.cash(&desk.maker), desk.world.cash(&desk.taker));

    let traded = desk.take(&signed, 10).accepted().event::<Traded>();

    // One BTC at 120,000 USD; a part per million of it is 0.12 USD.
    let fee = |ppm: u64| i64::try_from(ppm).unwrap() * 120_000;
    let expected = [fee(params.taker_fee), fee(params.maker_fee)];
    assert_eq!(traded.fees, expected);
    assert_eq!(traded.account_a, desk.taker.account);
    assert_eq!(taker - desk.world.cash(&desk.taker), expected[0]);
    assert_eq!(maker - desk.world.cash(&desk.maker), expected[1]);
}

#[test]
fn a_quote_is_void_from_the_second_it_expires() {
    let mut desk = Desk::open();
    let signed = desk.signed(|q| q.expires_at = desk.world.now() + 10);
    desk.world.advance(9);
    desk.take(&signed, 1).accepted();
    desk.world.advance(1);
    desk.refuses(&signed, 1, MarginPoolError::QuoteExpired);
}

#[test]
fn a_quote_names_pool_cluster_account_and_taker() {
    let mut desk = Desk::open();
    let other = Pubkey::new_unique();
    for change in [
        (|q, other| q.pool = other) as fn(&mut Quote, Pubkey),
        |q, _| q.pool_slot += 1,
        |q, _| q.pool_time -= 1,
    ] {
        let signed = desk.signed(|q| change(q, other));
        desk.refuses(&signed, 1, MarginPoolError::QuoteForOtherPool);
    }
    let signed = desk.signed(|q| q.taker = other);
    desk.refuses(&signed, 1, MarginPoolError::QuoteForOtherTaker);
    let signed = desk.signed(|q| q.taker = desk.taker.account);
    desk.take(&signed, 1).accepted();

    let signed = desk.signed(|q| q.serial += 1);
    desk.refuses(&signed, 1, MarginPoolError::QuoteForOtherMaker);
    // The maker's other account is not the one that was signed for.
    let sibling = desk.world.sibling("maker", 1);
    let signed = desk.signed(|q| q.nonce = 8);
    let [verify, mut trade] = desk.instructions(&signed, 1);
    trade.accounts[1].pubkey = sibling.account;
    desk.world
        .send(&[verify, trade], &[&desk.taker.key])
        .refused(MarginPoolError::QuoteForOtherMaker);
}

#[test]
fn a_quote_dies_with_the_account_it_was_signed_for() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    desk.world
        .forge::<MarginAccount>(&desk.maker.account, |a| a.serial += 100);
    desk.refuses(&signed, 1, MarginPoolError::QuoteForOtherMaker);
}

#[test]
fn only_the_owner_and_delegates_that_may_quote_sign_quotes() {
    let mut desk = Desk::open();
    let quote = desk.quote(|_| {});
    let until = desk.world.now() + 100;
    let trader = desk.delegate("trades only", permission::ALL ^ permission::QUOTE, until);
    for key in [&trader, &desk.taker.key.insecure_clone()] {
        let signed = Signed::sign(quote.clone(), key);
        desk.refuses(&signed, 1, MarginPoolError::QuoteSignerNotAllowed);
    }

    let quoter = desk.delegate("quotes", permission::QUOTE, until);
    let signed = Signed::sign(quote, &quoter);
    desk.take(&signed, 1).accepted();
    desk.world.advance(100);
    desk.world.republish();
    desk.refuses(&signed, 1, MarginPoolError::QuoteSignerNotAllowed);
}

#[test]
fn the_taker_signs_for_its_own_account_and_is_not_the_maker() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let books = [desk.world.book_address(BTC)];
    let mallory = desk.world.trader("mallory", 0.0);
    let foreign = (desk.taker.account, mallory.owner());
    desk.world
        .send(&take(&signed, foreign, 1, INDEX, &books), &[&mallory.key])
        .refused(MarginPoolError::NotAccountOwner);
    desk.world
        .send(
            &take(&signed, desk.maker.pair(), 1, INDEX, &books),
            &[&desk.maker.key],
        )
        .refused(MarginPoolError::SameAccount);
}

#[test]
fn senseless_terms_are_refused() {
    let mut desk = Desk::open();
    let one = leg(BTC, 0.01, 120_000.0);
    let refuse = |desk: &mut Desk, legs: Vec<Leg>, reason| {
        let signed = desk.signed(|q| q.legs = legs);
        desk.refuses(&signed, 1, reason);
    };
    refuse(&mut desk, vec![], MarginPoolError::BadLegs);
    let none = Leg { quantity: 0, ..one };
    refuse(&mut desk, vec![none], MarginPoolError::BadLegs);
    let nine = (0..9).map(|instrument| Leg { instrument, ..one });
    refuse(&mut desk, nine.collect(), MarginPoolError::BadLegs);
    // The same perpetual, whatever the hint and the price.
    let again = Leg {
        slot: 3,
        price: one.price + 1,
        ..one
    };
    refuse(&mut desk, vec![one, again], MarginPoolError::DuplicateLeg);
    let signed = desk.signed(|q| q.lots = 0);
    desk.refuses(&signed, 1, MarginPoolError::BadQuote);
    let signed = desk.signed(|_| {});
    desk.refuses(&signed, 0, MarginPoolError::QuoteLotsTooFew);
    let signed = desk.signed(|q| {
        q.lots = 3;
        q.legs[0].quantity = i64::MAX / 2;
    });
    desk.refuses(&signed, 3, MarginPoolError::Overflow);
}

#[test]
fn neither_side_of_a_quote_is_in_liquidation() {
    for side in [0, 1] {
        let mut desk = Desk::open();
        let signed = desk.signed(|_| {});
        let account = [desk.maker.account, desk.taker.account][side];
        desk.world
            .forge::<MarginAccount>(&account, |a| a.in_liquidation = 1);
        desk.take(&signed, 1)
            .refused(MarginPoolError::AccountInLiquidation);
    }
}
