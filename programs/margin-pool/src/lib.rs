//! The clearing house: custody, cash ledger, positions. Every trade is novated (the pool stands between
//! the two accounts), positions of a market sum to zero, and cash sums with the vault to the unit.
//!
//! Instructions that need prices take, after their named accounts, one pair (risk book, market) per
//! underlying involved; see [`margin::RiskAccounts`].
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

use anchor_lang::prelude::*;
#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;

pub mod clearing;
pub mod error;
pub mod events;
pub mod instructions;
pub mod margin;
pub mod seeds;
pub mod state;
pub mod trade;

pub use {instructions::*, margin::MarginReport, trade::Leg};

declare_id!("HSTWees6Y8ifCgSTEgTEBNAvCs2ossqQfkfrg4mJbg6H");

#[cfg(all(
    target_os = "solana",
    feature = "custom-heap",
    not(feature = "no-entrypoint")
))]
#[global_allocator]
static HEAP: cep_sbf_abi::Heap = cep_sbf_abi::Heap::of_program();

#[program]
pub mod margin_pool {
    use super::*;

    /// Creates the pool and its quote vault; once per deployment.
    pub fn initialize_pool(ctx: Context<InitializePool>, args: PoolArgs) -> Result<()> {
        instructions::initialize_pool::handler(ctx, args)
    }

    /// Lists an underlying that has a risk book. Authority only.
    pub fn list_underlying(ctx: Context<ListUnderlying>, open_interest_limit: i64) -> Result<()> {
        instructions::list_underlying::handler(ctx, open_interest_limit)
    }

    /// Lists a token as collateral, valued with a listed underlying. Authority only.
    pub fn list_collateral(ctx: Context<ListCollateral>, underlying: u8, cap: u64) -> Result<()> {
        instructions::list_collateral::handler(ctx, underlying, cap)
    }

    /// Opens a margin account.
    pub fn create_account(ctx: Context<CreateAccount>, id: u16) -> Result<()> {
        instructions::create_account::handler(ctx, id)
    }

    /// Puts quote currency or collateral into an account. Anyone may, for anyone.
    pub fn deposit<'info>(ctx: Context<'info, Deposit<'info>>, amount: u64) -> Result<()> {
        instructions::deposit::handler(ctx, amount)
    }

    /// Takes settled cash or collateral out, leaving at least initial margin. Owner only.
    pub fn withdraw<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
        instructions::withdraw::handler(ctx, amount)
    }

    /// Clears a trade that both sides signed.
    pub fn trade_block<'info>(
        ctx: Context<'info, TradeBlock<'info>>,
        legs: Vec<Leg>,
    ) -> Result<()> {
        instructions::trade_block::handler(ctx, legs)
    }

    /// Clears a fill of a registered venue between two accounts that delegated to it.
    pub fn trade_venue<'info>(
        ctx: Context<'info, TradeVenue<'info>>,
        legs: Vec<Leg>,
    ) -> Result<()> {
        instructions::trade_venue::handler(ctx, legs)
    }

    /// Pays out fees that the pool earned. Authority only.
    pub fn collect_fees(ctx: Context<CollectFees>, amount: u64) -> Result<()> {
        instructions::collect_fees::handler(ctx, amount)
    }

    /// Moves profit and loss of positions into cash: losses pay in, profits draw what is there. Anyone.
    pub fn settle_pnl<'info>(ctx: Context<'info, SettlePnl<'info>>) -> Result<()> {
        instructions::settle_pnl::handler(ctx)
    }

    /// Turns accounts' positions of an expiry that has its settlement price into cash. Anyone.
    pub fn settle_expired<'info>(ctx: Context<'info, SettleExpired<'info>>) -> Result<()> {
        instructions::settle_expired::handler(ctx)
    }

    /// Says what an account is worth and needs, and why. Changes nothing. Anyone.
    pub fn check_margin<'info>(ctx: Context<'info, CheckMargin<'info>>) -> Result<MarginReport> {
        instructions::check_margin::handler(ctx)
    }

    /// Locks an account for its auction and pays the opener. Liquidation program only.
    pub fn begin_liquidation(ctx: Context<BeginLiquidation>, reward: u64) -> Result<()> {
        instructions::begin_liquidation::handler(ctx, reward)
    }

    /// Moves a pro-rata slice of an account to a bidder. Liquidation program only.
    pub fn transfer_slice<'info>(
        ctx: Context<'info, TransferSlice<'info>>,
        args: SliceArgs,
    ) -> Result<()> {
        instructions::transfer_slice::handler(ctx, args)
    }

    /// Unlocks an account. Liquidation program only.
    pub fn end_liquidation(ctx: Context<EndLiquidation>) -> Result<()> {
        instructions::end_liquidation::handler(ctx)
    }

    /// Adds to the insurance fund. Liquidation program only, which keeps the fund's books.
    pub fn deposit_insurance(ctx: Context<DepositInsurance>, amount: u64) -> Result<()> {
        instructions::deposit_insurance::handler(ctx, amount)
    }
}
