//! The clearing house: custody, cash ledger, positions. Every trade is novated (the pool stands between
//! the two accounts), positions of a market sum to zero, and cash sums with the vault to the unit.
//!
//! Instructions that need prices take, after their named accounts, one pair (risk book, market) per
//! underlying involved; see [`margin::RiskAccounts`].
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;
use {crate::state::PoolChange, anchor_lang::prelude::*};

pub mod clearing;
pub mod custody;
pub mod error;
pub mod events;
pub mod instructions;
pub mod margin;
pub mod quote;
pub mod seeds;
pub mod state;
pub mod token;
pub mod trade;

pub use {clearing::Covered, instructions::*, margin::MarginReport, trade::Leg};

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

    /// Announces a change, which waits out its timelock. Authority only.
    pub fn propose_pool_change(ctx: Context<ProposePoolChange>, change: PoolChange) -> Result<()> {
        instructions::propose_pool_change::handler(ctx, change)
    }

    /// Makes a change whose time has come. Authority only.
    pub fn execute_pool_change(ctx: Context<ExecutePoolChange>) -> Result<()> {
        instructions::execute_pool_change::handler(ctx)
    }

    /// Drops a proposed change. Guardian or authority.
    pub fn cancel_pool_proposal(ctx: Context<CancelPoolProposal>) -> Result<()> {
        instructions::cancel_pool_proposal::handler(ctx)
    }

    /// Takes the authority over. The nominated key only.
    pub fn accept_pool_authority(ctx: Context<AcceptPoolAuthority>) -> Result<()> {
        instructions::accept_pool_authority::handler(ctx)
    }

    /// Stops withdrawals for a while, at once. Guardian or authority.
    pub fn halt_withdrawals(ctx: Context<HaltWithdrawals>, seconds: u32) -> Result<()> {
        instructions::halt_withdrawals::handler(ctx, seconds)
    }

    /// Makes limits, terms of collateral or venues stricter, at once. Guardian or authority.
    pub fn tighten_pool(ctx: Context<TightenPool>, change: PoolChange) -> Result<()> {
        instructions::tighten_pool::handler(ctx, change)
    }

    /// Lists an underlying that has a risk book, as proposed. Authority only.
    pub fn list_underlying(ctx: Context<ListUnderlying>) -> Result<()> {
        instructions::list_underlying::handler(ctx)
    }

    /// Lists a token as collateral, valued with a listed underlying, as proposed. Authority only.
    pub fn list_collateral(ctx: Context<ListCollateral>) -> Result<()> {
        instructions::list_collateral::handler(ctx)
    }

    /// Frees the slot of a collateral that no account holds, and closes its vault. Authority only, after the timelock.
    pub fn delist_collateral(ctx: Context<DelistCollateral>) -> Result<()> {
        instructions::delist_collateral::handler(ctx)
    }

    /// Opens a margin account.
    pub fn create_account(ctx: Context<CreateAccount>, id: u16) -> Result<()> {
        instructions::create_account::handler(ctx, id)
    }

    /// Closes an empty margin account; its rent goes where the owner says. Owner only.
    pub fn close_account(ctx: Context<CloseAccount>) -> Result<()> {
        instructions::close_account::handler(ctx)
    }

    /// Lets a key act for an account until it expires, or changes what it may do. Owner only.
    pub fn set_delegate(
        ctx: Context<SetDelegate>,
        key: Pubkey,
        permissions: u64,
        expires_at: i64,
    ) -> Result<()> {
        instructions::set_delegate::handler(ctx, key, permissions, expires_at)
    }

    /// Ends what a key may do for an account. Owner only, never refused.
    pub fn revoke_delegate(ctx: Context<RevokeDelegate>, key: Pubkey) -> Result<()> {
        instructions::revoke_delegate::handler(ctx, key)
    }

    /// Puts quote currency or collateral into an account. Anyone may, for anyone.
    pub fn deposit<'info>(ctx: Context<'info, Deposit<'info>>, amount: u64) -> Result<()> {
        instructions::deposit::handler(ctx, amount)
    }

    /// Takes settled cash or collateral out, leaving at least initial margin. The owner, or a delegate to the owner.
    pub fn withdraw<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
        instructions::withdraw::handler(ctx, amount)
    }

    /// Moves settled cash or collateral to another account of the same owner, leaving at least initial margin. The owner,
    /// or a delegate.
    pub fn transfer<'info>(
        ctx: Context<'info, Transfer<'info>>,
        mint: Pubkey,
        amount: u64,
    ) -> Result<()> {
        instructions::transfer::handler(ctx, mint, amount)
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

    /// Clears some lots of a quote that the maker signed off chain. The taker signs.
    pub fn trade_rfq<'info>(ctx: Context<'info, TradeRfq<'info>>, args: RfqArgs) -> Result<()> {
        instructions::trade_rfq::handler(ctx, args)
    }

    /// Makes void what was signed for an account under one nonce and expires at `expires_at` (Unix seconds) or earlier.
    pub fn cancel_quote(ctx: Context<CancelQuote>, nonce: u64, expires_at: i64) -> Result<()> {
        instructions::cancel_quote::handler(ctx, nonce, expires_at)
    }

    /// Makes void all that was signed for an account under a nonce below `nonce`, for good.
    pub fn cancel_quotes_below(ctx: Context<CancelQuotesBelow>, nonce: u64) -> Result<()> {
        instructions::cancel_quotes_below::handler(ctx, nonce)
    }

    /// Gives the rent of a fill back to who paid it, a day after the quote expired. Anyone.
    pub fn close_fill(ctx: Context<CloseFill>) -> Result<()> {
        instructions::close_fill::handler(ctx)
    }

    /// Moves profit and loss of positions into cash: losses pay in, profits draw what is there. Anyone.
    pub fn settle_pnl<'info>(ctx: Context<'info, SettlePnl<'info>>) -> Result<()> {
        instructions::settle_pnl::handler(ctx)
    }

    /// Has an account's positions take their part of what their sides were reduced by, in auction or not. Anyone.
    pub fn apply_reductions<'info>(ctx: Context<'info, ApplyReductions<'info>>) -> Result<()> {
        instructions::apply_reductions::handler(ctx)
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
    ) -> Result<Covered> {
        instructions::transfer_slice::handler(ctx, args)
    }

    /// Moves a part of one position or collateral of an account to a liquidator. Liquidation program only.
    pub fn transfer_leg<'info>(
        ctx: Context<'info, TransferLeg<'info>>,
        args: LegArgs,
    ) -> Result<()> {
        instructions::transfer_leg::handler(ctx, args)
    }

    /// Closes an account's positions against the other side at the bankruptcy price. Liquidation program only.
    pub fn reduce_opposite<'info>(
        ctx: Context<'info, ReduceOpposite<'info>>,
        shortfall: i64,
    ) -> Result<u64> {
        instructions::reduce_opposite::handler(ctx, shortfall)
    }

    /// Covers what an account in auction owes that has nothing but claims, beyond those; `tranche` (ppm) of the insurance fund
    /// at most for one market. Liquidation program only.
    pub fn write_off<'info>(ctx: Context<'info, WriteOff<'info>>, tranche: u64) -> Result<Covered> {
        instructions::write_off::handler(ctx, tranche)
    }

    /// Says by how much accounts in auction owe more than they have beyond what the insurance fund may pay (micro-USD): what
    /// cash would bear of it stays behind when it leaves. Liquidation program only.
    pub fn report_shortfall(ctx: Context<ReportShortfall>, shortfall: u64) -> Result<()> {
        instructions::report_shortfall::handler(ctx, shortfall)
    }

    /// Checks the margin of an account that took a slice in this transaction and hedged it. Anyone.
    pub fn confirm_margin<'info>(ctx: Context<'info, ConfirmMargin<'info>>) -> Result<()> {
        instructions::confirm_margin::handler(ctx)
    }

    /// Unlocks an account. Liquidation program only.
    pub fn end_liquidation(ctx: Context<EndLiquidation>) -> Result<()> {
        instructions::end_liquidation::handler(ctx)
    }

    /// Adds to the insurance fund. Liquidation program only, which keeps the fund's books.
    pub fn deposit_insurance(ctx: Context<DepositInsurance>, amount: u64) -> Result<()> {
        instructions::deposit_insurance::handler(ctx, amount)
    }

    /// Pays out of the insurance fund. Liquidation program only, which keeps the fund's books.
    pub fn withdraw_insurance(ctx: Context<WithdrawInsurance>, amount: u64) -> Result<()> {
        instructions::withdraw_insurance::handler(ctx, amount)
    }
}
