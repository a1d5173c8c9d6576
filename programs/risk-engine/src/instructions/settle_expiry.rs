use {
    crate::{
        error::RiskEngineError,
        events::ExpirySettled,
        price, seeds,
        state::{BookMut, InstrumentState, RiskBook, RiskConfig, Settlement},
    },
    anchor_lang::prelude::*,
    cep_risk::twap::{How, Outcome, Twap},
};

#[derive(Accounts)]
#[instruction(expiry: i64)]
pub struct SettleExpiry<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    /// Exists once: a settlement price never changes.
    #[account(init, payer = payer, space = Settlement::SPACE,
        seeds = [seeds::SETTLEMENT, book.key().as_ref(), &expiry.to_le_bytes()], bump)]
    pub settlement: AccountLoader<'info, Settlement>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<SettleExpiry>, expiry: i64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let info = ctx.accounts.book.to_account_info();
    let mut account = BookMut::load(&info)?;
    let (book, instruments) = account.parts()?;
    let at = book.expiry_slot(expiry)?;
    require!(now >= expiry, RiskEngineError::SettlementPending);
    price::observe_expiries(book, now);
    let entry = book
        .expiries
        .get(at)
        .ok_or(RiskEngineError::UnknownExpiry)?;
    // The price is fixed already, here or by an earlier refresh: this says where it comes from.
    let decided = entry.settlement_price;
    let Outcome::Settled { price, how } = Twap::from(entry.twap).outcome(expiry, now, decided)
    else {
        return err!(RiskEngineError::SettlementPending);
    };
    let expired = instruments.iter_mut().filter(|i| !i.is_free());
    for instrument in expired.filter(|i| i.expiry == expiry) {
        instrument.state = InstrumentState::Settled as u8;
    }
    let how = match how {
        How::Full => 1,
        How::Extended => 2,
        How::LastPrice => 3,
    };
    let mut settlement = ctx.accounts.settlement.load_init()?;
    settlement.book = info.key();
    settlement.expiry = expiry;
    settlement.price = price;
    settlement.settled_at = now;
    settlement.how = how;
    settlement.bump = ctx.bumps.settlement;
    emit!(ExpirySettled {
        book: info.key(),
        expiry,
        price,
        how,
    });
    book.invariant()
}
