use {
    anchor_lang::prelude::*,
    cep_risk::{
        MAX_UNDERLYINGS, PPM, RiskError,
        auction::{AuctionParams, PPB},
    },
    margin_pool::margin::{BookParts, Books, Underlyings, bit},
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
    /// What the auction's clock shows, and what it has shown while the account owed more than it has, since it was last at its
    /// buffer: millionths of a second. They run only while a bid could have been accepted: see [`Readings`].
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
    /// Underlyings of which `readings` has one, by bits.
    pub read: u8,
    pub padding: [u8; 5],
    /// Seconds in which each underlying's price had served liquidation when the auction was last looked at.
    pub readings: [u64; MAX_UNDERLYINGS],
    pub spare: [u8; 64],
}

/// For how long the prices of what moves an account have served liquidation, as their books count it: the clock of its auction
/// goes by the slowest of them, so that it stands still while a bid would be refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    pub seconds: [u64; MAX_UNDERLYINGS],
    /// Whose they are, by bits.
    pub of: Underlyings,
}

impl Readings {
    /// Of those among the books that move an account.
    pub fn of<B: BookParts>(books: &Books<B>, exposed: Underlyings) -> Self {
        let mut readings = Self::default();
        for listed in &books.list {
            let place = readings.seconds.get_mut(usize::from(listed.index));
            if let Some(seconds) = place.filter(|_| exposed & bit(listed.index) != 0) {
                *seconds = listed.book.header().usable_seconds_at(books.now);
                readings.of |= bit(listed.index);
            }
        }
        readings
    }
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
    /// Of an account with this equity, for which the fund pays so much at most beyond what it lacks.
    #[must_use]
    pub fn of(equity: i64, incentive: i64) -> Self {
        if equity > 0 {
            return Self::default();
        }
        let claim = i128::from(incentive) - i128::from(equity);
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

    /// Seconds since the last look in which every price that moves the account served liquidation.
    fn passed(&mut self, readings: &Readings, now: i64) -> u64 {
        let mut least = u64::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        let pairs = self.readings.iter_mut().zip(readings.seconds);
        for (at, (before, after)) in (0u8..).zip(pairs) {
            if readings.of & bit(at) == 0 {
                continue;
            }
            // One that moves the account only since the last look says nothing of the time before.
            let known = self.read & bit(at) != 0;
            let grown = if known {
                after.saturating_sub(*before)
            } else {
                0
            };
            least = least.min(grown);
            *before = after;
        }
        self.read |= readings.of;
        self.updated_at = now.max(self.updated_at);
        least
    }

    /// Brings the auction to `now`, the account having this equity and maintenance requirement: runs the clocks, starts or stops
    /// the insolvent one, which is set back only once the account is at its buffer, and puts reserved cash back up for sale
    /// when what is left beside it has no value of its own. Returns what was open before.
    ///
    /// # Errors
    /// When the buffer leaves the range of integers.
    pub fn observe(
        &mut self,
        params: &AuctionParams,
        (equity, maintenance): (i64, i64),
        readings: &Readings,
        now: i64,
    ) -> core::result::Result<Open, RiskError> {
        let ran = self.passed(readings, now).saturating_mul(self.pace);
        self.clock = self.clock.saturating_add(ran);
        if self.insolvent != 0 && equity <= 0 {
            self.insolvent_clock = self.insolvent_clock.saturating_add(ran);
        }
        self.insolvent = u8::from(equity <= 0);
        if params.buffer_margin(equity, maintenance)? >= 0 {
            self.insolvent_clock = 0;
        }
        if equity.saturating_sub(self.reserved) <= 0 {
            self.reserved = 0;
        }
        let before = self.open;
        self.open = Open::of(equity, params.most_incentive(maintenance)?);
        Ok(before)
    }
}

const _: () = assert!(size_of::<Auction>() == 64 + 48 + 16 + 8 + 8 + 64 + 64);

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: AuctionParams = AuctionParams {
        start: PPB,
        cut: PPB,
        fast_seconds: 1,
        slow_seconds: 1,
        insolvent_seconds: 1,
        incentive: 500_000,
        buffer: 100_000,
    };

    /// Of two books that served for so long.
    fn served(first: u64, second: u64) -> Readings {
        let mut readings = Readings {
            of: 0b101,
            ..Readings::default()
        };
        (readings.seconds[0], readings.seconds[2]) = (first, second);
        readings
    }

    fn look(a: &mut Auction, equity: i64, now: i64) -> Open {
        let always = u64::try_from(now).unwrap();
        let state = (equity, 90);
        a.observe(&PARAMS, state, &served(always, always), now)
            .unwrap()
    }

    fn opened(at: i64) -> Auction {
        let mut a: Auction = bytemuck::Zeroable::zeroed();
        (a.updated_at, a.pace) = (at, PPM);
        look(&mut a, 50, at);
        a
    }

    #[test]
    fn insolvency_has_its_own_clock_which_only_the_buffer_sets_back_and_frees_reserved_cash() {
        let mut a = opened(100);
        a.reserved = 40;
        look(&mut a, 50, 200);
        assert_eq!((a.elapsed(), a.reserved), (100, 40));
        look(&mut a, 30, 210);
        assert_eq!((a.elapsed(), a.reserved), (110, 0));
        look(&mut a, -1, 300);
        assert_eq!((a.elapsed(), a.open.shortfall, a.open.claim), (0, 1, 46));
        assert_eq!(look(&mut a, -5, 360).shortfall, 1);
        assert_eq!(a.elapsed(), 60);
        // A moment of solvency stops it and does not set it back.
        look(&mut a, 5, 400);
        assert_eq!((a.elapsed(), a.open), (300, Open::default()));
        look(&mut a, -5, 410);
        assert_eq!(a.elapsed(), 60);
        look(&mut a, -5, 420);
        assert_eq!(a.elapsed(), 70);
        look(&mut a, 99, 430);
        look(&mut a, -5, 440);
        assert_eq!(a.elapsed(), 0);
    }

    #[test]
    fn a_pace_holds_until_the_next_look() {
        let mut a = opened(0);
        a.pace = 2 * PPM;
        look(&mut a, 50, 30);
        a.pace = PPM;
        look(&mut a, 50, 40);
        assert_eq!(a.elapsed(), 70);
        // A clock that goes back does not.
        look(&mut a, 50, 20);
        assert_eq!((a.elapsed(), a.updated_at), (70, 40));
    }

    #[test]
    fn the_clock_goes_by_the_price_that_served_least() {
        let mut a = opened(100);
        let look = |a: &mut Auction, readings: &Readings, now| {
            a.observe(&PARAMS, (50, 90), readings, now).unwrap();
            a.elapsed()
        };
        // Nobody refreshed one of the two for a while.
        assert_eq!(look(&mut a, &served(300, 160), 300), 60);
        assert_eq!(look(&mut a, &served(400, 260), 400), 160);
        // What moves the account only now says nothing of the time before.
        let mut third = served(500, 360);
        third.of |= 0b10;
        third.seconds[1] = 77;
        assert_eq!(look(&mut a, &third, 500), 160);
        (third.seconds, third.of) = ([600, 97, 460, 0, 0, 0, 0, 0], 0b111);
        assert_eq!(look(&mut a, &third, 600), 180);
        // Of nothing that any price moves: the time itself.
        assert_eq!(look(&mut a, &Readings::default(), 650), 230);
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
