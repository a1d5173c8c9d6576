use {
    crate::{clearing, error::MarginPoolError, events::FeesCollected, seeds, state::Pool},
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked},
};

#[derive(Accounts)]
pub struct CollectFees<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority,
        has_one = quote_mint @ MarginPoolError::WrongQuoteMint,
        has_one = quote_vault @ MarginPoolError::WrongVault)]
    pub pool: AccountLoader<'info, Pool>,
    pub quote_mint: Account<'info, Mint>,
    #[account(mut)]
    pub quote_vault: Account<'info, TokenAccount>,
    #[account(mut, token::mint = quote_mint)]
    pub destination: Account<'info, TokenAccount>,
    pub authority: Signer<'info>,
    pub token_program: Program<'info, Token>,
}

/// The pool's share of interest joins the fees first. Nothing but fees leaves, and only while the vault holds them.
pub(crate) fn handler(ctx: Context<CollectFees>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let bump = {
        let mut pool = accounts.pool.load_mut()?;
        pool.accrue(Clock::get()?.unix_timestamp)?;
        clearing::sweep_interest(&mut pool)?;
        let fees = u64::try_from(pool.ledger.fees).unwrap_or(0);
        require!(amount <= fees, MarginPoolError::InsufficientFees);
        pool.ledger.pay_fees(amount)?;
        pool.invariant()?;
        [pool.bump]
    };
    let signer: &[&[&[u8]]] = &[&[seeds::POOL, &bump]];
    let transfer = TransferChecked {
        from: accounts.quote_vault.to_account_info(),
        mint: accounts.quote_mint.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.pool.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.token_program.key(), transfer, signer);
    transfer_checked(cpi, amount, accounts.quote_mint.decimals)?;
    emit!(FeesCollected {
        amount,
        destination: accounts.destination.key(),
    });
    Ok(())
}
