mod funding;
mod interest;
mod ledger;
mod margin_account;
mod market;
mod pool;
mod wide;

pub use {funding::*, interest::*, ledger::*, margin_account::*, market::*, pool::*, wide::*};
