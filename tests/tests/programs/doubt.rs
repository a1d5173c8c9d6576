//! A bad feed costs its own underlying and nothing else: every way in which a single oracle account can be bad.

use {
    cep_migrations::parameters::switchboard,
    cep_sdk::programs::margin_pool::error::MarginPoolError,
    cep_tests::{
        ETH, Outcome, SOL, Setup, Trader, Update, World,
        actions::{ALL, leg},
        keypair,
        oracle::Feed,
    },
    pyth_solana_receiver_sdk::price_update::VerificationLevel,
    solana_sdk::{clock::Clock, pubkey::Pubkey, signature::Signer},
};

use cep_sdk::programs::risk_engine::state::degraded::{DISAGREEMENT, SHORTAGE, WIDE};

const USD: i64 = 1_000_000;

fn feed_at(n: usize) -> Pubkey {
    keypair(&format!("sol feed {n}")).pubkey()
}

/// SOL from Pyth and `feeds` Switchboard accounts, of which two must agree.
fn setup(feeds: usize) -> Setup {
    let mut setup = Setup::standard();
    let sol = &mut setup.parameters.underlyings[usize::from(SOL)];
    sol.sources
        .extend((0..feeds).map(|n| switchboard(&feed_at(n))));
    sol.min_sources = 2;
    setup
}

/// What a test does to the accounts of SOL's price before they are refreshed.
#[derive(Clone, Copy)]
struct Spoil {
    name: &'static str,
    pyth: fn(&mut Update),
    feed: fn(&mut World, &mut Feed),
    /// Bits of doubt that two sources of which one is so spoilt give.
    doubt: u8,
}

const SOUND: Spoil = Spoil {
    name: "sound",
    pyth: |_| {},
    feed: |_, _| {},
    doubt: 0,
};

/// One of Pyth's and one of Switchboard's per way to be bad.
fn bad() -> Vec<Spoil> {
    let pyth = |name, doubt, pyth| Spoil {
        name,
        pyth,
        doubt,
        ..SOUND
    };
    let feed = |name, doubt, feed| Spoil {
        name,
        feed,
        doubt,
        ..SOUND
    };
    vec![
        pyth("Pyth stale", SHORTAGE, |u| u.publish_time -= 61),
        pyth("Pyth wide", WIDE, |u| {
            u.confidence = u.price.unsigned_abs() / 20;
        }),
        pyth("Pyth wrong", DISAGREEMENT, |u| u.price -= u.price / 10 * 3),
        pyth("Pyth senseless", SHORTAGE, |u| u.price = -1),
        pyth("Pyth of another feed", SHORTAGE, |u| u.feed_id[0] ^= 1),
        pyth("Pyth partly signed", SHORTAGE, |u| {
            u.verification = VerificationLevel::Partial { num_signatures: 5 };
        }),
        pyth("Pyth wrongly owned", SHORTAGE, |u| {
            u.owner = keypair("mallory").pubkey();
        }),
        feed("Switchboard stale", SHORTAGE, |_, f| {
            f.account.last_update_timestamp -= 61;
        }),
        feed("Switchboard late in slots", SHORTAGE, |_, f| {
            f.account.result.min_slot -= 151;
        }),
        feed("Switchboard wide", WIDE, |_, f| {
            f.account.result.std_dev = f.account.result.value / 20;
        }),
        feed("Switchboard wrong", DISAGREEMENT, |_, f| {
            f.account.result.value -= f.account.result.value / 10 * 3;
        }),
        feed("Switchboard of few samples", SHORTAGE, |_, f| {
            f.account.result.num_samples = 2;
        }),
        feed("Switchboard of another type", SHORTAGE, |_, f| {
            f.discriminator[0] ^= 1;
        }),
        feed("Switchboard wrongly owned", SHORTAGE, |_, f| {
            f.owner = keypair("mallory").pubkey();
        }),
    ]
}

/// Publishes SOL, spoilt, and everything else soundly; then refreshes all books. `cut` shortens the accounts.
fn publish(world: &mut World, price: f64, feeds: usize, spoil: Spoil, cut: [usize; 2]) {
    world.advance(1);
    let mut update = world.update(SOL, price, 0.1);
    (spoil.pyth)(&mut update);
    let mut accounts = vec![world.post(SOL, &update)];
    let clock = world.svm.get_sysvar::<Clock>();
    for n in 0..feeds {
        let mut feed = Feed::new(price, price * 0.0005, clock.unix_timestamp, clock.slot);
        if n == 0 {
            (spoil.feed)(world, &mut feed);
        }
        feed.write(&mut world.svm, feed_at(n));
        accounts.push(feed_at(n));
    }
    for (at, length) in accounts.iter().zip(cut) {
        if length > 0 {
            let mut account = world.svm.get_account(at).unwrap();
            account.data.truncate(length);
            world.svm.set_account(*at, account).unwrap();
        }
    }
    world.refresh_from(SOL, &accounts).accepted();
    world.prices[usize::from(SOL)] = price;
    for other in world.underlyings().filter(|u| *u != SOL) {
        world.set_price(other, world.prices[usize::from(other)]);
    }
}

struct Cast {
    world: World,
    /// Long and short SOL, with plenty; long SOL, with little.
    long: Trader,
    short: Trader,
    weak: Trader,
    /// Know nothing of SOL.
    carol: Trader,
    dave: Trader,
}

fn cast(feeds: usize) -> Cast {
    let setup = setup(feeds);
    let mut world = World::bare(&setup);
    world.initialise();
    world.install_scenarios(&setup.set, "set");
    world.advance(1_000);
    publish(&mut world, 220.0, feeds, SOUND, [0, 0]);
    for underlying in world.underlyings() {
        world.refresh_scenarios(underlying).accepted();
    }
    let [long, short, carol, dave] =
        ["long", "short", "carol", "dave"].map(|name| world.trader(name, 500_000.0));
    let weak = world.trader("weak", 12_000.0);
    world.trade_at_mark(&long, &short, SOL, 100.0).accepted();
    world.trade_at_mark(&weak, &short, SOL, 200.0).accepted();
    Cast {
        world,
        long,
        short,
        weak,
        carol,
        dave,
    }
}

/// The guarantee, with one of two sources bad as `spoil` and `cut` say.
fn only_its_own_underlying(spoil: Spoil, cut: [usize; 2]) {
    let mut c = cast(1);
    c.world.advance(61);
    publish(&mut c.world, 221.0, 1, spoil, cut);
    let (name, now) = (spoil.name, c.world.now());
    assert_eq!(c.world.book(SOL).degraded, spoil.doubt, "{name}");
    assert!(!c.world.book(ETH).is_degraded(now), "{name}");
    assert_eq!(c.world.book(SOL).price, 221 * USD as u64, "{name}");

    // Who knows nothing of SOL trades and withdraws.
    c.world
        .trade_at_mark(&c.carol, &c.dave, ETH, 1.0)
        .accepted();
    c.world.withdraw_usd(&c.carol, USD).accepted();
    // Who does may do so with what the rest covers, and reduce; nobody takes new risk in it.
    c.world.withdraw_usd(&c.long, 100_000 * USD).accepted();
    c.world
        .withdraw_usd(&c.long, 390_000 * USD)
        .refused(MarginPoolError::BelowInitialMargin);
    c.world
        .trade_at_mark(&c.long, &c.short, ETH, 1.0)
        .accepted();
    c.world
        .trade_at_mark(&c.long, &c.short, SOL, 1.0)
        .refused(MarginPoolError::NewRiskInDoubt);
    c.world
        .trade_at_mark(&c.carol, &c.dave, SOL, 1.0)
        .refused(MarginPoolError::NewRiskInDoubt);
    c.world
        .trade_at_mark(&c.long, &c.short, SOL, -50.0)
        .accepted();
    // And who fails is liquidated.
    publish(&mut c.world, 176.0, 1, spoil, cut);
    assert!(c.world.health(&c.weak).maintenance.health() < 0, "{name}");
    c.world.open(&c.weak, &c.carol).accepted();
    c.world.bid(&c.weak, &c.dave, ALL, i64::MAX).accepted();
}

#[test]
fn any_single_bad_account_costs_its_own_underlying_and_nothing_else() {
    for spoil in bad() {
        only_its_own_underlying(spoil, [0, 0]);
    }
}

#[test]
fn a_truncated_account_costs_its_own_underlying_and_nothing_else() {
    let short = Spoil {
        doubt: SHORTAGE,
        ..SOUND
    };
    for cut in [[1, 0], [7, 0], [120, 0], [0, 1], [0, 100], [0, 2_000]] {
        only_its_own_underlying(short, cut);
    }
}

#[test]
fn with_three_sources_one_bad_account_puts_nothing_in_doubt() {
    for spoil in bad() {
        let mut c = cast(2);
        c.world.advance(61);
        publish(&mut c.world, 221.0, 2, spoil, [0, 0]);
        let book = c.world.book(SOL);
        assert_eq!(
            (book.degraded, book.price),
            (0, 221 * USD as u64),
            "{}",
            spoil.name
        );
        c.world
            .trade_at_mark(&c.carol, &c.dave, SOL, 1.0)
            .accepted();
    }
}

#[test]
fn a_dead_oracle_stops_liquidation_for_minutes_and_not_for_good() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 12_000.0),
        world.trader("bob", 500_000.0),
    );
    let keeper = world.trader("keeper", 200_000.0);
    let legs = [leg(SOL, 200.0, 220.0), leg(ETH, 1.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(SOL, 176.0);
    let silent = world.now();
    world.advance(61);
    world.set_price(ETH, 4_300.0);
    // Somebody may know a newer price and keep it back.
    world
        .open(&alice, &keeper)
        .refused(MarginPoolError::PriceSilent);
    world.advance(silent + 300 - world.now());
    world.announce_silence(SOL).accepted();
    world.advance(119);
    world.set_price(ETH, 4_300.0);
    world.open(&alice, &keeper).accepted();
    world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
}
