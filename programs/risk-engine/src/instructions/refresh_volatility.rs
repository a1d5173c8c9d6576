use {
    crate::{
        error::RiskEngineError,
        events::VolatilityRefreshed,
        oracle::{ClockView, Fault, Reading, read},
        price, seeds,
        state::{
            MAX_TENORS, RiskBook, RiskConfig, RiskParams, VOLATILITY_DECIMALS, VOLATILITY_RANGE,
        },
    },
    anchor_lang::prelude::*,
    cep_risk::{
        feed::sqrt_variance_per_year,
        volatility::{AtmPoint, implied_variance},
    },
};

/// Tenor at which implied volatility enters the scenarios, seconds: 30 days, where a level is defined.
const SCENARIO_TENOR: u32 = 30 * 86_400;

/// Remaining accounts: accounts of the book's implied volatility feeds, in any order. One that cannot be used is
/// passed over.
#[derive(Accounts)]
pub struct RefreshVolatility<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, RefreshVolatility<'info>>) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut book = ctx.accounts.book.load_mut()?;
    let clock = Clock::get()?;
    let faults = read_feeds(&mut book, ctx.remaining_accounts, &clock, &config.params)?;
    interpolate(&mut book, clock.unix_timestamp, &config.params)?;
    price::retarget(&mut book, &config.params);
    emit!(VolatilityRefreshed {
        book: ctx.accounts.book.key(),
        implied_variance: book.implied_variance,
        target_variance: book.target_variance,
        faults,
    });
    book.invariant()
}

/// Takes what the accounts say into the book's feeds, step by step; returns the reason for each that got nothing.
fn read_feeds(
    book: &mut RiskBook,
    accounts: &[AccountInfo],
    clock: &Clock,
    params: &RiskParams,
) -> Result<[u8; MAX_TENORS]> {
    let view = ClockView::of(clock, params);
    let mut faults = [0; MAX_TENORS];
    for account in accounts {
        let data = account.try_borrow_data()?;
        let feeds = book.implied.iter_mut().zip(&mut faults);
        for (feed, fault) in feeds.filter(|(feed, _)| feed.tenor != 0) {
            let (owner, range) = (account.owner, VOLATILITY_RANGE);
            let reading = read(
                &feed.source,
                account.key,
                owner,
                &data,
                &view,
                VOLATILITY_DECIMALS,
                range,
            );
            match reading.and_then(Reading::sure) {
                Ok(reading) => {
                    feed.source.accept(&reading);
                    *fault = 0;
                    feed.follow(reading.value, clock.unix_timestamp)?;
                    break;
                }
                Err(Fault::NotThisSource) => {}
                Err(reason) => *fault = reason.code(),
            }
        }
    }
    Ok(faults)
}

/// Reads the term structure at 30 days and at each expiry. Each tenor's last word stands for `implied_max_age` from when
/// it was published, whatever the others say meanwhile: who refreshes brings accounts, and leaving one out must not
/// change what it said. After that the tenor follows what the others say of it, step by step. While no tenor's word stands,
/// the last values do: without them volatility would drop and then have to climb back.
fn interpolate(book: &mut RiskBook, now: i64, params: &RiskParams) -> Result<()> {
    let mut standing = [AtmPoint::default(); MAX_TENORS];
    for (point, feed) in standing.iter_mut().zip(&book.implied) {
        if feed.speaks() && feed.stands(now, params.implied_max_age) {
            *point = feed.point();
        }
    }
    if standing.iter().all(|point| point.tenor == 0) {
        return Ok(());
    }
    let mut points = standing;
    for (point, feed) in points.iter_mut().zip(&mut book.implied) {
        if point.tenor == 0
            && feed.speaks()
            && let Some(variance) = implied_variance(&standing, feed.tenor)
        {
            feed.follow(volatility_of(variance)?, now)?;
            *point = feed.point();
        }
    }
    let Some(variance) = implied_variance(&points, SCENARIO_TENOR) else {
        return Ok(());
    };
    book.implied_variance = variance;
    for expiry in book.expiries.iter_mut().filter(|e| e.expiry > now) {
        let seconds = u32::try_from(expiry.expiry.saturating_sub(now)).unwrap_or(u32::MAX);
        if let Some(variance) = implied_variance(&points, seconds) {
            expiry.atm = sqrt_variance_per_year(variance);
            expiry.atm_time = now;
            expiry.watch_atm(params.curve_volatility_band, now);
        }
    }
    Ok(())
}

/// Volatility per root year, 10⁻⁹, of a variance per day, Q48.
fn volatility_of(variance: u64) -> Result<u64> {
    // At most 39 x 2³² x 10⁹.
    let exact = u128::from(sqrt_variance_per_year(variance)) * 1_000_000_000;
    Ok(u64::try_from(exact >> 32).map_err(|_| RiskEngineError::Overflow)?)
}
