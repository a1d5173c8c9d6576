//! Whether a leg may go: what it is worth, and whether a slice would cost the account less.

use {
    crate::{
        error::LiquidationError,
        state::{Auction, AuctionParams},
    },
    anchor_lang::prelude::*,
    cep_risk::{Breakdown, PPM, Quantity, auction::max_fraction},
    margin_pool::{
        clearing::{Asset, mark_of},
        error::MarginPoolError,
        margin::{BookParts, Books},
        state::{MarginAccount, Pool},
        transfer_leg::Taking,
    },
};

/// What is taken is worth by itself, micro-USD, rounded up: a position's part at its mark, without what it has won or lost so
/// far, which stays with the account; a token at the index, its weight aside.
pub fn fair_value<B: BookParts>(
    pool: &Pool,
    account: &MarginAccount,
    books: &Books<B>,
    taking: &Taking,
) -> Result<i64> {
    let exact = match *taking {
        Taking::Position { slot, base } => {
            let position = account.positions.get(usize::from(slot));
            let position = position.ok_or(MarginPoolError::PositionNotFound)?;
            let asset = Asset::held(position)?;
            let book = &books.listed(asset.underlying)?.book;
            Quantity(base).times_micro(mark_of(position, book, books.now)?)
        }
        Taking::Collateral { slot, amount } => {
            let listed = pool.collateral(usize::from(slot))?;
            let price = books.get(listed.underlying)?.price;
            let quantity = listed.tokens(amount)?;
            Quantity(quantity).times_micro(price)
        }
    };
    Ok(exact.ceil_micro_usd().map_err(MarginPoolError::from)?)
}

/// By how much the roundings of a leg and of two states may differ, micro-USD.
const LEG_ROUNDING: i128 = 3;

/// An account's margin to its buffer before a leg is taken, and what a slice would cost it to restore that.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    params: AuctionParams,
    /// Negative.
    before: i64,
    /// What the account gives a bidder for restoring all of it, micro-USD.
    slice_cost: i64,
}

impl Comparison {
    /// Refuses an account that is at its buffer, and one that owes more than it has.
    pub fn new(params: &AuctionParams, auction: &Auction, state: &Breakdown) -> Result<Self> {
        require!(state.equity > 0, LiquidationError::LegOfInsolvent);
        let rules = params.arithmetic();
        let before = rules
            .buffer_margin(state.equity, state.requirement)
            .map_err(LiquidationError::from)?;
        require!(before < 0, LiquidationError::AccountRecovered);
        let discount = rules.discount(auction.elapsed());
        let fraction = max_fraction(before, state.equity, auction.reserved, discount);
        let for_sale = i128::from(state.equity) - i128::from(auction.reserved);
        let ppb = i128::from(cep_risk::auction::PPB);
        // Below 2⁶⁴ x 2³⁰ x 2³⁰, rounded down: the slice is not made to look dearer than it is.
        let cost =
            for_sale.max(0) * i128::from(fraction) / ppb * (ppb - i128::from(discount)) / ppb;
        Ok(Self {
            params: *params,
            before,
            slice_cost: i64::try_from(cost).map_err(|_| LiquidationError::Overflow)?,
        })
    }

    /// What the account gives up is no more than the published part of what the leg is worth.
    pub fn require_bounded(&self, cost: i64, fair: i64) -> Result<()> {
        let most = u128::from(fair.unsigned_abs()) * u128::from(self.params.leg_discount);
        let given = u128::from(cost.max(0).unsigned_abs()) * u128::from(PPM);
        require!(given <= most, LiquidationError::LegDiscountTooLarge);
        Ok(())
    }

    /// The account's equity fell by no more than the leg was priced at, as the states before and after it say: a check of what
    /// was moved that knows nothing of how.
    pub fn require_priced(cost: i64, before: &Breakdown, after: &Breakdown) -> Result<()> {
        let given_up = i128::from(before.equity) - i128::from(after.equity);
        // Equity is rounded down once in each state, the price of the leg once.
        require!(
            given_up <= i128::from(cost) + LEG_ROUNDING,
            LiquidationError::EquityMismatch
        );
        Ok(())
    }

    /// Margin was restored, at less cost for each part of it than a slice's, and not beyond the buffer's own size. Returns the
    /// margin to the buffer before and after.
    pub fn require_better(&self, cost: i64, after: &Breakdown) -> Result<(i64, i64)> {
        let margin = self
            .params
            .arithmetic()
            .buffer_margin(after.equity, after.requirement)
            .map_err(LiquidationError::from)?;
        let gained = i128::from(margin) - i128::from(self.before);
        let by_slice = gained * i128::from(self.slice_cost);
        let by_leg = i128::from(self.before.unsigned_abs()) * i128::from(cost);
        // At equal cost a slice is as good, and leaves the mix as it is.
        let better = gained > 0 && (by_leg < by_slice || cost <= 0);
        require!(better, LiquidationError::LegNotBetter);
        let buffer = i128::from(after.requirement) * i128::from(self.params.buffer);
        require!(
            i128::from(margin) * i128::from(PPM) <= buffer,
            LiquidationError::LegTooLarge
        );
        Ok((self.before, margin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(equity: i64, requirement: i64) -> Breakdown {
        Breakdown {
            equity,
            requirement,
            ..Breakdown::default()
        }
    }

    fn comparison() -> Comparison {
        let params = AuctionParams {
            start: 950_000_000,
            buffer: 150_000,
            leg_discount: 20_000,
            fast_seconds: 1,
            slow_seconds: 1,
            ..bytemuck::Zeroable::zeroed()
        };
        let auction: Auction = bytemuck::Zeroable::zeroed();
        Comparison::new(&params, &auction, &state(1_000, 1_200)).unwrap()
    }

    #[test]
    fn a_slice_is_the_measure() {
        // To the buffer 380 are missing; f = 380 / (380 + 950), and of 1,000 x f a twentieth is given away.
        let c = comparison();
        assert_eq!((c.before, c.slice_cost), (-380, 14));
        // Half of it restored: 7 is as good as a slice, 6 is better.
        let half = state(1_000 - 6, 1_029);
        assert!(c.require_better(7, &half).is_err());
        assert_eq!(c.require_better(6, &half).unwrap(), (-380, -190));
        assert!(c.require_better(0, &state(1_000, 1_200)).is_err());
        assert!(c.require_better(0, &state(1_000, 1_201)).is_err());
    }

    #[test]
    fn a_leg_stops_at_the_buffer_and_is_taken_near_its_mark() {
        let c = comparison();
        assert!(c.require_better(1, &state(1_000, 769)).is_ok());
        assert!(c.require_better(1, &state(1_000, 760)).is_err());
        assert!(c.require_bounded(20, 1_000).is_ok() && c.require_bounded(21, 1_000).is_err());
        assert!(c.require_bounded(20, -1_000).is_ok() && c.require_bounded(-500, 10).is_ok());
    }

    #[test]
    fn an_account_gives_up_no_more_than_the_leg_is_priced_at() {
        let priced = |cost, left| {
            Comparison::require_priced(cost, &state(1_000, 1), &state(left, 1)).is_ok()
        };
        assert!(priced(20, 980) && priced(20, 977) && priced(20, 1_050));
        assert!(!priced(20, 976) && !priced(0, 500));
        // A liquidator that pays more than it is worth pays all of it.
        assert!(priced(-20, 1_020) && !priced(-20, 1_010));
    }

    #[test]
    fn an_insolvent_or_recovered_account_gives_no_legs() {
        let (params, auction) = (comparison().params, bytemuck::Zeroable::zeroed());
        assert!(Comparison::new(&params, &auction, &state(0, 10)).is_err());
        assert!(Comparison::new(&params, &auction, &state(1_150, 1_000)).is_err());
    }
}
