use {
    crate::{
        error::MarginPoolError,
        events::InsuranceDeposited,
        seeds,
        state::{Pool, add},
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked},
};

#[derive(Accounts)]
pub struct DepositInsurance<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority,
        has_one = quote_mint @ MarginPoolError::WrongQuoteMint,
        has_one = quote_vault @ MarginPoolError::WrongVault)]
    pub pool: AccountLoader<'info, Pool>,
    pub quote_mint: Account<'info, Mint>,
    #[account(mut)]
    pub quote_vault: Account<'info, TokenAccount>,
    #[account(mut, token::mint = quote_mint, token::authority = depositor)]
    pub source: Account<'info, TokenAccount>,
    pub depositor: Signer<'info>,
    pub liquidation_authority: Signer<'info>,
    pub token_program: Program<'info, Token>,
}

pub(crate) fn handler(ctx: Context<DepositInsurance>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    let accounts = &ctx.accounts;
    let transfer = TransferChecked {
        from: accounts.source.to_account_info(),
        mint: accounts.quote_mint.to_account_info(),
        to: accounts.quote_vault.to_account_info(),
        authority: accounts.depositor.to_account_info(),
    };
    let cpi = CpiContext::new(accounts.token_program.key(), transfer);
    transfer_checked(cpi, amount, accounts.quote_mint.decimals)?;

    let mut pool = accounts.pool.load_mut()?;
    let received = pool.ledger.receive(amount)?;
    pool.ledger.insurance = add(pool.ledger.insurance, received)?;
    emit!(InsuranceDeposited {
        amount,
        balance: pool.ledger.insurance
    });
    pool.invariant()
}
