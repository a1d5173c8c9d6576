use {
    crate::{
        error::BasisVaultError,
        pool::{book, signed},
        seeds,
        state::Vault,
    },
    anchor_lang::prelude::*,
    margin_pool::{
        Leg, cpi,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: the pool's (risk book, market) pairs of all that either side holds; first that of the staked token,
/// then that of what it redeems for, with the market writable.
#[derive(Accounts)]
pub struct Hedge<'info> {
    #[account(seeds = [seeds::VAULT, vault.staked_mint.as_ref()], bump = vault.bump,
        has_one = manager @ BasisVaultError::NotManager, has_one = margin_account)]
    pub vault: Account<'info, Vault>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// Of the maker, who takes the other side.
    #[account(mut)]
    pub maker_account: AccountLoader<'info, MarginAccount>,
    pub maker: Signer<'info>,
    pub manager: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

pub(crate) fn handler<'info>(
    ctx: Context<'info, Hedge<'info>>,
    quantity: i64,
    price: u64,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let vault = &accounts.vault;
    let underlying = {
        let pool = accounts.pool.load()?;
        let slot = pool.collateral_index(&vault.staked_mint)?;
        pool.collateral(slot)?.base
    };
    require_in_bound(&ctx, price)?;
    let call = cpi::accounts::TradeBlock {
        pool: accounts.pool.to_account_info(),
        account_a: accounts.margin_account.to_account_info(),
        account_b: accounts.maker_account.to_account_info(),
        signer_a: vault.to_account_info(),
        signer_b: accounts.maker.to_account_info(),
    };
    let legs = vec![Leg::perpetual(underlying, quantity, price)];
    signed(vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
            .with_remaining_accounts(ctx.remaining_accounts.to_vec());
        cpi::trade_block(context, legs)
    })?;
    require_hedge(&ctx, underlying)
}

/// The price lies close to the index price of what is traded: a manager gives no more away by it. Whether the index price is recent
/// enough to trade by, the pool asks.
fn require_in_bound<'info>(ctx: &Context<'info, Hedge<'info>>, price: u64) -> Result<()> {
    let pool = ctx.accounts.pool.load()?;
    let vault = &ctx.accounts.vault;
    let base = pool
        .collateral(pool.collateral_index(&vault.staked_mint)?)?
        .base;
    let index = book(&pool, base, ctx.remaining_accounts, 1)?.price;
    let far = u128::from(price.abs_diff(index)) * 1_000_000;
    require!(
        far <= u128::from(index) * u128::from(vault.price_bound),
        BasisVaultError::PriceOutOfBound
    );
    Ok(())
}

/// The vault is short, and no more than its tokens are worth in what they redeem for.
fn require_hedge<'info>(ctx: &Context<'info, Hedge<'info>>, underlying: u8) -> Result<()> {
    let pool = ctx.accounts.pool.load()?;
    let account = ctx.accounts.margin_account.load()?;
    let collateral = pool.collateral_index(&ctx.accounts.vault.staked_mint)?;
    let listed = pool.collateral(collateral)?;
    let (token, base) = (
        book(&pool, listed.underlying, ctx.remaining_accounts, 0)?.price,
        book(&pool, listed.base, ctx.remaining_accounts, 1)?.price,
    );
    let held = account.collaterals.get(collateral).copied().unwrap_or(0);
    let unit = 10u64
        .checked_pow(u32::from(listed.decimals).saturating_sub(6))
        .ok_or(BasisVaultError::Overflow)?;
    // Millionths of a token below 2⁶⁴, prices at most 2⁴⁴.
    let most = u128::from(held / unit.max(1)) * u128::from(token) / u128::from(base.max(1));
    let short = account.perpetual(underlying).map_or(0, |p| p.base);
    let hedged = short <= 0 && u128::from(short.unsigned_abs()) <= most;
    require!(hedged, BasisVaultError::BeyondHedge);
    Ok(())
}
