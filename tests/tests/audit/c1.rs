//! Whoever refreshes picks the print, and must not pick with it who is liquidated.

use {
    cep_sdk::programs::liquidation::error::LiquidationError,
    cep_tests::{Outcome, SOL, World},
};

#[test]
fn c1_the_width_of_a_print_does_not_enter_maintenance_margin() {
    // SETUP: long SOL, 15 % above maintenance margin.
    let mut world = World::new();
    let victim = world.trader("victim", 60_000.0);
    let maker = world.trader("maker", 2_000_000.0);
    let keeper = world.trader("keeper", 500_000.0);
    world.republish();
    world
        .trade_at_mark(&victim, &maker, SOL, 1_000.0)
        .accepted();
    let maintenance = world.health(&victim).maintenance;
    let spare = maintenance.equity - maintenance.requirement * 115 / 100;
    world.forge_cash(&victim, &maker, spare);
    let before = world.health(&victim);

    // ACT: the same price, at every width up to beyond what a sure print may have.
    for ppm in [1, 500, 5_000, 20_000, 50_000, 900_000] {
        world.advance(1);
        let update = world.post_price(SOL, 220.0, 220.0 * f64::from(ppm) / 1e6);
        world.refresh(SOL, update).accepted();
        let after = world.health(&victim);

        // CHECK: maintenance margin is what it was, to the unit; initial margin charges the print.
        assert_eq!(after.maintenance, before.maintenance, "{ppm} ppm");
        assert!(after.initial.requirement >= after.maintenance.requirement);
        assert_eq!(
            after.initial.requirement > before.initial.requirement,
            ppm > 500,
            "{ppm} ppm"
        );
        world
            .open(&victim, &keeper)
            .refused(LiquidationError::AccountHealthy);
    }
}
