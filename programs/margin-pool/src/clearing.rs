//! The moves that every way of trading shares. Each is zero-sum, so the books balance by construction;
//! the invariants check it all the same.

use {
    crate::{
        error::MarginPoolError,
        state::{Ledger, MarginAccount, Market, add},
    },
    anchor_lang::prelude::*,
    cep_risk::{Price, Quantity},
};

/// Gives `base` and `quote` of a perpetual to `to` and takes them from `from`.
pub fn exchange(
    market: &mut Market,
    to: &mut MarginAccount,
    from: &mut MarginAccount,
    base: i64,
    quote: i64,
) -> Result<()> {
    let (minus_base, minus_quote) = (
        base.checked_neg().ok_or(MarginPoolError::Overflow)?,
        quote.checked_neg().ok_or(MarginPoolError::Overflow)?,
    );
    for (account, base, quote) in [(to, base, quote), (from, minus_base, minus_quote)] {
        let position = account.perpetual_mut(market.index)?;
        let before = position.base;
        position.add(base, quote)?;
        let after = position.base;
        position.free_if_empty();
        market.replace_base(before, after)?;
    }
    Ok(())
}

/// Moves one position's profit or loss at `mark` into cash and returns what the account received
/// (negative: paid). A loss is paid in full, into borrowing if need be; a profit draws what losers paid
/// in so far. Equity does not change.
pub fn settle(
    ledger: &mut Ledger,
    market: &mut Market,
    account: &mut MarginAccount,
    mark: Price,
) -> Result<i64> {
    let Some(position) = account.perpetual(market.index) else {
        return Ok(0);
    };
    let value = Quantity(position.base)
        .at(mark)
        .floor_micro_usd()
        .map_err(MarginPoolError::from)?;
    let unrealised = add(value, position.quote)?;
    let amount = unrealised.min(market.unsettled);
    if amount == 0 {
        return Ok(0);
    }
    let minus = amount.checked_neg().ok_or(MarginPoolError::Overflow)?;
    let position = account.perpetual_mut(market.index)?;
    position.add(0, minus)?;
    position.free_if_empty();
    account.cash = add(account.cash, amount)?;
    market.quote = add(market.quote, minus)?;
    market.unsettled = add(market.unsettled, minus)?;
    ledger.cash = add(ledger.cash, amount)?;
    ledger.unsettled = add(ledger.unsettled, minus)?;
    Ok(amount)
}

/// Takes a fee out of an account's cash.
pub fn charge(ledger: &mut Ledger, account: &mut MarginAccount, fee: i64) -> Result<()> {
    let minus = fee.checked_neg().ok_or(MarginPoolError::Overflow)?;
    account.cash = add(account.cash, minus)?;
    ledger.cash = add(ledger.cash, minus)?;
    ledger.fees = add(ledger.fees, fee)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    struct House {
        ledger: Ledger,
        market: Market,
        winner: MarginAccount,
        loser: MarginAccount,
    }

    fn house() -> House {
        let mut ledger = Ledger::zeroed();
        let (mut winner, mut loser) = (MarginAccount::zeroed(), MarginAccount::zeroed());
        for account in [&mut winner, &mut loser] {
            account.cash = 1_000;
            ledger.cash += 1_000;
            ledger.vault += 1_000;
        }
        let mut market = Market::zeroed();
        exchange(&mut market, &mut winner, &mut loser, 1_000_000, -500).unwrap();
        House {
            ledger,
            market,
            winner,
            loser,
        }
    }

    #[test]
    fn losers_pay_before_winners_draw_and_equity_is_unchanged() {
        let mut h = house();
        let mark = Price::new(700).unwrap();
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.winner, mark).unwrap(),
            0
        );
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.loser, mark).unwrap(),
            -200
        );
        assert_eq!((h.loser.cash, h.market.unsettled), (800, 200));
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.winner, mark).unwrap(),
            200
        );
        assert_eq!((h.winner.cash, h.market.unsettled), (1_200, 0));
        assert!(h.market.invariant().is_ok() && h.ledger.invariant().is_ok());
    }

    #[test]
    fn a_loss_beyond_cash_is_borrowed_not_forgiven() {
        let mut h = house();
        let mark = Price::new(2_500).unwrap();
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.loser, mark).unwrap(),
            -2_000
        );
        assert_eq!(h.loser.cash, -1_000);
        assert!(h.market.invariant().is_ok() && h.ledger.invariant().is_ok());
    }

    #[test]
    fn closing_at_a_profit_leaves_a_claim_that_is_paid_when_the_loser_pays() {
        let mut h = house();
        exchange(&mut h.market, &mut h.loser, &mut h.winner, 1_000_000, -700).unwrap();
        assert_eq!((h.market.open_long, h.market.open_short), (0, 0));
        let mark = Price::new(1).unwrap();
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.loser, mark).unwrap(),
            -200
        );
        assert_eq!(
            settle(&mut h.ledger, &mut h.market, &mut h.winner, mark).unwrap(),
            200
        );
        assert!(h.winner.perpetual(0).is_none() && h.loser.perpetual(0).is_none());
        assert_eq!((h.winner.cash, h.loser.cash), (1_200, 800));
        assert!(h.market.invariant().is_ok() && h.ledger.invariant().is_ok());
    }
}
