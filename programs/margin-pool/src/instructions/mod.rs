pub mod begin_liquidation;
pub mod check_margin;
pub mod collect_fees;
pub mod create_account;
pub mod deposit;
pub mod deposit_insurance;
pub mod end_liquidation;
pub mod initialize_pool;
pub mod list_collateral;
pub mod list_underlying;
pub mod settle_expired;
pub mod settle_pnl;
pub mod trade_block;
pub mod trade_venue;
pub mod transfer_slice;
pub mod withdraw;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    begin_liquidation::*, check_margin::*, collect_fees::*, create_account::*, deposit::*,
    deposit_insurance::*, end_liquidation::*, initialize_pool::*, list_collateral::*,
    list_underlying::*, settle_expired::*, settle_pnl::*, trade_block::*, trade_venue::*,
    transfer_slice::*, withdraw::*,
};
