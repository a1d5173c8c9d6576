use {super::Open, crate::error::LiquidationError, anchor_lang::prelude::*};

/// Books of the insurance fund. PDA `[seeds::FUND]`. Its money lies in the pool's vault
/// (`Pool.ledger.insurance`), which equals `deposited - paid_out`.
#[account(zero_copy)]
#[repr(C)]
pub struct InsuranceFund {
    pub pool: Pubkey,
    /// Ever put in, micro-USD.
    pub deposited: u64,
    /// Ever paid to bidders for insolvent accounts, micro-USD.
    pub paid_out: u64,
    /// By how much accounts in auction owe more than they have, as last seen, micro-USD.
    pub open_shortfall: u64,
    /// The most that their auctions may still draw, as last seen, micro-USD.
    pub open_claims: u64,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 6],
    pub reserved: [u8; 240],
}

impl InsuranceFund {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Takes note of what the pool paid out of the fund, micro-USD.
    pub fn pay(&mut self, amount: i64) -> Result<()> {
        let paid = u64::try_from(amount).ok();
        let sum = paid.and_then(|paid| self.paid_out.checked_add(paid));
        self.paid_out = sum.ok_or(LiquidationError::Overflow)?;
        Ok(())
    }

    /// One auction's part of what is open goes from what it was last seen to be to `now`.
    pub fn replace(&mut self, before: Open, now: Open) {
        let changed =
            |sum: u64, before: u64, now: u64| sum.saturating_sub(before).saturating_add(now);
        self.open_shortfall = changed(self.open_shortfall, before.shortfall, now.shortfall);
        self.open_claims = changed(self.open_claims, before.claim, now.claim);
    }
}

const _: () = assert!(size_of::<InsuranceFund>() == 32 + 32 + 8 + 240);
