use {
    crate::{error::MarginPoolError, events::InsuranceWithdrawn, seeds, state::Pool, token},
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
};

#[derive(Accounts)]
pub struct WithdrawInsurance<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority,
        has_one = quote_mint @ MarginPoolError::WrongQuoteMint,
        has_one = quote_vault @ MarginPoolError::WrongVault)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mint::token_program = token_program)]
    pub quote_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub quote_vault: InterfaceAccount<'info, TokenAccount>,
    #[account(mut, token::mint = quote_mint)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub liquidation_authority: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
}

/// A halt holds for the fund as for accounts. The limits on what leaves do not: they answer a drain by accounts, this has waited
/// out a cooldown, and in one limit stakers could keep accounts from withdrawing, and accounts them.
pub(crate) fn handler(ctx: Context<WithdrawInsurance>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let (bump, balance) = {
        let mut pool = accounts.pool.load_mut()?;
        pool.require_not_halted(Clock::get()?.unix_timestamp)?;
        pool.ledger.pay_insurance(amount)?;
        pool.invariant()?;
        ([pool.bump], pool.ledger.insurance)
    };
    let transfer = token::Transfer {
        program: &accounts.token_program,
        mint: &accounts.quote_mint,
        from: &accounts.quote_vault,
        to: &accounts.destination,
        authority: accounts.pool.to_account_info(),
    };
    transfer.run(amount, &[&[seeds::POOL, &bump]])?;
    emit!(InsuranceWithdrawn {
        amount,
        balance,
        destination: accounts.destination.key(),
    });
    Ok(())
}
