use {
    anchor_lang::prelude::*,
    cep_risk::{PPM, auction::PPB},
};

/// One open liquidation. PDA `[seeds::AUCTION, margin account]`, so an account has at most one. Lives
/// from `open_auction` to `close_auction`.
#[account(zero_copy, discriminator = Auction::TAG)]
#[repr(C)]
pub struct Auction {
    pub margin_account: Pubkey,
    /// Paid the rent and gets it back.
    pub opened_by: Pubkey,
    /// Unix seconds.
    pub opened_at: i64,
    /// Until when the clocks have run, Unix seconds.
    pub updated_at: i64,
    /// What the auction's clock shows, and what it has shown since the account was first seen owing more than it has:
    /// millionths of a second.
    pub clock: u64,
    pub insolvent_clock: u64,
    /// How fast both run until someone looks again, ppm: see `cep_risk::auction::PaceParams`.
    pub pace: u64,
    /// Cash that bidders paid in, not for sale. Micro-USD.
    pub reserved: i64,
    /// Counted in the insurance fund's books.
    pub open: Open,
    pub bids: u64,
    /// 1 while the account owes more than it has.
    pub insolvent: u8,
    pub bump: u8,
    pub padding: [u8; 6],
    pub spare: [u8; 128],
}

/// What an auction may cost others, as last seen; zero while the account is solvent. Micro-USD.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Open {
    /// What the account owes beyond what it has.
    pub shortfall: u64,
    /// The most that a bidder may be paid.
    pub claim: u64,
}

impl Open {
    #[must_use]
    pub fn of(equity: i64, maintenance: i64) -> Self {
        if equity > 0 {
            return Self::default();
        }
        let claim = i128::from(maintenance) - i128::from(equity);
        Self {
            shortfall: equity.unsigned_abs(),
            claim: u64::try_from(claim).unwrap_or(u64::MAX),
        }
    }

    /// What is left after a part (ppb) went to a bidder, rounded up.
    #[must_use]
    pub fn without(&self, fraction: u64) -> Self {
        let left = |amount: u64| {
            let part = u128::from(amount) * u128::from(PPB.saturating_sub(fraction));
            u64::try_from(part.div_ceil(u128::from(PPB))).unwrap_or(amount)
        };
        Self {
            shortfall: left(self.shortfall),
            claim: left(self.claim),
        }
    }
}

impl Auction {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 2;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"LiqAuct", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Seconds on the clock that prices this auction, as last looked at.
    #[must_use]
    pub const fn elapsed(&self) -> u64 {
        if self.insolvent != 0 {
            return self.insolvent_clock / PPM;
        }
        self.clock / PPM
    }

    /// Takes note of the account's equity and maintenance requirement: runs the clocks, starts or stops the insolvent one, and
    /// puts reserved cash back up for sale when what is left beside it has no value of its own. Returns what was open before.
    pub fn observe(&mut self, equity: i64, maintenance: i64, now: i64) -> Open {
        let passed = u64::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        let ran = passed.saturating_mul(self.pace);
        self.clock = self.clock.saturating_add(ran);
        self.updated_at = now.max(self.updated_at);
        match (equity <= 0, self.insolvent != 0) {
            (true, true) => self.insolvent_clock = self.insolvent_clock.saturating_add(ran),
            (true, false) => (self.insolvent, self.insolvent_clock) = (1, 0),
            (false, _) => self.insolvent = 0,
        }
        if equity.saturating_sub(self.reserved) <= 0 {
            self.reserved = 0;
        }
        let before = self.open;
        self.open = Open::of(equity, maintenance);
        before
    }
}

const _: () = assert!(size_of::<Auction>() == 64 + 48 + 16 + 8 + 8 + 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insolvency_has_its_own_clock_and_frees_reserved_cash() {
        let mut a: Auction = bytemuck::Zeroable::zeroed();
        (a.updated_at, a.pace, a.reserved) = (100, PPM, 40);
        a.observe(50, 90, 200);
        assert_eq!((a.elapsed(), a.reserved), (100, 40));
        a.observe(30, 90, 210);
        assert_eq!((a.elapsed(), a.reserved), (110, 0));
        a.observe(-1, 90, 300);
        assert_eq!((a.elapsed(), a.open.shortfall, a.open.claim), (0, 1, 91));
        assert_eq!(a.observe(-5, 90, 360).shortfall, 1);
        assert_eq!(a.elapsed(), 60);
        a.observe(5, 90, 400);
        assert_eq!((a.elapsed(), a.open), (300, Open::default()));
    }

    #[test]
    fn a_pace_holds_until_the_next_look() {
        let mut a: Auction = bytemuck::Zeroable::zeroed();
        (a.updated_at, a.pace) = (0, 2 * PPM);
        a.observe(50, 90, 30);
        a.pace = PPM;
        a.observe(50, 90, 40);
        assert_eq!(a.elapsed(), 70);
        // A clock that goes back does not.
        a.observe(50, 90, 20);
        assert_eq!((a.elapsed(), a.updated_at), (70, 40));
    }

    #[test]
    fn what_is_left_open_rounds_up() {
        let open = Open {
            shortfall: 10,
            claim: 3,
        };
        assert_eq!(
            open.without(PPB / 3 + 1),
            Open {
                shortfall: 7,
                claim: 2
            }
        );
        assert_eq!(open.without(PPB), Open::default());
    }
}
