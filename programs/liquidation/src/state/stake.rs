use {crate::error::LiquidationError, crate::state::InsuranceFund, anchor_lang::prelude::*};

/// One owner's shares of the insurance fund. PDA `[seeds::STAKE, fund, owner]`.
#[account(zero_copy, discriminator = InsuranceStake::TAG)]
#[repr(C)]
pub struct InsuranceStake {
    pub fund: Pubkey,
    pub owner: Pubkey,
    /// Those that are leaving included: they earn and bear losses until they are paid out.
    pub shares: u64,
    /// At most `shares`.
    pub leaving: u64,
    /// When the cooldown of those leaving ends, Unix seconds; zero without any.
    pub unlock_at: i64,
    /// [`InsuranceFund::epoch`] that the shares are of.
    pub epoch: u64,
    pub bump: u8,
    pub padding: [u8; 7],
    pub reserved: [u8; 128],
}

impl InsuranceStake {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"LiqStak", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Shares of a fund that was used up since are none; the stake begins anew.
    pub const fn renew(&mut self, fund: &InsuranceFund) {
        if self.epoch != fund.epoch {
            (self.shares, self.leaving, self.unlock_at) = (0, 0, 0);
            self.epoch = fund.epoch;
        }
    }

    /// Refuses a stake whose shares are worth nothing any more.
    pub fn require_current(&self, fund: &InsuranceFund) -> Result<()> {
        require!(self.epoch == fund.epoch, LiquidationError::StakeWipedOut);
        Ok(())
    }

    /// Lets so many more shares leave after the cooldown, which begins anew for all; a request that lapsed does not count.
    pub fn request(
        &mut self,
        fund: &mut InsuranceFund,
        shares: u64,
        now: i64,
        cooldown: u64,
        window: u64,
    ) -> Result<()> {
        if self.leaving != 0 && self.has_lapsed(now, window) {
            self.stay(fund)?;
        }
        let free = self.shares.saturating_sub(self.leaving);
        require!(
            (1..=free).contains(&shares),
            LiquidationError::SharesOutOfRange
        );
        // At most all shares of the fund.
        self.leaving = self.leaving.saturating_add(shares);
        fund.leaving = fund.leaving.saturating_add(shares);
        let cooldown = i64::try_from(cooldown).map_err(|_| LiquidationError::Overflow)?;
        let unlock_at = now.checked_add(cooldown);
        self.unlock_at = unlock_at.ok_or(LiquidationError::Overflow)?;
        self.invariant()
    }

    /// No share is leaving any more. Returns how many were.
    pub fn stay(&mut self, fund: &mut InsuranceFund) -> Result<u64> {
        let leaving = self.leaving;
        let others = fund.leaving.checked_sub(leaving);
        fund.leaving = others.ok_or(LiquidationError::Overflow)?;
        (self.leaving, self.unlock_at) = (0, 0);
        self.invariant()?;
        Ok(leaving)
    }

    /// Takes out the shares whose time it is, and returns how many.
    pub fn leave(&mut self, fund: &mut InsuranceFund, now: i64, window: u64) -> Result<u64> {
        require!(self.leaving > 0, LiquidationError::NothingLeaving);
        require!(now >= self.unlock_at, LiquidationError::StakeCoolingDown);
        require!(
            !self.has_lapsed(now, window),
            LiquidationError::UnstakeLapsed
        );
        let left = self.stay(fund)?;
        let shares = self.shares.checked_sub(left);
        self.shares = shares.ok_or(LiquidationError::Overflow)?;
        Ok(left)
    }

    /// The window begins with `unlock_at` and ends before it is `window` seconds old.
    fn has_lapsed(&self, now: i64, window: u64) -> bool {
        let late = now.saturating_sub(self.unlock_at);
        u64::try_from(late).is_ok_and(|late| late >= window)
    }

    /// Holds at the end of every instruction that changes the stake.
    pub fn invariant(&self) -> Result<()> {
        let consistent =
            self.leaving <= self.shares && (self.leaving == 0) == (self.unlock_at == 0);
        require!(consistent, LiquidationError::Overflow);
        Ok(())
    }
}

const _: () = assert!(size_of::<InsuranceStake>() == 64 + 32 + 8 + 128);
