use {
    crate::{
        error::MarginPoolError,
        events::InsuranceDeposited,
        seeds,
        state::{Pool, add},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
};

#[derive(Accounts)]
pub struct DepositInsurance<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority,
        has_one = quote_mint @ MarginPoolError::WrongQuoteMint,
        has_one = quote_vault @ MarginPoolError::WrongVault)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mint::token_program = token_program)]
    pub quote_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub quote_vault: InterfaceAccount<'info, TokenAccount>,
    #[account(mut, token::mint = quote_mint, token::authority = depositor)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    pub depositor: Signer<'info>,
    pub liquidation_authority: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<DepositInsurance>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let transfer = token::Transfer {
        program: &accounts.token_program,
        mint: &accounts.quote_mint,
        from: &accounts.source,
        to: &accounts.quote_vault,
        authority: accounts.depositor.to_account_info(),
    };
    // All of it: a quote currency with a fee is refused when the pool is created.
    transfer.run(amount, &[])?;

    let mut pool = accounts.pool.load_mut()?;
    let received = pool.ledger.receive(amount)?;
    pool.ledger.insurance = add(pool.ledger.insurance, received)?;
    emit!(InsuranceDeposited {
        amount,
        balance: pool.ledger.insurance
    });
    pool.invariant()
}
