//! Small findings about trades, settlement and quotes.

use {
    cep_sdk::{
        Pubkey,
        instruction::rfq::{cancel_quote, cancel_quotes_below},
        programs::margin_pool::{
            MAX_RAISE,
            error::MarginPoolError,
            state::{MarginAccount, permission},
        },
    },
    cep_tests::{BTC, Outcome, Trader, World},
    solana_sdk::signature::Signer,
};

const USD: i64 = 1_000_000;
const DAY: i64 = 86_400;

#[test]
fn low_a_leg_that_closes_both_sides_pays_its_winner_from_its_loser() {
    for winner_first in [true, false] {
        let mut world = World::new();
        let long = world.trader("long", 50_000.0);
        let short = world.trader("short", 50_000.0);
        world.trade_at_mark(&long, &short, BTC, 1.0).accepted();
        world.set_price(BTC, 125_000.0);
        let cash = world.cash(&long);
        // Closed against each other: whoever is named first, the loser pays in before the winner draws.
        if winner_first {
            world.trade_at_mark(&long, &short, BTC, -1.0).accepted();
        } else {
            world.trade_at_mark(&short, &long, BTC, 1.0).accepted();
        }
        assert_eq!(world.cash(&long), cash + 5_000 * USD - 25 * USD);
        let left = world.account(&long.account);
        assert!(
            left.positions.iter().all(|p| p.is_free()),
            "no claim is left"
        );
    }
}

#[test]
fn low_a_claim_is_drawn_whatever_became_of_the_price() {
    let mut world = World::new();
    let winner = world.trader("winner", 50_000.0);
    let loser = world.trader("loser", 50_000.0);
    let other = world.trader("other", 50_000.0);
    world.trade_at_mark(&winner, &loser, BTC, 1.0).accepted();
    world.set_price(BTC, 125_000.0);
    // The winner hands its position on, and is left with a claim: nobody has paid in yet.
    world.trade_at_mark(&other, &winner, BTC, 1.0).accepted();
    assert_eq!(world.account(&winner.account).positions[0].base, 0);
    world.settle(&loser, BTC).accepted();
    let cash = world.cash(&winner);
    world.advance(3_600);
    world
        .settle(&other, BTC)
        .refused(MarginPoolError::PriceStale);
    world.settle(&winner, BTC).accepted();
    assert_eq!(world.cash(&winner), cash + 5_000 * USD);
}

#[test]
fn low_a_delegate_cannot_use_up_the_nonces_of_an_account() {
    let mut world = World::new();
    let maker = world.trader("maker", 0.0);
    let bot = world.trader("bot", 0.0).key;
    world
        .delegate(&maker, &bot, permission::QUOTE, 600)
        .accepted();
    for nonce in [u64::MAX, MAX_RAISE + 1] {
        let ix = cancel_quotes_below(maker.account, bot.pubkey(), nonce);
        world
            .send(&[ix], &[&bot])
            .refused(MarginPoolError::QuoteFloorTooHigh);
    }
    let ix = cancel_quotes_below(maker.account, bot.pubkey(), MAX_RAISE);
    world.send(&[ix], &[&bot]).accepted();
    // The owner's word is not limited.
    let ix = cancel_quotes_below(maker.account, maker.owner(), u64::MAX);
    world.send(&[ix], &[&maker.key]).accepted();
    let floor = world.read::<MarginAccount>(&maker.account).quote_floor;
    assert_eq!(floor, u64::MAX);
}

#[test]
fn low_no_fill_binds_its_rent_for_longer_than_a_month() {
    let mut world = World::new();
    let maker = world.trader("maker", 0.0);
    let me = maker.owner();
    let month = 30 * DAY;
    for (nonce, seconds) in [(1, i64::MAX - world.now()), (2, month + 1)] {
        let expires_at = world.now() + seconds;
        let ix = cancel_quote(pair(&world, &maker), me, nonce, expires_at);
        world
            .send(&[ix], &[&maker.key])
            .refused(MarginPoolError::QuoteTooLong);
    }
    let expires_at = world.now() + month;
    let ix = cancel_quote(pair(&world, &maker), me, 3, expires_at);
    world.send(&[ix], &[&maker.key]).accepted();
}

/// Account and serial, as the SDK takes them.
fn pair(world: &World, who: &Trader) -> (Pubkey, u64) {
    (who.account, world.account(&who.account).serial)
}
