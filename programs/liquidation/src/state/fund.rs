use {
    super::Open,
    crate::{error::LiquidationError, events::FundWipedOut},
    anchor_lang::prelude::*,
    cep_risk::fund::Shares,
    margin_pool::state::Pool,
};

/// Books of the insurance fund. PDA `[seeds::FUND]`. Its money, the assets that its shares divide, lies in the pool's vault
/// (`Pool.ledger.insurance`), which equals `deposited + Pool.insurance_income - paid_out - withdrawn`.
#[account(zero_copy, discriminator = InsuranceFund::TAG)]
#[repr(C)]
pub struct InsuranceFund {
    pub pool: Pubkey,
    /// Ever put in, by gifts and stakes, micro-USD.
    pub deposited: u64,
    /// Ever paid to bidders for insolvent accounts, micro-USD.
    pub paid_out: u64,
    /// By how much accounts in auction owe more than they have, as last seen, micro-USD.
    pub open_shortfall: u64,
    /// The most that their auctions may still draw, as last seen, micro-USD.
    pub open_claims: u64,
    pub bump: u8,
    pub padding: [u8; 7],
    /// All shares, see `cep_risk::fund`.
    pub shares: u64,
    /// Those of them that gifts, and money without another owner, gave the protocol. They never leave.
    pub protocol_shares: u64,
    /// Shares that stakes asked to take out, lapsed requests included. Says how much may leave, decides nothing.
    pub leaving: u64,
    /// Times the fund was used up. A stake of an earlier one is worth nothing.
    pub epoch: u64,
    /// Ever paid to leaving stakers, micro-USD.
    pub withdrawn: u64,
    pub reserved: [u8; 200],
}

impl InsuranceFund {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"LiqFund", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// Takes over the shares after `amount` (micro-USD) came in for some of them.
    pub fn take_in(&mut self, shares: Shares, amount: u64) -> Result<()> {
        self.keep(shares);
        let sum = self.deposited.checked_add(amount);
        self.deposited = sum.ok_or(LiquidationError::Overflow)?;
        Ok(())
    }

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

    /// What the pool holds for the fund, claims of auctions not taken off, micro-USD.
    pub fn assets(pool: &AccountLoader<Pool>) -> Result<u64> {
        let held = pool.load()?.ledger.insurance;
        u64::try_from(held).map_err(|_| LiquidationError::Overflow.into())
    }

    /// The shares, after what happened to the fund since somebody last asked, see [`Shares::observe`]: before they change.
    pub fn observe(&mut self, assets: u64) -> Result<Shares> {
        let mut shares = Shares {
            total: self.shares,
            protocol: self.protocol_shares,
        };
        if shares.observe(assets) {
            let epoch = self.epoch.checked_add(1);
            self.epoch = epoch.ok_or(LiquidationError::Overflow)?;
            self.leaving = 0;
            emit!(FundWipedOut {
                epoch: self.epoch,
                left: assets,
            });
        }
        self.keep(shares);
        Ok(shares)
    }

    /// Takes over what became of the shares.
    pub const fn keep(&mut self, shares: Shares) {
        self.shares = shares.total;
        self.protocol_shares = shares.protocol;
    }
}

const _: () = assert!(size_of::<InsuranceFund>() == 32 + 32 + 8 + 40 + 200);
