//! Only the buffer sets the insolvent clock back.

use cep_tests::{BTC, Outcome, World, actions::leg};

#[test]
fn c5_a_moment_of_solvency_does_not_set_the_insolvent_clock_back() {
    let mut world = World::new();
    let failing = world.trader("failing", 14_000.0);
    let other = world.trader("other", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    let legs = [leg(BTC, 1.0, 120_000.0)];
    world.trade(&failing, &other, &legs).accepted();
    world.set_price(BTC, 104_000.0);
    world.open(&failing, &keeper).accepted();
    world.wait(600);
    world.refresh_auction(&failing, &keeper).accepted();
    let ran = world.auction(&failing).insolvent_clock;
    assert!(ran >= 600_000_000);

    // It is worth something for a moment, and owes more than it has again.
    world.set_price(BTC, 108_000.0);
    world.refresh_auction(&failing, &keeper).accepted();
    assert_eq!(world.auction(&failing).insolvent, 0);
    world.set_price(BTC, 104_000.0);
    world.refresh_auction(&failing, &keeper).accepted();

    let auction = world.auction(&failing);
    assert_eq!((auction.insolvent, auction.insolvent_clock), (1, ran));
}
