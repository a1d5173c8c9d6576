use {crate::error::MarginPoolError, anchor_lang::prelude::*};

/// The pool's quote currency, by whose it is. Micro-USD. `cash + insurance + fees + unsettled + interest` less what cash
/// lost to defaults and does not know of yet (`Pool.losses.due`, `Pool.held.due`) equals `vault` to the unit after every instruction.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Ledger {
    /// Sum of the cash of all margin accounts; negative balances (loans) count negative.
    pub cash: i64,
    /// The insurance fund.
    pub insurance: i64,
    /// Fees earned and not yet swept.
    pub fees: i64,
    /// Losses paid in by losing positions and not yet drawn by winning ones.
    pub unsettled: i64,
    /// Interest taken from borrowers less interest given to lenders. Negative while lenders have taken theirs before
    /// borrowers were charged; what is still to be charged covers it, see [`Interest::invariant`].
    pub interest: i64,
    /// What went into the quote vault less what left it. Gifts sent straight to the vault are not
    /// counted, so the vault itself may hold more, never less.
    pub vault: i64,
}

impl Ledger {
    /// Tokens came into the vault for one of the pots.
    pub fn receive(&mut self, amount: u64) -> Result<i64> {
        let amount = i64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
        self.vault = add(self.vault, amount)?;
        Ok(amount)
    }

    /// Tokens leave the vault. Only what is not set aside for insurance, fees and unsettled profits may leave.
    pub fn release(&mut self, amount: u64) -> Result<i64> {
        let amount = i64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
        let set_aside = add(add(self.insurance, self.fees)?, self.unsettled)?;
        let available = sub(self.vault, set_aside)?;
        require!(amount <= available, MarginPoolError::VaultIlliquid);
        self.vault = add(self.vault, -amount)?;
        Ok(amount)
    }

    /// Fees leave the vault. What is lent out is not there to be paid.
    pub fn pay_fees(&mut self, amount: u64) -> Result<()> {
        let amount = i64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
        let set_aside = add(self.insurance, self.unsettled)?;
        require!(
            amount <= self.vault.saturating_sub(set_aside),
            MarginPoolError::VaultIlliquid
        );
        self.fees = add(self.fees, -amount)?;
        self.vault = add(self.vault, -amount)?;
        Ok(())
    }

    /// Money of the insurance fund leaves the vault. What is lent out is not there to be paid, and unsettled profits come first.
    pub fn pay_insurance(&mut self, amount: u64) -> Result<()> {
        let amount = i64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
        require!(
            amount <= self.insurance,
            MarginPoolError::InsuranceExhausted
        );
        require!(
            amount <= self.vault.saturating_sub(self.unsettled),
            MarginPoolError::VaultIlliquid
        );
        self.insurance = sub(self.insurance, amount)?;
        self.vault = sub(self.vault, amount)?;
        Ok(())
    }

    /// Conservation, to the unit. `due`: shared losses that are still in the accounts' cash.
    pub fn invariant(&self, due: i64) -> Result<()> {
        let owned = add(
            add(self.cash, self.insurance)?,
            add(add(self.fees, self.unsettled)?, self.interest)?,
        )?;
        require!(
            sub(owned, due)? == self.vault,
            MarginPoolError::LedgerImbalance
        );
        require!(
            self.insurance >= 0 && self.fees >= 0 && self.unsettled >= 0 && self.vault >= 0,
            MarginPoolError::LedgerImbalance
        );
        Ok(())
    }
}

/// Checked sum with this program's error.
pub fn add(a: i64, b: i64) -> Result<i64> {
    a.checked_add(b)
        .ok_or_else(|| MarginPoolError::Overflow.into())
}

/// Checked difference with this program's error.
pub fn sub(a: i64, b: i64) -> Result<i64> {
    a.checked_sub(b)
        .ok_or_else(|| MarginPoolError::Overflow.into())
}

/// Checked opposite with this program's error.
pub fn negative(amount: i64) -> Result<i64> {
    sub(0, amount)
}

const _: () = assert!(size_of::<Ledger>() == 48);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conservation_is_exact_and_pots_never_go_negative() {
        let balanced = Ledger {
            cash: -5,
            insurance: 10,
            fees: 1,
            unsettled: 3,
            interest: 1,
            vault: 10,
        };
        assert!(balanced.invariant(0).is_ok() && balanced.invariant(1).is_err());
        assert!(
            Ledger {
                vault: 11,
                ..balanced
            }
            .invariant(0)
            .is_err()
        );
        assert!(
            Ledger {
                fees: -1,
                cash: -3,
                ..balanced
            }
            .invariant(0)
            .is_err()
        );
    }

    #[test]
    fn money_set_aside_cannot_be_withdrawn() {
        let mut ledger = Ledger {
            cash: 100,
            insurance: 50,
            fees: 5,
            unsettled: 45,
            interest: 0,
            vault: 200,
        };
        assert!(ledger.release(101).is_err());
        assert_eq!(ledger.release(100).ok(), Some(100));
        assert_eq!(ledger.vault, 100);
    }

    #[test]
    fn the_fund_pays_what_it_has_and_what_is_neither_lent_out_nor_a_profit() {
        let ledger = Ledger {
            cash: -30,
            insurance: 50,
            fees: 5,
            unsettled: 45,
            interest: 0,
            vault: 70,
        };
        assert!(ledger.invariant(0).is_ok());
        let pay = |amount| {
            let mut after = ledger;
            after.pay_insurance(amount).map(|()| after)
        };
        assert_eq!(pay(51), err!(MarginPoolError::InsuranceExhausted));
        assert_eq!(pay(26), err!(MarginPoolError::VaultIlliquid));
        let after = pay(25).unwrap_or(ledger);
        assert_eq!((after.insurance, after.vault), (25, 45));
        assert!(after.invariant(0).is_ok());
    }
}
