//! What a stake in the insurance fund costs, from its opening to its end.

use {
    crate::measure::record,
    cep_tests::{Outcome, World},
    std::collections::BTreeMap,
};

pub fn instructions(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (alice, bob) = (world.trader("alice", 0.0), world.trader("bob", 0.0));
    world.insure(&bob, 1_000.0).accepted();
    record(into, &world.open_stake(&alice).accepted());
    record(into, &world.stake(&alice, 500.0).accepted());
    let all = world.stake_of(&alice).shares;
    record(into, &world.request_unstake(&alice, 1).accepted());
    record(into, &world.cancel_unstake(&alice).accepted());
    world.request_unstake(&alice, all).accepted();
    world.advance(i64::try_from(world.parameters.unstake_cooldown).unwrap());
    record(into, &world.unstake(&alice, 1).accepted());
    record(into, &world.close_stake(&alice).accepted());
}
