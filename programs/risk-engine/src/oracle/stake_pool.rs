//! The SPL stake pool: how much SOL stands behind its token.

use {
    super::{Fault, bytes, le_u64},
    anchor_lang::prelude::{Pubkey, pubkey},
};

/// Owner of every pool on mainnet-beta.
pub const PROGRAM: Pubkey = pubkey!("SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy");

/// Tag of the account type: [`TYPE_STAKE_POOL`].
pub const ACCOUNT_TYPE: usize = 0;
pub const TYPE_STAKE_POOL: u8 = 1;
pub const POOL_MINT: usize = 162;
pub const TOTAL_LAMPORTS: usize = 258;
pub const POOL_TOKEN_SUPPLY: usize = 266;
pub const LAST_UPDATE_EPOCH: usize = 274;
/// Bytes that are read; what follows (lockup, fees) has no say in the rate.
pub const LEN: usize = 282;

/// One pool token redeems for `total_lamports / supply` lamports, before the pool's withdrawal fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakePoolReading {
    /// Lamports under management, positive.
    pub total_lamports: u64,
    /// Pool tokens in their smallest unit, positive.
    pub supply: u64,
    pub last_update_epoch: u64,
    pub pool_mint: Pubkey,
}

/// Reads the pool `expected`, which must issue `mint` ([`Fault::WrongMint`]). Its rate moves once per epoch, when anyone cranks it: [`Fault::TooOld`]
/// when that was not in `current_epoch` or the one before, [`Fault::OutOfRange`] for an empty pool.
pub fn read_stake_pool(
    (expected, mint): (&Pubkey, &Pubkey),
    key: &Pubkey,
    owner: &Pubkey,
    data: &[u8],
    current_epoch: u64,
) -> core::result::Result<StakePoolReading, Fault> {
    if key != expected {
        return Err(Fault::NotThisSource);
    }
    if *owner != PROGRAM {
        return Err(Fault::WrongOwner);
    }
    if bytes(data, ACCOUNT_TYPE)? != [TYPE_STAKE_POOL] {
        return Err(Fault::Malformed);
    }
    let reading = StakePoolReading {
        total_lamports: le_u64(data, TOTAL_LAMPORTS)?,
        supply: le_u64(data, POOL_TOKEN_SUPPLY)?,
        last_update_epoch: le_u64(data, LAST_UPDATE_EPOCH)?,
        pool_mint: Pubkey::new_from_array(bytes(data, POOL_MINT)?),
    };
    if reading.pool_mint != *mint {
        return Err(Fault::WrongMint);
    }
    if reading.last_update_epoch > current_epoch {
        return Err(Fault::FromFuture);
    }
    if reading.last_update_epoch.saturating_add(1) < current_epoch {
        return Err(Fault::TooOld);
    }
    if reading.total_lamports == 0 || reading.supply == 0 {
        return Err(Fault::OutOfRange);
    }
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        spl_stake_pool::state::{AccountType, StakePool},
    };

    const POOL: Pubkey = Pubkey::new_from_array([7; 32]);
    const OTHER: Pubkey = Pubkey::new_from_array([9; 32]);

    fn pool() -> StakePool {
        StakePool {
            account_type: AccountType::StakePool,
            pool_mint: OTHER,
            total_lamports: 1_200,
            pool_token_supply: 1_000,
            last_update_epoch: 800,
            ..StakePool::default()
        }
    }

    fn read_pool(pool: &StakePool) -> core::result::Result<StakePoolReading, Fault> {
        let data = anchor_lang::prelude::borsh::to_vec(pool).unwrap();
        read_stake_pool((&POOL, &OTHER), &POOL, &PROGRAM, &data, 801)
    }

    #[test]
    fn a_stake_pools_rate_is_read_from_its_own_account() {
        assert_eq!(PROGRAM.to_bytes(), spl_stake_pool::id().to_bytes());
        assert_eq!(
            read_pool(&pool()),
            Ok(StakePoolReading {
                total_lamports: 1_200,
                supply: 1_000,
                last_update_epoch: 800,
                pool_mint: OTHER
            })
        );
        let with = |spoil: fn(&mut StakePool)| {
            let mut pool = pool();
            spoil(&mut pool);
            read_pool(&pool)
        };
        assert!(with(|p| p.last_update_epoch = 801).is_ok());
        assert_eq!(with(|p| p.last_update_epoch = 799), Err(Fault::TooOld));
        assert_eq!(with(|p| p.last_update_epoch = 802), Err(Fault::FromFuture));
        assert_eq!(
            with(|p| p.last_update_epoch = u64::MAX),
            Err(Fault::FromFuture)
        );
        assert_eq!(with(|p| p.pool_mint = POOL), Err(Fault::WrongMint));
        assert_eq!(with(|p| p.total_lamports = 0), Err(Fault::OutOfRange));
        assert_eq!(with(|p| p.pool_token_supply = 0), Err(Fault::OutOfRange));
        for other in [AccountType::Uninitialized, AccountType::ValidatorList] {
            let mut pool = pool();
            pool.account_type = other;
            assert_eq!(read_pool(&pool), Err(Fault::Malformed));
        }
    }

    #[test]
    fn a_stake_pool_is_the_one_named_whole_and_its_programs() {
        let data = anchor_lang::prelude::borsh::to_vec(&pool()).unwrap();
        let owner = PROGRAM;
        let read =
            |key, owner, data: &[u8]| read_stake_pool((&POOL, &OTHER), &key, &owner, data, 800);
        assert_eq!(read(OTHER, owner, &data), Err(Fault::NotThisSource));
        assert_eq!(read(POOL, OTHER, &data), Err(Fault::WrongOwner));
        for len in 0..LEN {
            assert_eq!(read(POOL, owner, &data[..len]), Err(Fault::Truncated));
        }
        assert!(read(POOL, owner, &data[..LEN]).is_ok());
    }
}
