use {
    super::refresh::read_sources,
    crate::{
        error::RiskEngineError,
        events::{PriceRefreshed, StakeRateRefreshed},
        oracle::{ClockView, Fault, Reading, read, read_stake_pool},
        price, seeds,
        state::{NEW_RISK_SLOTS, RiskBook, RiskConfig, degraded},
    },
    anchor_lang::prelude::*,
    cep_risk::staked::{RATE_ONE, bounded_rate, gap_ppm, rate_of_pool, value},
};

/// How far apart token and base may be published and still be judged as one, seconds.
const PAIR_APART: u64 = 30;
/// Decimals of a redemption rate, and the range that is believed.
const RATE_DECIMALS: u32 = 9;
const RATE_RANGE: core::ops::RangeInclusive<u64> = RATE_ONE / 10..=RATE_ONE * 100;

/// Remaining accounts: oracle accounts of the token's market price, and the stake pool (or the oracle account of the
/// rate), in any order. One that cannot be used is passed over.
#[derive(Accounts)]
pub struct RefreshStaked<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config,
        constraint = book.load()?.is_staked == 1 @ RiskEngineError::NotStakedBook)]
    pub book: AccountLoader<'info, RiskBook>,
    /// What the token redeems for; refreshed in this slot or the last few.
    #[account(has_one = config,
        constraint = base_book.key() == book.load()?.staked.base_book @ RiskEngineError::WrongBaseBook)]
    pub base_book: AccountLoader<'info, RiskBook>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, RefreshStaked<'info>>) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let params = &config.params;
    let mut book = ctx.accounts.book.load_mut()?;
    let base = ctx.accounts.base_book.load()?;
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    // Either of the two alone would let its caller choose which moves first.
    require!(
        clock.slot.saturating_sub(base.refreshed_slot) <= NEW_RISK_SLOTS,
        RiskEngineError::BaseNotRefreshed
    );
    let faults = read_sources(&mut book, ctx.remaining_accounts, &clock, &config)?;
    let rate_fault = read_rate(&mut book, ctx.remaining_accounts, &clock, &config)?;
    price::observe_expiries(&mut book, now);
    let market = price::consensus(&book, &clock, params);
    if let (Some(mut agreed), true) = (market, book.staked.rate != 0 && base.price != 0) {
        let consensus = &mut agreed.consensus;
        let apart = consensus.publish_time.abs_diff(base.publish_time) > PAIR_APART;
        let valued = value(book.staked.rate, base.price, Some(consensus.price));
        book.staked.redemption = valued.redemption;
        book.staked.gap = gap_ppm(valued.redemption, consensus.price);
        let sample = ratio(consensus.price, valued.redemption);
        consensus.price = valued.price;
        consensus.publish_time = consensus.publish_time.min(base.publish_time);
        consensus.newest = consensus.newest.min(base.newest_publish_time);
        price::take(&mut book, &agreed, &clock, params);
        if apart || base.is_degraded(now) {
            book.degraded |= degraded::BASE;
        }
        price::fold_volatility(&mut book, sample, now, params)?;
    } else {
        book.degraded |= degraded::SHORTAGE;
    }
    price::retarget(&mut book, params);
    emit!(StakeRateRefreshed {
        book: ctx.accounts.book.key(),
        rate: book.staked.rate,
        redemption: book.staked.redemption,
        gap: book.staked.gap,
        rate_limited: book.staked.rate_limited == 1,
        deposits_stopped: book.has_gap(),
        fault: rate_fault,
    });
    emit!(PriceRefreshed::of(ctx.accounts.book.key(), &book, faults));
    book.invariant()
}

/// Market over redemption value, 10⁻⁹, at most ten.
fn ratio(market: u64, redemption: u64) -> u64 {
    let ratio = u128::from(market) * u128::from(RATE_ONE) / u128::from(redemption.max(1));
    u64::try_from(ratio)
        .unwrap_or(u64::MAX)
        .clamp(1, 10 * RATE_ONE)
}

/// Takes a redemption rate from the stake pool or its feed; the reason when there is nothing new.
fn read_rate(
    book: &mut RiskBook,
    accounts: &[AccountInfo],
    clock: &Clock,
    config: &RiskConfig,
) -> Result<u8> {
    let mut fault = Fault::NotThisSource;
    for account in accounts {
        let data = account.try_borrow_data()?;
        let (key, owner) = (account.key, account.owner);
        let found = if book.staked.stake_pool == Pubkey::default() {
            let (view, source) = (
                ClockView::of(clock, &config.params),
                &book.staked.rate_source,
            );
            let reading = read(source, key, owner, &data, &view, RATE_DECIMALS, RATE_RANGE);
            reading.and_then(Reading::sure).map(|reading| {
                book.staked.rate_source.accept(&reading);
                reading.value
            })
        } else {
            let expected = (&book.staked.stake_pool, &book.staked.mint);
            read_stake_pool(expected, key, owner, &data, clock.epoch).and_then(|pool| {
                rate_of_pool(pool.total_lamports, pool.supply).map_err(|_| Fault::OutOfRange)
            })
        };
        match found {
            Ok(rate) => {
                adopt(book, rate, clock.epoch);
                return Ok(0);
            }
            Err(Fault::NotThisSource) => {}
            Err(reason) => fault = reason,
        }
    }
    Ok(fault.code())
}

/// Growth beyond what staking can earn is believed slowly; a fall at once.
fn adopt(book: &mut RiskBook, proposed: u64, epoch: u64) {
    let staked = &mut book.staked;
    if staked.rate == 0 {
        (staked.rate, staked.rate_epoch, staked.rate_limited) = (proposed, epoch, 0);
        return;
    }
    let epochs = epoch.saturating_sub(staked.rate_epoch);
    let bounded = bounded_rate(staked.rate, proposed, epochs, u64::from(staked.max_growth));
    if bounded.rate != staked.rate {
        staked.rate = bounded.rate;
        staked.rate_epoch = epoch;
    }
    staked.rate_limited = u8::from(bounded.limited);
}
