//! What nobody takes is closed against the other side, whatever dust is there.

use cep_tests::{Outcome, SOL, World, actions::leg};

#[test]
fn c7_a_millionth_of_a_contract_does_not_keep_an_account_from_being_closed() {
    for dust in [0.0, 0.000_001] {
        // SETUP: the failing account is all of its side but for a millionth of a contract.
        let mut world = World::new();
        let failing = world.trader("mallory", 250_000.0);
        let friend = world.sibling("mallory", 1);
        world.deposit_usd(&friend, 1_000.0);
        let long = world.trader("long", 5_000_000.0);
        let keeper = world.trader("keeper", 10.0);
        world
            .trade(&failing, &long, &[leg(SOL, -5_000.0, 220.0)])
            .accepted();
        if dust > 0.0 {
            world
                .trade(&friend, &long, &[leg(SOL, -dust, 220.0)])
                .accepted();
        }
        world.set_price(SOL, 290.0);
        world.open(&failing, &keeper).accepted();
        world.wait(3_600);

        // ACT
        world.reduce_opposite(&failing, &keeper).accepted();

        // CHECK: the side was closed whole, and who took its share last keeps the millionth.
        assert_eq!(world.base(&failing, SOL), 0);
        assert!((0..100).contains(&world.owned(&[&failing])));
        world.settle(&long, SOL).accepted();
        let left = (dust * 1e6).round() as i64;
        assert_eq!(world.base(&long, SOL), left);
        assert_eq!(world.base(&friend, SOL), -left);
        assert!(world.market(SOL).reductions.iter().all(|r| r.base == 0));
    }
}
