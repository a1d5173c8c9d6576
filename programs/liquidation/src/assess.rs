//! What an account is worth, what it needs, and what a slice of it costs right now. The keeper plans
//! its bids with these functions.

use {
    crate::{
        error::LiquidationError,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Breakdown, Kind, PPM, Scratch,
        auction::{AuctionParams, PPB, max_fraction, solvent_price},
    },
    margin_pool::{
        margin::{BookParts, Books, RiskAccounts, Snapshot, bit},
        state::{MarginAccount, Pool},
    },
};

/// An account as liquidation looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Equity and maintenance requirement.
    pub state: Breakdown,
    /// Of the most volatile underlying that moves it, over its floor, ppm.
    pub volatility: u64,
}

/// Refuses prices that liquidation may not use.
pub fn look<B: BookParts>(
    pool: &Pool,
    account: &MarginAccount,
    books: &Books<B>,
    scratch: &mut Scratch,
) -> Result<Look> {
    books.require_usable_in_liquidation()?;
    let snapshot = Snapshot::in_liquidation(pool, account, books)?;
    let state = snapshot.evaluate(pool, books, Kind::Maintenance, scratch)?;
    let moves_it = |index: u8| snapshot.exposed & bit(index) != 0;
    let exposed = books.list.iter().filter(|l| moves_it(l.index));
    let volatility = exposed.map(|l| l.book.header().volatility_over_floor());
    Ok(Look {
        state,
        volatility: volatility.max().unwrap_or(PPM),
    })
}

/// [`look`] on chain.
pub(crate) fn look_at<'info>(
    pool: &AccountLoader<'info, Pool>,
    account: &AccountLoader<'info, MarginAccount>,
    remaining: &'info [AccountInfo<'info>],
) -> Result<Look> {
    let pool = pool.load()?;
    let risk = RiskAccounts::load(&pool, remaining)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    let account = account.load()?;
    look(&pool, &account, &books, &mut Scratch::new())
}

/// Brings an auction to `now`: its clocks, what it may cost the fund, and how fast its clocks run from here on.
pub fn observe(
    config: &LiquidationConfig,
    auction: &mut Auction,
    fund: &mut InsuranceFund,
    insurance: i64,
    look: &Look,
    now: i64,
) {
    let before = auction.observe(look.state.equity, look.state.requirement, now);
    fund.replace(before, auction.open);
    let insurance = u64::try_from(insurance).unwrap_or(0);
    let pace = config.params.pace();
    auction.pace = pace.pace(look.volatility, fund.open_shortfall, insurance);
}

/// [`observe`] on the accounts of an instruction.
pub(crate) fn observe_now(
    config: &AccountLoader<LiquidationConfig>,
    auction: &AccountLoader<Auction>,
    fund: &AccountLoader<InsuranceFund>,
    pool: &AccountLoader<Pool>,
    look: &Look,
) -> Result<()> {
    let insurance = pool.load()?.ledger.insurance;
    observe(
        &*config.load()?,
        &mut *auction.load_mut()?,
        &mut *fund.load_mut()?,
        insurance,
        look,
        Clock::get()?.unix_timestamp,
    );
    Ok(())
}

/// What a bid would get and pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Parts per billion of what is for sale; zero when the account is at its buffer.
    pub fraction: u64,
    /// Positive: the bidder pays. Negative: the bidder is paid. Micro-USD.
    pub payment: i64,
    /// How much of what the bidder is paid the account lacks, micro-USD; for the rest there is the insurance fund alone.
    pub shortfall: i64,
    /// Price over value, ppb; zero for an insolvent account.
    pub discount: u64,
}

/// The largest slice on offer, cut down to `limit` parts per billion.
///
/// `auction` must have observed `equity` already. Payments round against the bidder.
pub fn offer(
    params: &AuctionParams,
    auction: &Auction,
    equity: i64,
    maintenance: i64,
    limit: u64,
) -> Result<Offer> {
    let buffer_margin = params
        .buffer_margin(equity, maintenance)
        .map_err(LiquidationError::from)?;
    let elapsed = auction.elapsed();
    if buffer_margin >= 0 {
        return Ok(Offer {
            fraction: 0,
            payment: 0,
            shortfall: 0,
            discount: params.discount(elapsed),
        });
    }
    let (whole, discount, most) = if equity > 0 {
        let discount = params.discount(elapsed);
        let price =
            solvent_price(equity, auction.reserved, discount).map_err(LiquidationError::from)?;
        (
            price,
            discount,
            max_fraction(buffer_margin, equity, auction.reserved, discount),
        )
    } else {
        let price = params
            .insolvent_price(equity, maintenance, elapsed)
            .map_err(LiquidationError::from)?;
        (price, 0, PPB)
    };
    let fraction = most.min(limit);
    // Up: a bidder pays at least, and is paid at most, the exact share.
    let payment = part_up(whole, fraction)?;
    let lacking = part_up(equity.min(0), fraction)?;
    Ok(Offer {
        fraction,
        payment,
        shortfall: lacking.checked_neg().ok_or(LiquidationError::Overflow)?,
        discount,
    })
}

/// `amount x fraction`, rounded up.
fn part_up(amount: i64, fraction: u64) -> Result<i64> {
    let ppb = i128::from(PPB);
    let share = i128::from(amount) * i128::from(fraction);
    let up = share.div_euclid(ppb) + i128::from(share.rem_euclid(ppb) != 0);
    i64::try_from(up).map_err(|_| LiquidationError::Overflow.into())
}
