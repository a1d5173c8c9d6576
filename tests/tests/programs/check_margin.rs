//! `check_margin`: the chain's answer, the SDK's answer, and that they are the same to the unit.

use {
    bytemuck::Zeroable,
    cep_sdk::{
        address,
        book::Book,
        health::{Health, exposed_underlyings, report_from_return_data},
        instruction::pool,
        programs::{
            margin_pool::{
                MarginReport,
                error::MarginPoolError,
                margin::Books,
                state::{MarginAccount, Position, PositionKind},
            },
            risk_engine::state::{InstrumentKind, RiskBook, degraded},
        },
    },
    cep_tests::{BTC, ETH, Outcome, SOL, Trader, World, options, world::admin},
    rand::{Rng, SeedableRng},
    rand_chacha::ChaCha8Rng,
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_sdk::{message::Message, signature::Signer, transaction::Transaction},
    std::time::Instant,
};

const ACCOUNTS: usize = 10_000;
/// Accounts per state of the market.
const PER_STATE: usize = 250;

/// A BTC chain of 24 options and two futures over two expiries, with curves; everything priced.
fn market() -> (World, Trader) {
    let mut world = options::world(28);
    for days in [7, 60] {
        let expiry = world.expiry_in(days);
        world.list(BTC, InstrumentKind::Future, expiry, 0.0);
        for strike in 0..6 {
            let strike = 95_000.0 + 10_000.0 * f64::from(strike);
            world.list(BTC, InstrumentKind::Call, expiry, strike);
            world.list(BTC, InstrumentKind::Put, expiry, strike);
        }
    }
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.crank_curves(BTC, 16);
    world.refresh_scenarios(BTC).accepted();
    let trader = world.trader("checked", 0.0);
    (world, trader)
}

fn random_account(rng: &mut ChaCha8Rng, base: &MarginAccount, btc: &Book) -> Box<MarginAccount> {
    let mut account = Box::new(*base);
    account.cash = rng.random_range(-5_000_000_000_000..5_000_000_000_000);
    if rng.random_bool(0.5) {
        account.collaterals[0] = rng.random_range(1..10_000_000_000_000);
    }
    let mut slots = account.positions.iter_mut();
    for underlying in [BTC, ETH, SOL] {
        if rng.random_bool(0.6) {
            *slots.next().unwrap() = position(rng, underlying, PositionKind::Perpetual, 0, 0);
        }
    }
    let dated = btc
        .instruments
        .iter()
        .enumerate()
        .filter(|(_, i)| i.id != 0);
    for (slot, instrument) in dated {
        if !rng.random_bool(0.25) {
            continue;
        }
        let kind = match InstrumentKind::from_code(instrument.kind).unwrap() {
            InstrumentKind::Future => PositionKind::Future,
            InstrumentKind::Call => PositionKind::Call,
            InstrumentKind::Put => PositionKind::Put,
            InstrumentKind::Perpetual => continue,
        };
        // Now and then the slot is no longer remembered rightly.
        let at = if rng.random_bool(0.1) { 0 } else { slot };
        *slots.next().unwrap() = position(rng, BTC, kind, instrument.id, at as u16);
    }
    account
}

fn position(
    rng: &mut ChaCha8Rng,
    underlying: u8,
    kind: PositionKind,
    instrument: u64,
    slot: u16,
) -> Position {
    Position {
        base: rng.random_range(-20_000_000..20_000_000),
        quote: rng.random_range(-1_000_000_000_000..1_000_000_000_000),
        underlying,
        kind: kind as u8,
        instrument,
        slot,
        ..Position::zeroed()
    }
}

/// The market moves, grows old, and is put in doubt.
fn disturb(world: &mut World, rng: &mut ChaCha8Rng) {
    world.advance(rng.random_range(0..40));
    for underlying in [BTC, ETH, SOL] {
        let move_by = rng.random_range(900..1_100);
        let doubt = match rng.random_range(0..4) {
            0 => degraded::SHORTAGE,
            _ => 0,
        };
        let book = world.book_address(underlying);
        world.forge::<RiskBook>(&book, |b| {
            b.price = b.price / 1_000 * move_by;
            b.degraded = doubt;
            b.daily_volume = 1_000_000_000_000;
        });
    }
}

fn on_chain(world: &World, trader: &Trader, account: &MarginAccount) -> (MarginReport, u64) {
    let pool = world.pool();
    let needed = exposed_underlyings(&pool, account);
    let books: Vec<_> = needed.iter().map(|u| world.book_address(*u)).collect();
    let ixs = [
        ComputeBudgetInstruction::set_compute_unit_limit(1_400_000),
        pool::check_margin(trader.account, &books),
    ];
    let message = Message::new(&ixs, Some(&admin().pubkey()));
    let transaction = Transaction::new(&[&admin()], message, world.svm.latest_blockhash());
    let info = match world.svm.simulate_transaction(transaction) {
        Ok(info) => info,
        Err(failed) => panic!("{:?}\n{}", failed.err, failed.meta.logs.join("\n")),
    };
    let report = report_from_return_data(&info.meta.return_data.data).unwrap();
    (report, info.meta.compute_units_consumed)
}

#[test]
fn the_sdk_and_the_chain_agree_to_the_unit_on_ten_thousand_accounts() {
    let (mut world, trader) = market();
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let base = world.account(&trader.account);
    let (mut most, mut doubtful, mut failing, mut with_options) = (0, 0, 0, 0);
    let began = Instant::now();
    for n in 0..ACCOUNTS {
        if n % PER_STATE == 0 {
            disturb(&mut world, rng);
        }
        let books: Vec<Book> = world.underlyings().map(|u| world.book(u)).collect();
        let account = random_account(rng, &base, &books[usize::from(BTC)]);
        world.forge::<MarginAccount>(&trader.account, |a| *a = *account);

        let (chain, units) = on_chain(&world, &trader, &account);

        let markets: Vec<_> = world.underlyings().map(|u| world.market(u)).collect();
        let listed = world.underlyings().zip(books.iter().zip(&markets));
        let listed = listed.map(|(u, (book, market))| book.listed(u, market));
        let books = Books {
            list: listed.collect(),
            now: world.now(),
        };
        let here = Health::of(&world.pool(), &account, &books).unwrap();
        assert_eq!(here.report, chain, "account {n}");
        most = most.max(units);
        doubtful += usize::from(chain.degraded != 0);
        failing += usize::from(chain.health < 0);
        with_options += usize::from(chain.stale_curves != 0);
    }
    println!(
        "{ACCOUNTS} accounts in {} s; at most {most} units; {doubtful} with a doubtful price, {with_options} with a \
         stale curve, {failing} below maintenance",
        began.elapsed().as_secs()
    );
    // Not the same trivial answer ten thousand times.
    assert!(doubtful > 1_000 && failing > 1_000 && failing < 9_000 && with_options > 100);
}

#[test]
fn anyone_may_look_and_nothing_changes() {
    let (mut world, trader) = market();
    let before = world.svm.get_account(&trader.account).unwrap();
    let ix = pool::check_margin(trader.account, &[]);
    let receipt = world.send(&[ix], &[&admin()]).accepted();
    assert!(
        receipt
            .logs
            .iter()
            .any(|l| l.starts_with("Program return: "))
    );
    assert_eq!(world.svm.get_account(&trader.account).unwrap(), before);
    world.svm.expire_blockhash();
    let (report, _) = on_chain(&world, &trader, &world.account(&trader.account));
    assert_eq!((report.initial.requirement, report.health), (0, 0));
    assert_eq!(report.health_factor, None);
    assert_eq!(address::pool(), world.account(&trader.account).pool);
}

/// The trader holds one option of BTC, got without a trade.
fn holding(world: &mut World, trader: &Trader, kind: PositionKind, instrument: u64) {
    world.forge::<MarginAccount>(&trader.account, |a| {
        a.positions[0] = Position {
            base: 1_000_000,
            kind: kind as u8,
            underlying: BTC,
            instrument,
            ..Position::zeroed()
        };
    });
}

#[test]
fn nothing_is_withdrawn_on_stale_curves_or_against_an_unknown_instrument() {
    let (mut world, _) = market();
    let alice = world.trader("alice", 500_000.0);
    world.advance(3_601);
    world.set_price(BTC, 120_000.0);
    let call = world.book(BTC).instruments[1];
    holding(&mut world, &alice, PositionKind::Call, call.id);
    let report = on_chain(&world, &alice, &world.account(&alice.account)).0;
    assert_eq!(report.stale_curves, 1);
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::CurvesStale);

    holding(&mut world, &alice, PositionKind::Call, 999);
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::InstrumentMissing);
}
