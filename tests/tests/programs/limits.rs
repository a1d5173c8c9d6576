//! The largest account that the programs admit can do everything that an account must be able to do.

use {
    cep_sdk::programs::{
        margin_pool::{
            clearing::{
                Asset, MAX_OPTION_UNDERLYINGS, MAX_POSITIONS_ON_FOUR, MAX_POSITIONS_ON_THREE,
            },
            error::MarginPoolError,
            state::{MAX_COLLATERALS, MarginAccount, Position, PositionKind},
        },
        risk_engine::state::PriceState,
    },
    cep_tests::{
        Outcome, Receipt, Trader, World,
        actions::{ALL, leg},
        largest::{at_the_limit, with_options},
    },
};

/// What one transaction may use.
const MAX_COMPUTE_UNITS: u64 = 1_400_000;

/// Eight perpetuals against a maker, sixteen collaterals each.
fn full() -> (World, Trader, Trader) {
    let mut world = World::ready(&at_the_limit());
    let alice = world.holder_of_everything("alice", 100_000.0);
    let maker = world.holder_of_everything("maker", 10_000_000.0);
    world.spread(&alice, &maker, 40_000.0);
    let account = world.account(&alice.account);
    assert_eq!(account.positions.iter().filter(|p| !p.is_free()).count(), 8);
    let held = account.collaterals.iter().filter(|c| **c > 0).count();
    assert_eq!(held, MAX_COLLATERALS);
    (world, alice, maker)
}

fn fits(receipt: &Receipt) {
    let units = receipt.compute_units;
    assert!(units < MAX_COMPUTE_UNITS * 98 / 100, "{units}");
}

#[test]
fn it_trades_withdraws_and_settles() {
    let (mut world, alice, maker) = full();
    let price = world.prices[0];
    fits(
        &world
            .trade(&alice, &maker, &[leg(0, 0.001, price)])
            .accepted(),
    );
    fits(&world.withdraw_usd(&alice, 1).accepted());
    let mint = world.parameters.collaterals[15].mint;
    fits(&world.withdraw(&alice, mint, 1).accepted());
    for underlying in world.underlyings() {
        fits(&world.settle(&alice, underlying).accepted());
    }
}

#[test]
fn it_reduces_below_initial_margin() {
    let (mut world, alice, maker) = full();
    let spare = world.health(&alice).initial.health();
    world.forge_cash(&alice, &maker, spare + 1);
    // The longest way: requirement before and after, on both sides.
    let legs: Vec<_> = world
        .underlyings()
        .map(|u| {
            let sign = if u % 2 == 0 { -1.0 } else { 1.0 };
            leg(
                u,
                sign * 1_000.0 / world.prices[usize::from(u)],
                world.prices[usize::from(u)],
            )
        })
        .collect();
    let result = world.trade(&alice, &maker, &legs);
    match result {
        Ok(receipt) => fits(&receipt),
        Err(refusal) => assert_eq!(refusal.name, "BelowInitialMargin", "{refusal:?}"),
    }
}

#[test]
fn it_is_liquidated() {
    let (mut world, alice, maker) = full();
    let keeper = world.holder_of_everything("keeper", 1_000_000.0);
    world.spread(&keeper, &maker, 10_000.0);
    let spare = world.health(&alice).maintenance.health();
    world.forge_cash(&alice, &maker, spare + 1);

    fits(&world.open(&alice, &keeper).accepted());
    fits(&world.bid(&alice, &keeper, ALL, i64::MAX).accepted());
    fits(&world.close(&alice, keeper.owner(), &keeper).accepted());
}

#[test]
fn it_is_liquidated_when_insolvent() {
    let (mut world, alice, maker) = full();
    let keeper = world.holder_of_everything("keeper", 1_000_000.0);
    world.insure(&maker, 100_000.0).accepted();
    let equity = world.health(&alice).maintenance.equity;
    world.forge_cash(&alice, &maker, equity + 10_000_000);

    fits(&world.open(&alice, &keeper).accepted());
    fits(&world.bid(&alice, &keeper, ALL, i64::MAX).accepted());
    fits(&world.close(&alice, keeper.owner(), &keeper).accepted());
    assert!(
        world
            .account(&alice.account)
            .positions
            .iter()
            .all(|p| p.is_free())
    );
}

/// Underlyings with options, and positions in all: the two largest accounts.
const LARGEST: [(u8, u32); 3] = [
    (3, MAX_POSITIONS_ON_THREE),
    (4, MAX_POSITIONS_ON_FOUR),
    (2, 62),
];

/// Alice and the maker with 8 perpetuals, as many options and futures as fit and 16 collaterals each.
fn full_of_options((books, positions): (u8, u32)) -> (World, Trader, Trader) {
    let mut world = with_options(books);
    let alice = world.holder_of_everything("alice", 100_000.0);
    let maker = world.holder_of_everything("maker", 10_000_000.0);
    world.spread(&alice, &maker, 40_000.0);
    world.fill_with_options(&alice, &maker, (4_000.0, positions));
    for trader in [&alice, &maker] {
        let account = world.account(&trader.account);
        assert_eq!(u32::from(account.open_positions), positions);
        let options = account.positions.iter().filter(|p| p.strike != 0).count();
        assert_eq!(options, 24);
        assert_eq!(world.health(trader).report.stale_curves, 0);
    }
    (world, alice, maker)
}

#[test]
fn full_of_options_it_withdraws() {
    for shape in LARGEST {
        let (mut world, alice, _) = full_of_options(shape);
        fits(&world.withdraw_usd(&alice, 1).accepted());
    }
}

#[test]
fn full_of_options_its_auction_opens_and_closes() {
    for shape in LARGEST {
        let (mut world, alice, maker) = full_of_options(shape);
        let spare = world.health(&alice).maintenance.health();
        world.forge_cash(&alice, &maker, spare + 1);
        fits(&world.open(&alice, &maker).accepted());
        world.deposit_usd(&alice, 1_000_000.0);
        fits(&world.close(&alice, maker.owner(), &maker).accepted());
    }
}

/// All options' curves are stale and the oracle of one underlying is dead, of the others it was just asked.
fn with_stale_curves_and_a_dead_oracle(world: &mut World) {
    let book = world.book(0);
    let age = (book.curve_max_age + book.curve_timeout).max(book.dead_price_age);
    world.advance(i64::try_from(age).unwrap() + 1);
    world.announce_silence(0).accepted();
    world.advance(i64::try_from(book.silence_delay).unwrap());
    for underlying in world.underlyings().skip(1) {
        let price = world.prices[usize::from(underlying)];
        let update = world.post_price(underlying, price, price / 5_000.0);
        world.refresh(underlying, update).accepted();
    }
    let state = |underlying| world.book(underlying).price_state(world.now());
    assert_eq!(
        (state(0), state(1)),
        (PriceState::Announced, PriceState::Fresh)
    );
}

fn stale_curves(world: &World, trader: &Trader) -> u32 {
    world.health(trader).report.stale_curves.count_ones()
}

#[test]
fn full_of_options_it_is_liquidated_with_stale_curves_and_a_dead_oracle() {
    for shape in LARGEST {
        let (mut world, alice, maker) = full_of_options(shape);
        let keeper = world.holder_of_everything("keeper", 5_000_000.0);
        with_stale_curves_and_a_dead_oracle(&mut world);
        let spare = world.health(&alice).maintenance.health();
        world.forge_cash(&alice, &maker, spare + 1);
        assert_eq!(stale_curves(&world, &alice), u32::from(shape.0));

        let open = world.open(&alice, &keeper).accepted();
        let bid = world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
        let close = world.close(&alice, keeper.owner(), &keeper).accepted();
        [open, bid, close].iter().for_each(fits);
    }
}

#[test]
fn full_of_options_it_is_liquidated_when_insolvent_with_stale_curves_and_a_dead_oracle() {
    for shape in LARGEST {
        let (mut world, alice, maker) = full_of_options(shape);
        let keeper = world.holder_of_everything("keeper", 5_000_000.0);
        world.insure(&maker, 1_000_000.0).accepted();
        let equity = world.health(&alice).maintenance.equity;
        world.forge_cash(&alice, &maker, equity + 10_000_000_000);
        with_stale_curves_and_a_dead_oracle(&mut world);

        let open = world.open(&alice, &keeper).accepted();
        let bid = world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
        let close = world.close(&alice, keeper.owner(), &keeper).accepted();
        [open, bid, close].iter().for_each(fits);
        assert!(
            world
                .account(&alice.account)
                .positions
                .iter()
                .all(|p| p.is_free())
        );
    }
}

#[test]
fn full_of_options_it_is_closed_against_the_other_side() {
    for shape in LARGEST {
        let (mut world, alice, maker) = full_of_options(shape);
        let equity = world.health(&alice).maintenance.equity;
        world.forge_cash(&alice, &maker, equity + 10_000_000_000);
        world.open(&alice, &maker).accepted();
        world.wait(3_600);

        fits(&world.reduce_opposite(&alice, &maker).accepted());

        let left = world.account(&alice.account);
        assert!(left.positions.iter().all(|p| p.base == 0));
    }
}

#[test]
fn more_options_than_can_be_liquidated_at_once_need_another_account() {
    let (world, alice, _) = full_of_options(LARGEST[1]);
    let mut account: MarginAccount = *world.account(&alice.account);
    let call_on = |underlying: u32| Asset {
        underlying: u8::try_from(underlying).unwrap(),
        instrument: 99,
        kind: PositionKind::Call,
        ..Asset::perpetual(0)
    };
    let future = Asset {
        instrument: 98,
        kind: PositionKind::Future,
        ..Asset::perpetual(7)
    };
    let many = || Err(MarginPoolError::TooManyOptions.into());
    let free = |account: &mut MarginAccount, is: fn(&Position) -> bool| {
        let slot = account.positions.iter().position(is).unwrap();
        account.positions[slot] = bytemuck::Zeroable::zeroed();
        account.open_positions -= 1;
        slot
    };
    let last = MAX_OPTION_UNDERLYINGS - 1;
    // A 41st position, a 25th option, a fifth underlying.
    assert_eq!(future.find_or_open(&mut account), many());
    let slot = free(&mut account, |p| p.strike == 0 && p.expiry != 0);
    assert_eq!(call_on(last).find_or_open(&mut account), many());
    let option = free(&mut account, |p| p.strike != 0);
    assert_eq!(call_on(last + 1).find_or_open(&mut account), many());
    assert_eq!(
        call_on(last).find_or_open(&mut account),
        Ok(slot.min(option))
    );
    assert_eq!(future.find_or_open(&mut account), Ok(slot.max(option)));
}
