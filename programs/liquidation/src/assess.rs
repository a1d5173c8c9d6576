//! What an account is worth, what it needs, and what a slice of it costs right now. The keeper plans
//! its bids with these functions.

use {
    crate::{
        error::LiquidationError,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig, Readings},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        Breakdown, Kind, PPM, Scratch,
        auction::{AuctionParams, PPB, max_fraction, solvent_price},
    },
    margin_pool::{
        clearing::tranche_left,
        margin::{BookParts, Books, RiskAccounts, Snapshot, bit},
        program::MarginPool,
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
    /// Of all underlyings that move it.
    pub readings: Readings,
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
        readings: Readings::of(books, snapshot.exposed),
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
) -> Result<()> {
    let (rules, state) = (config.params.arithmetic(), &look.state);
    let before = auction
        .observe(
            &rules,
            (state.equity, state.requirement),
            &look.readings,
            now,
        )
        .map_err(LiquidationError::from)?;
    fund.replace(before, auction.open);
    let insurance = u64::try_from(insurance).unwrap_or(0);
    let pace = config.params.pace();
    auction.pace = pace.pace(look.volatility, fund.open_shortfall, insurance);
    Ok(())
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
    )
}

/// By how much accounts in auction owe more than they have beyond what the fund may pay for one market, micro-USD, rounded up.
#[must_use]
pub fn visible_shortfall(config: &LiquidationConfig, fund: &InsuranceFund, insurance: i64) -> u64 {
    let tranche = tranche_left(insurance, 0, config.params.tranche);
    fund.open_shortfall.saturating_sub(tranche.unsigned_abs())
}

/// What [`report`] needs of an instruction.
pub(crate) struct Reporter<'a, 'info> {
    pub config: &'a AccountLoader<'info, LiquidationConfig>,
    pub fund: &'a AccountLoader<'info, InsuranceFund>,
    pub pool: &'a AccountLoader<'info, Pool>,
    pub authority: &'a UncheckedAccount<'info>,
    pub program: &'a Program<'info, MarginPool>,
}

impl Reporter<'_, '_> {
    /// Tells the pool what shortfall is visible now: last of all that an instruction does to an auction. So nobody takes cash
    /// out of the pool without its share of a loss that everybody sees coming.
    pub(crate) fn report(&self) -> Result<()> {
        let (shortfall, bump) = {
            let (config, pool) = (self.config.load()?, self.pool.load()?);
            let visible = visible_shortfall(&config, &*self.fund.load()?, pool.ledger.insurance);
            if u64::try_from(pool.visible_shortfall) == Ok(visible) {
                return Ok(());
            }
            (visible, [config.authority_bump])
        };
        let signer: &[&[&[u8]]] = &[&[seeds::AUTHORITY, &bump]];
        let call = margin_pool::cpi::accounts::ReportShortfall {
            pool: self.pool.to_account_info(),
            liquidation_authority: self.authority.to_account_info(),
        };
        let cpi = CpiContext::new_with_signer(self.program.key(), call, signer);
        margin_pool::cpi::report_shortfall(cpi, shortfall)
    }
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
