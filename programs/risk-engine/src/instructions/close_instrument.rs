use {
    crate::{
        error::RiskEngineError,
        events::InstrumentClosed,
        seeds,
        state::{BookMut, Expiry, InstrumentState, RiskBook, RiskConfig, find_instrument},
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
};

/// Seconds after expiry during which positions are settled in the ordinary way; then the slot may go. The
/// settlement price itself stays, in its own account.
const CLOSING_DELAY: i64 = 7 * 86_400;

#[derive(Accounts)]
pub struct CloseInstrument<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
}

pub(crate) fn handler(ctx: Context<CloseInstrument>, slot: u16, id: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let info = ctx.accounts.book.to_account_info();
    let mut account = BookMut::load(&info)?;
    let (book, instruments) = account.parts()?;
    let instrument = find_instrument(instruments, slot, id)?;
    require!(
        instrument.state == InstrumentState::Settled as u8,
        RiskEngineError::WrongInstrumentState
    );
    require!(
        now >= instrument.expiry.saturating_add(CLOSING_DELAY),
        RiskEngineError::ClosingTooEarly
    );
    let expiry = book
        .expiries
        .get_mut(usize::from(instrument.expiry_slot))
        .filter(|e| e.expiry == instrument.expiry)
        .ok_or(RiskEngineError::UnknownExpiry)?;
    expiry.instruments = expiry
        .instruments
        .checked_sub(1)
        .ok_or(RiskEngineError::Overflow)?;
    if expiry.instruments == 0 {
        *expiry = Expiry::zeroed();
    }
    bytemuck::bytes_of_mut(instrument).fill(0);
    emit!(InstrumentClosed {
        book: info.key(),
        slot,
        id,
    });
    book.invariant()
}
