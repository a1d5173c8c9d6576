use {
    crate::{
        clearing,
        custody::{self, PoolToken},
        error::MarginPoolError,
        events::Transferred,
        seeds,
        state::{MarginAccount, Pool, permission},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, market) pair for every underlying that `from` is exposed to.
#[derive(Accounts)]
pub struct Transfer<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub from: AccountLoader<'info, MarginAccount>,
    /// Of the same owner.
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub to: AccountLoader<'info, MarginAccount>,
    /// The owner, or a delegate of `from`.
    pub authority: Signer<'info>,
}

/// As a withdrawal, but nothing leaves the vaults: what the account gives up must be its own, and initial margin is left. An
/// account in liquidation may receive.
pub(crate) fn handler<'info>(
    ctx: Context<'info, Transfer<'info>>,
    mint: Pubkey,
    amount: u64,
) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    require_keys_neq!(
        accounts.from.key(),
        accounts.to.key(),
        MarginPoolError::SameAccount
    );
    let mut pool = accounts.pool.load_mut()?;
    let (mut from, mut to) = (accounts.from.load_mut()?, accounts.to.load_mut()?);
    require_keys_eq!(from.owner, to.owner, MarginPoolError::AnotherOwner);
    let (now, by) = (Clock::get()?.unix_timestamp, accounts.authority.key());
    from.require_permission(&by, permission::TRANSFER, now)?;
    from.require_not_in_liquidation()?;
    pool.accrue(now)?;
    let token = PoolToken::of(&pool, &mint)?;
    pool.carry_flow((&mut *from, &mut *to), token, amount, now)?;
    match token {
        PoolToken::Quote => {
            let amount = custody::own_cash(&mut pool, &mut from, amount)?;
            clearing::pay(&mut pool, &mut from, &mut to, amount)?;
        }
        PoolToken::Collateral(index) => {
            custody::take_collateral(&mut from, index, amount)?;
            custody::add_collateral(&pool, &mut to, index, amount)?;
        }
    }
    custody::require_margin(&pool, &from, ctx.remaining_accounts, now)?;
    emit!(Transferred {
        from: accounts.from.key(),
        to: accounts.to.key(),
        mint,
        amount,
        by,
    });
    pool.invariant()
}
