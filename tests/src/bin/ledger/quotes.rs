//! What quotes cost: taking one, cancelling, closing its fill.

use {
    crate::measure::record,
    cep_sdk::{
        address,
        programs::margin_pool::state::Fill,
        rfq::{Offer, Signed, cancel_quote, cancel_quotes_below, close_fill, quote, take},
    },
    cep_tests::{BTC, Outcome, Receipt, Trader, World, actions::leg, largest::widened},
    std::collections::BTreeMap,
};

/// Behind the compute budget.
const INDEX: u8 = 1;

pub fn instructions(into: &mut BTreeMap<String, u64>) {
    let (mut world, maker, taker) = desk(World::new());
    let signed = offer(&world, &maker, &[BTC]);
    record(into, &fill(&mut world, &signed, &taker));
    let (serial, nonce) = (signed.quote.serial, signed.quote.nonce);
    let expires_at = signed.quote.expires_at;
    let by = (maker.account, serial);
    for ix in [
        cancel_quote(by, maker.owner(), nonce, expires_at),
        cancel_quotes_below(maker.account, maker.owner(), nonce + 1),
    ] {
        record(into, &world.send(&[ix], &[&maker.key]).accepted());
    }
    world.advance(expires_at - world.now() + Fill::KEPT + 1);
    let fill = address::fill(&maker.account, serial, nonce);
    let ix = close_fill(fill, taker.owner());
    record(into, &world.send(&[ix], &[&taker.key]).accepted());
}

/// The first fill of a quote, which opens the account that counts them.
pub fn shapes(into: &mut BTreeMap<String, u64>) {
    for legs in [1, 4] {
        let (mut world, maker, taker) = desk(World::ready(&widened(4, 1)));
        let traded: Vec<u8> = world.underlyings().take(legs).collect();
        let signed = offer(&world, &maker, &traded);
        let cost = fill(&mut world, &signed, &taker).compute_units;
        let name = if legs == 1 { "leg" } else { "legs" };
        into.insert(format!("trade_rfq_{legs}_{name}"), cost);
    }
}

fn desk(mut world: World) -> (World, Trader, Trader) {
    let maker = world.trader("alice", 1_000_000.0);
    let taker = world.trader("bob", 1_000_000.0);
    (world, maker, taker)
}

/// 30,000 USD of each at its mark, for anyone.
fn offer(world: &World, maker: &Trader, underlyings: &[u8]) -> Signed {
    let legs = underlyings.iter().map(|u| {
        let price = world.prices[usize::from(*u)];
        leg(*u, 30_000.0 / price, price)
    });
    let offer = Offer {
        nonce: 1,
        taker: None,
        expires_at: world.now() + 60,
        lots: 2,
        min_lots: 1,
        legs: legs.collect(),
    };
    let (pool, account) = (world.pool(), world.account(&maker.account));
    let quote = quote((address::pool(), &pool), (maker.account, &account), offer);
    Signed::sign(quote, &maker.key)
}

fn fill(world: &mut World, signed: &Signed, taker: &Trader) -> Receipt {
    let traded: Vec<u8> = signed.quote.legs.iter().map(|l| l.underlying).collect();
    let books = world.books_of(&[signed.quote.maker, taker.account], &traded);
    let instructions = take(signed, taker.pair(), 1, INDEX, &books);
    world.send(&instructions, &[&taker.key]).accepted()
}
