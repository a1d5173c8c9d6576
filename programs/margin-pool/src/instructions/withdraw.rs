use {
    crate::{
        clearing,
        custody::{self, PoolToken},
        error::MarginPoolError,
        events::Withdrawn,
        seeds,
        state::{MarginAccount, Pool, permission},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mint::token_program = token_program)]
    pub mint: InterfaceAccount<'info, Mint>,
    #[account(mut, seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    /// The owner's own when a delegate withdraws.
    #[account(mut, token::mint = mint)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// The owner, or a delegate.
    pub authority: Signer<'info>,
    /// SPL Token or Token-2022, whichever the mint is of.
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    debit(&ctx, amount)?;

    let accounts = &ctx.accounts;
    let bump = [accounts.pool.load()?.bump];
    let transfer = token::Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.vault,
        to: &accounts.destination,
        authority: accounts.pool.to_account_info(),
    };
    transfer.run(amount, &[&[seeds::POOL, &bump]])?;
    emit!(Withdrawn {
        margin_account: accounts.margin_account.key(),
        mint: accounts.mint.key(),
        amount,
    });
    Ok(())
}

/// Takes the amount off the books, a fee of the token included, and refuses unless initial margin is left.
fn debit<'info>(ctx: &Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    let (now, by) = (Clock::get()?.unix_timestamp, ctx.accounts.authority.key());
    account.require_permission(&by, permission::WITHDRAW, now)?;
    require!(
        by == account.owner || ctx.accounts.destination.owner == account.owner,
        MarginPoolError::DestinationNotOwners
    );
    account.require_not_in_liquidation()?;
    pool.accrue(now)?;
    let asset = PoolToken::of(&pool, &ctx.accounts.mint.key())?;
    match asset {
        PoolToken::Quote => {
            custody::own_cash(&mut pool, &mut account, amount)?;
            let released = pool.ledger.release(amount)?;
            clearing::credit(&mut pool, &mut account, -released)?;
        }
        PoolToken::Collateral(index) => {
            custody::take_collateral(&mut account, index, amount)?;
            let listed = pool.collateral_mut(index)?;
            listed.deposited = listed
                .deposited
                .checked_sub(amount)
                .ok_or(MarginPoolError::LedgerImbalance)?;
        }
    }
    pool.record_withdrawal(&mut account, asset, amount, now)?;
    custody::require_margin(&pool, &account, ctx.remaining_accounts, now)?;
    pool.invariant()
}
