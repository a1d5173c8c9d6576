use {
    crate::{
        error::MarginPoolError,
        events::Deposited,
        seeds,
        state::{MarginAccount, Pool, add},
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked},
};

#[derive(Accounts)]
pub struct Deposit<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub mint: Account<'info, Mint>,
    #[account(mut, seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: Account<'info, TokenAccount>,
    #[account(mut, token::mint = mint, token::authority = depositor)]
    pub source: Account<'info, TokenAccount>,
    pub depositor: Signer<'info>,
    pub token_program: Program<'info, Token>,
}

pub(crate) fn handler(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let transfer = TransferChecked {
        from: accounts.source.to_account_info(),
        mint: accounts.mint.to_account_info(),
        to: accounts.vault.to_account_info(),
        authority: accounts.depositor.to_account_info(),
    };
    let cpi = CpiContext::new(accounts.token_program.key(), transfer);
    transfer_checked(cpi, amount, accounts.mint.decimals)?;

    let mut pool = accounts.pool.load_mut()?;
    let mut account = accounts.margin_account.load_mut()?;
    let mint = accounts.mint.key();
    if mint == pool.quote_mint {
        let received = pool.ledger.receive(amount)?;
        account.cash = add(account.cash, received)?;
        pool.ledger.cash = add(pool.ledger.cash, received)?;
    } else {
        credit_collateral(&mut pool, &mut account, &mint, amount)?;
    }
    emit!(Deposited {
        margin_account: accounts.margin_account.key(),
        mint,
        amount
    });
    pool.invariant()
}

fn credit_collateral(
    pool: &mut Pool,
    account: &mut MarginAccount,
    mint: &Pubkey,
    amount: u64,
) -> Result<()> {
    let index = pool.collateral_index(mint)?;
    let (Some(listed), Some(balance)) = (
        pool.collaterals.get_mut(index),
        account.collaterals.get_mut(index),
    ) else {
        return err!(MarginPoolError::CollateralNotListed);
    };
    listed.deposited = listed
        .deposited
        .checked_add(amount)
        .ok_or(MarginPoolError::Overflow)?;
    require!(
        listed.deposited <= listed.cap,
        MarginPoolError::CollateralCapReached
    );
    *balance = balance
        .checked_add(amount)
        .ok_or(MarginPoolError::Overflow)?;
    Ok(())
}
