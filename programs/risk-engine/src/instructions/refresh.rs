use {
    crate::{
        error::RiskEngineError,
        events::PriceRefreshed,
        seeds,
        state::{RiskBook, RiskConfig, RiskParams},
    },
    anchor_lang::prelude::*,
    cep_risk::{PPM, ewma, units::MAX_PRICE},
    pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, VerificationLevel},
};

#[derive(Accounts)]
pub struct Refresh<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut, has_one = config)]
    pub book: AccountLoader<'info, RiskBook>,
    /// Owner (the Pyth receiver) and discriminator are checked by the account type, the rest below.
    pub price_update: Account<'info, PriceUpdateV2>,
}

pub(crate) fn handler(ctx: Context<Refresh>) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut book = ctx.accounts.book.load_mut()?;
    let clock = Clock::get()?;
    let quote = read_pyth(
        &ctx.accounts.price_update,
        &book,
        &config.params,
        clock.unix_timestamp,
    )?;

    fold_volatility(&mut book, &quote, &config.params)?;
    book.price = quote.price;
    book.confidence = quote.confidence;
    book.publish_time = quote.publish_time;
    book.refreshed_slot = clock.slot;
    book.max_price_age = config.params.max_price_age;
    emit!(PriceRefreshed {
        book: ctx.accounts.book.key(),
        price: book.price,
        confidence: book.confidence,
        publish_time: book.publish_time,
        variance: book.variance,
    });
    book.invariant()
}

/// A price that passed every check, in this project's units.
struct Quote {
    price: u64,
    confidence: u64,
    publish_time: i64,
}

fn read_pyth(
    update: &PriceUpdateV2,
    book: &RiskBook,
    params: &RiskParams,
    now: i64,
) -> Result<Quote> {
    let message = &update.price_message;
    require!(message.feed_id == book.feed_id, RiskEngineError::WrongFeed);
    require!(
        update.verification_level == VerificationLevel::Full,
        RiskEngineError::PriceNotVerified
    );
    // Parameters are bounded by RiskParams::check, so both fit an i64.
    let age = i64::try_from(params.max_price_age).map_err(|_| RiskEngineError::Overflow)?;
    let skew = i64::try_from(params.max_clock_skew).map_err(|_| RiskEngineError::Overflow)?;
    let time = message.publish_time;
    require!(
        time.saturating_add(age) >= now,
        RiskEngineError::PriceTooOld
    );
    require!(
        time <= now.saturating_add(skew),
        RiskEngineError::PriceFromFuture
    );
    require!(time > book.publish_time, RiskEngineError::PriceNotNewer);

    let price = u64::try_from(message.price).map_err(|_| RiskEngineError::PriceOutOfRange)?;
    let price = to_micro(price, message.exponent, Round::Down)?;
    let confidence = to_micro(message.conf, message.exponent, Round::Up)?;
    require!(
        (1..=MAX_PRICE).contains(&price),
        RiskEngineError::PriceOutOfRange
    );
    // price <= 2⁴⁴ and max_confidence <= 10⁵: no overflow in 128 bits.
    require!(
        u128::from(confidence) * u128::from(PPM)
            <= u128::from(price) * u128::from(params.max_confidence),
        RiskEngineError::PriceTooUncertain
    );
    Ok(Quote {
        price,
        confidence,
        publish_time: time,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Down,
    Up,
}

/// `mantissa x 10^exponent` USD in micro-USD.
fn to_micro(mantissa: u64, exponent: i32, round: Round) -> Result<u64> {
    let shift = exponent
        .checked_add(6)
        .ok_or(RiskEngineError::PriceOutOfRange)?;
    let power = 10u64
        .checked_pow(shift.unsigned_abs())
        .ok_or(RiskEngineError::PriceOutOfRange)?;
    let micro = if shift >= 0 {
        mantissa
            .checked_mul(power)
            .ok_or(RiskEngineError::PriceOutOfRange)?
    } else if round == Round::Up {
        mantissa.div_ceil(power)
    } else {
        mantissa / power
    };
    Ok(micro)
}

/// Takes a volatility sample when enough time has passed since the last one.
fn fold_volatility(book: &mut RiskBook, quote: &Quote, params: &RiskParams) -> Result<()> {
    if book.sample_price == 0 {
        book.sample_price = quote.price;
        book.sample_time = quote.publish_time;
        return Ok(());
    }
    let elapsed = u64::try_from(quote.publish_time.saturating_sub(book.sample_time)).unwrap_or(0);
    if elapsed < params.volatility_interval {
        return Ok(());
    }
    book.variance = ewma::update(
        book.variance,
        book.sample_price,
        quote.price,
        elapsed,
        params.volatility_tau,
    )
    .map_err(RiskEngineError::from)?;
    book.sample_price = quote.price;
    book.sample_time = quote.publish_time;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_exact_and_round_against_the_reader() {
        assert_eq!(
            to_micro(7_306_762_000_000, -8, Round::Down).ok(),
            Some(73_067_620_000)
        );
        assert_eq!(to_micro(199, -8, Round::Down).ok(), Some(1));
        assert_eq!(to_micro(199, -8, Round::Up).ok(), Some(2));
        assert_eq!(to_micro(5, 0, Round::Down).ok(), Some(5_000_000));
        assert_eq!(to_micro(5, -6, Round::Up).ok(), Some(5));
        assert!(to_micro(u64::MAX, 3, Round::Down).is_err());
        assert!(to_micro(1, i32::MAX, Round::Down).is_err());
        assert!(to_micro(1, i32::MIN, Round::Down).is_err());
    }
}
