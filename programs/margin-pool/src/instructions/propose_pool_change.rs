use {
    crate::{
        error::MarginPoolError,
        events::PoolChangeProposed,
        seeds,
        state::{Pool, PoolChange, PoolProposal},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ProposePoolChange<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = authority @ MarginPoolError::NotAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(init, payer = authority, space = PoolProposal::SPACE,
        seeds = [seeds::PROPOSAL, &pool.load()?.proposals.to_le_bytes()], bump)]
    pub proposal: AccountLoader<'info, PoolProposal>,
    /// The proposer: pays the rent and gets it back.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub system_program: Program<'info, System>,
}

/// The change's bytes are in the event and in the account: whoever watches knows all of it a timelock ahead.
pub(crate) fn handler(ctx: Context<ProposePoolChange>, change: PoolChange) -> Result<()> {
    change.check()?;
    let now = Clock::get()?.unix_timestamp;
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut proposal = ctx.accounts.proposal.load_init()?;
    let timelock = i64::try_from(pool.params.timelock).map_err(|_| MarginPoolError::Overflow)?;
    proposal.pool = ctx.accounts.pool.key();
    proposal.proposer = ctx.accounts.authority.key();
    proposal.number = pool.proposals;
    proposal.proposed_at = now;
    proposal.ready_at = now.checked_add(timelock).ok_or(MarginPoolError::Overflow)?;
    proposal.bump = ctx.bumps.proposal;
    let bytes = proposal.encode(&change)?;
    let next = pool.proposals.checked_add(1);
    pool.proposals = next.ok_or(MarginPoolError::Overflow)?;
    emit!(PoolChangeProposed {
        proposal: ctx.accounts.proposal.key(),
        number: proposal.number,
        proposer: proposal.proposer,
        ready_at: proposal.ready_at,
        change: bytes,
    });
    pool.invariant()
}
