use {
    crate::{
        error::MarginPoolError,
        events::AccountClosed,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// An account opened later at the same address has another serial: nothing signed for this one binds it.
#[derive(Accounts)]
pub struct CloseAccount<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = receiver, has_one = pool @ MarginPoolError::WrongPool,
        has_one = owner @ MarginPoolError::NotAccountOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
    /// CHECK: gets the rent; the owner says who.
    #[account(mut)]
    pub receiver: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<CloseAccount>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let account = ctx.accounts.margin_account.load()?;
    account.require_not_in_liquidation()?;
    require!(account.is_empty(), MarginPoolError::AccountNotEmpty);
    pool.open_accounts = pool
        .open_accounts
        .checked_sub(1)
        .ok_or(MarginPoolError::LedgerImbalance)?;
    emit!(AccountClosed {
        margin_account: ctx.accounts.margin_account.key(),
        owner: account.owner,
        serial: account.serial,
    });
    pool.invariant()
}
