use {
    crate::{error::RiskEngineError, events::AuthorityAccepted, seeds, state::RiskConfig},
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pending_authority @ RiskEngineError::NotPendingAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    pub pending_authority: Signer<'info>,
}

/// The second step of a transfer: a key that cannot sign never becomes the authority.
pub(crate) fn handler(ctx: Context<AcceptAuthority>) -> Result<()> {
    let mut config = ctx.accounts.config.load_mut()?;
    let previous = config.authority;
    config.authority = ctx.accounts.pending_authority.key();
    config.pending_authority = Pubkey::default();
    emit!(AuthorityAccepted {
        previous,
        authority: config.authority,
    });
    config.invariant()
}
