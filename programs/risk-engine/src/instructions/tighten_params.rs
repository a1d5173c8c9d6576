use {
    crate::{
        error::RiskEngineError,
        events::ParamsTightened,
        seeds,
        state::{RiskConfig, RiskParams},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct TightenParams<'info> {
    #[account(mut, seeds = [seeds::CONFIG], bump = config.load()?.bump,
        constraint = config.load()?.is_guarded_by(&signer.key()) @ RiskEngineError::NotGuardian)]
    pub config: AccountLoader<'info, RiskConfig>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

/// At once. What each field may do stands in [`RiskParams::strictness`]; books follow at their next refresh.
pub(crate) fn handler(ctx: Context<TightenParams>, params: RiskParams) -> Result<()> {
    let mut config = ctx.accounts.config.load_mut()?;
    config.params.check_tighter(&params)?;
    config.params = params;
    emit!(ParamsTightened {
        by: ctx.accounts.signer.key(),
        params,
    });
    config.invariant()
}
