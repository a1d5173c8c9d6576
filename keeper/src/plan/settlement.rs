//! Moving profit and loss into cash: losers pay in before winners draw.

use {
    super::{Policy, cranks::front},
    crate::{
        action::{Action, Kind, Memory, Task},
        view::View,
    },
    cep_risk::Quantity,
    cep_sdk::{
        Pubkey,
        programs::{
            margin_pool::state::{MarginAccount, Market},
            risk_engine::state::RiskBook,
        },
        units::usd,
    },
    std::collections::BTreeMap,
};

/// In every market where someone's profit is due, the losers that can pay it, or once they have, the
/// winners. Largest first; winners wait while losers remain.
pub fn settlements(view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
    let (mut losers, mut winners) = (Batch::default(), Batch::default());
    for market in view.markets.values() {
        let Some(book) = view
            .books
            .get(&market.book)
            .filter(|book| book.price_is_fresh(view.time.unix_timestamp))
        else {
            continue;
        };
        let mut large: Vec<(Pubkey, i64)> = view
            .accounts
            .iter()
            .filter(|(_, account)| account.in_liquidation == 0)
            .filter_map(|(at, account)| Some((*at, unsettled(account, market, book)?)))
            .filter(|(_, amount)| amount.saturating_abs() >= policy.settle_above)
            .collect();
        if !large.iter().any(|(_, amount)| *amount > 0) {
            continue;
        }
        large.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
        let mut paid_in = market.unsettled;
        for (account, amount) in large {
            if amount < 0 {
                losers.add(account, market.book, amount);
            } else if paid_in >= policy.settle_above {
                winners.add(account, market.book, amount);
                paid_in -= amount.min(paid_in);
            }
        }
    }
    let losers = losers.into_actions(view, policy, memory);
    if losers.is_empty() {
        return winners.into_actions(view, policy, memory);
    }
    losers
}

/// Per account: the books to settle and the sum of what moves.
#[derive(Default)]
struct Batch(BTreeMap<Pubkey, (Vec<Pubkey>, i64)>);

impl Batch {
    fn add(&mut self, account: Pubkey, book: Pubkey, amount: i64) {
        let (books, total) = self.0.entry(account).or_default();
        books.push(book);
        *total = total.saturating_add(amount);
    }

    fn into_actions(self, view: &View, policy: &Policy, memory: &Memory) -> Vec<Action> {
        let done = memory.attempted.iter().filter(|key| key.0 == Kind::Settle);
        let left = policy.settle_limit.saturating_sub(done.count());
        let mut list: Vec<_> = self.0.into_iter().collect();
        list.sort_by_key(|(_, (_, total))| std::cmp::Reverse(total.saturating_abs()));
        list.into_iter()
            .map(|(subject, (books, total))| Action {
                subject,
                front: front(view, policy, memory, &books),
                task: Task::Settle { books },
                reason: format!("{:.2} USD of profit and loss is unsettled", usd(total)),
            })
            .filter(|action| memory.allows(action.key()))
            .take(left)
            .collect()
    }
}

/// Profit (positive) or loss of an account's position in a market at the index price.
fn unsettled(account: &MarginAccount, market: &Market, book: &RiskBook) -> Option<i64> {
    let position = account.perpetual(market.index)?;
    let mark = book.index_price().ok()?;
    let value = Quantity(position.base).at(mark).floor_micro_usd().ok()?;
    value.checked_add(position.quote)
}
