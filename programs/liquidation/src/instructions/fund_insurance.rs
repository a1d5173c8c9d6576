use {
    crate::{
        error::LiquidationError,
        events::InsuranceFunded,
        seeds,
        state::{InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::TokenInterface,
    margin_pool::{program::MarginPool, state::Pool},
};

#[derive(Accounts)]
pub struct FundInsurance<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    /// CHECK: by the pool.
    pub quote_mint: UncheckedAccount<'info>,
    /// CHECK: by the pool.
    #[account(mut)]
    pub quote_vault: UncheckedAccount<'info>,
    /// CHECK: by the pool, that it holds the quote currency and who may move it.
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    pub depositor: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<FundInsurance>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    let shares = book(accounts, amount)?;
    let bump = [accounts.config.load()?.authority_bump];
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::DepositInsurance {
        pool: accounts.pool.to_account_info(),
        quote_mint: accounts.quote_mint.to_account_info(),
        quote_vault: accounts.quote_vault.to_account_info(),
        source: accounts.source.to_account_info(),
        depositor: accounts.depositor.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
    margin_pool::cpi::deposit_insurance(cpi, amount)?;
    emit!(InsuranceFunded {
        depositor: accounts.depositor.key(),
        amount,
        shares,
    });
    Ok(())
}

/// The protocol gets shares for it, so that a gift raises nobody's stake.
fn book(accounts: &FundInsurance, amount: u64) -> Result<u64> {
    let assets = InsuranceFund::assets(&accounts.pool)?;
    let mut fund = accounts.fund.load_mut()?;
    let mut shares = fund.observe(assets)?;
    let minted = shares.donate(amount, assets);
    fund.take_in(shares, amount)?;
    Ok(minted)
}
