mod change;
mod fill;
mod funding;
mod haircut;
mod interest;
mod ledger;
mod levy;
mod margin_account;
mod market;
mod pool;
mod proposal;
mod reduction;
mod terms;
mod wide;

pub(crate) use terms::check_fee_account;
pub use {
    change::*, fill::*, funding::*, haircut::*, interest::*, ledger::*, levy::*, margin_account::*,
    market::*, pool::*, proposal::*, reduction::*, wide::*,
};
