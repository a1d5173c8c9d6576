mod fill;
mod funding;
mod interest;
mod ledger;
mod margin_account;
mod market;
mod pool;
mod wide;

pub use {
    fill::*, funding::*, interest::*, ledger::*, margin_account::*, market::*, pool::*, wide::*,
};
