//! Pyth and Switchboard: the reader against a plain decoding by the SDK's types. Both must agree on every
//! input, on the reading and on whether there is one.

use {
    crate::{Header, KEYS, Outcome, Refusal},
    anchor_lang::{AccountDeserialize, prelude::Pubkey},
    pyth_solana_receiver_sdk::price_update::{PriceUpdateV2, VerificationLevel},
    risk_engine::{
        oracle::{ClockView, Fault, Reading, pyth, read},
        state::{Source, SourceArgs, SourceKind},
    },
    switchboard_on_demand::{
        Discriminator, ON_DEMAND_MAINNET_PID, on_demand::accounts::pull_feed::PullFeedAccountData,
    },
};

const MAX: u64 = 1 << 44;
const CLOCK_SKEW: u64 = 120;

pub(crate) fn run(kind: SourceKind, input: &[u8]) -> Outcome {
    let (header, data) = Header::split(input).ok_or(Refusal::Input)?;
    let mut source = Source::configure(SourceArgs {
        kind,
        feed: KEYS[0].to_bytes(),
        max_age: header.max_age,
        max_slots: match kind {
            SourceKind::Pyth => 0,
            _ => header.max_slots,
        },
        max_confidence: header.max_confidence,
        min_samples: header.min_samples,
    })
    .map_err(|_| Refusal::Input)?;
    source.publish_time = header.held.max(0);
    let clock = ClockView {
        unix: header.unix,
        slot: header.slot,
        max_skew: CLOCK_SKEW,
    };
    let (key, owner) = (header.key(), header.owner());
    let decimals = u32::from(header.decimals % 20);
    let read = |source: &Source| read(source, &key, &owner, data, &clock, decimals, 1..=MAX);

    let outcome = read(&source);
    let plain = match kind {
        SourceKind::Pyth => plain_pyth(&owner, data),
        _ => plain_switchboard(&key, &owner, data, source.min_samples),
    };
    let expected = plain.and_then(|plain| plain.judge(&source, &clock, decimals));
    assert_eq!(outcome.ok(), expected, "{outcome:?}");

    let reading = outcome?;
    source.accept(&reading);
    assert!(source.is_fresh(clock.unix, clock.slot));
    assert_eq!(source.is_wide, u8::from(reading.is_wide));
    assert!(source.published(clock.unix, clock.slot) <= reading.publish_time);
    assert_eq!(read(&source), Err(Fault::NotNewer), "no value counts twice");
    Ok(())
}

/// A value as its SDK decodes it.
struct Plain {
    value: i128,
    confidence: i128,
    exponent: i32,
    time: i64,
    slot: u64,
}

fn plain_pyth(owner: &Pubkey, mut data: &[u8]) -> Option<Plain> {
    if *owner != pyth_solana_receiver_sdk::ID && *owner != pyth::SECOND_PROGRAM {
        return None;
    }
    let update = PriceUpdateV2::try_deserialize(&mut data).ok()?;
    let message = update.price_message;
    let this = update.verification_level == VerificationLevel::Full
        && message.feed_id == KEYS[0].to_bytes();
    this.then(|| Plain {
        value: message.price.into(),
        confidence: message.conf.into(),
        exponent: message.exponent,
        time: message.publish_time,
        slot: update.posted_slot,
    })
}

fn plain_switchboard(key: &Pubkey, owner: &Pubkey, data: &[u8], min_samples: u8) -> Option<Plain> {
    let (discriminator, body) = data.split_at_checked(8)?;
    let body = body.get(..size_of::<PullFeedAccountData>())?;
    let feed: PullFeedAccountData = bytemuck::pod_read_unaligned(body);
    let result = feed.result;
    let this = *key == KEYS[0]
        && owner.to_bytes() == ON_DEMAND_MAINNET_PID.to_bytes()
        && discriminator == PullFeedAccountData::DISCRIMINATOR
        && feed.permit_write_by_authority == 0
        && result.result_slot().is_some()
        && result.num_samples >= min_samples
        && result.std_dev >= 0
        && result.range >= 0;
    this.then(|| Plain {
        value: result.value,
        confidence: result.std_dev.max(result.range / 2 + result.range % 2),
        exponent: -18,
        time: feed.last_update_timestamp,
        slot: result.slot.min(result.min_slot),
    })
}

impl Plain {
    /// The rules in wide integers, without regard to cost.
    fn judge(&self, source: &Source, clock: &ClockView, decimals: u32) -> Option<Reading> {
        let age = i128::from(clock.unix) - i128::from(self.time);
        let slots = i128::from(clock.slot) - i128::from(self.slot);
        let in_time = (-i128::from(CLOCK_SKEW)..=i128::from(source.max_age)).contains(&age)
            && (source.max_slots == 0 || (0..=i128::from(source.max_slots)).contains(&slots))
            && self.time > source.publish_time;
        let units = |mantissa: i128, up: bool| -> Option<i128> {
            let shift = i64::from(self.exponent) + i64::from(decimals);
            let power = 10i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?)?;
            if shift >= 0 {
                return mantissa.checked_mul(power);
            }
            let cut = mantissa % power != 0;
            Some(mantissa / power + i128::from(up && cut))
        };
        let value = u64::try_from(units(self.value, false)?).ok()?;
        let confidence = units(self.confidence, true).and_then(|c| u64::try_from(c).ok());
        let confidence = confidence.unwrap_or(value).min(value);
        let certain = u128::from(confidence) * 1_000_000
            <= u128::from(value) * u128::from(source.max_confidence);
        (in_time && (1..=MAX).contains(&value)).then_some(Reading {
            value,
            confidence,
            publish_time: self.time,
            slot: self.slot,
            is_wide: !certain,
        })
    }
}
