use {
    crate::{
        error::RiskEngineError,
        events::InstrumentOpened,
        seeds,
        state::{BookMut, InstrumentState, RiskBook, RiskConfig, find_instrument},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct OpenInstrument<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    pub authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<OpenInstrument>, slot: u16, id: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let info = ctx.accounts.book.to_account_info();
    let mut account = BookMut::load(&info)?;
    let (book, instruments) = account.parts()?;
    let instrument = find_instrument(instruments, slot, id)?;
    require!(
        instrument.state == InstrumentState::Listed as u8 && !instrument.is_settling(now),
        RiskEngineError::WrongInstrumentState
    );
    // Nobody could margin it.
    require!(
        instrument.live_option().is_none() || instrument.built_at != 0,
        RiskEngineError::CurveMissing
    );
    if instrument.expiry != 0 {
        // The first surface is taken as it comes: nothing may be open that it could move.
        let expiry = book
            .expiries
            .get_mut(usize::from(instrument.expiry_slot))
            .filter(|e| e.expiry == instrument.expiry)
            .ok_or(RiskEngineError::UnknownExpiry)?;
        require!(expiry.surface_time != 0, RiskEngineError::SurfaceMissing);
        expiry.opened = 1;
    }
    instrument.state = InstrumentState::Trading as u8;
    emit!(InstrumentOpened {
        book: info.key(),
        slot,
        id,
    });
    book.invariant()
}
