//! From an action to a confirmed transaction.

use {
    crate::{
        action::{Action, Task},
        receipt::Receipt,
    },
    cep_sdk::{Client, Pubkey, SdkError, address, instruction, programs::liquidation::BidArgs},
    solana_sdk::{instruction::Instruction, signature::Keypair, signer::Signer},
};

/// Curves that one transaction builds: 151,000 compute units each at most.
const CURVES: u8 = 8;

/// Who acts.
pub struct Actor {
    pub keypair: Keypair,
    /// Its margin account.
    pub own: Pubkey,
}

/// Sends an action and waits until it is confirmed.
pub async fn execute(client: &Client, actor: &Actor, action: &Action) -> Result<Receipt, SdkError> {
    let signature = client
        .send(&instructions(actor, action), &[&actor.keypair])
        .await?;
    Ok(Receipt::read(client, signature).await)
}

/// Accounts that an action is decided by or changes: to be read before and after it.
#[must_use]
pub fn involved(actor: &Actor, action: &Action) -> Vec<Pubkey> {
    let mut list = vec![action.subject];
    let books = match &action.task {
        Task::Refresh { .. }
        | Task::RefreshScenarios { .. }
        | Task::AnnounceSilence
        | Task::RefreshCurves { .. } => return list,
        Task::Open { books } | Task::Close { books, .. } | Task::Bid { books, .. } => {
            list.extend([actor.own, address::auction(&action.subject)]);
            books
        }
        Task::Settle { books }
        | Task::Reduce { books }
        | Task::WriteOff { books }
        | Task::Look { books } => books,
    };
    list.push(address::pool());
    list.extend(books.iter().flat_map(|book| [*book, address::market(book)]));
    list
}

fn instructions(actor: &Actor, action: &Action) -> Vec<Instruction> {
    use instruction::{liquidation, pool, risk};
    let (subject, key) = (action.subject, actor.keypair.pubkey());
    let main = match &action.task {
        Task::Refresh { oracles } => risk::refresh(subject, oracles),
        Task::RefreshScenarios { scenario_set } => risk::refresh_scenarios(subject, *scenario_set),
        Task::AnnounceSilence => risk::announce_silence(subject),
        Task::RefreshCurves { from } => {
            instruction::instruments::refresh_curves(subject, *from, CURVES)
        }
        Task::Open { books } => liquidation::open_auction(subject, key, actor.own, books),
        Task::Bid { books, terms } => {
            let args = BidArgs {
                max_fraction: terms.fraction,
                max_payment: terms.max_payment,
                hedged: false,
            };
            liquidation::bid(subject, (actor.own, key), args, books)
        }
        Task::Close { books, opened_by } => liquidation::close_auction(subject, *opened_by, books),
        Task::Reduce { books } => liquidation::reduce_opposite(subject, books),
        Task::WriteOff { books } => liquidation::write_off(subject, books),
        Task::Look { books } => liquidation::refresh_auction(subject, books),
        Task::Settle { books } => pool::settle_pnl(subject, books),
    };
    let front = action
        .front
        .iter()
        .map(|(book, oracles)| risk::refresh(*book, oracles));
    front.chain([main]).collect()
}
