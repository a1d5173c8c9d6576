mod ledger;
mod margin_account;
mod market;
mod pool;

pub use {ledger::*, margin_account::*, market::*, pool::*};
