//! What a stake in the insurance fund earns, bears and is paid.

use {
    cep_risk::fund::assets_for,
    cep_sdk::{
        address,
        instruction::pool_governance,
        programs::{
            liquidation::{
                error::LiquidationError,
                events::{
                    FundWipedOut, InsuranceFunded, InsuranceStaked, InsuranceUnstaked,
                    UnstakeCancelled, UnstakeRequested,
                },
                state::InsuranceFund,
            },
            margin_pool::{error::MarginPoolError, events::InsuranceWithdrawn, state::PoolChange},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, Trader, World,
        actions::{ALL, leg},
        token::balance,
        world::guardian,
    },
    solana_sdk::signature::Signer,
};

const USD: u64 = 1_000_000;
const COOLDOWN: i64 = 604_800;
const WINDOW: i64 = 172_800;

/// A fund with 1,000 USD of the protocol's, and two without a stake yet.
fn seeded() -> (World, Trader, Trader) {
    let mut world = World::new();
    let [alice, bob] = ["alice", "bob"].map(|name| world.trader(name, 0.0));
    world.insure(&bob, 1_000.0).accepted();
    (world, alice, bob)
}

fn assets(world: &World) -> u64 {
    world.pool().ledger.insurance.try_into().unwrap()
}

/// What all of a trader's shares are worth, open claims not counted.
fn worth(world: &World, who: &Trader) -> u64 {
    let total = world.fund().shares;
    assets_for(world.stake_of(who).shares, assets(world), total).unwrap()
}

fn purse(world: &World, who: &Trader) -> u64 {
    balance(&world.svm, &who.wallet())
}

/// Asks for all shares and waits out the cooldown.
fn cooled_down(world: &mut World, who: &Trader) {
    let shares = world.stake_of(who).shares;
    world.request_unstake(who, shares).accepted();
    world.advance(COOLDOWN);
}

fn forge_claims(world: &mut World, micro: u64) {
    world.forged_claims = micro;
    world.forge::<InsuranceFund>(&address::insurance_fund(), |f| f.open_claims = micro);
}

#[test]
fn a_stake_comes_back_after_the_cooldown_to_the_unit() {
    // SETUP
    let (mut world, alice, _) = seeded();
    let staked = world.stake(&alice, 500.0).accepted();
    let event = staked.event::<InsuranceStaked>();
    assert_eq!((event.amount, event.shares), (500 * USD, 500 * USD));
    assert_eq!(event.owner, alice.owner());

    // ACT
    let asked = world.request_unstake(&alice, 200 * USD).accepted();
    let event = asked.event::<UnstakeRequested>();
    assert_eq!(
        (event.shares, event.unlock_at),
        (200 * USD, world.now() + COOLDOWN)
    );
    world.advance(COOLDOWN - 1);
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::StakeCoolingDown);
    world.advance(1);
    let paid = world.unstake(&alice, 200 * USD).accepted();

    // CHECK
    let event = paid.event::<InsuranceUnstaked>();
    assert_eq!(
        (event.shares, event.amount, event.claims),
        (200 * USD, 200 * USD, 0)
    );
    let event = paid.event::<InsuranceWithdrawn>();
    assert_eq!((event.amount, event.balance), (200 * USD, 1_300_000_000));
    assert_eq!(event.destination, alice.wallet());
    assert_eq!(purse(&world, &alice), 200 * USD);
    let (fund, stake) = (world.fund(), world.stake_of(&alice));
    assert_eq!(
        (fund.shares, fund.protocol_shares),
        (1_300 * USD, 1_000 * USD)
    );
    assert_eq!((fund.withdrawn, fund.deposited), (200 * USD, 1_500 * USD));
    assert_eq!(
        (stake.shares, stake.leaving, stake.unlock_at),
        (300 * USD, 0, 0)
    );
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::NothingLeaving);
}

#[test]
fn a_request_lapses_with_its_window_and_is_made_anew() {
    let (mut world, alice, _) = seeded();
    world.stake(&alice, 500.0).accepted();
    cooled_down(&mut world, &alice);
    world.advance(WINDOW - 1);
    world.clone().unstake(&alice, 0).accepted();
    world.advance(1);
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::UnstakeLapsed);

    // What lapsed counts no more.
    let again = world.request_unstake(&alice, 500 * USD).accepted();
    assert_eq!(again.event::<UnstakeRequested>().shares, 500 * USD);
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::StakeCoolingDown);
    world.advance(COOLDOWN);
    world.unstake(&alice, 500 * USD).accepted();
    world.close_stake(&alice).accepted();
}

#[test]
fn asking_for_more_starts_the_cooldown_of_all_anew_and_staying_ends_it() {
    let (mut world, alice, _) = seeded();
    world.stake(&alice, 500.0).accepted();
    world.request_unstake(&alice, 100).accepted();
    world.advance(COOLDOWN);
    let more = world.request_unstake(&alice, 50).accepted();
    let event = more.event::<UnstakeRequested>();
    assert_eq!(
        (event.shares, event.unlock_at),
        (150, world.now() + COOLDOWN)
    );
    assert_eq!(world.fund().leaving, 150);
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::StakeCoolingDown);

    let stayed = world.cancel_unstake(&alice).accepted();

    assert_eq!(stayed.event::<UnstakeCancelled>().shares, 150);
    assert_eq!(world.fund().leaving, 0);
    world.advance(COOLDOWN);
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::NothingLeaving);
}

#[test]
fn the_funds_share_of_fees_raises_what_stakes_are_worth_leaving_ones_too() {
    // SETUP: of 2,000 USD alice has a quarter, bob as much, who is about to leave.
    let (mut world, alice, bob) = seeded();
    for who in [&alice, &bob] {
        world.stake(who, 500.0).accepted();
    }
    cooled_down(&mut world, &bob);
    world.republish();
    let (buyer, seller) = (
        world.trader("buyer", 500_000.0),
        world.trader("seller", 500_000.0),
    );

    // ACT: 24 USD of fees a side, of which the fund gets a fifth.
    world.trade_at_mark(&buyer, &seller, BTC, 1.0).accepted();

    // CHECK
    assert_eq!(world.pool().insurance_income, 9_600_000);
    assert_eq!(worth(&world, &alice), 502_400_000);
    world.unstake(&bob, 502_400_000).accepted();
    assert_eq!(purse(&world, &bob), 502_400_000);
    assert_eq!(worth(&world, &alice), 502_400_000);
    // Who comes now pays that price: 1.0048 a share, rounded down.
    let shares = world.stake(&bob, 100.0).accepted();
    let shares = shares.event::<InsuranceStaked>().shares;
    assert_eq!(shares, 99_522_292);
    assert_eq!(worth(&world, &alice), 502_400_000);
}

#[test]
fn fees_from_before_the_first_stake_are_the_protocols() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 500_000.0),
        world.trader("bob", 500_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();

    world.stake(&alice, 100.0).accepted();

    let fund = world.fund();
    assert_eq!(
        (fund.protocol_shares, fund.shares),
        (9_600_000, 109_600_000)
    );
    assert_eq!(worth(&world, &alice), 100 * USD);
}

#[test]
fn a_loss_in_an_auction_is_borne_by_leaving_and_staying_alike() {
    // SETUP: bob's cooldown is over when somebody becomes insolvent.
    let (mut world, alice, bob) = seeded();
    world.stake(&alice, 30_000.0).accepted();
    world.stake(&bob, 20_000.0).accepted();
    cooled_down(&mut world, &bob);
    world.republish();
    let failing = world.trader("failing", 14_000.0);
    let other = world.trader("other", 1_000_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    world.deposit_sol(&failing, 10.0);
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -1.0, 4_300.0)];
    world.trade(&failing, &other, &legs).accepted();
    let before = assets(&world);
    world.set_price(BTC, 100_000.0);
    world.open(&failing, &keeper).accepted();
    world.bid(&failing, &keeper, ALL, i64::MAX).accepted();
    let after = assets(&world);
    assert!(before - after > 1_000 * USD, "{before} {after}");

    // ACT
    world.unstake(&bob, 0).accepted();

    // CHECK
    let part = |usd: u64| {
        let exact = u128::from(after) * u128::from(usd) / 51_000;
        u64::try_from(exact).unwrap()
    };
    assert_eq!(purse(&world, &bob), part(20_000));
    assert!((part(30_000)..=part(30_000) + 1).contains(&worth(&world, &alice)));
}

#[test]
fn who_leaves_while_auctions_may_draw_is_paid_net_of_that() {
    // SETUP: of 2,000 USD a half may be drawn.
    let (mut world, alice, bob) = seeded();
    for who in [&alice, &bob] {
        world.stake(who, 500.0).accepted();
        world.request_unstake(who, 500 * USD).accepted();
    }
    world.advance(COOLDOWN);
    forge_claims(&mut world, 1_000 * USD);

    // ACT
    let paid = world.unstake(&bob, 0).accepted();

    // CHECK
    let event = paid.event::<InsuranceUnstaked>();
    assert_eq!((event.amount, event.claims), (250 * USD, 1_000 * USD));
    // A loss of all that may be drawn leaves alice as much as bob got; what is not drawn is for those who stayed.
    let mut drawn = world.clone();
    drawn.forge_fund_loss(1_000 * USD);
    forge_claims(&mut drawn, 0);
    drawn.unstake(&alice, 250 * USD).accepted();
    assert_eq!(purse(&drawn, &alice), 250 * USD);
    forge_claims(&mut world, 0);
    assert_eq!(worth(&world, &alice), 583_333_333);
}

#[test]
fn claims_on_the_whole_fund_delay_a_payout_and_take_no_share() {
    let (mut world, alice, _) = seeded();
    world.stake(&alice, 500.0).accepted();
    cooled_down(&mut world, &alice);
    for claims in [1_500 * USD, u64::MAX] {
        forge_claims(&mut world, claims);
        world
            .unstake(&alice, 0)
            .refused(LiquidationError::PayoutBelowMinimum);
    }
    forge_claims(&mut world, 0);
    world.unstake(&alice, 500 * USD).accepted();
}

#[test]
fn who_stakes_while_auctions_may_draw_pays_for_all_there_is() {
    let (mut world, alice, _) = seeded();
    forge_claims(&mut world, 900 * USD);
    let staked = world.stake(&alice, 500.0).accepted();
    assert_eq!(staked.event::<InsuranceStaked>().shares, 500 * USD);
}

#[test]
fn a_gift_does_not_move_the_price() {
    // SETUP: a price of two thirds.
    let (mut world, alice, bob) = seeded();
    world.stake(&alice, 500.0).accepted();
    world.forge_fund_loss(500 * USD);
    let before = worth(&world, &alice);
    assert_eq!(before, 333_333_333);

    for usd in [0.000_001, 0.000_002, 1.0, 123_456.789] {
        let mut world = world.clone();
        let given = world.insure(&bob, usd).accepted();
        let shares = given.event::<InsuranceFunded>().shares;
        assert_eq!(shares, (usd * 1e6).round() as u64 * 3 / 2);
        assert!((before..=before + 1).contains(&worth(&world, &alice)));
    }
}

#[test]
fn raising_the_price_before_the_next_stake_costs_more_than_it_takes() {
    // SETUP: the smallest fund, in which mallory has one share.
    let mut world = World::new();
    let [alice, mallory] = ["alice", "mallory"].map(|name| world.trader(name, 5_000_000.0));
    let second = world.sibling("mallory", 1);
    world.deposit_usd(&second, 5_000_000.0);
    world.insure(&alice, 1.0).accepted();
    world.stake(&mallory, 0.000_001).accepted();
    cooled_down(&mut world, &mallory);
    world.republish();
    // Gifts do nothing.
    let mut given = world.clone();
    given.insure(&mallory, 100_000.0).accepted();
    let shares = given.stake(&alice, 10.0).accepted();
    assert_eq!(shares.event::<InsuranceStaked>().shares, 10 * USD);

    // ACT: so the fund earns, by her trades with herself.
    for side in [20.0, -20.0] {
        world.trade_at_mark(&mallory, &second, BTC, side).accepted();
    }
    let pushed = world.pool().insurance_income;
    assert_eq!(pushed, 384_000_000);
    world.stake(&alice, 10.0).accepted();

    // CHECK: a share is worth 385 micro-USD; alice loses less than one of them.
    let theirs = worth(&world, &alice);
    assert!((10 * USD - 386..=10 * USD).contains(&theirs), "{theirs}");
    world.unstake(&mallory, 0).accepted();
    assert!(purse(&world, &mallory) <= 386);
}

#[test]
fn a_fund_that_is_used_up_begins_anew() {
    // SETUP: stakes of two, one of them leaving; a millionth of the shares is left, then less.
    let (mut world, alice, bob) = seeded();
    world.stake(&alice, 500.0).accepted();
    world.stake(&bob, 500.0).accepted();
    cooled_down(&mut world, &alice);
    world.forge_fund_loss(2_000 * USD - 2_000);
    world.clone().unstake(&alice, 500).accepted();
    world.forge_fund_loss(1);

    // ACT: noticed by whatever is done next.
    world
        .unstake(&alice, 0)
        .refused(LiquidationError::StakeWipedOut);
    let given = world.insure(&bob, 1.0).accepted();

    // CHECK: what was left and what was given are the protocol's.
    let event = given.event::<FundWipedOut>();
    assert_eq!((event.epoch, event.left), (1, 1_999));
    let fund = world.fund();
    assert_eq!((fund.shares, fund.protocol_shares), (1_001_999, 1_001_999));
    assert_eq!((fund.epoch, fund.leaving), (1, 0));
    let wiped_out = LiquidationError::StakeWipedOut;
    world.unstake(&alice, 0).refused(wiped_out);
    world.request_unstake(&alice, 1).refused(wiped_out);
    world.cancel_unstake(&alice).refused(wiped_out);
    world.close_stake(&alice).accepted();
    // An old stake takes new money; of the old shares nothing is left.
    world.stake(&bob, 2.0).accepted();
    let stake = world.stake_of(&bob);
    assert_eq!((stake.shares, stake.epoch), (2 * USD, 1));
    assert_eq!(worth(&world, &bob), 2 * USD);
}

#[test]
fn an_empty_fund_takes_gifts_and_stakes_again() {
    let (mut world, alice, bob) = seeded();
    world.stake(&alice, 500.0).accepted();
    world.forge_fund_loss(1_500 * USD);
    world.insure(&bob, 1.0).accepted();
    world.stake(&alice, 3.0).accepted();
    assert_eq!(worth(&world, &alice), 3 * USD);
    assert_eq!(world.fund().protocol_shares, USD);
}

#[test]
fn a_halt_stops_payouts_and_nothing_else() {
    let (mut world, alice, bob) = seeded();
    world.stake(&alice, 500.0).accepted();
    cooled_down(&mut world, &alice);
    let halt = pool_governance::halt_withdrawals(guardian().pubkey(), 3_600);
    world.govern(halt, &guardian()).accepted();
    world.advance(3_599);
    world
        .unstake(&alice, 0)
        .refused(MarginPoolError::WithdrawalsHalted);
    world.stake(&bob, 500.0).accepted();
    world.request_unstake(&bob, 1).accepted();
    world.cancel_unstake(&bob).accepted();

    world.advance(1);
    world.unstake(&alice, 500 * USD).accepted();
}

#[test]
fn payouts_neither_wait_for_the_limits_on_withdrawals_nor_use_them_up() {
    let (mut world, alice, _) = seeded();
    world.stake(&alice, 500.0).accepted();
    cooled_down(&mut world, &alice);
    world
        .enact_in_pool(PoolChange::QuoteOutflow { limit: USD })
        .accepted();
    let before = world.pool().outflow;

    world.unstake(&alice, 500 * USD).accepted();

    assert_eq!(world.pool().outflow, before);
}
