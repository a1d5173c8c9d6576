//! The findings of the audit of November 2026, one file per finding, on the real programs. Each test
//! fails on the code that was audited. docs/audit.md says what kind of fault each one is.
// A test that cannot go on stops with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod a1;
mod a2;
mod a3;
mod b1;
mod b2;
mod b3;
mod b4;
mod b5;
mod b6;
mod b7;
mod b8;
mod b8_value;
mod c1;
mod c10;
mod c2;
mod c3;
mod c4;
mod c5;
mod c6;
mod c7;
mod c8;
mod c9;
mod low;
mod low_governance;
mod low_trade;
mod sweep_accounts;
