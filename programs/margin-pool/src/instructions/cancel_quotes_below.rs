use {
    crate::{
        error::MarginPoolError,
        events::QuoteFloorRaised,
        state::{MarginAccount, permission},
    },
    anchor_lang::prelude::*,
};

/// In liquidation too: it changes nothing but what the account offers.
#[derive(Accounts)]
pub struct CancelQuotesBelow<'info> {
    #[account(mut)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// Owner, or a delegate that may quote.
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<CancelQuotesBelow>, nonce: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.require_permission(ctx.accounts.authority.key, permission::QUOTE, now)?;
    require!(
        nonce > account.quote_floor,
        MarginPoolError::QuoteFloorNotRaised
    );
    account.quote_floor = nonce;
    emit!(QuoteFloorRaised {
        maker: ctx.accounts.margin_account.key(),
        floor: nonce,
    });
    Ok(())
}
