pub mod begin_liquidation;
pub mod check_margin;
pub mod close_account;
pub mod create_account;
pub mod deposit;
pub mod deposit_insurance;
pub mod end_liquidation;
pub mod initialize_pool;
pub mod list_collateral;
pub mod list_underlying;
pub mod revoke_delegate;
pub mod set_delegate;
pub mod settle_pnl;
pub mod trade_block;
pub mod transfer;
pub mod transfer_slice;
pub mod withdraw;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    begin_liquidation::*, check_margin::*, close_account::*, create_account::*, deposit::*, deposit_insurance::*,
    end_liquidation::*, initialize_pool::*, list_collateral::*, list_underlying::*, revoke_delegate::*, set_delegate::*, settle_pnl::*,
    trade_block::*, transfer::*, transfer_slice::*, withdraw::*,
};
