use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::LiquidationChanged,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// The caller, the liquidation program, has checked that the account is below maintenance margin.
#[derive(Accounts)]
pub struct BeginLiquidation<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// The opener's margin account, which receives the reward.
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = opener.key() != margin_account.key() @ MarginPoolError::SameAccount)]
    pub opener: AccountLoader<'info, MarginAccount>,
    pub liquidation_authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<BeginLiquidation>, reward: u64) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    let mut opener = ctx.accounts.opener.load_mut()?;
    account.require_not_in_liquidation()?;
    account.in_liquidation = 1;
    // From account to account: the sum of cash does not change.
    let reward = i64::try_from(reward).map_err(|_| MarginPoolError::Overflow)?;
    pool.accrue(Clock::get()?.unix_timestamp)?;
    clearing::pay(&mut pool, &mut account, &mut opener, reward)?;
    emit!(LiquidationChanged {
        margin_account: ctx.accounts.margin_account.key(),
        in_liquidation: true,
    });
    pool.invariant()
}
