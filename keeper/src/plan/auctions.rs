//! Opening, bidding, closing.

use {
    super::{
        Policy,
        bid::{Sale, Verdict},
        cranks::front,
    },
    crate::{
        action::{Action, Memory, Task},
        view::View,
    },
    cep_risk::{Breakdown, Kind, Scratch},
    cep_sdk::{
        Pubkey, SdkError,
        health::exposed_underlyings,
        programs::margin_pool::{margin::Snapshot, state::MarginAccount},
        units::usd,
    },
    tracing::debug,
};

/// All that can be opened or closed, and the one bid that brings most: a bid changes what the keeper
/// can carry, so the next one is planned after it.
pub fn liquidations(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut best: Option<(i64, Action)> = None;
    let others = view.accounts.iter().filter(|(at, _)| **at != policy.own);
    for (address, account) in others {
        let step = match next(view, policy, address, account) {
            Ok(Some(step)) => step,
            Ok(None) => continue,
            Err(error) => {
                debug!(account = %address, %error, "cannot be assessed");
                continue;
            }
        };
        let (task, reason, profit) = step;
        let books = match &task {
            Task::Open { books }
            | Task::Bid { books, .. }
            | Task::Close { books, .. }
            | Task::Reduce { books }
            | Task::WriteOff { books }
            | Task::Look { books } => books,
            Task::Refresh { .. }
            | Task::RefreshScenarios { .. }
            | Task::AnnounceSilence
            | Task::RefreshCurves { .. }
            | Task::Settle { .. } => continue,
        };
        let action = Action {
            subject: *address,
            front: front(view, policy, memory, books),
            task,
            reason,
        };
        if !memory.allows(action.key()) {
            continue;
        }
        match profit {
            None => actions.push(action),
            Some(profit) if best.as_ref().is_none_or(|(most, _)| profit > *most) => {
                best = Some((profit, action));
            }
            Some(_) => {}
        }
    }
    actions.extend(best.map(|(_, action)| action));
    actions
}

/// What to do, why, and for a bid its profit.
type Step = (Task, String, Option<i64>);

fn next(
    view: &View,
    policy: &Policy,
    address: &Pubkey,
    account: &MarginAccount,
) -> Result<Option<Step>, SdkError> {
    let underlyings = exposed_underlyings(&view.pool, account);
    let Some(state) = maintenance(view, account)? else {
        return Ok(None);
    };
    let told = format!(
        "equity {:.2} USD against a maintenance margin of {:.2}",
        usd(state.equity),
        usd(state.requirement)
    );
    if account.in_liquidation == 0 {
        let books = view.book_addresses(&underlyings);
        return Ok((state.health() < 0).then_some((Task::Open { books }, told, None)));
    }
    let Some(auction) = view.auction_of(address) else {
        return Ok(None);
    };
    let params = view.liquidation.params.arithmetic();
    let recovered = params
        .closing_margin(state.equity, state.requirement)
        .is_ok_and(|margin| margin >= 0);
    if recovered {
        let task = Task::Close {
            books: view.book_addresses(&underlyings),
            opened_by: auction.opened_by,
        };
        return Ok(Some((task, told, None)));
    }
    if account.has_nothing_open(&view.pool) {
        let books = view.book_addresses(&underlyings);
        let told = format!("{told}; it has nothing but debt");
        return Ok(Some((Task::WriteOff { books }, told, None)));
    }
    let Some(sale) = Sale::new(view, policy, (address, account), state) else {
        return Ok(None);
    };
    let verdict = sale.judge()?;
    let open = account.positions.iter().any(|p| p.base != 0);
    let over = sale.auction.elapsed() >= params.insolvent_seconds;
    if state.equity < 0 && over && open && matches!(verdict, Verdict::Wait(_)) {
        let books = view.book_addresses(&underlyings);
        let told = format!("{told}; nobody took it in time");
        return Ok(Some((Task::Reduce { books }, told, None)));
    }
    // Its clock starts when somebody looks.
    let unseen = state.equity <= 0 && auction.insolvent == 0;
    if unseen && matches!(verdict, Verdict::Wait(_)) {
        let books = view.book_addresses(&underlyings);
        let told = format!("{told}; it owes more than it has from now on");
        return Ok(Some((Task::Look { books }, told, None)));
    }
    match verdict {
        Verdict::Take(terms) => {
            let reason = format!(
                "{told}; {:.4} % of it for {:.2} USD brings {:.2} after hedging",
                terms.fraction as f64 / 1e7,
                usd(terms.payment),
                usd(terms.profit)
            );
            let books = view.book_addresses(&sale.underlyings);
            Ok(Some((
                Task::Bid { books, terms },
                reason,
                Some(terms.profit),
            )))
        }
        Verdict::Wait(why) => {
            debug!(account = %address, why, "auction waits");
            Ok(None)
        }
    }
}

/// What the operator has to know about the keeper's own account, which it never liquidates itself.
#[must_use]
pub fn own_trouble(view: &View, policy: &Policy) -> Option<String> {
    let Some(own) = view.accounts.get(&policy.own) else {
        return Some("the keeper's margin account is gone".into());
    };
    if own.in_liquidation != 0 {
        return Some(
            "the keeper's own account is in liquidation and cannot bid; deposit to end it".into(),
        );
    }
    let state = maintenance(view, own).ok()??;
    (state.health() < 0).then(|| {
        "the keeper's own account is below maintenance margin; deposit before others open its auction"
            .into()
    })
}

/// Equity and maintenance margin as the chain would find them; `None` while a book is unknown or its
/// price too old to liquidate on.
fn maintenance(view: &View, account: &MarginAccount) -> Result<Option<Breakdown>, SdkError> {
    let underlyings = exposed_underlyings(&view.pool, account);
    let Some(books) = view.books_of(&underlyings) else {
        return Ok(None);
    };
    if books.require_usable_in_liquidation().is_err() {
        return Ok(None);
    }
    let snapshot = Snapshot::of(&view.pool, account, &books)?;
    let state = snapshot.evaluate(&view.pool, &books, Kind::Maintenance, &mut Scratch::new())?;
    Ok(Some(state))
}
