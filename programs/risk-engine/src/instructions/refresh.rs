use {
    crate::{
        error::RiskEngineError,
        events::PriceRefreshed,
        oracle::{ClockView, Fault, read},
        price, seeds,
        state::{MAX_SOURCES, RiskBook, RiskConfig, degraded},
    },
    anchor_lang::prelude::*,
    cep_risk::units::MAX_PRICE,
};

/// Remaining accounts: oracle accounts of any of the book's sources, in any order. One that cannot be used is
/// passed over, with its reason in the event: a bad feed never stops a refresh, and never changes a source. A value whose
/// interval is too wide is taken and counts as uncertain.
#[derive(Accounts)]
pub struct Refresh<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Refresh<'info>>) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut book = ctx.accounts.book.load_mut()?;
    require!(book.is_staked == 0, RiskEngineError::StakedBook);
    let clock = Clock::get()?;
    let faults = read_sources(&mut book, ctx.remaining_accounts, &clock, &config)?;
    price::observe_expiries(&mut book, clock.unix_timestamp);
    if let Some(agreed) = price::consensus(&book, &clock, &config.params) {
        price::take(&mut book, &agreed, &clock, &config.params);
        let sample = book.price;
        price::fold_volatility(&mut book, sample, clock.unix_timestamp, &config.params)?;
    } else {
        book.degraded |= degraded::SHORTAGE;
    }
    price::retarget(&mut book, &config.params);
    emit!(PriceRefreshed::of(ctx.accounts.book.key(), &book, faults));
    book.invariant()
}

/// Takes what the accounts say into the book's sources; the reason for each source that got nothing new or only something
/// uncertain, zero for the others.
pub(crate) fn read_sources(
    book: &mut RiskBook,
    accounts: &[AccountInfo],
    clock: &Clock,
    config: &RiskConfig,
) -> Result<[u8; MAX_SOURCES]> {
    let view = ClockView::of(clock, &config.params);
    let mut faults = [0; MAX_SOURCES];
    for account in accounts {
        let data = account.try_borrow_data()?;
        for (source, fault) in book.sources.iter_mut().zip(&mut faults) {
            match read(
                source,
                account.key,
                account.owner,
                &data,
                &view,
                6,
                1..=MAX_PRICE,
            ) {
                Ok(reading) => {
                    source.accept(&reading);
                    *fault = reading.sure().map_or_else(Fault::code, |_| 0);
                    break;
                }
                Err(Fault::NotThisSource) => {}
                Err(reason) => {
                    *fault = reason.code();
                }
            }
        }
    }
    Ok(faults)
}
