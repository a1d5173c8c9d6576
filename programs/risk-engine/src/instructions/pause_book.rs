use {
    crate::{
        error::RiskEngineError,
        events::BookPaused,
        seeds,
        state::{RiskBook, RiskConfig, degraded},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct PauseBook<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        constraint = config.load()?.is_guarded_by(&signer.key()) @ RiskEngineError::NotGuardian)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

/// At once: the underlying is in doubt until a proposal ends it. Reducing and liquidating go on.
pub(crate) fn handler(ctx: Context<PauseBook>) -> Result<()> {
    let mut book = ctx.accounts.book.load_mut()?;
    book.degraded |= degraded::PAUSED;
    emit!(BookPaused {
        book: ctx.accounts.book.key(),
        by: ctx.accounts.signer.key(),
    });
    book.invariant()
}
