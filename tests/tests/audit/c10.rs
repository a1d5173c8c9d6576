//! Steps of a price: what idle time buys, and which of a pair moves first.

use {
    cep_sdk::{
        instruction::{self, risk},
        programs::risk_engine::{error::RiskEngineError, state::degraded},
    },
    cep_tests::{
        Outcome, Receipt, Refusal, SOL, Setup, Trader, World, keypair, oracle::StakePool,
        staked::staked_world, world::admin,
    },
    solana_sdk::{clock::Clock, signature::Signer},
};

const USD: i64 = 1_000_000;
const JITO: u8 = 3;

/// The circuit breaker as shipped.
fn shipped() -> Setup {
    let mut setup = Setup::standard();
    setup.parameters.risk.step_burst = 50_000;
    setup.parameters.risk.step_rate = 2_000;
    setup
}

#[test]
fn c10_idle_time_lets_no_print_through_beyond_the_burst() {
    for idle in [0, 25, 240, 3_600, 86_400] {
        let mut world = World::ready(&shipped());
        world.advance(idle);
        world.advance(1);
        let wrong = world.post_price(SOL, 104.0, 0.05);
        world.refresh(SOL, wrong).accepted();
        let book = world.book(SOL);
        // 5 % of 220, and what is beyond it is in doubt.
        assert_eq!(
            (book.price, book.degraded),
            (209_000_000, degraded::STEP_LIMITED),
            "after {idle} s"
        );
        // Nor does refreshing it again at once.
        world.refresh(SOL, wrong).accepted();
        assert_eq!(world.book(SOL).price, 209_000_000);
    }
}

/// jitoSOL beside the standard underlyings, priced and scaled.
fn priced() -> World {
    let (mut world, _) = staked_world();
    world.prices[usize::from(SOL)] = 200.0;
    world.prices[usize::from(JITO)] = 240.0;
    for u in 0..JITO {
        world.set_price(u, world.prices[usize::from(u)]);
    }
    refresh_jito(&mut world, 240.0).accepted();
    for u in world.underlyings() {
        world.refresh_scenarios(u).accepted();
    }
    world.set_price(SOL, 200.0);
    refresh_jito(&mut world, 240.0).accepted();
    world
}

/// The market says so much of jitoSOL, which redeems for 1.2 SOL.
fn refresh_jito(world: &mut World, market: f64) -> Result<Receipt, Refusal> {
    let epoch = world.svm.get_sysvar::<Clock>().epoch;
    let (pool, mint) = (
        keypair("stake pool").pubkey(),
        keypair("jitosol mint").pubkey(),
    );
    let supply = 1_000_000_000_000;
    StakePool::new(mint, supply / 10 * 12, supply, epoch).write(&mut world.svm, pool);
    let accounts = [world.post_feed("jitosol", market), pool];
    let (book, base) = (world.book_address(JITO), world.book_address(SOL));
    let ix = risk::refresh_staked(book, base, &accounts);
    world.send(&[ix], &[&admin()])
}

/// 10,000 jitoSOL against 12,000 SOL short: hedged but for the gap.
fn hedged(world: &mut World) -> Trader {
    let alice = world.trader("alice", 100_000.0);
    let maker = world.trader("maker", 3_000_000.0);
    let (mint, amount) = (keypair("jitosol mint").pubkey(), 10_000_000_000_000);
    let source = world.mint_to(alice.owner(), mint, amount);
    let deposit = instruction::pool::deposit_staked;
    let book = world.book_address(JITO);
    let ix = deposit(alice.account, mint, source, alice.owner(), amount, book);
    world.send(&[ix], &[&alice.key]).accepted();
    world
        .trade_at_mark(&alice, &maker, SOL, -12_000.0)
        .accepted();
    alice
}

#[test]
fn c10_a_staked_token_and_its_base_are_judged_at_one_time() {
    // Down and up: on the audited code a fall of the base alone made 117,600 USD, a rise lost as much.
    for to in [190.2, 209.8] {
        let mut world = priced();
        let alice = hedged(&mut world);
        let before = world.health(&alice).maintenance.equity;
        world.advance(40);
        world.set_price(SOL, to);
        let base_alone = world.health(&alice).maintenance.equity;
        assert!((base_alone - before).abs() < USD, "{before} {base_alone}");
        // And nothing changes once the token is refreshed too.
        refresh_jito(&mut world, 1.2 * to).accepted();
        let both = world.health(&alice).maintenance.equity;
        assert!((both - before).abs() < USD, "{before} {both}");
    }
}

#[test]
fn c10_a_staked_token_is_not_refreshed_beside_an_older_base() {
    let mut world = priced();
    let alice = hedged(&mut world);
    let before = world.health(&alice).maintenance.equity;
    // SOL fell by 4 %; whoever would liquidate brings the token's print alone.
    world.advance(40);
    refresh_jito(&mut world, 230.4).refused(RiskEngineError::BaseNotRefreshed);
    assert_eq!(world.health(&alice).maintenance.equity, before);
    // Together, in whatever slot within the last eight.
    world.set_price(SOL, 192.0);
    world.advance(3);
    refresh_jito(&mut world, 230.4).accepted();
    let both = world.health(&alice).maintenance.equity;
    assert!((both - before).abs() < USD, "{before} {both}");
    assert_eq!(world.book(JITO).degraded, 0);
}
