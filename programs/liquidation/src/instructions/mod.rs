pub mod bid;
pub mod close_auction;
pub mod fund_insurance;
pub mod initialize;
pub mod open_auction;
pub mod reduce_opposite;
pub mod refresh_auction;
pub mod take_leg;
pub mod write_off;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    bid::*, close_auction::*, fund_insurance::*, initialize::*, open_auction::*,
    reduce_opposite::*, refresh_auction::*, take_leg::*, write_off::*,
};
