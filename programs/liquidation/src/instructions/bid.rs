use {
    crate::{
        assess::{Offer, offer},
        error::LiquidationError,
        events::AuctionBid,
        instructions::open_auction::maintenance,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    cep_risk::{Breakdown, Kind, Scratch, auction::PPB},
    margin_pool::{
        SliceArgs,
        margin::{RiskAccounts, Snapshot},
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct BidArgs {
    /// Take at most this part, ppb; the cap that restores the account's buffer applies as well.
    pub max_fraction: u64,
    /// Pay at most this, micro-USD. Negative: be paid at least that much by the insurance fund.
    pub max_payment: i64,
}

/// Remaining accounts: a (risk book, writable market) pair for every underlying either account is
/// exposed to.
#[derive(Accounts)]
pub struct Bid<'info> {
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
        constraint = bidder_account.load()?.owner == bidder.key() @ LiquidationError::NotBidderOwner)]
    pub bidder_account: AccountLoader<'info, MarginAccount>,
    pub bidder: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Bid<'info>>, args: BidArgs) -> Result<()> {
    require!(
        (1..=PPB).contains(&args.max_fraction),
        LiquidationError::FractionOutOfRange
    );
    let now = Clock::get()?.unix_timestamp;
    let state = maintenance(
        &ctx.accounts.pool,
        &ctx.accounts.margin_account,
        ctx.remaining_accounts,
        now,
    )?;
    let (slice, offer) = settle_terms(&ctx, &state, &args, now)?;
    take_slice(&ctx, slice)?;
    require_bidder_margin(&ctx, now)?;
    emit!(AuctionBid {
        margin_account: ctx.accounts.margin_account.key(),
        bidder: ctx.accounts.bidder_account.key(),
        fraction: offer.fraction,
        payment: offer.payment,
        discount: offer.discount,
        equity: state.equity,
        requirement: state.requirement,
    });
    Ok(())
}

/// Prices the slice and books the bid in the auction and the fund.
fn settle_terms(
    ctx: &Context<Bid>,
    state: &Breakdown,
    args: &BidArgs,
    now: i64,
) -> Result<(SliceArgs, Offer)> {
    let params = ctx.accounts.config.load()?.params.arithmetic();
    let mut auction = ctx.accounts.auction.load_mut()?;
    auction.observe(state.equity, now);
    let offer = offer(
        &params,
        &auction,
        state.equity,
        state.requirement,
        now,
        args.max_fraction,
    )?;
    require!(offer.fraction > 0, LiquidationError::AccountRecovered);
    require!(
        offer.payment <= args.max_payment,
        LiquidationError::PriceAboveLimit
    );
    let slice = SliceArgs {
        fraction: offer.fraction,
        reserved: auction.reserved,
        payment: offer.payment,
    };

    auction.bids = auction.bids.saturating_add(1);
    if offer.payment >= 0 {
        auction.reserved = auction
            .reserved
            .checked_add(offer.payment)
            .ok_or(LiquidationError::Overflow)?;
    } else {
        let mut fund = ctx.accounts.fund.load_mut()?;
        fund.paid_out = fund
            .paid_out
            .checked_add(offer.payment.unsigned_abs())
            .ok_or(LiquidationError::Overflow)?;
    }
    Ok((slice, offer))
}

fn take_slice<'info>(ctx: &Context<'info, Bid<'info>>, slice: SliceArgs) -> Result<()> {
    let accounts = &ctx.accounts;
    let bump = [accounts.config.load()?.authority_bump];
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::TransferSlice {
        pool: accounts.pool.to_account_info(),
        from: accounts.margin_account.to_account_info(),
        to: accounts.bidder_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
        .with_remaining_accounts(ctx.remaining_accounts.to_vec());
    margin_pool::cpi::transfer_slice(cpi, slice)
}

/// A liquidation must not make the next account to liquidate.
fn require_bidder_margin<'info>(ctx: &Context<'info, Bid<'info>>, now: i64) -> Result<()> {
    let pool = ctx.accounts.pool.load()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(now)?;
    books.require_usable_in_liquidation()?;
    let bidder = ctx.accounts.bidder_account.load()?;
    let after = Snapshot::of(&pool, &bidder, &books)?.evaluate(
        &pool,
        &books,
        Kind::Initial,
        &mut Scratch::new(),
    )?;
    require!(
        after.health() >= 0,
        LiquidationError::BidderBelowInitialMargin
    );
    Ok(())
}
