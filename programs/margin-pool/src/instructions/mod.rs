pub mod accept_pool_authority;
pub mod apply_reductions;
pub mod begin_liquidation;
pub mod cancel_pool_proposal;
pub mod cancel_quote;
pub mod cancel_quotes_below;
pub mod check_margin;
pub mod close_account;
pub mod close_fill;
pub mod collect_fees;
pub mod confirm_margin;
pub mod create_account;
pub mod delist_collateral;
pub mod deposit;
pub mod deposit_insurance;
pub mod end_liquidation;
pub mod execute_pool_change;
pub mod halt_withdrawals;
pub mod initialize_pool;
pub mod list_collateral;
pub mod list_underlying;
pub mod propose_pool_change;
pub mod reduce_opposite;
pub mod report_shortfall;
pub mod revoke_delegate;
pub mod set_delegate;
pub mod settle_expired;
pub mod settle_pnl;
pub mod tighten_pool;
pub mod trade_block;
pub mod trade_rfq;
pub mod trade_venue;
pub mod transfer;
pub mod transfer_leg;
pub mod transfer_slice;
pub mod withdraw;
pub mod withdraw_insurance;
pub mod write_off;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    accept_pool_authority::*, apply_reductions::*, begin_liquidation::*, cancel_pool_proposal::*,
    cancel_quote::*, cancel_quotes_below::*, check_margin::*, close_account::*, close_fill::*,
    collect_fees::*, confirm_margin::*, create_account::*, delist_collateral::*, deposit::*,
    deposit_insurance::*, end_liquidation::*, execute_pool_change::*, halt_withdrawals::*,
    initialize_pool::*, list_collateral::*, list_underlying::*, propose_pool_change::*,
    reduce_opposite::*, report_shortfall::*, revoke_delegate::*, set_delegate::*,
    settle_expired::*, settle_pnl::*, tighten_pool::*, trade_block::*, trade_rfq::*,
    trade_venue::*, transfer::*, transfer_leg::*, transfer_slice::*, withdraw::*,
    withdraw_insurance::*, write_off::*,
};
