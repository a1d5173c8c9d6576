use {
    crate::{
        assess::{Reporter, look_at, observe_now},
        error::LiquidationError,
        events::OppositeReduced,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig, Open},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        program::MarginPool,
        state::{MAX_POSITIONS, MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct ReduceOpposite<'info> {
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
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

/// Nobody took the account though the insolvent auction has run out: its positions are closed against the other side at the
/// price at which it ends with nothing.
pub(crate) fn handler<'info>(ctx: Context<'info, ReduceOpposite<'info>>) -> Result<()> {
    let accounts = &ctx.accounts;
    let remaining = ctx.remaining_accounts;
    let look = look_at(&accounts.pool, &accounts.margin_account, remaining)?;
    require!(look.state.equity < 0, LiquidationError::AccountSolvent);
    observe_now(
        &accounts.config,
        &accounts.auction,
        &accounts.fund,
        &accounts.pool,
        &look,
    )?;
    let bump = {
        let config = accounts.config.load()?;
        let auction = accounts.auction.load()?;
        require!(
            auction.elapsed() >= config.params.insolvent_seconds,
            LiquidationError::AuctionRunning
        );
        [config.authority_bump]
    };
    // Equity is rounded down once, positions are closed one by one: each may round a unit more.
    let rounding = i64::try_from(MAX_POSITIONS).map_err(|_| LiquidationError::Overflow)?;
    let shortfall = rounding
        .checked_sub(look.state.equity)
        .ok_or(LiquidationError::Overflow)?;
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::ReduceOpposite {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
        .with_remaining_accounts(remaining.to_vec());
    let left = margin_pool::cpi::reduce_opposite(cpi, shortfall)?.get();
    {
        let mut auction = accounts.auction.load_mut()?;
        let open = auction.open;
        // What could not be reduced now still owes its part.
        auction.open = Open {
            shortfall: open.shortfall.min(left),
            claim: open.claim.min(left),
        };
        accounts.fund.load_mut()?.replace(open, auction.open);
    }
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()?;
    emit!(OppositeReduced {
        margin_account: accounts.margin_account.key(),
        shortfall: shortfall.saturating_sub(i64::try_from(left).unwrap_or(0)),
    });
    Ok(())
}
