use anchor_lang::prelude::*;

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
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 6],
    pub reserved: [u8; 256],
}

impl InsuranceFund {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();
}

const _: () = assert!(size_of::<InsuranceFund>() == 32 + 16 + 8 + 256);
