use {
    crate::{
        error::MarginPoolError,
        events::PoolChangeCancelled,
        seeds,
        state::{Pool, PoolChange, PoolProposal},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CancelPoolProposal<'info> {
    #[account(seeds = [seeds::POOL], bump = pool.load()?.bump,
        constraint = pool.load()?.is_guarded_by(&signer.key()) @ MarginPoolError::NotGuardian)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, close = proposer, has_one = pool, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<CancelPoolProposal>) -> Result<()> {
    let by_authority = ctx.accounts.pool.load()?.authority == ctx.accounts.signer.key();
    let proposal = ctx.accounts.proposal.load()?;
    // Or a stolen guardian's key could never be replaced.
    let replaces_guardian = matches!(proposal.decode()?, PoolChange::Guardian(_));
    require!(
        by_authority || !replaces_guardian,
        MarginPoolError::NotAuthority
    );
    emit!(PoolChangeCancelled {
        proposal: ctx.accounts.proposal.key(),
        number: proposal.number,
        by: ctx.accounts.signer.key(),
    });
    Ok(())
}
