//! Forged, moved and missing signatures under a quote.

use {
    super::rfq::{Desk, INDEX},
    anchor_lang::error::ErrorCode,
    cep_sdk::{
        programs::margin_pool::error::MarginPoolError,
        rfq::{Signed, message, trade_rfq},
    },
    cep_tests::{BTC, Outcome},
    solana_sdk::{
        instruction::{Instruction, InstructionError},
        signature::{Keypair, Signer},
        transaction::TransactionError,
    },
};

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
