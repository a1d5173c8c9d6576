use {
    crate::{error::MarginPoolError, seeds, state::Pool},
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ReportShortfall<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    pub liquidation_authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<ReportShortfall>, shortfall: u64) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    pool.visible_shortfall = i64::try_from(shortfall).unwrap_or(i64::MAX);
    pool.invariant()
}
