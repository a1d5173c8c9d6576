use {
    crate::{
        error::RiskEngineError,
        events::InstrumentListed,
        seeds,
        state::{
            BookMut, Expiry, Instrument, InstrumentKind, InstrumentState, RiskBook, RiskConfig,
        },
    },
    anchor_lang::prelude::*,
    bytemuck::Zeroable,
};

/// Expiries are full hours, at least one and at most three years of 365 days ahead. Seconds.
const HOUR: i64 = 3_600;
const FARTHEST: i64 = 3 * 365 * 86_400;
/// A strike lies within a tenth and ten times the index; of a put, four times: its curve reaches to fifteen times the
/// centre, so that the index may fall by 73 % before one that cannot be rebuilt holds the centre of all.
const STRIKE_FACTOR: u64 = 10;
const PUT_FACTOR: u64 = 4;

#[derive(Accounts)]
pub struct ListInstrument<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = authority @ RiskEngineError::NotAuthority)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    pub authority: Signer<'info>,
}

/// An instrument on an underlying that is listed adds no new trust: no timelock.
pub(crate) fn handler(
    ctx: Context<ListInstrument>,
    kind: InstrumentKind,
    expiry: i64,
    strike: u64,
) -> Result<()> {
    let info = ctx.accounts.book.to_account_info();
    let mut account = BookMut::load(&info)?;
    let (book, instruments) = account.parts()?;
    require!(book.is_staked == 0, RiskEngineError::StakedBook);
    require!(
        is_in_range(book, kind, expiry, strike, Clock::get()?.unix_timestamp),
        RiskEngineError::BadInstrument
    );
    let code = kind.code();
    let mut live = instruments.iter().filter(|i| !i.is_free());
    require!(
        !live.any(|i| (i.kind, i.expiry, i.strike) == (code, expiry, strike)),
        RiskEngineError::DuplicateInstrument
    );
    let slot = instruments
        .iter()
        .position(Instrument::is_free)
        .ok_or(RiskEngineError::NoFreeSlot)?;
    let expiry_slot = if kind == InstrumentKind::Perpetual {
        0
    } else {
        join_expiry(book, expiry)?
    };
    let id = book.next_instrument;
    book.next_instrument = id.checked_add(1).ok_or(RiskEngineError::Overflow)?;
    let instrument = instruments
        .get_mut(slot)
        .ok_or(RiskEngineError::NoFreeSlot)?;
    // Field by field: the slot is zero, and a whole instrument is larger than what fits beside it on the stack.
    instrument.id = id;
    instrument.expiry = expiry;
    instrument.strike = strike;
    instrument.kind = code;
    instrument.state = InstrumentState::Listed as u8;
    instrument.expiry_slot = expiry_slot;
    emit!(InstrumentListed {
        book: info.key(),
        slot: u16::try_from(slot).map_err(|_| RiskEngineError::Overflow)?,
        id,
        kind,
        expiry,
        strike,
    });
    book.invariant()
}

fn is_in_range(book: &RiskBook, kind: InstrumentKind, expiry: i64, strike: u64, now: i64) -> bool {
    let ahead = expiry.saturating_sub(now);
    // The only divisor is a positive constant; an hour's seconds divide in unsigned.
    let dated = expiry > 0
        && expiry.unsigned_abs().is_multiple_of(HOUR.unsigned_abs())
        && (HOUR..=FARTHEST).contains(&ahead);
    // The index is at most 2⁴⁴.
    let highest = match kind {
        InstrumentKind::Put => book.price * PUT_FACTOR,
        _ => book.price * STRIKE_FACTOR,
    };
    let struck =
        book.price != 0 && (book.price / STRIKE_FACTOR..=highest).contains(&strike) && strike > 0;
    match kind {
        InstrumentKind::Perpetual => expiry == 0 && strike == 0,
        InstrumentKind::Future => dated && strike == 0,
        InstrumentKind::Call | InstrumentKind::Put => dated && struck,
    }
}

/// Counts one more instrument of an expiry, which begins with its first.
fn join_expiry(book: &mut RiskBook, expiry: i64) -> Result<u8> {
    let known = book.expiries.iter().position(|e| e.expiry == expiry);
    let slot = known
        .or_else(|| book.expiries.iter().position(Expiry::is_free))
        .ok_or(RiskEngineError::NoFreeExpiry)?;
    let entry = book
        .expiries
        .get_mut(slot)
        .ok_or(RiskEngineError::NoFreeExpiry)?;
    if known.is_none() {
        *entry = Expiry::zeroed();
        entry.expiry = expiry;
    }
    entry.instruments = entry
        .instruments
        .checked_add(1)
        .ok_or(RiskEngineError::Overflow)?;
    u8::try_from(slot).map_err(|_| RiskEngineError::Overflow.into())
}
