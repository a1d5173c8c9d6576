use {
    crate::{
        error::LiquidationError,
        events::InsuranceStaked,
        seeds,
        state::{InsuranceFund, InsuranceStake, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::TokenInterface,
    cep_risk::fund::MIN_PROTOCOL_SHARES,
    margin_pool::{program::MarginPool, state::Pool},
};

#[derive(Accounts)]
pub struct StakeInsurance<'info> {
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
    /// CHECK: by the pool, that it holds the quote currency and who may move it.
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    pub owner: Signer<'info>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub(crate) fn handler(ctx: Context<StakeInsurance>, amount: u64, min_shares: u64) -> Result<()> {
    let minted = book(ctx.accounts, amount, min_shares)?;
    let accounts = &ctx.accounts;
    let bump = [accounts.config.load()?.authority_bump];
    let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
    let call = margin_pool::cpi::accounts::DepositInsurance {
        pool: accounts.pool.to_account_info(),
        quote_mint: accounts.quote_mint.to_account_info(),
        quote_vault: accounts.quote_vault.to_account_info(),
        source: accounts.source.to_account_info(),
        depositor: accounts.owner.to_account_info(),
        liquidation_authority: accounts.liquidation_authority.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
    margin_pool::cpi::deposit_insurance(cpi, amount)?;
    emit!(InsuranceStaked {
        owner: accounts.owner.key(),
        amount,
        shares: minted,
    });
    Ok(())
}

/// Prices the stake by all assets, what auctions may draw included: who comes now does not gain when they draw less.
fn book(accounts: &StakeInsurance, amount: u64, min_shares: u64) -> Result<u64> {
    let assets = InsuranceFund::assets(&accounts.pool)?;
    let mut fund = accounts.fund.load_mut()?;
    let mut shares = fund.observe(assets)?;
    require!(
        shares.protocol >= MIN_PROTOCOL_SHARES,
        LiquidationError::FundNotSeeded
    );
    let minted = shares
        .stake(amount, assets)
        .map_err(LiquidationError::from)?;
    require!(
        minted >= min_shares.max(1),
        LiquidationError::SharesBelowMinimum
    );
    fund.take_in(shares, amount)?;

    let mut stake = accounts.stake.load_mut()?;
    stake.renew(&fund);
    let held = stake.shares.checked_add(minted);
    stake.shares = held.ok_or(LiquidationError::Overflow)?;
    stake.invariant()?;
    Ok(minted)
}
