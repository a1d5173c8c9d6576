//! Keeping the risk books current.

use {
    super::Policy,
    crate::{
        action::{Action, Kind, Memory, Task},
        view::{View, symbol_of},
    },
    cep_sdk::{
        Pubkey,
        programs::risk_engine::{
            curves::expiry_of,
            state::{Instrument, RiskBook, degraded},
        },
    },
};

/// Every book whose oracle accounts have something newer, and every one whose price the circuit breaker holds back.
pub fn refreshes(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let due = view.books.iter().filter_map(|(address, book)| {
        let (oracles, newest) = newer(view, policy, book);
        let catching_up = book.degraded & degraded::STEP_LIMITED != 0
            && book.refreshed_at < view.time.unix_timestamp;
        let reason = match newest {
            Some(time) => format!(
                "{} has a price {} s newer",
                symbol_of(book),
                time.saturating_sub(book.publish_time)
            ),
            None if catching_up => {
                format!("{} is held back by its circuit breaker", symbol_of(book))
            }
            None => return None,
        };
        Some(Action {
            subject: *address,
            task: Task::Refresh { oracles },
            front: Vec::new(),
            reason,
        })
    });
    due.filter(|action| memory.allows(action.key())).collect()
}

/// Every book whose oracles have had nothing for so long that anyone may say so: liquidation at its last price then waits for no
/// more than a published delay.
pub fn silences(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let now = view.time.unix_timestamp;
    let due = view.books.iter().filter(|(_, book)| {
        let silent = book.price != 0 && book.age(now) >= book.dead_price_age;
        silent && book.silent_from == 0 && newer(view, policy, book).1.is_none()
    });
    let actions = due.map(|(address, book)| Action {
        subject: *address,
        task: Task::AnnounceSilence,
        front: Vec::new(),
        reason: format!(
            "{} has had no price for {} s",
            symbol_of(book),
            book.age(now)
        ),
    });
    actions
        .filter(|action| memory.allows(action.key()))
        .collect()
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

/// Every book with options whose curves are stale: liquidation refuses those while they can be rebuilt.
pub fn curves(view: &View, _: &Policy, memory: &Memory) -> Vec<Action> {
    let now = view.time.unix_timestamp;
    let due = view.books.iter().filter_map(|(address, book)| {
        if !book.curves_can_be_rebuilt(now) {
            return None;
        }
        let stale = |option: &Instrument| {
            let has_volatility = expiry_of(book, option).is_some_and(|e| e.atm != 0);
            option.live_option().is_some()
                && has_volatility
                && option.curve_stale(book, now).is_some()
        };
        let from = book.instruments.iter().position(stale)?;
        Some(Action {
            subject: *address,
            task: Task::RefreshCurves {
                from: u16::try_from(from).ok()?,
            },
            front: Vec::new(),
            reason: format!("{} has stale curves from slot {from} on", symbol_of(book)),
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
) -> Vec<(Pubkey, Vec<Pubkey>)> {
    let wanted = books
        .iter()
        .filter(|book| !memory.refused.contains(&(Kind::Refresh, **book)));
    wanted
        .filter_map(|address| {
            let (oracles, newest) = newer(view, policy, view.books.get(address)?);
            newest.map(|_| (*address, oracles))
        })
        .collect()
}

/// The oracle accounts of a book whose values the chain would take now, and when the newest was published. The
/// judge is the chain's own reader.
fn newer(view: &View, policy: &Policy, book: &RiskBook) -> (Vec<Pubkey>, Option<i64>) {
    let accounts = policy.prices.get(&book.symbol).into_iter().flatten();
    let (mut usable, mut newest) = (Vec::new(), None);
    for at in accounts {
        let Some(Some(account)) = view.oracles.get(at) else {
            continue;
        };
        let mut sources = book.sources.iter();
        if let Some(reading) = sources.find_map(|source| view.read(source, at, account).ok()) {
            usable.push(*at);
            newest = newest.max(Some(reading.publish_time));
        }
    }
    (usable, newest)
}
