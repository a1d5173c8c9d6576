use {
    super::bid::require_bidder_margin,
    crate::{
        assess::{Look, Reporter, look_at, observe_now},
        error::LiquidationError,
        events::LegTaken,
        leg::{Comparison, fair_value},
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        LegArgs,
        margin::RiskAccounts,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, writable market) pair for every underlying either account is
/// exposed to.
#[derive(Accounts)]
pub struct TakeLeg<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ LiquidationError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, seeds = [seeds::AUCTION, margin_account.key().as_ref()],
        bump = auction.load()?.bump)]
    pub auction: AccountLoader<'info, Auction>,
    #[account(mut, has_one = pool @ LiquidationError::WrongPool,
        constraint = liquidator_account.load()?.owner == liquidator.key() @ LiquidationError::NotBidderOwner)]
    pub liquidator_account: AccountLoader<'info, MarginAccount>,
    pub liquidator: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

/// A leg goes at a bounded distance from its mark, if that restores the account's margin at less cost than a slice at the
/// price of the moment, and does not take it beyond its buffer.
pub(crate) fn handler<'info>(ctx: Context<'info, TakeLeg<'info>>, args: LegArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    let remaining = ctx.remaining_accounts;
    let before = look_at(&accounts.pool, &accounts.margin_account, remaining)?;
    let comparison = terms(&ctx, &before)?;
    let fair = {
        let pool = accounts.pool.load()?;
        let risk = RiskAccounts::load(&pool, remaining)?;
        let books = risk.books(Clock::get()?.unix_timestamp)?;
        let account = accounts.margin_account.load()?;
        fair_value(&pool, &account, &books, &args.taking)?
    };
    let cost = fair
        .checked_sub(args.payment)
        .ok_or(LiquidationError::Overflow)?;
    comparison.require_bounded(cost, fair)?;
    transfer(&ctx, args)?;

    let after = look_at(&accounts.pool, &accounts.margin_account, remaining)?;
    Comparison::require_priced(cost, &before.state, &after.state)?;
    let margins = comparison.require_better(cost, &after.state)?;
    observe_now(
        &accounts.config,
        &accounts.auction,
        &accounts.fund,
        &accounts.pool,
        &after,
    )?;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()?;
    require_bidder_margin(&accounts.pool, &accounts.liquidator_account, remaining)?;
    emit!(LegTaken {
        margin_account: accounts.margin_account.key(),
        liquidator: accounts.liquidator_account.key(),
        taking: args.taking,
        payment: args.payment,
        cost,
        before: margins.0,
        after: margins.1,
    });
    Ok(())
}

/// Brings the auction to now and finds what a slice would cost.
fn terms(ctx: &Context<TakeLeg>, look: &Look) -> Result<Comparison> {
    let accounts = &ctx.accounts;
    observe_now(
        &accounts.config,
        &accounts.auction,
        &accounts.fund,
        &accounts.pool,
        look,
    )?;
    let (config, auction) = (accounts.config.load()?, accounts.auction.load()?);
    Comparison::new(&config.params, &auction, &look.state)
}

fn transfer<'info>(ctx: &Context<'info, TakeLeg<'info>>, args: LegArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    let bump = [accounts.config.load()?.authority_bump];
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::TransferLeg {
        pool: accounts.pool.to_account_info(),
        from: accounts.margin_account.to_account_info(),
        to: accounts.liquidator_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
        .with_remaining_accounts(ctx.remaining_accounts.to_vec());
    margin_pool::cpi::transfer_leg(cpi, args)
}
