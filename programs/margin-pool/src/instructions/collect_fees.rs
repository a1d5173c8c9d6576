use {
    crate::{clearing, error::MarginPoolError, events::FeesCollected, seeds, state::Pool, token},
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
};

#[derive(Accounts)]
pub struct CollectFees<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority,
        has_one = quote_mint @ MarginPoolError::WrongQuoteMint,
        has_one = quote_vault @ MarginPoolError::WrongVault)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mint::token_program = token_program)]
    pub quote_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub quote_vault: InterfaceAccount<'info, TokenAccount>,
    #[account(mut, token::mint = quote_mint)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub authority: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
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
    let transfer = token::Transfer {
        program: &accounts.token_program,
        mint: &accounts.quote_mint,
        from: &accounts.quote_vault,
        to: &accounts.destination,
        authority: accounts.pool.to_account_info(),
    };
    transfer.run(amount, &[&[seeds::POOL, &bump]])?;
    emit!(FeesCollected {
        amount,
        destination: accounts.destination.key(),
    });
    Ok(())
}
