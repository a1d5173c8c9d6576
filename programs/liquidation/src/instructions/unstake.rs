use {
    crate::{
        error::LiquidationError,
        events::InsuranceUnstaked,
        seeds,
        state::{InsuranceFund, InsuranceStake, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::TokenInterface,
    margin_pool::{program::MarginPool, state::Pool},
};

#[derive(Accounts)]
pub struct Unstake<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut, seeds = [seeds::STAKE, fund.key().as_ref(), owner.key().as_ref()],
        bump = stake.load()?.bump)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    /// CHECK: by the pool.
    pub quote_mint: UncheckedAccount<'info>,
    /// CHECK: by the pool.
    #[account(mut)]
    pub quote_vault: UncheckedAccount<'info>,
    /// CHECK: by the pool, that it holds the quote currency; the owner says whose it is.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    pub owner: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<Unstake>, min_amount: u64) -> Result<()> {
    let event = book(ctx.accounts, min_amount)?;
    let accounts = &ctx.accounts;
    let bump = [accounts.config.load()?.authority_bump];
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::WithdrawInsurance {
        pool: accounts.pool.to_account_info(),
        quote_mint: accounts.quote_mint.to_account_info(),
        quote_vault: accounts.quote_vault.to_account_info(),
        destination: accounts.destination.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
    margin_pool::cpi::withdraw_insurance(cpi, event.amount)?;
    emit!(event);
    Ok(())
}

/// Pays by the assets that no open auction may draw: a loss that can be seen is borne by who leaves as by who stays.
fn book(accounts: &Unstake, min_amount: u64) -> Result<InsuranceUnstaked> {
    let assets = InsuranceFund::assets(&accounts.pool)?;
    let window = accounts.config.load()?.unstake_window;
    let mut fund = accounts.fund.load_mut()?;
    let mut stake = accounts.stake.load_mut()?;
    let mut all = fund.observe(assets)?;
    stake.require_current(&fund)?;
    let shares = stake.leave(&mut fund, Clock::get()?.unix_timestamp, window)?;
    let claims = fund.open_claims;
    let amount = all
        .unstake(shares, assets, claims)
        .map_err(LiquidationError::from)?;
    require!(
        amount >= min_amount.max(1),
        LiquidationError::PayoutBelowMinimum
    );
    fund.keep(all);
    let withdrawn = fund.withdrawn.checked_add(amount);
    fund.withdrawn = withdrawn.ok_or(LiquidationError::Overflow)?;
    stake.invariant()?;
    Ok(InsuranceUnstaked {
        owner: stake.owner,
        shares,
        amount,
        claims,
    })
}
