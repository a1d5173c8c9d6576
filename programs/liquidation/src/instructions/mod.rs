pub mod bid;
pub mod cancel_unstake;
pub mod close_auction;
pub mod close_stake;
pub mod fund_insurance;
pub mod initialize;
pub mod open_auction;
pub mod open_stake;
pub mod reduce_opposite;
pub mod refresh_auction;
pub mod request_unstake;
pub mod stake_insurance;
pub mod take_leg;
pub mod unstake;
pub mod write_off;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    bid::*, cancel_unstake::*, close_auction::*, close_stake::*, fund_insurance::*, initialize::*,
    open_auction::*, open_stake::*, reduce_opposite::*, refresh_auction::*, request_unstake::*,
    stake_insurance::*, take_leg::*, unstake::*, write_off::*,
};
