//! Clearing a trade, however it came about: every leg is exchanged at its price, then both accounts
//! must have their initial margin, or be better off than before: see [`check::check_side`].

mod check;
mod leg;
#[cfg(test)]
mod tests;

pub use leg::{Leg, Terms};

use {
    crate::{
        clearing::{self, Asset},
        error::MarginPoolError,
        events::Traded,
        margin::{BookParts, Books, RiskAccounts, Snapshot},
        state::{MarginAccount, Pool, add},
    },
    anchor_lang::prelude::*,
    cep_risk::Scratch,
    check::{Holdings, OpenInterest, Side, check_side},
};

/// Legs one trade may have.
pub const MAX_LEGS: usize = 8;

/// Clears `legs` between A and B, each with its address; a positive quantity means that A buys. The markets are those of
/// `risk`, the books those that it gave.
pub fn clear<B: BookParts>(
    pool: &mut Pool,
    [(key_a, a), (key_b, b)]: [(Pubkey, &mut MarginAccount); 2],
    risk: &RiskAccounts,
    books: &Books<B>,
    legs: &[Leg],
    terms: Terms,
) -> Result<()> {
    require!(
        (1..=MAX_LEGS).contains(&legs.len()) && legs.iter().all(|leg| leg.quantity != 0),
        MarginPoolError::BadLegs
    );
    a.require_may_trade()?;
    b.require_may_trade()?;
    pool.accrue(books.now)?;
    let mut assets = Vec::with_capacity(legs.len());
    for leg in legs {
        let book = &books.listed(leg.underlying)?.book;
        let named = (leg.underlying, leg.slot, leg.instrument);
        assets.push(Asset::trading(book, named, books.now)?);
    }
    let mut sides = [a, b];
    for account in &mut sides {
        let lost = account.at_risk != 0 && account.at_risk_since != pool.losses.left;
        if lost || account.held != 0 {
            clearing::credit(pool, account, 0)?;
        }
    }
    for asset in &assets {
        // What they were before the trade is after what defaults took from them.
        let market = &mut *risk.market_mut(asset.underlying)?;
        for account in &mut sides {
            if let Some(slot) = clearing::due(market, account, asset) {
                clearing::touch(pool, market, account, slot)?;
            }
        }
    }
    let [a, b] = &sides;
    let mut traded = [a, b].map(|account| Side {
        before: Holdings::of(account, &assets),
        fees: 0,
        shrank: true,
    });
    let mut was = OpenInterest::of(books);
    for (leg, asset) in legs.iter().zip(&assets) {
        let mut market = risk.market_mut(leg.underlying)?;
        let cleared = leg::clear(pool, &mut market, &mut sides, books, (leg, asset), &terms)?;
        market.invariant()?;
        for (at, side) in traded.iter_mut().enumerate() {
            side.fees = add(side.fees, cleared.fees.get(at).copied().unwrap_or(0))?;
            side.shrank &= cleared.shrank.get(at).copied().unwrap_or(false);
        }
        emit!(Traded {
            market: pool.underlying(leg.underlying)?.market,
            instrument: asset.instrument,
            account_a: key_a,
            account_b: key_b,
            quantity: leg.quantity,
            price: leg.price,
            fees: cleared.fees,
        });
    }

    risk.update_markets(books)?;
    let [a, b] = &sides;
    let mut snapshot = Snapshot::with_room_for(pool, [a, b], legs.len());
    let mut scratch = Scratch::new();
    for (account, side) in sides.into_iter().zip(&traded) {
        let tools = (&mut snapshot, &mut scratch);
        check_side(pool, account, &assets, side, (books, &mut was), tools)?;
    }
    Ok(())
}
