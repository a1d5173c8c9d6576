//! The readers against accounts made by the oracles' own types.

use {
    super::{switchboard::PROGRAM as SWITCHBOARD, *},
    crate::state::{Source, SourceArgs},
    anchor_lang::{AccountSerialize, Discriminator},
    core::mem::offset_of,
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    switchboard_on_demand::{ON_DEMAND_MAINNET_PID, on_demand::accounts::pull_feed},
};

const CLOCK: ClockView = ClockView {
    unix: 1_000_000,
    slot: 5_000,
    max_skew: 5,
};
const FEED: Pubkey = Pubkey::new_from_array([7; 32]);
const STRANGER: Pubkey = Pubkey::new_from_array([9; 32]);

type Outcome = core::result::Result<Reading, Fault>;

/// An account, its source and the clock: in order, until a test spoils something.
#[derive(Clone)]
struct Case {
    source: Source,
    key: Pubkey,
    owner: Pubkey,
    data: Vec<u8>,
    clock: ClockView,
}

impl Case {
    fn read(&self) -> Outcome {
        read(
            &self.source,
            &self.key,
            &self.owner,
            &self.data,
            &self.clock,
            6,
            1..=1 << 44,
        )
    }

    fn put(&mut self, at: usize, bytes: impl AsRef<[u8]>) {
        self.data[at..at + bytes.as_ref().len()].copy_from_slice(bytes.as_ref());
    }

    /// What a spoilt copy reads as.
    fn spoilt(&self, spoil: impl FnOnce(&mut Self)) -> Outcome {
        let mut copy = self.clone();
        spoil(&mut copy);
        copy.read()
    }
}

fn source(kind: SourceKind, max_slots: u32, min_samples: u8) -> Source {
    Source::configure(SourceArgs {
        kind,
        feed: FEED.to_bytes(),
        max_age: 60,
        max_slots,
        max_confidence: 10_000,
        min_samples,
    })
    .unwrap()
}

fn update(verification_level: VerificationLevel) -> Vec<u8> {
    let update = PriceUpdateV2 {
        write_authority: STRANGER,
        verification_level,
        price_message: PriceFeedMessage {
            feed_id: FEED.to_bytes(),
            price: 7_306_762_000_199,
            conf: 1_250_000_001,
            exponent: -8,
            publish_time: 999_990,
            prev_publish_time: 999_989,
            ema_price: 1,
            ema_conf: 2,
        },
        posted_slot: 4_990,
    };
    let mut bytes = Vec::new();
    update.try_serialize(&mut bytes).unwrap();
    bytes.resize(PriceUpdateV2::LEN, 0);
    bytes
}

fn pyth_case() -> Case {
    Case {
        source: source(SourceKind::Pyth, 0, 0),
        key: STRANGER,
        owner: pyth::PROGRAM,
        data: update(VerificationLevel::Full),
        clock: CLOCK,
    }
}

fn switchboard_case() -> Case {
    const UNIT: i128 = 1_000_000_000_000_000_000;
    let mut feed: pull_feed::PullFeedAccountData = bytemuck::Zeroable::zeroed();
    feed.last_update_timestamp = 999_990;
    feed.result.value = 73_067 * UNIT + 620_000_999_999_999_999;
    feed.result.std_dev = 12 * UNIT + 1;
    feed.result.range = 30 * UNIT + 1;
    feed.result.num_samples = 3;
    feed.result.slot = 4_990;
    feed.result.min_slot = 4_980;
    feed.result.max_slot = 4_991;
    let mut data = switchboard::DISCRIMINATOR.to_vec();
    data.extend_from_slice(bytemuck::bytes_of(&feed));
    Case {
        source: source(SourceKind::Switchboard, 150, 3),
        key: FEED,
        owner: SWITCHBOARD,
        data,
        clock: CLOCK,
    }
}

#[test]
fn offsets_are_those_of_the_oracles_own_types() {
    use {pull_feed::CurrentResult, pull_feed::PullFeedAccountData as Feed};
    let result = 8 + offset_of!(Feed, result);
    assert_eq!(
        [
            switchboard::PERMIT_WRITE_BY_AUTHORITY,
            switchboard::LAST_UPDATE_TIMESTAMP,
            switchboard::VALUE,
            switchboard::STD_DEV,
            switchboard::RANGE,
            switchboard::NUM_SAMPLES,
            switchboard::SLOT,
            switchboard::MIN_SLOT,
            switchboard::LEN,
        ],
        [
            8 + offset_of!(Feed, permit_write_by_authority),
            8 + offset_of!(Feed, last_update_timestamp),
            result + offset_of!(CurrentResult, value),
            result + offset_of!(CurrentResult, std_dev),
            result + offset_of!(CurrentResult, range),
            result + offset_of!(CurrentResult, num_samples),
            result + offset_of!(CurrentResult, slot),
            result + offset_of!(CurrentResult, min_slot),
            8 + size_of::<Feed>(),
        ]
    );
    use switchboard_on_demand::Discriminator as _;
    assert_eq!(switchboard::DISCRIMINATOR, Feed::DISCRIMINATOR);
    assert_eq!(SWITCHBOARD.to_bytes(), ON_DEMAND_MAINNET_PID.to_bytes());
    assert_eq!(
        i64::from(switchboard::EXPONENT),
        -i64::from(pull_feed::PRECISION)
    );

    let data = update(VerificationLevel::Full);
    assert_eq!(data[..8], *PriceUpdateV2::DISCRIMINATOR);
    assert_eq!(data[pyth::VERIFICATION], pyth::TAG_FULL);
    assert_eq!(data[pyth::FEED_ID..pyth::PRICE], FEED.to_bytes());
    assert_eq!(
        data[pyth::PRICE..pyth::CONFIDENCE],
        7_306_762_000_199i64.to_le_bytes()
    );
    assert_eq!(
        data[pyth::CONFIDENCE..pyth::EXPONENT],
        1_250_000_001u64.to_le_bytes()
    );
    assert_eq!(
        data[pyth::EXPONENT..pyth::PUBLISH_TIME],
        (-8i32).to_le_bytes()
    );
    assert_eq!(data[pyth::PUBLISH_TIME..][..8], 999_990i64.to_le_bytes());
    assert_eq!(data[pyth::POSTED_SLOT..pyth::LEN], 4_990u64.to_le_bytes());
}

#[test]
fn a_value_rounds_down_and_its_confidence_up() {
    let pyth = Reading {
        value: 73_067_620_001,
        confidence: 12_500_001,
        publish_time: 999_990,
        slot: 4_990,
        is_wide: false,
    };
    assert_eq!(pyth_case().read(), Ok(pyth));
    let switchboard = Reading {
        value: 73_067_620_000,
        // Half of the range, which exceeds the standard deviation; see the next check.
        confidence: 15_000_001,
        slot: 4_980,
        ..pyth
    };
    assert_eq!(switchboard_case().read(), Ok(switchboard));
    let narrow = switchboard_case().spoilt(|case| case.put(switchboard::RANGE, [0; 16]));
    assert_eq!(narrow.unwrap().confidence, 12_000_001);
}

#[test]
fn an_account_of_another_feed_is_for_the_next_source() {
    let (pyth, feed) = (pyth_case(), switchboard_case());
    assert_eq!(
        pyth.spoilt(|case| case.put(pyth::FEED_ID, [8; 32])),
        Err(Fault::NotThisSource)
    );
    assert_eq!(
        feed.spoilt(|case| case.key = STRANGER),
        Err(Fault::NotThisSource)
    );
    // Each oracle's account at the other's source.
    let mut crossed = feed.clone();
    crossed.source = pyth.source;
    assert_eq!(crossed.read(), Err(Fault::NotThisSource));
    let mut crossed = pyth.clone();
    crossed.source = feed.source;
    assert_eq!(crossed.read(), Err(Fault::NotThisSource));
    for kind in [0, 3, 255] {
        assert_eq!(
            pyth.spoilt(|case| case.source.kind = kind),
            Err(Fault::NotThisSource)
        );
    }
}

#[test]
fn an_account_of_another_program_is_refused_whatever_it_says() {
    for case in [pyth_case(), switchboard_case()] {
        for owner in [STRANGER, Pubkey::default(), pyth::PROGRAM, SWITCHBOARD] {
            if owner != case.owner {
                assert_eq!(
                    case.spoilt(|case| case.owner = owner),
                    Err(Fault::WrongOwner)
                );
            }
        }
    }
    let mut partial = pyth_case();
    partial.data = update(VerificationLevel::Partial { num_signatures: 5 });
    partial.owner = STRANGER;
    assert_eq!(partial.read(), Err(Fault::WrongOwner));
}

#[test]
fn every_shorter_account_is_refused() {
    for (case, len) in [
        (pyth_case(), pyth::LEN),
        (switchboard_case(), switchboard::LEN),
    ] {
        for len in 0..len {
            assert_eq!(
                case.spoilt(|case| case.data.truncate(len)),
                Err(Fault::Truncated),
                "{len} bytes"
            );
        }
        assert!(case.spoilt(|case| case.data.truncate(len)).is_ok());
        assert!(case.spoilt(|case| case.data.push(1)).is_ok());
    }
}

#[test]
fn another_type_or_an_impossible_field_is_malformed() {
    for case in [pyth_case(), switchboard_case()] {
        assert_eq!(case.spoilt(|case| case.data[3] ^= 1), Err(Fault::Malformed));
    }
    for tag in 2..=255 {
        assert_eq!(
            pyth_case().spoilt(|case| case.data[pyth::VERIFICATION] = tag),
            Err(Fault::Malformed)
        );
    }
    for at in [switchboard::STD_DEV, switchboard::RANGE] {
        assert_eq!(
            switchboard_case().spoilt(|case| case.put(at, (-1i128).to_le_bytes())),
            Err(Fault::Malformed)
        );
    }
}

#[test]
fn a_value_that_oracles_do_not_vouch_for_is_refused() {
    let mut partial = pyth_case();
    partial.data = update(VerificationLevel::Partial {
        num_signatures: 255,
    });
    assert_eq!(partial.read(), Err(Fault::NotVerified));
    partial.put(pyth::FEED_ID + 1, [8; 32]);
    assert_eq!(partial.read(), Err(Fault::NotThisSource));
    assert_eq!(
        switchboard_case().spoilt(|case| case.data[switchboard::PERMIT_WRITE_BY_AUTHORITY] = 1),
        Err(Fault::NotVerified)
    );
    // Two samples where three are asked for, and a feed that has no result yet.
    assert_eq!(
        switchboard_case().spoilt(|case| case.data[switchboard::NUM_SAMPLES] = 2),
        Err(Fault::TooFewSamples)
    );
    assert_eq!(
        switchboard_case().spoilt(|case| case.put(switchboard::SLOT, [0; 8])),
        Err(Fault::TooFewSamples)
    );
}

#[test]
fn time_is_judged_in_seconds_and_in_slots() {
    for (case, time) in [
        (pyth_case(), pyth::PUBLISH_TIME),
        (switchboard_case(), switchboard::LAST_UPDATE_TIMESTAMP),
    ] {
        let at = |time_is: i64| case.spoilt(|case| case.put(time, time_is.to_le_bytes()));
        assert!(at(999_940).is_ok() && at(1_000_005).is_ok());
        assert_eq!(
            (at(999_939), at(i64::MIN)),
            (Err(Fault::TooOld), Err(Fault::TooOld))
        );
        assert_eq!(
            (at(1_000_006), at(i64::MAX)),
            (Err(Fault::FromFuture), Err(Fault::FromFuture))
        );
        for held in [999_990, 999_991, i64::MAX] {
            assert_eq!(
                case.spoilt(|case| case.source.publish_time = held),
                Err(Fault::NotNewer)
            );
        }
        assert!(
            case.spoilt(|case| case.source.publish_time = 999_989)
                .is_ok()
        );
    }
    // The slot in which a Pyth print was posted says nothing; Switchboard's oldest sample does.
    for slot in [0, 4_989, u64::MAX] {
        assert!(pyth_case().spoilt(|case| case.clock.slot = slot).is_ok());
    }
    let case = switchboard_case();
    let at = |slot| case.spoilt(|case| case.clock.slot = slot);
    assert!(at(4_980).is_ok() && at(4_980 + 150).is_ok());
    assert_eq!(at(4_980 + 151), Err(Fault::TooManySlots));
    assert_eq!(at(4_979), Err(Fault::FromFuture));
}

#[test]
fn values_without_sense_are_refused_and_wide_intervals_marked() {
    let pyth = |price: i64, exponent: i32| {
        pyth_case().spoilt(|case| {
            case.put(pyth::PRICE, price.to_le_bytes());
            case.put(pyth::EXPONENT, exponent.to_le_bytes());
            case.put(pyth::CONFIDENCE, [0; 8]);
        })
    };
    assert_eq!(pyth(17_592_186, 0).map(|r| r.value), Ok(17_592_186_000_000));
    for (price, exponent) in [
        (0, -8),
        (-1, -8),
        (i64::MIN, -8),
        (17_592_187, 0),
        (1, -8),
        (1, i32::MAX),
        (1, i32::MIN),
        (i64::MAX, 0),
    ] {
        assert_eq!(pyth(price, exponent), Err(Fault::OutOfRange), "{price}");
    }
    for value in [0, -1, i128::MIN, i128::MAX, 999_999_999_999] {
        assert_eq!(
            switchboard_case().spoilt(|case| case.put(switchboard::VALUE, value.to_le_bytes())),
            Err(Fault::OutOfRange)
        );
    }
    // One per cent of 73,067.620001 is 730.676200 01: rounded up, 730.676201 is too wide.
    let conf =
        |conf: u64| pyth_case().spoilt(|case| case.put(pyth::CONFIDENCE, conf.to_le_bytes()));
    let sure = conf(73_067_620_000).unwrap();
    assert_eq!((sure.confidence, sure.sure()), (730_676_200, Ok(sure)));
    // A wide one is a value all the same, no wider than itself, and none for what wants to be sure.
    for (wide, confidence) in [(73_067_620_001, 730_676_201), (u64::MAX, 73_067_620_001)] {
        let reading = conf(wide).unwrap();
        assert_eq!(
            (reading.value, reading.confidence),
            (73_067_620_001, confidence)
        );
        assert_eq!(reading.sure(), Err(Fault::TooUncertain));
    }
    for at in [switchboard::STD_DEV, switchboard::RANGE] {
        let reading = switchboard_case().spoilt(|case| case.put(at, i128::MAX.to_le_bytes()));
        let reading = reading.unwrap();
        assert_eq!((reading.confidence, reading.is_wide), (reading.value, true));
    }
}

#[test]
fn both_of_pyths_receivers_are_believed_and_no_third() {
    let case = pyth_case();
    let first = case.read().unwrap();
    assert_eq!(
        case.spoilt(|case| case.owner = pyth::SECOND_PROGRAM),
        Ok(first)
    );
    assert_ne!(pyth::PROGRAM, pyth::SECOND_PROGRAM);
    assert_eq!(
        pyth::SECOND_PROGRAM.to_string(),
        "rec2HHDDnjLfj4kE7VyEtFA1HPGQLK33259532cRyHp"
    );
    // What the one reports the other does not report again.
    let again = case.spoilt(|case| {
        case.source.accept(&first);
        case.owner = pyth::SECOND_PROGRAM;
    });
    assert_eq!(again, Err(Fault::NotNewer));
    assert_eq!(
        case.spoilt(|case| case.owner = STRANGER),
        Err(Fault::WrongOwner)
    );
}
