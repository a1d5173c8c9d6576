use {
    crate::{error::RiskEngineError, events::SilenceAnnounced, state::RiskBook},
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct AnnounceSilence<'info> {
    #[account(mut)]
    pub book: AccountLoader<'info, RiskBook>,
}

/// Anyone: a price older than `dead_price_age` is announced to be the oracles' last word. It serves liquidation from
/// `silence_delay` later on, in which anyone may refresh it, and with that withdraw the announcement.
pub(crate) fn handler(ctx: Context<AnnounceSilence>) -> Result<()> {
    let mut book = ctx.accounts.book.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    require!(book.price != 0, RiskEngineError::BookNotPriced);
    require!(
        book.age(now) >= book.dead_price_age && book.price_state(now).is_silent(),
        RiskEngineError::BookNotSilent
    );
    // Announcing again would put off what was promised.
    require!(book.silent_from == 0, RiskEngineError::SilenceAnnounced);
    book.silent_from = now.saturating_add_unsigned(book.silence_delay);
    emit!(SilenceAnnounced {
        book: ctx.accounts.book.key(),
        price: book.price,
        publish_time: book.publish_time,
        serves_from: book.silent_from,
    });
    book.invariant()
}
