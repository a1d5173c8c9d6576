//! A past crash through the real programs: hundreds of accounts at their initial margin, prices hour by hour down to the
//! lows, and liquidators with little capital who look only now and then. What comes of it is counted account by account.
//!
//! The prices are read from `../shared/data` beside the repository; without them a replay is skipped.

pub mod chain;
pub mod crowd;
pub mod liquidator;
pub mod record;
pub mod run;
pub mod tape;
