//! Inputs in real layout, made with the oracles' own types: what the fuzzer starts from, and what
//! `tests/corpus.rs` holds every target to.

use {
    crate::Header,
    anchor_lang::{AccountSerialize, Discriminator, prelude::Pubkey, prelude::borsh},
    pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel},
    risk_engine::state::{RiskBook, RiskConfig, ScenarioSet, Surface, book_space},
    spl_stake_pool::state::{AccountType, StakePool},
    switchboard_on_demand::{
        Discriminator as _, on_demand::accounts::pull_feed::PullFeedAccountData,
    },
};

/// An input by name, its target, and how it must end: `None` accepted, else the refusal's name.
pub struct Seed {
    pub target: &'static str,
    pub name: &'static str,
    pub input: Vec<u8>,
    pub refusal: Option<&'static str>,
}

const NOW: i64 = 1_000_000;

/// A sound header: price sources of the ranges that ship, published ten seconds ago.
fn header(owner: u8) -> Header {
    Header {
        unix: NOW,
        slot: 5_000,
        held: NOW - 60,
        max_age: 60,
        max_slots: 150,
        max_confidence: 20_000,
        owner,
        key: 0,
        min_samples: 0,
        decimals: 6,
    }
}

fn seed(
    target: &'static str,
    name: &'static str,
    header: &Header,
    data: &[u8],
    refusal: Option<&'static str>,
) -> Seed {
    Seed {
        target,
        name,
        input: header.join(data),
        refusal,
    }
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Seed> {
    let mut seeds = pyth();
    seeds.extend(switchboard());
    seeds.extend(stake_pool());
    seeds.extend(state());
    seeds
}

fn update(verification_level: VerificationLevel) -> Vec<u8> {
    let update = PriceUpdateV2 {
        write_authority: Pubkey::new_from_array([9; 32]),
        verification_level,
        price_message: PriceFeedMessage {
            feed_id: [7; 32],
            price: 7_306_762_000_199,
            conf: 1_250_000_001,
            exponent: -8,
            publish_time: NOW - 10,
            prev_publish_time: NOW - 11,
            ema_price: 1,
            ema_conf: 2,
        },
        posted_slot: 4_990,
    };
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = update.try_serialize(&mut bytes);
    bytes.resize(PriceUpdateV2::LEN, 0);
    bytes
}

fn pyth() -> Vec<Seed> {
    let full = update(VerificationLevel::Full);
    let partial = update(VerificationLevel::Partial { num_signatures: 12 });
    let (sound, stranger) = (header(0), header(4));
    let strict = Header {
        max_confidence: 1,
        ..sound
    };
    let late = Header {
        unix: NOW + 51,
        ..sound
    };
    let second = Header { owner: 6, ..sound };
    let seed = |name, header: &Header, data: &[u8], refusal| {
        self::seed("pyth", name, header, data, refusal)
    };
    vec![
        seed("sound", &sound, &full, None),
        seed("wrong_owner", &stranger, &full, Some("WrongOwner")),
        seed("partial", &sound, &partial, Some("NotVerified")),
        seed("truncated", &sound, &full[..100], Some("Truncated")),
        seed("too_uncertain", &strict, &full, None),
        seed("second_receiver", &second, &full, None),
        seed("too_old", &late, &full, Some("TooOld")),
        seed("no_account", &sound, &[], Some("Truncated")),
    ]
}

fn switchboard() -> Vec<Seed> {
    const UNIT: i128 = 1_000_000_000_000_000_000;
    let feed = |samples: u8| {
        let mut feed: Box<PullFeedAccountData> = bytemuck::zeroed_box();
        feed.last_update_timestamp = NOW - 10;
        let result = &mut feed.result;
        result.value = 73_067 * UNIT + 620_000_999_999_999_999;
        result.std_dev = 12 * UNIT + 1;
        result.range = 30 * UNIT + 1;
        result.num_samples = samples;
        (result.slot, result.min_slot, result.max_slot) = (4_990, 4_980, 4_991);
        [
            PullFeedAccountData::DISCRIMINATOR,
            bytemuck::bytes_of(&*feed),
        ]
        .concat()
    };
    let sound = Header {
        min_samples: 3,
        ..header(1)
    };
    let elsewhere = Header { key: 1, ..sound };
    let stranger = Header { owner: 4, ..sound };
    let seed = |name, header: &Header, data: &[u8], refusal| {
        self::seed("switchboard", name, header, data, refusal)
    };
    vec![
        seed("sound", &sound, &feed(3), None),
        seed("another_feed", &elsewhere, &feed(3), Some("NotThisSource")),
        seed("wrong_owner", &stranger, &feed(3), Some("WrongOwner")),
        seed("two_samples", &sound, &feed(2), Some("TooFewSamples")),
        seed("truncated", &sound, &feed(3)[..500], Some("Truncated")),
    ]
}

fn stake_pool() -> Vec<Seed> {
    let pool = StakePool {
        account_type: AccountType::StakePool,
        pool_mint: [3; 32].into(),
        total_lamports: 1_200_000_000_000,
        pool_token_supply: 1_000_000_000_000,
        last_update_epoch: 5_000,
        ..StakePool::default()
    };
    // Writing to memory cannot fail.
    let mut data = borsh::to_vec(&pool).unwrap_or_default();
    data.resize(611, 0);
    let sound = header(2);
    let stranger = header(4);
    let later = Header {
        slot: 5_002,
        ..sound
    };
    let seed = |name, header: &Header, data: &[u8], refusal| {
        self::seed("stake_pool", name, header, data, refusal)
    };
    vec![
        seed("sound", &sound, &data, None),
        seed("wrong_owner", &stranger, &data, Some("WrongOwner")),
        seed("too_old", &later, &data, Some("TooOld")),
        seed("truncated", &sound, &data[..270], Some("Truncated")),
    ]
}

/// Zeroed accounts of this program: large enough to matter, small once compressed by git.
fn state() -> Vec<Seed> {
    let of = |discriminator: &[u8], length: usize| {
        let mut data = discriminator.to_vec();
        data.resize(length, 0);
        data
    };
    let kind = |decimals, owner| Header {
        decimals,
        ..header(owner)
    };
    let book = of(RiskBook::DISCRIMINATOR, book_space(2));
    let config = of(RiskConfig::DISCRIMINATOR, RiskConfig::SPACE);
    let set = of(ScenarioSet::DISCRIMINATOR, ScenarioSet::SPACE);
    let surface = of(Surface::DISCRIMINATOR, Surface::SPACE);
    let seed = |name, header: &Header, data: &[u8], refusal| {
        self::seed("state", name, header, data, refusal)
    };
    vec![
        seed("book", &kind(0, 3), &book, None),
        seed(
            "book_of_a_stranger",
            &kind(0, 4),
            &book,
            Some("AccountOwnedByWrongProgram"),
        ),
        seed(
            "book_cut_short",
            &kind(0, 3),
            &book[..9_000],
            Some("AccountDiscriminatorMismatch"),
        ),
        seed("config", &kind(1, 3), &config, None),
        seed(
            "config_as_book",
            &kind(0, 3),
            &config,
            Some("AccountDiscriminatorMismatch"),
        ),
        seed("scenario_set", &kind(2, 3), &set, None),
        seed("surface", &kind(3, 3), &surface, None),
    ]
}
