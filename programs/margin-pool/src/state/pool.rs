use {
    crate::{
        error::MarginPoolError,
        state::{Ledger, MAX_COLLATERALS},
    },
    anchor_lang::prelude::*,
    bytemuck::{Pod, Zeroable},
    cep_risk::{AddonParams, MAX_UNDERLYINGS, MarginParams},
};

/// Custody and rules. PDA `[seeds::POOL]`; it owns every vault.
#[account(zero_copy)]
#[repr(C)]
pub struct Pool {
    pub authority: Pubkey,
    /// The only signer that may move positions out of an account: a PDA of the liquidation program.
    pub liquidation_authority: Pubkey,
    /// Risk configuration whose books this pool trusts.
    pub risk_config: Pubkey,
    pub quote_mint: Pubkey,
    pub quote_vault: Pubkey,
    pub params: PoolParams,
    pub ledger: Ledger,
    /// Margin accounts ever opened.
    pub account_count: u64,
    pub underlying_count: u8,
    pub collateral_count: u8,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 4],
    pub underlyings: [Underlying; MAX_UNDERLYINGS],
    pub collaterals: [Collateral; MAX_COLLATERALS],
    pub reserved: [u8; 512],
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
    /// Fee each side of a block trade pays on its notional; 0 ..= 10,000.
    pub block_fee: u64,
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

    pub fn check(&self) -> Result<()> {
        self.margin().check().map_err(MarginPoolError::from)?;
        let in_range = (1_000..=200_000).contains(&self.price_band) && self.block_fee <= 10_000;
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
    /// Index of the underlying whose price and scenarios value it.
    pub underlying: u8,
    /// Decimals of the token, 6 ..= 12.
    pub decimals: u8,
    /// 1 for a staked token: its book says whether more of it is taken in.
    pub is_staked: u8,
    /// Index of the underlying that a staked token redeems for, with which it moves; of others `underlying` again.
    pub base: u8,
    pub padding: [u8; 4],
}

impl Pool {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    pub fn collateral(&self, index: usize) -> Result<&Collateral> {
        self.collaterals
            .get(index)
            .filter(|_| index < usize::from(self.collateral_count))
            .ok_or_else(|| MarginPoolError::CollateralNotListed.into())
    }

    /// Slot of a listed collateral by its mint.
    pub fn collateral_index(&self, mint: &Pubkey) -> Result<usize> {
        self.collaterals
            .iter()
            .take(usize::from(self.collateral_count))
            .position(|c| c.mint == *mint)
            .ok_or_else(|| MarginPoolError::CollateralNotListed.into())
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

    /// Holds at the end of every instruction that changes the pool.
    pub fn invariant(&self) -> Result<()> {
        self.params.check()?;
        self.ledger.invariant()
    }
}

const _: () = assert!(size_of::<Collateral>() == 88);
const _: () = assert!(
    size_of::<Pool>()
        == 5 * 32 + 12 * 8 + 40 + 8 + 8 + MAX_UNDERLYINGS * 64 + MAX_COLLATERALS * 88 + 512
);
