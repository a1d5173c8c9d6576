//! Liquidation: an account below maintenance margin is sold in pro-rata slices of everything it
//! holds, at a falling price, until it is back above its buffer. When it owes more than it has, the
//! insurance fund pays the bidder instead, and those who share its loss what the fund cannot. When nobody takes
//! it, the other side of its positions is reduced.
//!
//! Anyone may open, bid and close. Instructions take (risk book, market) pairs as remaining accounts,
//! as the margin pool does.
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;
use {anchor_lang::prelude::*, margin_pool::LegArgs};

pub mod assess;
pub mod confirmation;
pub mod error;
pub mod events;
pub mod instructions;
pub mod leg;
pub mod seeds;
pub mod state;

pub use instructions::*;

declare_id!("9Q9i7Zrjj541u2ezc6Z1eYzUQRKkUgYePRxZBj2YKWSK");

#[cfg(all(
    target_os = "solana",
    feature = "custom-heap",
    not(feature = "no-entrypoint")
))]
#[global_allocator]
static HEAP: cep_sbf_abi::Heap = cep_sbf_abi::Heap::of_program();

#[program]
pub mod liquidation {
    use super::*;

    /// Creates the configuration and the insurance fund's books; once per deployment.
    pub fn initialize(ctx: Context<Initialize>, args: LiquidationArgs) -> Result<()> {
        instructions::initialize::handler(ctx, args)
    }

    /// Adds quote currency to the insurance fund. Anyone.
    pub fn fund_insurance(ctx: Context<FundInsurance>, amount: u64) -> Result<()> {
        instructions::fund_insurance::handler(ctx, amount)
    }

    /// Opens the auction of an account below maintenance margin, for a small reward. Anyone.
    pub fn open_auction<'info>(ctx: Context<'info, OpenAuction<'info>>) -> Result<()> {
        instructions::open_auction::handler(ctx)
    }

    /// Takes a slice at the current price. Anyone with the margin for it.
    pub fn bid<'info>(ctx: Context<'info, Bid<'info>>, args: BidArgs) -> Result<()> {
        instructions::bid::handler(ctx, args)
    }

    /// Takes a part of one position or collateral, where that serves the account better than a slice. Anyone with the margin
    /// for it.
    pub fn take_leg<'info>(ctx: Context<'info, TakeLeg<'info>>, args: LegArgs) -> Result<()> {
        instructions::take_leg::handler(ctx, args)
    }

    /// Brings an auction's clocks and pace to now. Anyone.
    pub fn refresh_auction<'info>(ctx: Context<'info, RefreshAuction<'info>>) -> Result<()> {
        instructions::refresh_auction::handler(ctx)
    }

    /// Closes the positions of an account that nobody took against the other side, at its bankruptcy price. Anyone.
    pub fn reduce_opposite<'info>(ctx: Context<'info, ReduceOpposite<'info>>) -> Result<()> {
        instructions::reduce_opposite::handler(ctx)
    }

    /// Makes good what an account in auction owes that has nothing else. Anyone.
    pub fn write_off<'info>(ctx: Context<'info, WriteOff<'info>>) -> Result<()> {
        instructions::write_off::handler(ctx)
    }

    /// Closes the auction of an account that is back above its buffer. Anyone.
    pub fn close_auction<'info>(ctx: Context<'info, CloseAuction<'info>>) -> Result<()> {
        instructions::close_auction::handler(ctx)
    }
}
