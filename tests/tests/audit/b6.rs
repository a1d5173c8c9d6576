//! The auction's clock runs only while a bid could have been accepted.

use {
    cep_sdk::programs::margin_pool::error::MarginPoolError,
    cep_tests::{
        BTC, Outcome, Trader, World,
        actions::{ALL, leg},
    },
};

/// Long a contract of BTC, which falls to `price`; its auction is open.
fn auctioned(price: f64) -> (World, Trader, Trader) {
    let mut world = World::new();
    let failing = world.trader("failing", 14_000.0);
    let other = world.trader("other", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    let legs = [leg(BTC, 1.0, 120_000.0)];
    world.trade(&failing, &other, &legs).accepted();
    world.set_price(BTC, price);
    world.open(&failing, &keeper).accepted();
    // At its own pace: what is told here does not depend on it.
    let rules = cep_sdk::address::liquidation_config();
    world.forge::<cep_sdk::programs::liquidation::state::LiquidationConfig>(&rules, |c| {
        c.params.pace_limit = 1_000_000;
    });
    world.refresh_auction(&failing, &keeper).accepted();
    (world, failing, keeper)
}

fn elapsed(world: &mut World, failing: &Trader, keeper: &Trader) -> u64 {
    world.refresh_auction(failing, keeper).accepted();
    world.auction(failing).elapsed()
}

/// Of an account that is solvent, and of one that owes more than it has.
const PRICES: [f64; 2] = [109_500.0, 104_000.0];

#[test]
fn b6_without_a_refresh_the_price_does_not_fall() {
    for price in PRICES {
        let (mut world, failing, keeper) = auctioned(price);
        assert_eq!(world.auction(&failing).insolvent != 0, price < 105_000.0);
        let start = elapsed(&mut world, &failing, &keeper);
        // 290 seconds pass, of which the price served 60 from its publication, and its successor a few.
        world.advance(290);
        world.republish();
        let after = elapsed(&mut world, &failing, &keeper);
        assert!(after - start <= 65, "{start} {after}");
        // Refreshed, it runs by the second.
        let began = world.now();
        world.wait(290);
        let passed = u64::try_from(world.now() - began).unwrap();
        assert_eq!(elapsed(&mut world, &failing, &keeper) - after, passed);
    }
}

#[test]
fn b6_after_a_halt_of_hours_the_price_is_what_it_was() {
    for price in PRICES {
        let (mut world, failing, keeper) = auctioned(price);
        let start = elapsed(&mut world, &failing, &keeper);
        world.advance(5 * 3_600);
        // A price from before it serves nobody.
        world
            .bid(&failing, &keeper, ALL, i64::MAX)
            .refused(MarginPoolError::PriceSilent);
        world.republish();
        let after = elapsed(&mut world, &failing, &keeper);
        assert!(after - start <= 65, "{start} {after}");
    }
}
