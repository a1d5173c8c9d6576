use {
    crate::{
        error::MarginPoolError,
        events::QuoteFloorRaised,
        state::{MarginAccount, permission},
    },
    anchor_lang::prelude::*,
};

/// By how much a delegate may raise the floor at a time. Nonces count up, so this is more than any desk
/// signs; and a delegate that means harm cannot use up the nonces that there are.
pub const MAX_RAISE: u64 = 1 << 32;

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
    let accounts = &ctx.accounts;
    let mut account = accounts.margin_account.load_mut()?;
    account.require_permission(accounts.authority.key, permission::QUOTE, now)?;
    require!(
        nonce > account.quote_floor,
        MarginPoolError::QuoteFloorNotRaised
    );
    // The owner may go as far as it likes.
    let raise = nonce.saturating_sub(account.quote_floor);
    require!(
        accounts.authority.key() == account.owner || raise <= MAX_RAISE,
        MarginPoolError::QuoteFloorTooHigh
    );
    account.quote_floor = nonce;
    emit!(QuoteFloorRaised {
        maker: accounts.margin_account.key(),
        floor: nonce,
    });
    Ok(())
}
