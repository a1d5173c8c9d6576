//! What keeps count of a quote: its fill, cancelling it, closing it.

use {
    super::rfq::{Desk, HOUR},
    anchor_lang::{error::ErrorCode, prelude::Pubkey},
    cep_sdk::{
        address,
        programs::margin_pool::{error::MarginPoolError, state::Fill},
        rfq::{Signed, cancel_quote, cancel_quotes_below, close_fill},
    },
    cep_tests::Outcome,
};

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
