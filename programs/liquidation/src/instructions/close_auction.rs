use {
    crate::{
        assess::{Reporter, look_at},
        error::LiquidationError,
        events::AuctionClosed,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig, Open},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct CloseAuction<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ LiquidationError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, close = opened_by, seeds = [seeds::AUCTION, margin_account.key().as_ref()],
        bump = auction.load()?.bump, has_one = opened_by @ LiquidationError::WrongRentReceiver)]
    pub auction: AccountLoader<'info, Auction>,
    /// CHECK: receives the rent; compared with the auction.
    #[account(mut)]
    pub opened_by: UncheckedAccount<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, CloseAuction<'info>>) -> Result<()> {
    let accounts = &ctx.accounts;
    let state = look_at(
        &accounts.pool,
        &accounts.margin_account,
        ctx.remaining_accounts,
    )?
    .state;
    let (params, bump) = {
        let config = accounts.config.load()?;
        (config.params.arithmetic(), [config.authority_bump])
    };
    let margin = params
        .closing_margin(state.equity, state.requirement)
        .map_err(LiquidationError::from)?;
    // The buffer is the hysteresis: an account that just reached maintenance stays in auction.
    require!(margin >= 0, LiquidationError::AccountNotRecovered);

    let open = accounts.auction.load()?.open;
    accounts.fund.load_mut()?.replace(open, Open::default());
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::EndLiquidation {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
    margin_pool::cpi::end_liquidation(cpi)?;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()?;
    emit!(AuctionClosed {
        margin_account: accounts.margin_account.key(),
        equity: state.equity,
        requirement: state.requirement,
    });
    Ok(())
}
