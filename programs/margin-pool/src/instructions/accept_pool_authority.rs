use {
    crate::{error::MarginPoolError, events::PoolAuthorityAccepted, seeds, state::Pool},
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct AcceptPoolAuthority<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = pending_authority @ MarginPoolError::NotPendingAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    pub pending_authority: Signer<'info>,
}

/// The second step of a transfer: a key that cannot sign never becomes the authority.
pub(crate) fn handler(ctx: Context<AcceptPoolAuthority>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let previous = pool.authority;
    pool.authority = ctx.accounts.pending_authority.key();
    pool.pending_authority = Pubkey::default();
    emit!(PoolAuthorityAccepted {
        previous,
        authority: pool.authority,
    });
    pool.invariant()
}
