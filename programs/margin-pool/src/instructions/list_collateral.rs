use {
    crate::{
        error::MarginPoolError,
        instructions::execute_pool_change::due,
        seeds,
        state::{Collateral, Outflow, Pool, PoolChange, PoolProposal},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
    risk_engine::state::RiskBook,
};

#[derive(Accounts)]
pub struct ListCollateral<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = proposer, has_one = pool, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
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

pub(crate) fn handler(ctx: Context<ListCollateral>) -> Result<()> {
    let PoolChange::Collateral {
        mint,
        underlying,
        cap,
        account_cap,
        weight,
        ramp_seconds,
        extensions,
        outflow_limit,
        dust,
    } = due(&ctx.accounts.proposal)?
    else {
        return err!(MarginPoolError::WrongTarget);
    };
    require_keys_eq!(mint, ctx.accounts.mint.key(), MarginPoolError::WrongTarget);
    let now = Clock::get()?.unix_timestamp;
    token::require_listable(&ctx.accounts.mint, extensions)?;
    let mut pool = ctx.accounts.pool.load_mut()?;
    require_keys_eq!(
        pool.underlying(underlying)?.book,
        ctx.accounts.book.key(),
        MarginPoolError::RiskAccountsMismatch
    );
    require!(
        pool.collateral_index(&mint).is_err(),
        MarginPoolError::CollateralAlreadyListed
    );
    let (is_staked, base, price) = {
        let book = ctx.accounts.book.load()?;
        let base = if book.is_staked == 0 {
            Some(underlying)
        } else {
            pool.underlying_index(&book.staked.base_book)
        };
        let base = base.ok_or(MarginPoolError::BaseNotListed)?;
        require!(
            book.is_staked == 0 || book.staked.mint == mint,
            MarginPoolError::StakedTokenMismatch
        );
        (book.is_staked, base, book.price)
    };
    let index = pool.free_collateral()?;
    let slot = pool
        .collaterals
        .get_mut(index)
        .ok_or(MarginPoolError::CollateralListFull)?;
    // An account that held it could be neither valued nor liquidated.
    require!(price != 0, MarginPoolError::BookNotReady);
    *slot = Collateral {
        mint,
        vault: ctx.accounts.vault.key(),
        deposited: 0,
        cap,
        account_cap,
        dust,
        weight,
        ramp_start: now,
        ramp_seconds,
        outflow: Outflow {
            limit: outflow_limit,
            used: 0,
            updated_at: now,
        },
        underlying,
        decimals: ctx.accounts.mint.decimals,
        is_staked,
        base,
        extensions,
        padding: [0; 3],
    };
    let used = u8::try_from(index + 1).map_err(|_| MarginPoolError::CollateralListFull)?;
    pool.collateral_count = pool.collateral_count.max(used);
    pool.invariant()
}
