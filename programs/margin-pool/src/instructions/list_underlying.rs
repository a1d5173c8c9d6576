use {
    crate::{
        error::MarginPoolError,
        seeds,
        state::{Market, Pool, Underlying},
    },
    anchor_lang::prelude::*,
    cep_risk::units::MAX_QUANTITY,
    risk_engine::state::RiskBook,
};

#[derive(Accounts)]
pub struct ListUnderlying<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(constraint = book.load()?.config == pool.load()?.risk_config
        @ MarginPoolError::RiskAccountsMismatch)]
    pub book: AccountLoader<'info, RiskBook>,
    /// A book is listed once: its market exists from then on.
    #[account(init, payer = payer, space = Market::SPACE,
        seeds = [seeds::MARKET, pool.key().as_ref(), book.key().as_ref()], bump)]
    pub market: AccountLoader<'info, Market>,
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<ListUnderlying>, open_interest_limit: i64) -> Result<()> {
    require!(
        (1..=MAX_QUANTITY).contains(&open_interest_limit),
        MarginPoolError::ParameterOutOfRange
    );
    let mut pool = ctx.accounts.pool.load_mut()?;
    let index = pool.underlying_count;
    let slot = pool
        .underlyings
        .get_mut(usize::from(index))
        .ok_or(MarginPoolError::UnderlyingListFull)?;
    *slot = Underlying {
        book: ctx.accounts.book.key(),
        market: ctx.accounts.market.key(),
    };
    pool.underlying_count = index
        .checked_add(1)
        .ok_or(MarginPoolError::UnderlyingListFull)?;

    let mut market = ctx.accounts.market.load_init()?;
    market.pool = ctx.accounts.pool.key();
    market.book = ctx.accounts.book.key();
    market.index = index;
    market.open_interest_limit = open_interest_limit;
    market.series_limit = open_interest_limit;
    market.account_limit = open_interest_limit;
    market.bump = ctx.bumps.market;
    market.version = Market::VERSION;
    market.invariant()?;
    pool.invariant()
}
