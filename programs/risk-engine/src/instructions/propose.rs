use {
    crate::{
        error::RiskEngineError,
        events::ChangeProposed,
        seeds,
        state::{Change, Proposal, RiskConfig},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct Propose<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(init, payer = authority, space = Proposal::SPACE,
        seeds = [seeds::PROPOSAL, &config.load()?.proposals.to_le_bytes()], bump)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// The proposer: pays the rent and gets it back.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub system_program: Program<'info, System>,
}

/// The change's bytes are in the event and in the account: whoever watches knows all of it a timelock ahead.
pub(crate) fn handler(ctx: Context<Propose>, change: Change) -> Result<()> {
    change.check()?;
    let now = Clock::get()?.unix_timestamp;
    let mut config = ctx.accounts.config.load_mut()?;
    let mut proposal = ctx.accounts.proposal.load_init()?;
    let timelock = i64::try_from(config.params.timelock).map_err(|_| RiskEngineError::Overflow)?;
    proposal.config = ctx.accounts.config.key();
    proposal.proposer = ctx.accounts.authority.key();
    proposal.number = config.proposals;
    proposal.proposed_at = now;
    proposal.ready_at = now.checked_add(timelock).ok_or(RiskEngineError::Overflow)?;
    proposal.bump = ctx.bumps.proposal;
    let bytes = proposal.encode(&change)?;
    config.proposals = config
        .proposals
        .checked_add(1)
        .ok_or(RiskEngineError::Overflow)?;
    emit!(ChangeProposed {
        proposal: ctx.accounts.proposal.key(),
        number: proposal.number,
        proposer: proposal.proposer,
        ready_at: proposal.ready_at,
        change: bytes,
    });
    config.invariant()
}
