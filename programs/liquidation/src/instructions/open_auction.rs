use {
    crate::{
        assess::{Reporter, look_at, observe},
        error::LiquidationError,
        events::AuctionOpened,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct OpenAuction<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ LiquidationError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(init, payer = opener, space = Auction::SPACE,
        seeds = [seeds::AUCTION, margin_account.key().as_ref()], bump)]
    pub auction: AccountLoader<'info, Auction>,
    /// Any margin account of the pool but the failing one; receives the reward.
    #[account(mut, has_one = pool @ LiquidationError::WrongPool)]
    pub reward_account: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub opener: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, OpenAuction<'info>>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let accounts = &ctx.accounts;
    let look = look_at(
        &accounts.pool,
        &accounts.margin_account,
        ctx.remaining_accounts,
    )?;
    let state = look.state;
    require!(state.health() < 0, LiquidationError::AccountHealthy);
    let (bump, reward) = {
        let config = accounts.config.load()?;
        let mut auction = accounts.auction.load_init()?;
        auction.margin_account = accounts.margin_account.key();
        auction.opened_by = accounts.opener.key();
        (auction.opened_at, auction.updated_at) = (now, now);
        auction.bump = ctx.bumps.auction;
        let insurance = accounts.pool.load()?.ledger.insurance;
        let mut fund = accounts.fund.load_mut()?;
        observe(&config, &mut auction, &mut fund, insurance, &look, now)?;
        (
            [config.authority_bump],
            reward_of(config.params.opening_reward, state.equity),
        )
    };
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::BeginLiquidation {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        opener: accounts.reward_account.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
    margin_pool::cpi::begin_liquidation(cpi, reward)?;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()?;
    emit!(AuctionOpened {
        margin_account: accounts.margin_account.key(),
        opened_by: accounts.opener.key(),
        equity: state.equity,
        requirement: state.requirement,
        reward,
    });
    Ok(())
}

/// At most a tenth of what the account still has: an account that owes more than it has pays nothing, or
/// its owner could have the insurance fund pay rewards for worthless accounts.
fn reward_of(configured: u64, equity: i64) -> u64 {
    configured.min(u64::try_from(equity).unwrap_or(0) / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reward_never_makes_an_account_insolvent() {
        assert_eq!(reward_of(1_000_000, 50_000_000), 1_000_000);
        assert_eq!(reward_of(1_000_000, 50), 5);
        assert_eq!(reward_of(1_000_000, -1), 0);
    }
}
