use anchor_lang::prelude::*;

/// One open liquidation. PDA `[seeds::AUCTION, margin account]`, so an account has at most one. Lives
/// from `open_auction` to `close_auction`.
#[account(zero_copy)]
#[repr(C)]
pub struct Auction {
    pub margin_account: Pubkey,
    /// Paid the rent and gets it back.
    pub opened_by: Pubkey,
    /// Unix seconds.
    pub opened_at: i64,
    /// When the account was first seen owing more than it has; zero while it is solvent.
    pub insolvent_since: i64,
    /// Cash that bidders paid in, not for sale. Micro-USD.
    pub reserved: i64,
    pub bids: u64,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 6],
    pub spare: [u8; 128],
}

impl Auction {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Seconds on the clock that prices this auction.
    #[must_use]
    pub fn elapsed(&self, now: i64) -> u64 {
        let since = if self.insolvent_since != 0 {
            self.insolvent_since
        } else {
            self.opened_at
        };
        u64::try_from(now.saturating_sub(since)).unwrap_or(0)
    }

    /// Takes note of the account's equity: starts or stops the insolvent clock, and puts reserved cash
    /// back up for sale when what is left beside it has no value of its own.
    pub fn observe(&mut self, equity: i64, now: i64) {
        match (equity <= 0, self.insolvent_since != 0) {
            (true, false) => self.insolvent_since = now,
            (false, true) => self.insolvent_since = 0,
            _ => {}
        }
        if equity.saturating_sub(self.reserved) <= 0 {
            self.reserved = 0;
        }
    }
}

const _: () = assert!(size_of::<Auction>() == 64 + 32 + 8 + 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insolvency_has_its_own_clock_and_frees_reserved_cash() {
        let mut a: Auction = bytemuck::Zeroable::zeroed();
        (a.opened_at, a.reserved) = (100, 40);
        a.observe(50, 200);
        assert_eq!((a.elapsed(200), a.reserved), (100, 40));
        a.observe(30, 210);
        assert_eq!((a.elapsed(210), a.reserved), (110, 0));
        a.observe(-1, 300);
        assert_eq!(a.elapsed(300), 0);
        a.observe(-5, 360);
        assert_eq!(a.elapsed(360), 60);
        a.observe(5, 400);
        assert_eq!(a.elapsed(400), 300);
    }
}
