//! What an account is worth, what it needs, and what a slice of it costs right now. The keeper plans
//! its bids with these functions.

use {
    crate::{error::LiquidationError, state::Auction},
    anchor_lang::prelude::*,
    cep_risk::auction::{AuctionParams, PPB, max_fraction, solvent_price},
};

/// What a bid would get and pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Parts per billion of what is for sale; zero when the account is at its buffer.
    pub fraction: u64,
    /// Positive: the bidder pays. Negative: the insurance fund pays the bidder. Micro-USD.
    pub payment: i64,
    /// Price over value, ppb; zero for an insolvent account.
    pub discount: u64,
}

/// The largest slice on offer now, cut down to `limit` parts per billion.
///
/// `auction` must have observed `equity` already. Payments round against the bidder.
pub fn offer(
    params: &AuctionParams,
    auction: &Auction,
    equity: i64,
    maintenance: i64,
    now: i64,
    limit: u64,
) -> Result<Offer> {
    let buffer_margin = params
        .buffer_margin(equity, maintenance)
        .map_err(LiquidationError::from)?;
    let elapsed = auction.elapsed(now);
    if buffer_margin >= 0 {
        return Ok(Offer {
            fraction: 0,
            payment: 0,
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
    let share = i128::from(whole) * i128::from(fraction);
    let ppb = i128::from(PPB);
    let payment = share.div_euclid(ppb) + i128::from(share.rem_euclid(ppb) != 0);
    let payment = i64::try_from(payment).map_err(|_| LiquidationError::Overflow)?;
    Ok(Offer {
        fraction,
        payment,
        discount,
    })
}
