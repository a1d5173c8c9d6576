pub mod bid;
pub mod close_auction;
pub mod fund_insurance;
pub mod initialize;
pub mod open_auction;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {bid::*, close_auction::*, fund_insurance::*, initialize::*, open_auction::*};
