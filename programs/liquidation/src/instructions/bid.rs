use {
    crate::{
        assess::{Look, Offer, Reporter, look_at, observe_now, offer},
        confirmation::require_confirmation,
        error::LiquidationError,
        events::AuctionBid,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    cep_risk::auction::PPB,
    margin_pool::{
        Covered, SliceArgs,
        margin::health_after_bid,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct BidArgs {
    /// Take at most this part, ppb; the cap that restores the account's buffer applies as well.
    pub max_fraction: u64,
    /// Pay at most this, micro-USD. Negative: be paid at least that much.
    pub max_payment: i64,
    /// The bid is hedged later in this transaction: the bidder's margin is shown by `margin_pool::confirm_margin` there.
    pub hedged: bool,
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
    /// CHECK: the instructions sysvar; needed by a hedged bid.
    #[account(address = solana_instructions_sysvar::ID)]
    pub instructions: Option<UncheckedAccount<'info>>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Bid<'info>>, args: BidArgs) -> Result<()> {
    require!(
        (1..=PPB).contains(&args.max_fraction),
        LiquidationError::FractionOutOfRange
    );
    let accounts = &ctx.accounts;
    if args.hedged {
        require_confirmation(
            accounts.instructions.as_deref(),
            &accounts.bidder_account.key(),
        )?;
    }
    let look = look_at(
        &accounts.pool,
        &accounts.margin_account,
        ctx.remaining_accounts,
    )?;
    let (slice, offer) = settle_terms(&ctx, &look, &args)?;
    // The pool shares what cash bears by the shortfall that is visible before, and after by what is left of it.
    report(&ctx)?;
    let covered = take_slice(&ctx, slice)?;
    book(&ctx, &offer, &covered)?;
    report(&ctx)?;
    if !args.hedged {
        let bidder = &accounts.bidder_account;
        require_bidder_margin(&accounts.pool, bidder, ctx.remaining_accounts)?;
    }
    emit!(AuctionBid {
        margin_account: ctx.accounts.margin_account.key(),
        bidder: ctx.accounts.bidder_account.key(),
        fraction: offer.fraction,
        payment: offer.payment.max(0),
        covered,
        discount: offer.discount,
        equity: look.state.equity,
        requirement: look.state.requirement,
    });
    Ok(())
}

/// Brings the auction to now and prices the slice.
fn settle_terms(ctx: &Context<Bid>, look: &Look, args: &BidArgs) -> Result<(SliceArgs, Offer)> {
    let accounts = &ctx.accounts;
    observe_now(
        &accounts.config,
        &accounts.auction,
        &accounts.fund,
        &accounts.pool,
        look,
    )?;
    let (config, auction) = (accounts.config.load()?, accounts.auction.load()?);
    let offer = offer(
        &config.params.arithmetic(),
        &auction,
        look.state.equity,
        look.state.requirement,
        args.max_fraction,
    )?;
    require!(offer.fraction > 0, LiquidationError::AccountRecovered);
    require!(
        offer.payment <= args.max_payment,
        LiquidationError::PriceAboveLimit
    );
    let least = args.max_payment.min(0).checked_neg();
    let slice = SliceArgs {
        fraction: offer.fraction,
        reserved: auction.reserved,
        payment: offer.payment,
        shortfall: offer.shortfall,
        least: least.ok_or(LiquidationError::Overflow)?,
        tranche: config.params.tranche,
        unconfirmed: args.hedged,
    };
    Ok((slice, offer))
}

fn take_slice<'info>(ctx: &Context<'info, Bid<'info>>, slice: SliceArgs) -> Result<Covered> {
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
    Ok(margin_pool::cpi::transfer_slice(cpi, slice)?.get())
}

fn report(ctx: &Context<Bid>) -> Result<()> {
    let accounts = &ctx.accounts;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()
}

/// Writes the bid into the auction and the fund.
fn book(ctx: &Context<Bid>, offer: &Offer, covered: &Covered) -> Result<()> {
    let mut auction = ctx.accounts.auction.load_mut()?;
    let mut fund = ctx.accounts.fund.load_mut()?;
    auction.bids = auction.bids.saturating_add(1);
    auction.reserved = auction
        .reserved
        .checked_add(offer.payment.max(0))
        .ok_or(LiquidationError::Overflow)?;
    let before = auction.open;
    auction.open = before.without(offer.fraction);
    fund.replace(before, auction.open);
    fund.pay(covered.fund)
}

/// A liquidation must not make the next account to liquidate.
pub(super) fn require_bidder_margin<'info>(
    pool: &AccountLoader<'info, Pool>,
    bidder: &AccountLoader<'info, MarginAccount>,
    remaining: &'info [AccountInfo<'info>],
) -> Result<()> {
    let health = health_after_bid(&*pool.load()?, &*bidder.load()?, remaining)?;
    require!(health >= 0, LiquidationError::BidderBelowInitialMargin);
    Ok(())
}
