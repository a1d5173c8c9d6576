use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::Deposited,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked},
    risk_engine::state::BookRef,
};

/// Remaining accounts: for a staked token the risk book of its underlying, for others none.
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

pub(crate) fn handler<'info>(ctx: Context<'info, Deposit<'info>>, amount: u64) -> Result<()> {
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
        let now = Clock::get()?.unix_timestamp;
        pool.accrue(now)?;
        clearing::credit(&mut pool, &mut account, received)?;
    } else {
        let index = pool.collateral_index(&mint)?;
        require_no_gap(&pool, index, ctx.remaining_accounts)?;
        credit_collateral(&mut pool, &mut account, index, amount)?;
    }
    emit!(Deposited {
        margin_account: accounts.margin_account.key(),
        mint,
        amount
    });
    pool.invariant()
}

/// A staked token that trades far below what it redeems for is not taken in; withdrawing it goes on.
fn require_no_gap<'info>(
    pool: &Pool,
    index: usize,
    remaining: &'info [AccountInfo<'info>],
) -> Result<()> {
    let listed = pool.collateral(index)?;
    if listed.is_staked == 0 {
        return Ok(());
    }
    let account = remaining
        .first()
        .ok_or(MarginPoolError::RiskAccountsMissing)?;
    require_keys_eq!(
        *account.key,
        pool.underlying(listed.underlying)?.book,
        MarginPoolError::RiskAccountsMismatch
    );
    let book = BookRef::load(account)?;
    let now = Clock::get()?.unix_timestamp;
    require!(book.header.price_is_fresh(now), MarginPoolError::PriceStale);
    require!(!book.header.has_gap(), MarginPoolError::StakedTokenGap);
    Ok(())
}

fn credit_collateral(
    pool: &mut Pool,
    account: &mut MarginAccount,
    index: usize,
    amount: u64,
) -> Result<()> {
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
