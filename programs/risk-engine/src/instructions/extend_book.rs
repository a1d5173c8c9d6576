use {
    crate::{
        error::RiskEngineError,
        seeds,
        state::{Instrument, RiskBook, RiskConfig, book_space},
    },
    anchor_lang::{prelude::*, system_program},
};

/// Slots that one instruction may add: an account grows by at most 10 KiB at a time.
pub const MAX_NEW_SLOTS: usize = 10_240 / Instrument::SPACE;
/// Slots that a book may have.
pub const MAX_INSTRUMENTS: usize = 320;

#[derive(Accounts)]
pub struct ExtendBook<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    pub authority: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<ExtendBook>, slots: u8) -> Result<()> {
    let (book, payer) = (ctx.accounts.book.to_account_info(), &ctx.accounts.payer);
    let added = usize::from(slots);
    let present = book.data_len().saturating_sub(RiskBook::SPACE) / Instrument::SPACE;
    // Both terms are small.
    let total = present + added;
    require!(
        (1..=MAX_NEW_SLOTS).contains(&added) && total <= MAX_INSTRUMENTS,
        RiskEngineError::TooManyInstruments
    );
    let space = book_space(total);
    let missing = Rent::get()?
        .minimum_balance(space)
        .saturating_sub(book.lamports());
    if missing > 0 {
        let transfer = system_program::Transfer {
            from: payer.to_account_info(),
            to: book.clone(),
        };
        let cpi = CpiContext::new(ctx.accounts.system_program.key(), transfer);
        system_program::transfer(cpi, missing)?;
    }
    // New bytes are zero: free slots.
    book.resize(space)?;
    Ok(())
}
