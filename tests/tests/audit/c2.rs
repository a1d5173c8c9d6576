//! Liquidation reads curves as they are, but not as nobody took the trouble to make them.

use {
    cep_sdk::programs::margin_pool::error::MarginPoolError,
    cep_tests::{
        BTC, Outcome,
        actions::{ALL, leg},
        options::{CALL, week},
    },
};

#[test]
fn c2_a_stale_curve_serves_liquidation_at_first_and_at_last_and_is_rebuilt_between() {
    // SETUP: long a call, short the index against it.
    let (mut world, _) = week();
    let alice = world.trader("alice", 100_000.0);
    let maker = world.trader("maker", 2_000_000.0);
    let keeper = world.trader("keeper", 1_000_000.0);
    let call = world.mark(BTC, CALL);
    let legs = [
        world.dated_leg(BTC, CALL, 5.0, call),
        leg(BTC, -2.0, 120_000.0),
    ];
    world.set_price(BTC, 120_000.0);
    world.trade(&alice, &maker, &legs).accepted();
    // ACT: the price leaves the band of the curves by far, and the account is a little below maintenance margin.
    world.set_price(BTC, 127_000.0);
    let left = world.now();
    let spare = world.health(&alice).maintenance.health();
    world.forge_cash(&alice, &maker, spare + 1_000_000);
    let at = |seconds: i64| {
        let mut world = world.clone();
        world.advance(left + seconds - 1 - world.now());
        world.set_price(BTC, 127_000.0);
        world
    };
    // CHECK: the crank may be on its way.
    at(59).open(&alice, &keeper).accepted();
    // Whoever liquidates can rebuild the curves, so that nobody is sold at old ones.
    for seconds in [60, 299] {
        let mut world = at(seconds);
        world
            .open(&alice, &keeper)
            .refused(MarginPoolError::CurvesToRebuild);
        world.crank_curves(BTC, 8);
        let below = world.health(&alice).maintenance.health() < 0;
        assert_eq!(world.open(&alice, &keeper).is_ok(), below);
    }
    // An auction that is open meets the same rule: neither a bid nor a look at stale curves.
    let mut open = at(59);
    open.open(&alice, &keeper).accepted();
    open.advance(30);
    open.set_price(BTC, 127_000.0);
    open.bid(&alice, &keeper, ALL, i64::MAX)
        .refused(MarginPoolError::CurvesToRebuild);
    open.refresh_auction(&alice, &keeper)
        .refused(MarginPoolError::CurvesToRebuild);
    // Nobody came for five minutes: nothing may stop liquidation.
    at(300).open(&alice, &keeper).accepted();
}
