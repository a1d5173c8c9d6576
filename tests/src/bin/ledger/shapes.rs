//! What work costs by the shape of the account.

use {
    crate::measure::calls,
    cep_tests::{
        Outcome, Trader, World,
        actions::{ALL, leg},
        largest::{at_the_limit, widened},
        world::quote_mint,
    },
    std::collections::BTreeMap,
};

pub fn all(into: &mut BTreeMap<String, u64>) {
    into.insert(
        "deposit_without_transfer".into(),
        deposit_without_transfer(),
    );
    for perpetuals in [1, 4] {
        let name = if perpetuals == 1 { "perp" } else { "perps" };
        let cost = margin_of_perpetuals(perpetuals);
        into.insert(format!("margin_{perpetuals}_{name}"), cost);
    }
    into.insert("trade_block_4_legs".into(), trade_of_4_legs());
    largest(into);
}

fn deposit_without_transfer() -> u64 {
    let mut world = World::new();
    let alice = world.trader("alice", 1.0);
    let receipt = world.deposit(&alice, quote_mint(), 1).accepted();
    let calls = calls(&receipt);
    let token = calls.iter().find(|c| c.program == anchor_spl::token::ID);
    receipt.compute_units - token.unwrap().compute_units
}

/// A withdrawal from an account without exposure: everything but the margin check.
fn withdrawal_without_check(world: &mut World) -> u64 {
    let empty = world.trader("empty", 1.0);
    world.withdraw_usd(&empty, 1).accepted().compute_units
}

/// A withdrawal's cost less what it costs an account without exposure.
fn margin_check(world: &mut World, trader: &Trader) -> u64 {
    let whole = world.withdraw_usd(trader, 1).accepted().compute_units;
    whole - withdrawal_without_check(world)
}

fn two_rich(world: &mut World) -> (Trader, Trader) {
    (
        world.trader("alice", 1_000_000.0),
        world.trader("bob", 1_000_000.0),
    )
}

fn margin_of_perpetuals(count: usize) -> u64 {
    let mut world = World::ready(&widened(count.max(3), 1));
    let (alice, bob) = two_rich(&mut world);
    for underlying in world.underlyings().take(count) {
        let price = world.prices[usize::from(underlying)];
        let sign = if underlying % 2 == 0 { 1.0 } else { -1.0 };
        let contracts = sign * (30_000.0 + 1_234.5 * f64::from(underlying)) / price;
        world
            .trade(&alice, &bob, &[leg(underlying, contracts, price)])
            .accepted();
    }
    margin_check(&mut world, &alice)
}

fn trade_of_4_legs() -> u64 {
    let mut world = World::ready(&widened(4, 1));
    let (alice, bob) = two_rich(&mut world);
    let legs: Vec<_> = world
        .underlyings()
        .map(|u| {
            let price = world.prices[usize::from(u)];
            leg(u, 30_000.0 / price, price)
        })
        .collect();
    world.trade(&alice, &bob, &legs).accepted().compute_units
}

/// Eight perpetuals and sixteen collaterals on every side.
fn largest(into: &mut BTreeMap<String, u64>) {
    let mut world = World::ready(&at_the_limit());
    let alice = world.holder_of_everything("alice", 100_000.0);
    let maker = world.holder_of_everything("maker", 10_000_000.0);
    let keeper = world.holder_of_everything("keeper", 1_000_000.0);
    world.spread(&alice, &maker, 40_000.0);
    world.spread(&keeper, &maker, 10_000.0);
    into.insert("margin_largest".into(), margin_check(&mut world, &alice));
    let legs: Vec<_> = world
        .underlyings()
        .map(|u| {
            leg(
                u,
                100.0 / world.prices[usize::from(u)],
                world.prices[usize::from(u)],
            )
        })
        .collect();
    let trade = world.trade(&alice, &maker, &legs).accepted();
    into.insert("trade_block_largest".into(), trade.compute_units);

    let spare = world.health(&alice).maintenance.health();
    world.forge_cash(&alice, &maker, spare + 1);
    let opened = world.open(&alice, &keeper).accepted();
    let bid = world.bid(&alice, &keeper, ALL, i64::MAX).accepted();
    let closed = world.close(&alice, keeper.owner(), &keeper).accepted();
    for (name, receipt) in [("open", opened), ("bid", bid), ("close", closed)] {
        into.insert(format!("liquidation_{name}_largest"), receipt.compute_units);
    }
}
