use {
    crate::{
        error::MarginPoolError,
        state::{Haircut, Interest, Ledger, MAX_COLLATERALS},
    },
    anchor_lang::prelude::*,
    bytemuck::{Pod, Zeroable},
    cep_risk::{
        AddonParams, MAX_UNDERLYINGS, MarginParams, PPM, funding::FundingParams,
        interest::InterestParams,
    },
};

/// Custody and rules. PDA `[seeds::POOL]`; it owns every vault.
#[account(zero_copy, discriminator = Pool::TAG)]
#[repr(C)]
pub struct Pool {
    pub authority: Pubkey,
    /// Named by the authority's proposal; becomes it by signing.
    pub pending_authority: Pubkey,
    /// May stop and tighten, at once; the default key is nobody.
    pub guardian: Pubkey,
    /// The only signer that may move positions out of an account: a PDA of the liquidation program.
    pub liquidation_authority: Pubkey,
    /// Risk configuration whose books this pool trusts.
    pub risk_config: Pubkey,
    pub quote_mint: Pubkey,
    pub quote_vault: Pubkey,
    pub params: PoolParams,
    pub ledger: Ledger,
    pub interest: Interest,
    /// Margin accounts ever opened; the next one's serial.
    pub account_count: u64,
    /// Margin accounts open now.
    pub open_accounts: u64,
    /// Proposals ever made; the next one's number.
    pub proposals: u64,
    /// When the pool was created, by slot and by Unix seconds: what makers sign names both, so that it is worth nothing
    /// on another cluster.
    pub created_slot: u64,
    pub created_at: i64,
    /// Nothing is withdrawn before this. Unix seconds.
    pub halted_until: i64,
    /// Fees that went to the insurance fund so far, micro-USD.
    pub insurance_income: i64,
    /// Of the quote currency.
    pub outflow: Outflow,
    pub underlying_count: u8,
    /// Slots of `collaterals` ever used.
    pub collateral_count: u8,
    pub bump: u8,
    pub padding: [u8; 5],
    pub underlyings: [Underlying; MAX_UNDERLYINGS],
    pub collaterals: [Collateral; MAX_COLLATERALS],
    pub venues: [Venue; MAX_VENUES],
    /// Cash of accounts with a position, and what it lost to defaults that nothing else covered.
    pub losses: Haircut,
    /// Cash that accounts keep back of what left or stopped sharing while `visible_shortfall` was not zero: it bears the part
    /// of those losses that the cash that went would have borne.
    pub held: Haircut,
    /// By how much accounts in auction owe more than they have beyond what the insurance fund may pay, as the liquidation
    /// program last saw it, micro-USD.
    pub visible_shortfall: i64,
    /// What the insurance fund ever paid for debts that no market caused, micro-USD.
    pub insured: i64,
    pub reserved: [u8; 304],
}

pub const MAX_VENUES: usize = 8;

/// A trading venue whose fills the pool clears. An empty slot is all zero.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Venue {
    /// Signs `trade_venue`: an address that the venue's program derives.
    pub authority: Pubkey,
    /// Margin account that receives the venue's share of fees.
    pub fee_account: Pubkey,
    /// Share of the fees of its trades, ppm; at most 500,000.
    pub fee_share: u64,
}

/// What left lately beyond what the same accounts brought in: see [`cep_risk::outflow`].
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Outflow {
    /// At most this at once, and this again with every window. Zero: no limit.
    pub limit: u64,
    /// Runs off by `limit` in a window. Covers what every account took out of late: see
    /// [`MarginAccount::flows`](super::MarginAccount).
    pub used: u64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// Rules of the pool. Ratios in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable, AnchorSerialize, AnchorDeserialize)]
#[repr(C)]
pub struct PoolParams {
    /// See `cep_risk::MarginParams` for these four and their ranges.
    pub stress_weight: u64,
    pub retained: u64,
    pub maintenance_factor: u64,
    pub confidence_multiple: u64,
    /// See `cep_risk::AddonParams` for these six and their ranges.
    pub short_option: u64,
    pub basis_rate: u64,
    pub basis_floor: u64,
    pub impact: u64,
    pub open_interest_share: u64,
    pub age_multiple: u64,
    /// Farthest a trade price may lie from the mark; 1,000 ..= 200,000.
    pub price_band: u64,
    /// How far an option's price may lie from its mark beyond `price_band`, as a part of the index price; at most
    /// 50,000.
    pub option_band: u64,
    /// How much of what changes hands, beside fees, a trade below initial margin may cost a side of
    /// it, against the mark; at most 10,000.
    pub reduce_band: u64,
    /// What somebody who is neither the owner nor a delegate must at least deposit of the quote currency
    /// into an account without cash, micro-USD; at most 1,000,000,000.
    pub least_gift: u64,
    /// Fee each side of a block trade pays on its notional; 0 ..= 10,000.
    pub block_fee: u64,
    /// Fees of the maker and the taker of a quote or a venue's fill, on notional; 0 ..= 10,000 each.
    pub maker_fee: u64,
    pub taker_fee: u64,
    /// No fee on an option is more than this part of its premium; at most 1,000,000.
    pub option_fee_cap: u64,
    /// Share of every fee that goes to the insurance fund; at most 1,000,000.
    pub insurance_share: u64,
    /// See [`InterestParams`] for these five and their ranges.
    pub rate_zero: u64,
    pub rate_optimal: u64,
    pub rate_full: u64,
    pub optimal_utilisation: u64,
    pub interest_fee: u64,
    /// See [`FundingParams`] for these four and their ranges.
    pub funding_period: u64,
    pub funding_time_constant: u64,
    pub funding_clip: u64,
    pub funding_depth: u64,
    /// Seconds in which a limit on withdrawals runs free again; 3,600 ..= 604,800.
    pub outflow_window: u64,
    /// What is counted of all tokens together, in parts per million of each one's limit, after which
    /// nothing is withdrawn for `halt_seconds`; at least 1,000,000, or zero for never.
    pub outflow_breaker: u64,
    /// At most 604,800.
    pub halt_seconds: u64,
    /// Seconds that a proposed change waits; at most 2,592,000.
    pub timelock: u64,
}

impl PoolParams {
    #[must_use]
    pub const fn margin(&self) -> MarginParams {
        MarginParams {
            stress_weight: self.stress_weight,
            retained: self.retained,
            addons: AddonParams {
                short_option: self.short_option,
                basis_rate: self.basis_rate,
                basis_floor: self.basis_floor,
                impact: self.impact,
                open_interest_share: self.open_interest_share,
                age_multiple: self.age_multiple,
            },
            maintenance_factor: self.maintenance_factor,
            confidence_multiple: self.confidence_multiple,
        }
    }

    #[must_use]
    pub const fn interest(&self) -> InterestParams {
        InterestParams {
            rate_zero: self.rate_zero,
            rate_optimal: self.rate_optimal,
            rate_full: self.rate_full,
            optimal: self.optimal_utilisation,
            fee: self.interest_fee,
        }
    }

    #[must_use]
    pub const fn funding(&self) -> FundingParams {
        FundingParams {
            period: self.funding_period,
            time_constant: self.funding_time_constant,
            clip: self.funding_clip,
            depth: self.funding_depth,
        }
    }

    pub fn check(&self) -> Result<()> {
        self.margin().check().map_err(MarginPoolError::from)?;
        self.interest().check().map_err(MarginPoolError::from)?;
        self.funding().check().map_err(MarginPoolError::from)?;
        let fees = [self.block_fee, self.maker_fee, self.taker_fee];
        let shares = [self.option_fee_cap, self.insurance_share];
        let in_range = (1_000..=200_000).contains(&self.price_band)
            && self.option_band <= 50_000
            && self.reduce_band <= 10_000
            && self.least_gift <= 1_000_000_000
            && fees.iter().all(|fee| *fee <= 10_000)
            && shares.iter().all(|share| *share <= PPM)
            && (3_600..=604_800).contains(&self.outflow_window)
            && (self.outflow_breaker == 0 || self.outflow_breaker >= PPM)
            && self.halt_seconds <= 604_800
            && self.timelock <= 2_592_000;
        require!(in_range, MarginPoolError::ParameterOutOfRange);
        Ok(())
    }
}

/// One listed underlying: its risk book and its market.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Underlying {
    pub book: Pubkey,
    pub market: Pubkey,
}

/// One listed collateral token, revalued with the underlying it follows.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Collateral {
    pub mint: Pubkey,
    pub vault: Pubkey,
    /// Sum of all accounts' balances, smallest unit of the token.
    pub deposited: u64,
    /// The pool takes no more than this, smallest unit of the token.
    pub cap: u64,
    /// One account holds no more than this, smallest unit of the token.
    pub account_cap: u64,
    /// A balance of no more than this counts as nothing where an account must have nothing left, smallest
    /// unit of the token: see [`MarginAccount::has_nothing_open`](super::MarginAccount).
    pub dust: u64,
    /// Part of its value that counts as collateral once it has ramped in, ppm; at most 1,000,000.
    pub weight: u64,
    /// From when, Unix seconds, and over how many seconds the weight rises from zero in a straight line.
    pub ramp_start: i64,
    pub ramp_seconds: u64,
    pub outflow: Outflow,
    /// Index of the underlying whose price and scenarios value it.
    pub underlying: u8,
    /// Decimals of the token, 6 ..= 12.
    pub decimals: u8,
    /// 1 for a staked token: its book says whether more of it is taken in.
    pub is_staked: u8,
    /// Index of the underlying that a staked token redeems for, with which it moves; of others `underlying` again.
    pub base: u8,
    /// Token-2022 extensions that its listing allows, see [`crate::token`].
    pub extensions: u8,
    pub padding: [u8; 3],
}

impl Collateral {
    /// Whether the slot lists nothing: never used, or its token was taken off the list.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.mint == Pubkey::default()
    }

    /// Token decimals of which a quantity keeps this many (millionths).
    const QUANTITY_DECIMALS: u32 = 6;

    /// Part of its value that counts at `now`, ppm, rounded down: nothing before the ramp starts, all of `weight` after it.
    #[must_use]
    pub fn weight_at(&self, now: i64) -> u64 {
        let Ok(elapsed) = u64::try_from(now.saturating_sub(self.ramp_start)) else {
            return 0;
        };
        if elapsed >= self.ramp_seconds {
            return self.weight;
        }
        // A product that does not fit is of a ramp of many thousand years, and counts less.
        self.weight.saturating_mul(elapsed) / self.ramp_seconds
    }

    /// Millionths of a token in `amount`, rounded down.
    pub fn tokens(&self, amount: u64) -> Result<i64> {
        let excess = u32::from(self.decimals).saturating_sub(Self::QUANTITY_DECIMALS);
        let unit = 10u64.checked_pow(excess).ok_or(MarginPoolError::Overflow)?;
        i64::try_from(amount / unit).map_err(|_| MarginPoolError::Overflow.into())
    }

    /// Millionths of a token that `amount` counts for at `now`, rounded down.
    pub fn quantity_at(&self, amount: u64, now: i64) -> Result<i64> {
        let whole = self.tokens(amount)?.unsigned_abs();
        let weight = self.weight_at(now).min(PPM);
        // whole x weight / 10⁶, exact: the weight is at most 10⁶, so neither product exceeds what it is a part of by more
        // than 10¹².
        let counted = (whole / PPM) * weight + (whole % PPM) * weight / PPM;
        i64::try_from(counted).map_err(|_| MarginPoolError::Overflow.into())
    }
}

impl Pool {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 3;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"MarPool", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    pub fn collateral(&self, index: usize) -> Result<&Collateral> {
        self.collaterals
            .get(index)
            .filter(|c| index < usize::from(self.collateral_count) && !c.is_free())
            .ok_or_else(|| MarginPoolError::CollateralNotListed.into())
    }

    /// [`Self::collateral`], to be changed.
    pub fn collateral_mut(&mut self, index: usize) -> Result<&mut Collateral> {
        let count = usize::from(self.collateral_count);
        self.collaterals
            .get_mut(index)
            .filter(|c| index < count && !c.is_free())
            .ok_or_else(|| MarginPoolError::CollateralNotListed.into())
    }

    /// Slot of a listed collateral by its mint.
    pub fn collateral_index(&self, mint: &Pubkey) -> Result<usize> {
        self.collaterals
            .iter()
            .take(usize::from(self.collateral_count))
            .position(|c| c.mint == *mint && !c.is_free())
            .ok_or_else(|| MarginPoolError::CollateralNotListed.into())
    }

    /// The slot that the next listing takes: a free one below `collateral_count`, or the one after.
    pub fn free_collateral(&self) -> Result<usize> {
        self.collaterals
            .iter()
            .position(Collateral::is_free)
            .ok_or_else(|| MarginPoolError::CollateralListFull.into())
    }

    pub fn underlying(&self, index: u8) -> Result<&Underlying> {
        self.underlyings
            .get(usize::from(index))
            .filter(|_| index < self.underlying_count)
            .ok_or_else(|| MarginPoolError::UnknownUnderlying.into())
    }

    /// Slot of a listed underlying by its book.
    #[must_use]
    pub fn underlying_index(&self, book: &Pubkey) -> Option<u8> {
        (0..self.underlying_count)
            .zip(&self.underlyings)
            .find_map(|(index, u)| (u.book == *book).then_some(index))
    }

    /// A registered venue by the address that signs for it.
    pub fn venue(&self, authority: &Pubkey) -> Result<&Venue> {
        let registered = |v: &&Venue| v.authority == *authority && *authority != Pubkey::default();
        self.venues
            .iter()
            .find(registered)
            .ok_or_else(|| MarginPoolError::UnknownVenue.into())
    }

    /// Brings interest to `now`: before any cash changes.
    pub fn accrue(&mut self, now: i64) -> Result<()> {
        let params = self.params.interest();
        self.interest.accrue(&params, now)
    }

    /// Holds at the end of every instruction that changes the pool.
    pub fn invariant(&self) -> Result<()> {
        self.params.check()?;
        self.losses.invariant()?;
        self.held.invariant()?;
        self.ledger
            .invariant(self.losses.due.saturating_add(self.held.due))?;
        self.interest
            .invariant(self.ledger.cash, self.ledger.interest)
    }
}

const _: () = assert!(size_of::<Outflow>() == 24);
const _: () = assert!(size_of::<Collateral>() == 64 + 7 * 8 + 24 + 8);
const _: () = assert!(size_of::<Venue>() == 72);
const _: () = assert!(size_of::<PoolParams>() == 32 * 8);
const _: () = assert!(
    size_of::<Pool>()
        == 7 * 32
            + 32 * 8
            + 48
            + 80
            + 7 * 8
            + 24
            + 8
            + MAX_UNDERLYINGS * 64
            + MAX_COLLATERALS * 152
            + MAX_VENUES * 72
            + 32
            + 48
            + 304
);

#[cfg(test)]
mod tests {
    use super::*;

    fn ramping() -> Collateral {
        Collateral {
            weight: 900_000,
            ramp_start: 1_000,
            ramp_seconds: 700,
            decimals: 9,
            ..Collateral::zeroed()
        }
    }

    #[test]
    fn a_weight_rises_from_zero_in_a_straight_line_rounded_down() {
        let listed = ramping();
        let at = [
            (i64::MIN, 0),
            (999, 0),
            (1_000, 0),
            (1_001, 1_285),
            (1_350, 450_000),
        ];
        for (now, weight) in at {
            assert_eq!(listed.weight_at(now), weight, "at {now}");
        }
        for (now, weight) in [(1_699, 898_714), (1_700, 900_000), (i64::MAX, 900_000)] {
            assert_eq!(listed.weight_at(now), weight, "at {now}");
        }
    }

    #[test]
    fn without_a_ramp_a_weight_counts_from_its_start() {
        let listed = Collateral {
            ramp_seconds: 0,
            ..ramping()
        };
        assert_eq!(
            (listed.weight_at(999), listed.weight_at(1_000)),
            (0, 900_000)
        );
    }

    #[test]
    fn a_quantity_counts_at_its_weight_rounded_down_whatever_its_size() {
        let listed = ramping();
        // A token and a bit: the bit below a millionth is lost first.
        assert_eq!(listed.quantity_at(1_000_001_999, 1_350).ok(), Some(450_000));
        assert_eq!(listed.quantity_at(1_000_003_000, 1_350).ok(), Some(450_001));
        let most = Collateral {
            weight: PPM,
            ramp_seconds: 0,
            decimals: 6,
            ..ramping()
        };
        for amount in [0, 1, 1 << 40, i64::MAX.unsigned_abs()] {
            let exact = i64::try_from(amount).ok();
            assert_eq!(most.quantity_at(amount, 2_000).ok(), exact);
        }
        assert!(most.quantity_at(u64::MAX, 2_000).is_err());
        let nearly = Collateral {
            weight: 999_999,
            ..most
        };
        for amount in [999_999, 1 << 40, i64::MAX.unsigned_abs()] {
            let exact = u128::from(amount) * 999_999 / 1_000_000;
            assert_eq!(
                nearly.quantity_at(amount, 2_000).ok(),
                i64::try_from(exact).ok()
            );
        }
    }
}
