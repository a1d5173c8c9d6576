use {
    crate::{
        error::MarginPoolError,
        events::QuoteCancelled,
        quote::MAX_LIFE,
        state::{FillAccounts, MarginAccount, open_fill, permission},
    },
    anchor_lang::prelude::*,
};

/// In liquidation too: it changes nothing but what the account offers.
#[derive(Accounts)]
pub struct CancelQuote<'info> {
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// CHECK: its address is derived from the nonce in the handler.
    #[account(mut)]
    pub fill: UncheckedAccount<'info>,
    /// Owner, or a delegate that may quote.
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<CancelQuote>, nonce: u64, expires_at: i64) -> Result<()> {
    let accounts = &ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let account = accounts.margin_account.load()?;
    account.require_permission(accounts.authority.key, permission::QUOTE, now)?;
    // What has expired needs no cancelling, and the mark would not outlive what has not.
    require!(now < expires_at, MarginPoolError::QuoteExpired);
    let maker = accounts.margin_account.key();
    require!(
        expires_at <= now.saturating_add(MAX_LIFE),
        MarginPoolError::QuoteTooLong
    );
    let parts = FillAccounts {
        fill: &accounts.fill,
        payer: &accounts.payer,
        system_program: accounts.system_program.key(),
    };
    open_fill(&parts, &maker, account.serial, nonce)?.cancel(expires_at);
    emit!(QuoteCancelled {
        maker,
        nonce,
        expires_at,
    });
    Ok(())
}
