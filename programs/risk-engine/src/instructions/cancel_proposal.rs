use {
    crate::{
        error::RiskEngineError,
        events::ChangeCancelled,
        seeds,
        state::{Change, Proposal, RiskConfig},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CancelProposal<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        constraint = config.load()?.is_guarded_by(&signer.key()) @ RiskEngineError::NotGuardian)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, close = proposer, has_one = config, has_one = proposer,
        seeds = [seeds::PROPOSAL, &proposal.load()?.number.to_le_bytes()], bump = proposal.load()?.bump)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// CHECK: gets the rent back; held to the key in the proposal.
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<CancelProposal>) -> Result<()> {
    let by_authority = ctx.accounts.config.load()?.authority == ctx.accounts.signer.key();
    // Or a stolen guardian's key could never be replaced.
    let replaces_guardian = matches!(ctx.accounts.proposal.load()?.decode()?, Change::Guardian(_));
    require!(
        by_authority || !replaces_guardian,
        RiskEngineError::NotAuthority
    );
    emit!(ChangeCancelled {
        proposal: ctx.accounts.proposal.key(),
        number: ctx.accounts.proposal.load()?.number,
        by: ctx.accounts.signer.key(),
    });
    Ok(())
}
