//! Accounts of other programs as those leave them on chain: Pyth price updates, Switchboard feeds and stake
//! pools, each in the layout of its own SDK's type.

use {
    anchor_lang::{
        AccountSerialize,
        prelude::{Pubkey, borsh},
    },
    litesvm::LiteSVM,
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    solana_sdk::{account::Account, clock::Clock, signature::Signer},
    spl_stake_pool::state::AccountType,
    switchboard_on_demand::{
        Discriminator, ON_DEMAND_MAINNET_PID, on_demand::accounts::pull_feed::PullFeedAccountData,
    },
};

/// Pyth's usual exponent: prices in units of 10⁻⁸ USD.
pub const EXPONENT: i32 = -8;

/// One price update. [`Update::new`] is in order; a test spoils the field it is about.
#[derive(Clone, Debug)]
pub struct Update {
    pub owner: Pubkey,
    pub verification: VerificationLevel,
    pub feed_id: [u8; 32],
    pub price: i64,
    pub confidence: u64,
    pub exponent: i32,
    pub publish_time: i64,
}

impl Update {
    /// A fully verified update, in USD.
    #[must_use]
    pub fn new(feed_id: [u8; 32], price_usd: f64, confidence_usd: f64, publish_time: i64) -> Self {
        let scale = 10f64.powi(-EXPONENT);
        Self {
            owner: pyth_solana_receiver_sdk::ID,
            verification: VerificationLevel::Full,
            feed_id,
            price: (price_usd * scale).round() as i64,
            confidence: (confidence_usd * scale).round() as u64,
            exponent: EXPONENT,
            publish_time,
        }
    }

    /// The account's bytes, by the receiver SDK's own serialisation, in its real size.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let update = PriceUpdateV2 {
            write_authority: Pubkey::default(),
            verification_level: self.verification,
            price_message: PriceFeedMessage {
                feed_id: self.feed_id,
                price: self.price,
                conf: self.confidence,
                exponent: self.exponent,
                publish_time: self.publish_time,
                prev_publish_time: self.publish_time - 1,
                ema_price: self.price,
                ema_conf: self.confidence,
            },
            posted_slot: 0,
        };
        let mut bytes = Vec::new();
        update.try_serialize(&mut bytes).unwrap();
        bytes.resize(PriceUpdateV2::LEN, 0);
        bytes
    }

    pub fn write(&self, svm: &mut LiteSVM, address: Pubkey) {
        write(svm, address, self.owner, self.bytes());
    }
}

/// One Switchboard On-Demand feed. [`Feed::new`] is in order; a test spoils the field it is about, of the
/// SDK's own type.
#[derive(Clone, Debug)]
pub struct Feed {
    pub owner: Pubkey,
    pub discriminator: [u8; 8],
    pub account: PullFeedAccountData,
}

impl Feed {
    /// A result of three oracles, in USD, signed in `slot` and written at `publish_time`: their median and
    /// its standard deviation, with samples up to one deviation to either side.
    #[must_use]
    pub fn new(price_usd: f64, deviation_usd: f64, publish_time: i64, slot: u64) -> Self {
        // Whole micro-USD, so that a test can say exactly what is to be read.
        let scaled = |usd: f64| (usd * 1e6).round() as i128 * 1_000_000_000_000;
        let mut account: PullFeedAccountData = bytemuck::Zeroable::zeroed();
        account.min_sample_size = 3;
        account.min_responses = 3;
        account.max_staleness = 150;
        account.last_update_timestamp = publish_time;
        let result = &mut account.result;
        result.value = scaled(price_usd);
        result.mean = result.value;
        result.std_dev = scaled(deviation_usd);
        result.min_value = result.value - result.std_dev;
        result.max_value = result.value + result.std_dev;
        result.range = result.max_value - result.min_value;
        result.num_samples = 3;
        (result.slot, result.min_slot, result.max_slot) = (slot, slot, slot);
        for (oracle, value) in [result.min_value, result.value, result.max_value]
            .into_iter()
            .enumerate()
        {
            let submission = &mut account.submissions[oracle];
            submission.oracle = [oracle as u8 + 1; 32].into();
            (submission.slot, submission.landed_at) = (slot, slot);
            submission.value = value;
            account.submission_timestamps[oracle] = publish_time;
        }
        account.result.submission_idx = 1;
        Self {
            owner: Pubkey::new_from_array(ON_DEMAND_MAINNET_PID.to_bytes()),
            discriminator: PullFeedAccountData::DISCRIMINATOR.try_into().unwrap(),
            account,
        }
    }

    /// The account's bytes in its real size.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&self.discriminator, bytemuck::bytes_of(&self.account)].concat()
    }

    /// A feed is known by its address.
    pub fn write(&self, svm: &mut LiteSVM, address: Pubkey) {
        write(svm, address, self.owner, self.bytes());
    }
}

/// One SPL stake pool. [`StakePool::new`] is in order; a test spoils the field it is about.
#[derive(Clone, Debug)]
pub struct StakePool {
    pub owner: Pubkey,
    pub account: spl_stake_pool::state::StakePool,
}

impl StakePool {
    /// A pool of `total_lamports` behind `supply` tokens, cranked in `epoch`.
    #[must_use]
    pub fn new(pool_mint: Pubkey, total_lamports: u64, supply: u64, epoch: u64) -> Self {
        Self {
            owner: Pubkey::new_from_array(spl_stake_pool::id().to_bytes()),
            account: spl_stake_pool::state::StakePool {
                account_type: AccountType::StakePool,
                pool_mint: pool_mint.to_bytes().into(),
                token_program_id: anchor_spl::token::ID.to_bytes().into(),
                total_lamports,
                pool_token_supply: supply,
                last_update_epoch: epoch,
                last_epoch_pool_token_supply: supply,
                last_epoch_total_lamports: total_lamports,
                ..Default::default()
            },
        }
    }

    /// The account's bytes, by the SDK's own serialisation, in its real size.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = borsh::to_vec(&self.account).unwrap();
        bytes.resize(STAKE_POOL_LEN, 0);
        bytes
    }

    pub fn write(&self, svm: &mut LiteSVM, address: Pubkey) {
        write(svm, address, self.owner, self.bytes());
    }
}

/// Room for a stake pool with all its options set, which is what the program asks for.
const STAKE_POOL_LEN: usize = 611;

fn write(svm: &mut LiteSVM, address: Pubkey, owner: Pubkey, data: Vec<u8>) {
    let account = Account {
        lamports: svm.minimum_balance_for_rent_exemption(data.len()),
        data,
        owner,
        ..Account::default()
    };
    svm.set_account(address, account).unwrap();
}

impl crate::World {
    /// Where the Switchboard feed of this name lies.
    #[must_use]
    pub fn feed_at(name: &str) -> Pubkey {
        crate::keypair(name).pubkey()
    }

    /// A sound Switchboard feed of this name says `value`, dated now.
    pub fn post_feed(&mut self, name: &str, value: f64) -> Pubkey {
        let clock = self.svm.get_sysvar::<Clock>();
        let feed = Feed::new(value, value * 0.0005, clock.unix_timestamp, clock.slot);
        let address = Self::feed_at(name);
        feed.write(&mut self.svm, address);
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_one_the_design_documents() {
        let bytes = Update::new([7; 32], 73_067.62, 12.5, 1_760_000_000).bytes();
        assert_eq!(bytes.len(), 134);
        assert_eq!((bytes[40], &bytes[41..73]), (1, &[7; 32][..]));
        assert_eq!(bytes[73..81], 7_306_762_000_000i64.to_le_bytes());
        assert_eq!(bytes[81..89], 1_250_000_000u64.to_le_bytes());
        assert_eq!(bytes[89..93], (-8i32).to_le_bytes());
        assert_eq!(bytes[93..101], 1_760_000_000i64.to_le_bytes());
    }

    #[test]
    fn feeds_and_pools_are_read_by_the_program_as_they_were_meant() {
        use cep_sdk::programs::risk_engine::{
            oracle::{ClockView, Reading, StakePoolReading, read, read_stake_pool},
            state::{Source, SourceArgs, SourceKind},
        };
        let key = Pubkey::new_from_array([7; 32]);
        let source = Source::configure(SourceArgs {
            kind: SourceKind::Switchboard,
            feed: key.to_bytes(),
            max_age: 60,
            max_slots: 150,
            max_confidence: 10_000,
            min_samples: 3,
        })
        .unwrap();
        let clock = ClockView {
            unix: 1_010,
            slot: 510,
            max_skew: 5,
        };
        let feed = Feed::new(73_067.62, 12.5, 1_000, 500);
        assert_eq!(
            read(
                &source,
                &key,
                &feed.owner,
                &feed.bytes(),
                &clock,
                6,
                1..=u64::MAX
            ),
            Ok(Reading {
                value: 73_067_620_000,
                confidence: 12_500_000,
                publish_time: 1_000,
                slot: 500,
                is_wide: false
            })
        );
        let pool = StakePool::new(key, 1_200, 1_000, 800);
        assert_eq!(
            read_stake_pool((&key, &key), &key, &pool.owner, &pool.bytes(), 801),
            Ok(StakePoolReading {
                total_lamports: 1_200,
                supply: 1_000,
                last_update_epoch: 800,
                pool_mint: key
            })
        );
    }
}
