use {
    crate::{error::MarginPoolError, events::FillClosed, state::Fill},
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CloseFill<'info> {
    #[account(mut, has_one = payer, close = payer)]
    pub fill: AccountLoader<'info, Fill>,
    /// CHECK: named in the fill; gets the rent.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

pub(crate) fn handler(ctx: Context<CloseFill>) -> Result<()> {
    let fill = ctx.accounts.fill.load()?;
    require!(
        fill.is_over(Clock::get()?.unix_timestamp),
        MarginPoolError::FillInUse
    );
    emit!(FillClosed {
        maker: fill.maker,
        serial: fill.serial,
        nonce: fill.nonce,
    });
    Ok(())
}
