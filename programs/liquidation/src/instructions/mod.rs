pub mod bid;
pub mod cancel_unstake;
pub mod close_auction;
pub mod close_stake;
pub mod fund_insurance;
pub mod initialize;
pub mod open_auction;
pub mod open_stake;
pub mod request_unstake;
pub mod stake_insurance;
pub mod unstake;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {bid::*, close_auction::*, fund_insurance::*, initialize::*, open_auction::*};
pub use {
    cancel_unstake::*, close_stake::*, open_stake::*, request_unstake::*, stake_insurance::*,
    unstake::*,
};
