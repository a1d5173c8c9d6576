use {
    crate::{
        error::MarginPoolError,
        instructions::execute_pool_change::due,
        seeds,
        state::{Market, Pool, PoolChange, PoolProposal, Underlying},
    },
    anchor_lang::prelude::*,
    risk_engine::state::RiskBook,
};

#[derive(Accounts)]
pub struct ListUnderlying<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = proposer, has_one = pool, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
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

pub(crate) fn handler(ctx: Context<ListUnderlying>) -> Result<()> {
    let PoolChange::Underlying {
        book,
        open_interest_limit,
        series_limit,
        account_limit,
    } = due(&ctx.accounts.proposal)?
    else {
        return err!(MarginPoolError::WrongTarget);
    };
    require_keys_eq!(book, ctx.accounts.book.key(), MarginPoolError::WrongTarget);
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
    market.series_limit = series_limit;
    market.account_limit = account_limit;
    market.bump = ctx.bumps.market;
    market.invariant()?;
    pool.invariant()
}
