//! Quotes that a maker signs off chain: what is filled, how often, and what a forger or a replayer gets.

use {
    anchor_lang::{error::ErrorCode, prelude::Pubkey},
    cep_sdk::{
        address,
        programs::margin_pool::{
            error::MarginPoolError,
            events::{QuoteFilled, Traded},
            state::{Delegate, Fill, MarginAccount, permission},
        },
        rfq::{
            Leg, Offer, Quote, Sides, Signed, cancel_quote, cancel_quotes_below, check, close_fill,
            message, quote, take, trade_rfq,
        },
    },
    cep_tests::{BTC, ETH, Outcome, Receipt, Refusal, SOL, Trader, World, actions::leg, keypair},
    solana_sdk::{
        instruction::{Instruction, InstructionError},
        signature::{Keypair, Signer},
        transaction::TransactionError,
    },
};

/// Behind the compute budget that every test transaction begins with.
const INDEX: u8 = 1;
const HOUR: i64 = 3_600;

struct Desk {
    world: World,
    maker: Trader,
    taker: Trader,
}

impl Desk {
    fn open() -> Self {
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
    fn quote(&self, change: impl FnOnce(&mut Quote)) -> Quote {
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

    fn signed(&self, change: impl FnOnce(&mut Quote)) -> Signed {
        Signed::sign(self.quote(change), &self.maker.key)
    }

    /// The two instructions by which the taker takes it.
    fn instructions(&self, signed: &Signed, lots: u32) -> [Instruction; 2] {
        let traded: Vec<u8> = signed.quote.legs.iter().map(|l| l.underlying).collect();
        let accounts = [self.maker.account, self.taker.account];
        let books = self.world.books_of(&accounts, &traded);
        take(signed, self.taker.pair(), lots, INDEX, &books)
    }

    fn take(&mut self, signed: &Signed, lots: u32) -> Result<Receipt, Refusal> {
        let instructions = self.instructions(signed, lots);
        self.world.send(&instructions, &[&self.taker.key])
    }

    /// Takes one lot with the instruction that verifies the signature replaced.
    fn take_with(&mut self, signed: &Signed, verify: Instruction) -> Result<Receipt, Refusal> {
        let [_, trade] = self.instructions(signed, 1);
        self.world.send(&[verify, trade], &[&self.taker.key])
    }

    /// What the SDK says before anything is sent.
    fn checked(&self, signed: &Signed, lots: u32) -> Result<(), String> {
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
    fn refuses(&mut self, signed: &Signed, lots: u32, reason: MarginPoolError) {
        let local = self.checked(signed, lots).unwrap_err();
        let refusal = self.take(signed, lots).refused(reason);
        assert_eq!(
            local,
            format!("the quote would be refused: {}", refusal.message)
        );
    }

    fn fill_address(&self, signed: &Signed) -> Pubkey {
        let quote = &signed.quote;
        address::fill(&quote.maker, quote.serial, quote.nonce)
    }

    fn fill(&self, signed: &Signed) -> Option<Box<Fill>> {
        let address = self.fill_address(signed);
        let account = self.world.svm.get_account(&address);
        let exists = account.is_some_and(|a| !a.data.is_empty());
        exists.then(|| self.world.read(&address))
    }

    fn delegate(&mut self, name: &str, permissions: u64, expires_at: i64) -> Keypair {
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

    fn cancel(&mut self, nonce: u64, expires_at: i64) -> Result<Receipt, Refusal> {
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

#[test]
fn a_tampered_quote_fails_with_its_signature() {
    let mut desk = Desk::open();
    let mut signed = desk.signed(|_| {});
    signed.quote.legs[0].price -= 1;
    assert!(desk.checked(&signed, 1).is_err());

    let refusal = desk.take(&signed, 1).unwrap_err();

    // The runtime itself, before the pool is called.
    assert!(
        matches!(
            refusal.error,
            TransactionError::InstructionError(INDEX, InstructionError::Custom(_))
        ),
        "{:?}",
        refusal.error
    );
}

/// An ed25519 instruction of the taker's making, and the quote it wants the pool to read.
fn forged(desk: &Desk) -> (Signed, Instruction) {
    let quote = desk.quote(|q| q.legs[0].price = 114_000_000_000);
    let forged = Signed {
        signer: desk.maker.owner(),
        ..Signed::sign(quote, &desk.taker.key)
    };
    let ix = forged.verify_instruction();
    (forged, ix)
}

/// What the taker can really sign, behind everything else in the same instruction.
fn append_genuine(ix: &mut Instruction, key: &Keypair) -> [u16; 3] {
    let at = u16::try_from(ix.data.len()).unwrap();
    ix.data.extend_from_slice(key.pubkey().as_ref());
    ix.data.extend_from_slice(key.sign_message(b"x").as_ref());
    ix.data.extend_from_slice(b"x");
    [at, at + 32, at + 96]
}

/// The seven numbers of the first signature: see `Ed25519SignatureOffsets`.
fn write_offsets(ix: &mut Instruction, numbers: [u16; 7]) {
    for (place, number) in ix.data[2..16].chunks_mut(2).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
}

#[test]
fn offsets_that_verify_one_message_and_show_another_are_refused() {
    let own = u16::MAX;
    let mut desk = Desk::open();
    // Key, signature and message of something genuine, behind the forged quote.
    let (signed, mut ix) = forged(&desk);
    let [key, signature, message] = append_genuine(&mut ix, &desk.taker.key);
    write_offsets(&mut ix, [signature, own, key, own, message, 1, own]);
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::QuoteNotVerified);

    // The same in another instruction of the transaction.
    let (signed, mut ix) = forged(&desk);
    let quote = desk.quote(|_| {});
    let genuine = Signed::sign(quote, &desk.taker.key).verify_instruction();
    let size = u16::try_from(genuine.data.len() - 112).unwrap();
    write_offsets(&mut ix, [48, 3, 16, 3, 112, size, 3]);
    let [_, trade] = desk.instructions(&signed, 1);
    desk.world
        .send(&[ix, trade, genuine], &[&desk.taker.key])
        .refused(MarginPoolError::QuoteNotVerified);

    // Its own index in the place of "itself": harmless, and not what the SDK builds.
    let signed = desk.signed(|_| {});
    let mut ix = signed.verify_instruction();
    let size = u16::try_from(message_of(&signed).len()).unwrap();
    write_offsets(&mut ix, [48, 1, 16, 1, 112, size, 1]);
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::QuoteNotVerified);
}

fn message_of(signed: &Signed) -> Vec<u8> {
    message(&signed.quote)
}

#[test]
fn several_signatures_or_none_are_refused() {
    let mut desk = Desk::open();
    // None: the runtime verifies nothing then, and says so only when offsets follow.
    let (signed, mut ix) = forged(&desk);
    ix.data = vec![0, 0];
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::QuoteNotVerified);

    // Two, both good.
    let signed = desk.signed(|_| {});
    let mut ix = signed.verify_instruction();
    let size = u16::try_from(message_of(&signed).len()).unwrap();
    ix.data[0] = 2;
    let again: Vec<u8> = [62, u16::MAX, 30, u16::MAX, 126, size, u16::MAX]
        .into_iter()
        .flat_map(u16::to_le_bytes)
        .collect();
    ix.data.splice(16..16, again.clone());
    ix.data.splice(2..16, again);
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::QuoteNotVerified);
}

#[test]
fn bytes_behind_the_quote_are_refused_signed_or_not() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let mut ix = signed.verify_instruction();
    ix.data.push(0);
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::QuoteNotVerified);

    for bytes in [
        [&message_of(&signed)[..], &[0]].concat(),
        message_of(&signed)[..100].to_vec(),
        b"anything".to_vec(),
    ] {
        let ix = verified(&desk.maker.key, &bytes);
        desk.take_with(&signed, ix)
            .refused(MarginPoolError::BadQuote);
    }
    let other = desk.signed(|q| q.tag[8] = b'2');
    let ix = other.verify_instruction();
    desk.take_with(&signed, ix)
        .refused(MarginPoolError::BadQuote);
}

/// These bytes, signed.
fn verified(key: &Keypair, bytes: &[u8]) -> Instruction {
    let mut ix = Signed {
        quote: Desk::open().quote(|_| {}),
        signer: key.pubkey(),
        signature: key.sign_message(bytes),
    }
    .verify_instruction();
    ix.data.truncate(112);
    ix.data.extend_from_slice(bytes);
    let size = u16::try_from(bytes.len()).unwrap();
    write_offsets(&mut ix, [48, u16::MAX, 16, u16::MAX, 112, size, u16::MAX]);
    ix
}

#[test]
fn only_the_ed25519_program_verifies() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let books = [desk.world.book_address(BTC)];
    // The instruction itself, the compute budget, one that is not there.
    for index in [0, 2, 3, u8::MAX] {
        let trade = trade_rfq(&signed, desk.taker.pair(), 1, index, &books);
        desk.world
            .send(&[signed.verify_instruction(), trade], &[&desk.taker.key])
            .refused(MarginPoolError::QuoteNotVerified);
    }
    // A good signature after the trade serves: the transaction fails as a whole when it is bad.
    let trade = |index| trade_rfq(&signed, desk.taker.pair(), 1, index, &books);
    let late = [trade(2), signed.verify_instruction()];
    desk.world.send(&late, &[&desk.taker.key]).accepted();
    let mut desk = Desk::open();
    let (bad, verify) = forged(&desk);
    let late = [trade_rfq(&bad, desk.taker.pair(), 1, 2, &books), verify];
    let refusal = desk.world.send(&late, &[&desk.taker.key]).unwrap_err();
    assert!(matches!(
        refusal.error,
        TransactionError::InstructionError(2, _)
    ));
}

#[test]
fn a_faked_instructions_sysvar_is_refused() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let [verify, mut trade] = desk.instructions(&signed, 1);
    trade.accounts[6].pubkey = desk.maker.account;
    desk.world
        .send(&[verify, trade], &[&desk.taker.key])
        .refused(ErrorCode::ConstraintAddress);
}

#[test]
fn another_fill_than_the_nonces_own_is_refused() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let [verify, mut trade] = desk.instructions(&signed, 1);
    trade.accounts[4].pubkey = address::fill(&desk.maker.account, signed.quote.serial, 8);
    desk.world
        .send(&[verify, trade], &[&desk.taker.key])
        .refused(ErrorCode::ConstraintSeeds);
}

#[test]
fn of_two_quotes_under_one_nonce_one_is_filled() {
    let mut desk = Desk::open();
    let first = desk.signed(|_| {});
    let second = desk.signed(|q| q.legs[0].price += 1);
    desk.take(&first, 1).accepted();
    desk.refuses(&second, 1, MarginPoolError::QuoteNonceTaken);
    desk.take(&first, 1).accepted();
}

#[test]
fn lamports_sent_ahead_do_not_stop_a_fill() {
    let mut desk = Desk::open();
    let signed = desk.signed(|_| {});
    let address = desk.fill_address(&signed);
    let gift =
        solana_system_interface::instruction::transfer(&desk.taker.owner(), &address, 1_000_000);
    desk.world.send(&[gift], &[&desk.taker.key]).accepted();
    desk.take(&signed, 1).accepted();
    assert_eq!(desk.fill(&signed).unwrap().payer, desk.taker.owner());
}

#[test]
fn a_cancelled_quote_is_void_filled_in_part_or_not_at_all() {
    for lots in [0, 3] {
        let mut desk = Desk::open();
        let signed = desk.signed(|_| {});
        if lots > 0 {
            desk.take(&signed, lots).accepted();
        }
        desk.cancel(7, signed.quote.expires_at).accepted();
        desk.refuses(&signed, 1, MarginPoolError::QuoteCancelled);
        // Its neighbour is not.
        let other = desk.signed(|q| q.nonce = 8);
        desk.take(&other, 1).accepted();
        assert_eq!(desk.fill(&signed).unwrap().filled, lots);
    }
}

#[test]
fn cancelling_takes_a_key_that_may_quote_and_a_time_to_come() {
    let mut desk = Desk::open();
    let now = desk.world.now();
    desk.cancel(7, now).refused(MarginPoolError::QuoteExpired);
    let maker = (desk.maker.account, 0);
    let me = desk.taker.owner();
    for ix in [
        cancel_quote(maker, me, 7, now + 1),
        cancel_quotes_below(maker.0, me, 7),
    ] {
        desk.world
            .send(&[ix], &[&desk.taker.key])
            .refused(MarginPoolError::NotAccountOwner);
    }
}

#[test]
fn a_floor_makes_void_what_is_below_it_and_only_rises() {
    let mut desk = Desk::open();
    let raise = |desk: &mut Desk, nonce| {
        let ix = cancel_quotes_below(desk.maker.account, desk.maker.owner(), nonce);
        desk.world.send(&[ix], &[&desk.maker.key])
    };
    raise(&mut desk, 8).accepted();

    let (below, at) = (desk.signed(|_| {}), desk.signed(|q| q.nonce = 8));
    desk.refuses(&below, 1, MarginPoolError::QuoteCancelled);
    desk.take(&at, 1).accepted();
    for lower in [8, 7, 0] {
        raise(&mut desk, lower).refused(MarginPoolError::QuoteFloorNotRaised);
    }
}

#[test]
fn a_fill_outlives_its_quote_by_a_day_and_its_rent_returns_to_who_paid() {
    let mut desk = Desk::open();
    let signed = desk.signed(|q| q.expires_at = desk.world.now() + 10);
    // Signed under the same nonce, good for longer.
    let later = desk.signed(|q| q.expires_at += 20 * HOUR);
    desk.take(&signed, 1).accepted();
    let fill = desk.fill_address(&signed);
    let (mallory, payer) = (desk.world.trader("mallory", 0.0), desk.taker.owner());
    let close = |desk: &mut Desk, to| desk.world.send(&[close_fill(fill, to)], &[&mallory.key]);
    desk.world.advance(11);
    desk.refuses(&later, 1, MarginPoolError::QuoteNonceTaken);
    close(&mut desk, payer).refused(MarginPoolError::FillInUse);
    desk.world.advance(Fill::KEPT - 1);
    close(&mut desk, payer).refused(MarginPoolError::FillInUse);
    desk.world.advance(1);
    let thief = Pubkey::new_unique();
    close(&mut desk, thief).refused(ErrorCode::ConstraintHasOne);
    let before = desk.world.svm.get_balance(&payer).unwrap();
    let rent = desk.world.svm.get_balance(&fill).unwrap();

    close(&mut desk, payer).accepted();

    assert_eq!(desk.world.svm.get_balance(&payer), Some(before + rent));
    desk.world.republish();
    for quote in [&signed, &later] {
        desk.refuses(quote, 1, MarginPoolError::QuoteExpired);
    }
}

#[test]
fn a_quote_survives_the_wire() {
    let desk = Desk::open();
    let signed = desk.signed(|_| {});
    let bytes = signed.to_bytes();
    assert_eq!(bytes.len(), 32 + 64 + 157 + 27);
    assert_eq!(Signed::from_bytes(&bytes).unwrap(), signed);
    for length in 0..bytes.len() {
        assert!(Signed::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
}
