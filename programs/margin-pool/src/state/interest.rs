use {
    super::Wide,
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::interest::{Balance, INDEX_BITS, Indices, InterestParams},
};

/// Interest between lenders (cash above zero) and borrowers (below): indices, and the sums over all accounts that
/// say to the last bit what is owed and not yet taken. See [`cep_risk::interest`].
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Interest {
    /// 2⁻⁴⁸ per unit of cash.
    pub lenders: i64,
    pub borrowers: i64,
    /// Sums of what bears interest of the cash of all accounts above and below zero ([`Balance::principal`]), as stored
    /// there, both positive. Micro-USD.
    pub lent: i64,
    pub borrowed: i64,
    /// Sums of that without its sign times the index at which it last took interest.
    pub lent_entries: Wide,
    pub borrowed_entries: Wide,
    /// Unix seconds.
    pub updated_at: i64,
    /// Sum of the interest in the cash of all accounts that bears none. Micro-USD, positive above what borrowers owe of it.
    pub taken: i64,
}

impl Interest {
    #[must_use]
    pub const fn indices(&self) -> Indices {
        Indices {
            lenders: self.lenders,
            borrowers: self.borrowers,
        }
    }

    /// The indices as they are at `now`, for a reader.
    pub fn at(&self, params: &InterestParams, now: i64) -> Result<Indices> {
        let seconds = u64::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        // Neither sum is ever below zero.
        let sums = (self.lent.unsigned_abs(), self.borrowed.unsigned_abs());
        let after = self.indices().after(params, sums, seconds);
        Ok(after.map_err(MarginPoolError::from)?)
    }

    /// Brings the indices to `now`.
    pub fn accrue(&mut self, params: &InterestParams, now: i64) -> Result<()> {
        let after = self.at(params, now)?;
        (self.lenders, self.borrowers) = (after.lenders, after.borrowers);
        self.updated_at = now.max(self.updated_at);
        Ok(())
    }

    /// One account's cash goes from `before`, which took interest at index `entry`, to `after` at the present index.
    pub fn replace(&mut self, (before, entry): (Balance, i64), after: Balance) -> Result<()> {
        self.count(before.principal(), entry, -1)?;
        let principal = after.principal();
        self.count(principal, self.indices().of(principal), 1)?;
        self.taken = super::add(self.taken, super::sub(after.interest, before.interest)?)?;
        Ok(())
    }

    fn count(&mut self, cash: i64, entry: i64, sign: i64) -> Result<()> {
        let size = i64::try_from(cash.unsigned_abs()).map_err(|_| MarginPoolError::Overflow)?;
        let (sum, entries) = if cash < 0 {
            (&mut self.borrowed, &mut self.borrowed_entries)
        } else {
            (&mut self.lent, &mut self.lent_entries)
        };
        // The sign is one or minus one, sizes are below 2⁶³.
        *sum = super::add(*sum, sign * size)?;
        entries.add(i128::from(sign * size) * i128::from(entry))
    }

    /// Interest that the pool has earned when `taken` of it (the ledger's pot) has been taken: what borrowers still owe
    /// less what lenders are still owed, and the pot. In 2⁻⁴⁸ micro-USD, exact.
    fn earned_exact(&self, taken: i64) -> Option<i128> {
        let owed = |sum: i64, index: i64, entries: Wide| {
            i128::from(sum)
                .checked_mul(i128::from(index))?
                .checked_sub(entries.get())
        };
        let by_borrowers = owed(self.borrowed, self.borrowers, self.borrowed_entries)?;
        let to_lenders = owed(self.lent, self.lenders, self.lent_entries)?;
        let pot = i128::from(taken).checked_mul(1 << INDEX_BITS)?;
        pot.checked_add(by_borrowers)?.checked_sub(to_lenders)
    }

    /// What of the pot is the pool's own, micro-USD, rounded down: never more than is in it.
    pub fn earned(&self, taken: i64) -> Result<i64> {
        let exact = self.earned_exact(taken).ok_or(MarginPoolError::Overflow)?;
        let whole = i64::try_from(exact >> INDEX_BITS).map_err(|_| MarginPoolError::Overflow)?;
        Ok(whole.min(taken).max(0))
    }

    /// What borrowers owe always covers what lenders are owed, and cash sums with the ledger's.
    pub fn invariant(&self, cash: i64, taken: i64) -> Result<()> {
        let sums = self.lent >= 0
            && self.borrowed >= 0
            && self.lent.checked_sub(self.borrowed) == cash.checked_sub(self.taken);
        require!(sums, MarginPoolError::LedgerImbalance);
        let earned = self.earned_exact(taken).ok_or(MarginPoolError::Overflow)?;
        require!(earned >= 0, MarginPoolError::LedgerImbalance);
        Ok(())
    }
}

const _: () = assert!(size_of::<Interest>() == 4 * 8 + 2 * 16 + 2 * 8);
