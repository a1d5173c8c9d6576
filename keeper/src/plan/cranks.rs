//! Keeping the risk books current.

use {
    super::Policy,
    crate::{
        action::{Action, Kind, Memory, Task},
        view::{View, symbol_of},
    },
    cep_sdk::{Pubkey, programs::risk_engine::state::RiskBook},
    pyth_solana_receiver_sdk::price_update::VerificationLevel,
};

/// Every book whose price account has something newer.
pub fn refreshes(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let due = view.books.iter().filter_map(|(address, book)| {
        let price = newer_price(view, policy, book)?;
        let behind = view
            .prices
            .get(&price)?
            .price_message
            .publish_time
            .saturating_sub(book.publish_time);
        Some(Action {
            subject: *address,
            task: Task::Refresh { price },
            front: Vec::new(),
            reason: format!("{} has a price {behind} s newer", symbol_of(book)),
        })
    });
    due.filter(|action| memory.allows(action.key())).collect()
}

/// Every book whose scenarios lag behind its volatility or the set in force.
pub fn scenarios(view: &View, _: &Policy, memory: &Memory) -> Vec<Action> {
    let generation = view.risk.scenario_generation;
    if generation == 0 {
        return Vec::new();
    }
    let due = view.books.iter().filter_map(|(address, book)| {
        let lag = if book.scenario_generation != generation {
            "of an older set"
        } else if !book.scenarios_cover_volatility() {
            "too calm for current volatility"
        } else {
            return None;
        };
        Some(Action {
            subject: *address,
            task: Task::RefreshScenarios {
                scenario_set: view.risk.scenario_set,
            },
            front: Vec::new(),
            reason: format!("{} has scenarios {lag}", symbol_of(book)),
        })
    });
    due.filter(|action| memory.allows(action.key())).collect()
}

/// What goes in front of a transaction that uses `books`: prices that came in since the books were
/// refreshed. One that the chain refused stays out, or it would take the whole transaction with it.
pub fn front(
    view: &View,
    policy: &Policy,
    memory: &Memory,
    books: &[Pubkey],
) -> Vec<(Pubkey, Pubkey)> {
    let wanted = books
        .iter()
        .filter(|book| !memory.refused.contains(&(Kind::Refresh, **book)));
    wanted
        .filter_map(|address| {
            let book = view.books.get(address)?;
            Some((*address, newer_price(view, policy, book)?))
        })
        .collect()
}

/// The price account of a book, when the chain would take its price now: verified, of the right feed,
/// newer than the book's, neither too old nor from the future. The chain judges the price itself.
fn newer_price(view: &View, policy: &Policy, book: &RiskBook) -> Option<Pubkey> {
    let address = policy.prices.get(&book.symbol)?;
    let update = view.prices.get(address)?;
    let (params, now) = (&view.risk.params, view.time.unix_timestamp);
    let published = update.price_message.publish_time;
    let age = u64::try_from(now.saturating_sub(published)).unwrap_or(0);
    let ahead = u64::try_from(published.saturating_sub(now)).unwrap_or(0);
    let usable = update.verification_level == VerificationLevel::Full
        && update.price_message.feed_id == book.feed_id
        && published > book.publish_time
        && age <= params.max_price_age
        && ahead <= params.max_clock_skew;
    usable.then_some(*address)
}
