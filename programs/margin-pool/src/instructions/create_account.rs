use {
    crate::{
        error::MarginPoolError,
        events::AccountCreated,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
#[instruction(id: u16)]
pub struct CreateAccount<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(init, payer = payer, space = MarginAccount::SPACE,
        seeds = [seeds::ACCOUNT, pool.key().as_ref(), owner.key().as_ref(), &id.to_le_bytes()], bump)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<CreateAccount>, id: u16) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let serial = pool.account_count;
    pool.account_count = serial.checked_add(1).ok_or(MarginPoolError::Overflow)?;
    pool.open_accounts = pool
        .open_accounts
        .checked_add(1)
        .ok_or(MarginPoolError::Overflow)?;
    let mut account = ctx.accounts.margin_account.load_init()?;
    account.pool = ctx.accounts.pool.key();
    account.owner = ctx.accounts.owner.key();
    account.serial = serial;
    account.id = id;
    account.bump = ctx.bumps.margin_account;
    emit!(AccountCreated {
        margin_account: ctx.accounts.margin_account.key(),
        owner: account.owner,
        id,
        serial,
    });
    pool.invariant()
}
