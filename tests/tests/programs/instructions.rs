//! Every instruction of the three programs, used as it is meant to be.

use {
    cep_sdk::{
        address,
        programs::{
            liquidation::state::{InsuranceFund, LiquidationConfig},
            risk_engine::state::{RiskConfig, ScenarioSet as OnChainSet},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, SOL, Setup, Trader, World, actions::leg, token::balance, world::admin,
        world::quote_mint,
    },
    solana_sdk::signature::Signer,
};

const USD: i64 = 1_000_000;

#[test]
fn initialisation_stores_what_the_migrations_say() {
    // SETUP
    let setup = Setup::standard();
    let mut world = World::bare(&setup);

    // ACT
    world.initialise();

    // CHECK
    let config = world.read::<RiskConfig>(&address::risk_config());
    assert_eq!(config.authority, admin().pubkey());
    assert_eq!(config.params, setup.parameters.risk);
    assert_eq!(
        (config.underlying_count, config.scenario_generation),
        (3, 0)
    );
    let pool = world.pool();
    assert_eq!(pool.params, setup.parameters.pool);
    assert_eq!(pool.liquidation_authority, address::liquidation_authority());
    assert_eq!((pool.underlying_count, pool.collateral_count), (3, 1));
    assert_eq!(pool.quote_mint, quote_mint());
    for (u, listed) in world.underlyings().zip(&setup.parameters.underlyings) {
        let (book, market) = (world.book(u), world.market(u));
        assert_eq!(book.symbol, listed.symbol);
        assert_eq!(book.sources[0].feed, listed.sources[0].feed);
        assert_eq!(market.open_interest_limit, listed.open_interest_limit);
        assert_eq!((market.index, market.book), (u, world.book_address(u)));
    }
    let liquidation = world.read::<LiquidationConfig>(&address::liquidation_config());
    assert_eq!(liquidation.params, setup.parameters.auction);
    assert_eq!(
        (liquidation.unstake_cooldown, liquidation.unstake_window),
        (604_800, 172_800)
    );
    assert_eq!(liquidation.pool, address::pool());
}

#[test]
fn a_scenario_set_is_uploaded_sealed_and_put_in_force() {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    world.initialise();

    world.install_scenarios(&setup.set, "set");

    let config = world.read::<RiskConfig>(&address::risk_config());
    let set = world.read::<OnChainSet>(&world.scenario_set);
    assert_eq!(config.scenario_set, world.scenario_set);
    assert_eq!(config.scenario_generation, 1);
    assert_eq!((set.sealed, set.hash), (1, setup.set.hash()));
}

#[test]
fn refresh_takes_price_confidence_and_volatility_from_the_oracle() {
    let mut world = World::new();
    let before = world.book(ETH);
    world.advance(3_600);

    let price_account = world.post_price(ETH, 4_515.0, 2.25);
    world.refresh(ETH, price_account).accepted();

    let after = world.book(ETH);
    assert_eq!((after.price, after.confidence), (4_515_000_000, 2_250_000));
    assert_eq!(after.publish_time, world.now());
    // 5 % in an hour is more than 2.8 % in a day: seen once the buckets that it fell into have ended.
    world.advance(600);
    let price_account = world.post_price(ETH, 4_515.0, 2.25);
    world.refresh(ETH, price_account).accepted();
    assert!(world.book(ETH).variance > before.variance);
}

#[test]
fn refresh_scenarios_scales_the_column_with_volatility() {
    let mut world = World::new();
    let calm = world.book(SOL);
    world.advance(3_600);
    let price_account = world.post_price(SOL, 176.0, 0.1);
    world.refresh(SOL, price_account).accepted();
    // Until the buckets that the fall is in have ended.
    world.advance(600);
    let price_account = world.post_price(SOL, 176.0, 0.1);
    world.refresh(SOL, price_account).accepted();

    world.refresh_scenarios(SOL).accepted();

    let wild = world.book(SOL);
    assert_eq!(wild.scaled_variance, wild.target_variance);
    assert!(
        wild.target_variance > wild.variance,
        "scaled to the extremes"
    );
    assert!(wild.lowest_return < calm.lowest_return);
    assert!(wild.highest_return > calm.highest_return);
    // Stress rows are as they are.
    assert_eq!(wild.stress, calm.stress);
}

#[test]
fn money_and_collateral_go_in_and_come_out_to_the_unit() {
    let mut world = World::new();
    let alice = world.trader("alice", 1_000.0);
    world.deposit_sol(&alice, 3.5);
    let sol = world.parameters.collaterals[0].mint;

    world.withdraw_usd(&alice, 400 * USD).accepted();
    world.withdraw(&alice, sol, 1_500_000_001).accepted();

    assert_eq!(world.cash(&alice), 600 * USD);
    assert_eq!(world.account(&alice.account).collaterals[0], 1_999_999_999);
    assert_eq!(balance(&world.svm, &alice.wallet()), 400_000_000);
    assert_eq!(world.pool().ledger.vault, 600 * USD);
}

#[test]
fn anyone_may_deposit_for_anyone() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let bob = Trader {
        account: alice.account,
        ..world.trader("bob", 0.0)
    };

    world.deposit_usd(&bob, 25.0);

    assert_eq!(world.cash(&alice), 25 * USD);
}

#[test]
fn a_block_trade_of_several_legs_moves_positions_and_charges_both_sides() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );

    let legs = [leg(BTC, 0.5, 120_000.0), leg(ETH, -10.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();

    assert_eq!(world.base(&alice, BTC), 500_000);
    assert_eq!(world.base(&bob, ETH), 10_000_000);
    // 2 basis points of 60,000 and of 43,000.
    let fee = 12 * USD + 8_600_000;
    assert_eq!(world.cash(&alice), 50_000 * USD - fee);
    assert_eq!(world.cash(&bob), 50_000 * USD - fee);
    // A fifth of both goes to the insurance fund.
    let ledger = world.pool().ledger;
    assert_eq!((ledger.fees, ledger.insurance), (8 * fee / 5, 2 * fee / 5));
    let position = *world.account(&alice.account).perpetual(BTC).unwrap();
    assert_eq!(position.quote, -60_000 * USD);
}

#[test]
fn settlement_moves_profit_from_loser_to_winner_through_the_pool() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 121_000.0);

    world.settle(&bob, BTC).accepted();
    assert_eq!(world.market(BTC).unsettled, 1_000 * USD);
    world.settle(&alice, BTC).accepted();

    let fee = 24 * USD;
    assert_eq!(world.market(BTC).unsettled, 0);
    assert_eq!(world.cash(&alice), 51_000 * USD - fee);
    assert_eq!(world.cash(&bob), 49_000 * USD - fee);
}

#[test]
fn the_insurance_fund_takes_money_from_anyone() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);

    world.insure(&alice, 123.0).accepted();

    assert_eq!(world.pool().ledger.insurance, 123 * USD);
    let fund = world.read::<InsuranceFund>(&address::insurance_fund());
    assert_eq!((fund.deposited, fund.paid_out), (123_000_000, 0));
}

#[test]
fn an_auction_is_opened_bid_on_and_closed() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 20_000.0),
        world.trader("bob", 200_000.0),
    );
    let keeper = world.trader("keeper", 100_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 108_000.0);
    let lamports = world.svm.get_balance(&keeper.owner()).unwrap();

    world.open(&alice, &keeper).accepted();
    assert_eq!(world.cash(&keeper), 100_001 * USD);
    assert_eq!(world.account(&alice.account).in_liquidation, 1);
    world
        .bid(&alice, &keeper, cep_tests::actions::ALL, i64::MAX)
        .accepted();
    world.close(&alice, keeper.owner(), &bob).accepted();

    assert_eq!(world.account(&alice.account).in_liquidation, 0);
    assert!(world.base(&keeper, BTC) > 0);
    assert_eq!(
        world.base(&alice, BTC) + world.base(&keeper, BTC),
        1_000_000
    );
    // The rent came back; two signatures were paid for.
    let spent = lamports - world.svm.get_balance(&keeper.owner()).unwrap();
    assert_eq!(spent, 10_000);
}
