//! What liquidation costs beyond a plain bid: a hedge, a leg, and the default waterfall.

use {
    crate::measure::record,
    cep_sdk::programs::margin_pool::{LegArgs, transfer_leg::Taking},
    cep_tests::{
        BTC, Outcome, Trader, World,
        actions::{ALL, leg},
        largest::with_options,
    },
    std::collections::BTreeMap,
};

/// Long one BTC from 120,000 USD on `usd` of cash, against bob, and a keeper.
fn fallen(usd: f64, to: f64) -> (World, Trader, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", usd);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    let legs = [leg(BTC, 1.0, 120_000.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, to);
    (world, alice, bob, keeper)
}

pub fn instructions(into: &mut BTreeMap<String, u64>) {
    let (mut world, alice, _, keeper) = fallen(14_000.0, 109_000.0);
    world.open(&alice, &keeper).accepted();
    record(into, &world.refresh_auction(&alice, &keeper).accepted());
    let args = LegArgs {
        taking: Taking::Position {
            slot: 0,
            base: 200_000,
        },
        payment: 21_799_000_000,
    };
    record(into, &world.take_leg(&alice, &keeper, args).accepted());

    let (mut world, alice, bob, keeper) = fallen(14_000.0, 109_000.0);
    world.open(&alice, &keeper).accepted();
    let legs = [leg(BTC, -0.2, 109_000.0)];
    let hedged = world.bid_and_hedge(&alice, (&keeper, &bob), ALL / 5, &legs);
    record(into, &hedged.accepted());

    let (mut world, alice, _, keeper) = fallen(14_000.0, 100_000.0);
    world.open(&alice, &keeper).accepted();
    world.wait(3_600);
    record(into, &world.reduce_opposite(&alice, &keeper).accepted());

    let mut world = World::new();
    let (alice, keeper) = (world.trader("alice", 10.0), world.trader("keeper", 1_000.0));
    world.insure(&keeper, 100.0).accepted();
    world.forge_cash(&alice, &keeper, 20_000_000);
    world.open(&alice, &keeper).accepted();
    record(into, &world.write_off(&alice, &keeper).accepted());
}

/// The largest accounts with options, their curves fresh: on three underlyings with 64 positions, on four with 48.
fn full_of_options(into: &mut BTreeMap<String, u64>) {
    for (books, positions) in [(2, 62), (3, 48), (4, 40)] {
        let mut world = with_options(books);
        let alice = world.holder_of_everything("alice", 100_000.0);
        let maker = world.holder_of_everything("maker", 10_000_000.0);
        let keeper = world.holder_of_everything("keeper", 5_000_000.0);
        world.spread(&alice, &maker, 40_000.0);
        world.fill_with_options(&alice, &maker, (4_000.0, positions));
        let spare = world.health(&alice).maintenance.health();
        world.forge_cash(&alice, &maker, spare + 1);
        let open = world.open(&alice, &keeper).accepted();
        let bid = world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
        let close = world.close(&alice, keeper.owner(), &keeper).accepted();
        for (name, receipt) in [("open", open), ("bid", bid), ("close", close)] {
            let name = format!("liquidation_{name}_options_on_{books}");
            into.insert(name, receipt.compute_units);
        }
    }
}

/// Whole transactions.
pub fn shapes(into: &mut BTreeMap<String, u64>) {
    full_of_options(into);
    // Fund, profits and cash each pay a part.
    let (mut world, alice, bob, keeper) = fallen(14_000.0, 100_000.0);
    world.insure(&keeper, 1_000.0).accepted();
    let small = world.trader("small", 10_000.0);
    world.refresh_scenarios(BTC).accepted();
    let legs = [leg(BTC, 0.1, 100_000.0)];
    world.trade(&bob, &small, &legs).accepted();
    world.settle(&small, BTC).accepted();
    world.open(&alice, &keeper).accepted();
    let bid = world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    into.insert("bid_insolvent".into(), bid.compute_units);
}
