use {
    crate::{
        error::MarginPoolError,
        seeds,
        state::{Collateral, Outflow, Pool},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
    bytemuck::Zeroable,
    risk_engine::state::RiskBook,
};

#[derive(Accounts)]
pub struct ListCollateral<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    /// Of the underlying that values it.
    pub book: AccountLoader<'info, RiskBook>,
    #[account(mint::token_program = token_program,
        constraint = (6..=12).contains(&mint.decimals) @ MarginPoolError::ParameterOutOfRange)]
    pub mint: InterfaceAccount<'info, Mint>,
    #[account(init, payer = payer, token::mint = mint, token::authority = pool,
        token::token_program = token_program,
        seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

/// `extensions`: what the mint may have, bits of [`token::extension`].
pub(crate) fn handler(
    ctx: Context<ListCollateral>,
    underlying: u8,
    cap: u64,
    extensions: u8,
) -> Result<()> {
    token::require_listable(&ctx.accounts.mint, extensions)?;
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mint = ctx.accounts.mint.key();
    require_keys_eq!(
        pool.underlying(underlying)?.book,
        ctx.accounts.book.key(),
        MarginPoolError::RiskAccountsMismatch
    );
    require!(
        pool.collateral_index(&mint).is_err(),
        MarginPoolError::CollateralAlreadyListed
    );
    let (is_staked, base) = {
        let book = ctx.accounts.book.load()?;
        let base = if book.is_staked == 0 {
            Some(underlying)
        } else {
            pool.underlying_index(&book.staked.base_book)
        };
        (book.is_staked, base.ok_or(MarginPoolError::BaseNotListed)?)
    };
    let index = pool.collateral_count;
    let slot = pool
        .collaterals
        .get_mut(usize::from(index))
        .ok_or(MarginPoolError::CollateralListFull)?;
    *slot = Collateral {
        mint,
        vault: ctx.accounts.vault.key(),
        deposited: 0,
        cap,
        account_cap: cap,
        weight: cep_risk::PPM,
        ramp_start: 0,
        ramp_seconds: 0,
        outflow: Outflow::zeroed(),
        underlying,
        decimals: ctx.accounts.mint.decimals,
        is_staked,
        base,
        extensions,
        padding: [0; 3],
    };
    pool.collateral_count = index
        .checked_add(1)
        .ok_or(MarginPoolError::CollateralListFull)?;
    pool.invariant()
}
