use {
    crate::{Header, KEYS, Outcome, Refusal},
    anchor_lang::{AnchorDeserialize, prelude::Pubkey},
    risk_engine::oracle::read_stake_pool,
    spl_stake_pool::state::StakePool,
};

/// The token that the pool must issue.
pub(crate) const MINT: Pubkey = Pubkey::new_from_array([3; 32]);

pub(crate) fn run(input: &[u8]) -> Outcome {
    let (header, mut data) = Header::split(input).ok_or(Refusal::Input)?;
    let (key, owner, epoch) = (header.key(), header.owner(), header.slot);
    let outcome = read_stake_pool((&KEYS[0], &MINT), &key, &owner, data, epoch);

    let this = key == KEYS[0] && owner.to_bytes() == spl_stake_pool::id().to_bytes();
    assert!(this || outcome.is_err(), "{outcome:?}");
    // Borsh also decodes what follows the bytes that are read, and may refuse there; where it does not, both
    // must agree.
    if let Ok(pool) = StakePool::deserialize(&mut data) {
        let expected = this
            && pool.is_valid()
            && pool.pool_mint.to_bytes() == MINT.to_bytes()
            && pool.total_lamports > 0
            && pool.pool_token_supply > 0
            && (epoch.saturating_sub(1)..=epoch).contains(&pool.last_update_epoch);
        assert_eq!(outcome.is_ok(), expected, "{outcome:?}");
        if let Ok(reading) = outcome {
            assert_eq!(
                (
                    reading.total_lamports,
                    reading.supply,
                    reading.last_update_epoch,
                    reading.pool_mint.to_bytes()
                ),
                (
                    pool.total_lamports,
                    pool.pool_token_supply,
                    pool.last_update_epoch,
                    pool.pool_mint.to_bytes()
                )
            );
        }
    }
    outcome?;
    Ok(())
}
