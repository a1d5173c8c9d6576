//! The cluster's clock, which every price age and auction on chain is measured by.

use {
    crate::{client::Client, error::SdkError},
    solana_sdk::pubkey,
};

/// Address of the Clock sysvar.
pub const CLOCK: crate::Pubkey = pubkey!("SysvarC1ock11111111111111111111111111111111");

/// What the programs see in `Clock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainTime {
    pub slot: u64,
    /// Unix seconds.
    pub unix_timestamp: i64,
}

impl ChainTime {
    /// From the sysvar's bytes: slot at 0, Unix timestamp at 32, both little endian.
    #[must_use]
    pub fn from_sysvar(data: &[u8]) -> Option<Self> {
        let word = |at: usize| data.get(at..at + 8)?.try_into().ok();
        Some(Self {
            slot: u64::from_le_bytes(word(0)?),
            unix_timestamp: i64::from_le_bytes(word(32)?),
        })
    }
}

impl Client {
    /// # Errors
    /// [`SdkError::Rpc`], or [`SdkError::WrongAccountType`] from a cluster with another clock.
    pub async fn clock(&self) -> Result<ChainTime, SdkError> {
        let account = self.rpc.get_account(&CLOCK).await?;
        ChainTime::from_sysvar(&account.data).ok_or(SdkError::WrongAccountType { address: CLOCK })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sysvar_is_five_words_of_which_two_count() {
        let mut data = Vec::new();
        for word in [7u64, 1, 2, 3, 1_760_000_000] {
            data.extend(word.to_le_bytes());
        }
        let time = ChainTime {
            slot: 7,
            unix_timestamp: 1_760_000_000,
        };
        assert_eq!(ChainTime::from_sysvar(&data), Some(time));
        assert_eq!(ChainTime::from_sysvar(&data[..39]), None);
    }
}
