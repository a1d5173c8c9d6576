//! Price updates as the Pyth receiver leaves them on chain.

use {
    anchor_lang::{AccountSerialize, prelude::Pubkey},
    litesvm::LiteSVM,
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    solana_sdk::account::Account,
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
        let data = self.bytes();
        let account = Account {
            lamports: svm.minimum_balance_for_rent_exemption(data.len()),
            data,
            owner: self.owner,
            ..Account::default()
        };
        svm.set_account(address, account).unwrap();
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
}
