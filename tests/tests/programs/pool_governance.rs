//! Who may change the pool, and when; what its guardian may do at once.

use {
    super::governance::{TIMELOCK, TIMELOCK_SECONDS, mallory},
    anchor_lang::{error::ErrorCode, prelude::borsh},
    bytemuck::bytes_of,
    cep_migrations::{parameters::pyth, plan::raise_pool_timelock},
    cep_sdk::{
        address,
        instruction::{self, pool_governance},
        programs::{
            margin_pool::{
                error::MarginPoolError,
                events::{
                    PoolAuthorityAccepted, PoolChangeCancelled, PoolChangeExecuted,
                    PoolChangeProposed,
                },
                state::{MarginAccount, Pool, PoolChange, PoolParams},
            },
            risk_engine::AddUnderlyingArgs,
        },
        units::symbol,
    },
    cep_tests::{
        BTC, ETH, Outcome, World,
        bare::endow,
        keypair,
        token::write_mint,
        world::{admin, guardian},
    },
    solana_sdk::{
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

const WINDOW: i64 = 14 * 86_400;

/// The standard deployment, the pool's timelock raised as the migrations do last.
pub(crate) fn timelocked() -> World {
    let mut world = World::new();
    let (admin, pool) = (admin(), world.pool());
    let raise =
        |pool: &Pool| raise_pool_timelock(pool.params, TIMELOCK, admin.pubkey(), pool.proposals);
    world.run(&raise(&pool).unwrap(), &[&admin]).accepted();
    assert_eq!(world.pool().params.timelock, TIMELOCK);
    assert!(raise(&world.pool()).is_none(), "once");
    world
}

pub(crate) fn changed(world: &World, change: impl FnOnce(&mut PoolParams)) -> PoolChange {
    let mut params = world.pool().params;
    change(&mut params);
    PoolChange::Params(params)
}

pub(crate) fn lamports(world: &World, key: &Pubkey) -> u64 {
    world.svm.get_account(key).map_or(0, |a| a.lamports)
}

/// Terms of the SOL collateral as they are.
pub(crate) fn terms(world: &World) -> PoolChange {
    let listed = world.pool().collaterals[0];
    PoolChange::CollateralTerms {
        mint: listed.mint,
        cap: listed.cap,
        account_cap: listed.account_cap,
        weight: listed.weight,
        ramp_seconds: listed.ramp_seconds,
        outflow_limit: listed.outflow.limit,
        dust: listed.dust,
    }
}

pub(crate) fn limits(
    world: &World,
    open_interest_limit: i64,
    series: i64,
    account: i64,
) -> PoolChange {
    PoolChange::MarketLimits {
        market: world.market_address(BTC),
        open_interest_limit,
        series_limit: series,
        account_limit: account,
    }
}

pub(crate) fn venue(fee_account: Pubkey, fee_share: u64) -> PoolChange {
    PoolChange::Venue {
        slot: 2,
        authority: keypair("venue").pubkey(),
        fee_account,
        fee_share,
    }
}

pub(crate) const NO_VENUE: PoolChange = PoolChange::Venue {
    slot: 2,
    authority: Pubkey::new_from_array([0; 32]),
    fee_account: Pubkey::new_from_array([0; 32]),
    fee_share: 0,
};

/// One of each, every one of them possible.
pub(crate) fn every_change(world: &mut World) -> Vec<PoolChange> {
    let fees = world.trader("venue owner", 0.0).account;
    let args = AddUnderlyingArgs {
        symbol: symbol("DOGE"),
        column: symbol("BTC"),
        sources: vec![pyth([9; 32])],
        min_sources: 1,
        implied: Vec::new(),
        staked: None,
        initial_variance: 1 << 38,
        variance_floor: 1 << 38,
        daily_volume: 0,
        new_risk_age: 10,
    };
    let me = admin().pubkey();
    let ix = instruction::risk::add_underlying(me, me, None, args);
    world.send(&[ix], &[&admin()]).accepted();
    let mint = keypair("new mint").pubkey();
    write_mint(&mut world.svm, mint, 9);
    vec![
        changed(world, |p| p.block_fee = 100),
        PoolChange::Underlying {
            book: address::risk_book(&symbol("DOGE")),
            open_interest_limit: 30,
            series_limit: 20,
            account_limit: 10,
        },
        PoolChange::Collateral {
            mint,
            underlying: ETH,
            cap: 7,
            account_cap: 5,
            weight: 900_000,
            ramp_seconds: 1_000,
            extensions: 0,
            outflow_limit: 3,
            dust: 2,
        },
        limits(world, 3, 2, 1),
        terms(world),
        PoolChange::QuoteOutflow { limit: 1 },
        venue(fees, 500_000),
        PoolChange::Guardian(keypair("a").pubkey()),
        PoolChange::Authority(keypair("b").pubkey()),
        PoolChange::LiquidationAuthority(keypair("c").pubkey()),
    ]
}

#[test]
fn every_change_waits_out_the_timelock_to_the_second_and_is_then_made_once() {
    let mut world = timelocked();
    let changes = every_change(&mut world);
    let first = world.pool().proposals;
    let ready = world.now() + TIMELOCK_SECONDS;
    let proposed: Vec<(u64, PoolChange)> = changes
        .into_iter()
        .map(|change| (world.propose_to_pool(change.clone()), change))
        .collect();
    world.advance(TIMELOCK_SECONDS - 1);
    let before = world.pool();

    for (number, change) in &proposed {
        assert_eq!(world.pool_proposal(*number).ready_at, ready);
        world
            .execute_in_pool(*number, change)
            .refused(MarginPoolError::TimelockRunning);
    }
    assert_eq!(
        bytes_of(&*world.pool()),
        bytes_of(&*before),
        "nothing happened"
    );
    world.advance(1);
    for (number, change) in &proposed {
        let receipt = world.execute_in_pool(*number, change).accepted();
        let event = receipt.event::<PoolChangeExecuted>();
        assert_eq!(event.number, *number);
        assert_eq!(event.change, borsh::to_vec(change).unwrap());
        assert_eq!(lamports(&world, &address::pool_proposal(*number)), 0);
    }

    let (pool, market) = (world.pool(), world.market(BTC));
    assert_eq!(pool.proposals, first + 10);
    assert_eq!(pool.params.block_fee, 100);
    assert_eq!((pool.underlying_count, pool.collateral_count), (4, 2));
    let doge: Box<cep_sdk::programs::margin_pool::state::Market> =
        world.read(&pool.underlyings[3].market);
    assert_eq!(
        (
            doge.open_interest_limit,
            doge.series_limit,
            doge.account_limit
        ),
        (30, 20, 10)
    );
    let listed = &pool.collaterals[1];
    assert_eq!((listed.cap, listed.account_cap), (7, 5));
    assert_eq!((listed.weight, listed.ramp_seconds), (900_000, 1_000));
    assert_eq!((listed.ramp_start, listed.outflow.limit), (world.now(), 3));
    assert_eq!(listed.dust, 2);
    assert_eq!(
        (
            market.open_interest_limit,
            market.series_limit,
            market.account_limit
        ),
        (3, 2, 1)
    );
    assert_eq!(pool.outflow.limit, 1);
    assert_eq!(pool.venues[2].authority, keypair("venue").pubkey());
    assert_eq!(pool.venues[2].fee_share, 500_000);
    assert_eq!(pool.guardian, keypair("a").pubkey());
    assert_eq!(pool.pending_authority, keypair("b").pubkey());
    assert_eq!(pool.authority, admin().pubkey(), "not before it signs");
    assert_eq!(pool.liquidation_authority, keypair("c").pubkey());
    let (number, change) = &proposed[0];
    world
        .execute_in_pool(*number, change)
        .refused(ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn what_nobody_executes_for_fourteen_days_must_be_proposed_again() {
    let mut world = timelocked();
    let changes = every_change(&mut world);
    let late: Vec<u64> = changes
        .iter()
        .map(|change| world.propose_to_pool(change.clone()))
        .collect();
    let just = world.propose_to_pool(PoolChange::QuoteOutflow { limit: 9 });
    world.advance(TIMELOCK_SECONDS + WINDOW);
    world
        .execute_in_pool(just, &PoolChange::QuoteOutflow { limit: 9 })
        .accepted();
    world.advance(1);
    for (number, change) in late.iter().zip(&changes) {
        world
            .execute_in_pool(*number, change)
            .refused(MarginPoolError::ProposalExpired);
    }
}

#[test]
fn a_proposal_makes_its_own_change_on_its_own_accounts() {
    let mut world = World::new();
    let changes = every_change(&mut world);
    let me = admin().pubkey();
    let number = |world: &mut World, at: usize| world.propose_to_pool(changes[at].clone());
    let (underlying, collateral) = (number(&mut world, 1), number(&mut world, 2));
    let (market, seat) = (number(&mut world, 3), number(&mut world, 6));
    let (eth, mint) = (world.book_address(ETH), keypair("other mint").pubkey());
    write_mint(&mut world.svm, mint, 9);
    let doge = address::risk_book(&symbol("DOGE"));
    let listed = keypair("new mint").pubkey();
    let other_fees = world.trader("other", 0.0).account;
    let other_market = PoolChange::MarketLimits {
        market: world.market_address(ETH),
        open_interest_limit: 3,
        series_limit: 2,
        account_limit: 1,
    };

    for ix in [
        // Another proposal's accounts.
        pool_governance::list_underlying(me, collateral, me, doge),
        pool_governance::list_collateral(me, underlying, me, listed, eth),
        pool_governance::list_collateral(me, collateral, me, mint, eth),
        pool_governance::execute_pool_change(me, underlying, me, &changes[5]),
        pool_governance::execute_pool_change(me, market, me, &changes[5]),
        pool_governance::execute_pool_change(me, market, me, &other_market),
        pool_governance::execute_pool_change(me, seat, me, &changes[5]),
        pool_governance::execute_pool_change(me, seat, me, &venue(other_fees, 1)),
    ] {
        world
            .govern(ix, &admin())
            .refused(MarginPoolError::WrongTarget);
    }
    let sol = world.book_address(cep_tests::SOL);
    let ix = pool_governance::list_collateral(me, collateral, me, listed, sol);
    world
        .govern(ix, &admin())
        .refused(MarginPoolError::RiskAccountsMismatch);
    let fees = changes[6].fee_account().unwrap();
    world.forge::<MarginAccount>(&fees, |a| a.pool = keypair("another pool").pubkey());
    world
        .execute_in_pool(seat, &changes[6])
        .refused(MarginPoolError::WrongPool);
    world.forge::<MarginAccount>(&fees, |a| a.pool = address::pool());
    // Rent goes to the proposer and to nobody else.
    let ix = pool_governance::execute_pool_change(me, seat, guardian().pubkey(), &changes[6]);
    world
        .govern(ix, &admin())
        .refused(ErrorCode::ConstraintHasOne);
    for (number, at) in [(underlying, 1), (collateral, 2), (market, 3), (seat, 6)] {
        world.execute_in_pool(number, &changes[at]).accepted();
    }
}

#[test]
fn changes_keep_their_ranges() {
    let mut world = World::new();
    let fees = world.trader("venue owner", 0.0).account;
    let too_much = cep_risk::units::MAX_QUANTITY + 1;
    let of = |world: &World, weight, ramp_seconds, outflow_limit| PoolChange::CollateralTerms {
        mint: world.pool().collaterals[0].mint,
        cap: 1,
        account_cap: 1,
        weight,
        ramp_seconds,
        outflow_limit,
        dust: 0,
    };
    for change in [
        changed(&world, |p| p.timelock = 2_592_001),
        limits(&world, -1, 0, 0),
        limits(&world, 0, too_much, 0),
        limits(&world, 0, 0, too_much),
        of(&world, 1_000_001, 0, 0),
        of(&world, 0, 31_536_001, 0),
        of(&world, 0, 0, u64::MAX),
        PoolChange::QuoteOutflow { limit: u64::MAX },
        venue(fees, 500_001),
        PoolChange::Venue {
            slot: 8,
            authority: fees,
            fee_account: fees,
            fee_share: 0,
        },
        // An empty slot is all zero.
        PoolChange::Venue {
            slot: 0,
            authority: Pubkey::default(),
            fee_account: fees,
            fee_share: 0,
        },
        PoolChange::LiquidationAuthority(Pubkey::default()),
    ] {
        world
            .enact_in_pool(change)
            .refused(MarginPoolError::ParameterOutOfRange);
    }
    world.enact_in_pool(venue(fees, 1)).accepted();
    let twice = PoolChange::Venue {
        slot: 3,
        authority: keypair("venue").pubkey(),
        fee_account: fees,
        fee_share: 1,
    };
    world
        .enact_in_pool(twice)
        .refused(MarginPoolError::ParameterOutOfRange);
}

#[test]
fn guardian_and_authority_cancel_but_no_guardian_its_own_replacement() {
    let mut world = timelocked();
    for by in [guardian(), admin()] {
        let change = PoolChange::QuoteOutflow { limit: 5 };
        let ix = pool_governance::propose_pool_change(
            admin().pubkey(),
            world.pool().proposals,
            change.clone(),
        );
        let receipt = world.govern(ix, &admin()).accepted();
        let proposed = receipt.event::<PoolChangeProposed>();
        assert_eq!(proposed.ready_at, world.now() + TIMELOCK_SECONDS);
        assert_eq!(proposed.change, borsh::to_vec(&change).unwrap());
        let number = proposed.number;
        let rent = lamports(&world, &address::pool_proposal(number));
        let before = lamports(&world, &admin().pubkey());
        let ix = pool_governance::cancel_pool_proposal(by.pubkey(), number, admin().pubkey());

        let receipt = world.govern(ix, &by).accepted();

        let event = receipt.event::<PoolChangeCancelled>();
        assert_eq!((event.number, event.by), (number, by.pubkey()));
        let after = lamports(&world, &admin().pubkey());
        assert!(after >= before + rent - 10_000);
        world.advance(TIMELOCK_SECONDS);
        world
            .execute_in_pool(number, &change)
            .refused(ErrorCode::AccountOwnedByWrongProgram);
    }
    let number = world.propose_to_pool(PoolChange::Guardian(keypair("successor").pubkey()));
    let cancel =
        |by: &Keypair| pool_governance::cancel_pool_proposal(by.pubkey(), number, admin().pubkey());
    world
        .govern(cancel(&guardian()), &guardian())
        .refused(MarginPoolError::NotAuthority);
    world.govern(cancel(&admin()), &admin()).accepted();
}

#[test]
fn strangers_neither_cancel_nor_halt_nor_tighten() {
    let mut world = timelocked();
    let mallory = mallory(&mut world);
    let number = world.propose_to_pool(PoolChange::QuoteOutflow { limit: 5 });
    let me = mallory.pubkey();
    for ix in [
        pool_governance::cancel_pool_proposal(me, number, admin().pubkey()),
        pool_governance::halt_withdrawals(me, 1),
        pool_governance::tighten_pool(me, PoolChange::QuoteOutflow { limit: 1 }),
    ] {
        world
            .govern(ix, &mallory)
            .refused(MarginPoolError::NotGuardian);
    }
}

#[test]
fn a_transfer_takes_two_signatures_and_the_old_key_is_powerless_after() {
    let mut world = World::new();
    let heir = keypair("heir");
    endow(&mut world.svm, heir.pubkey());
    let accept = pool_governance::accept_pool_authority(heir.pubkey());
    let nominate = PoolChange::Authority(heir.pubkey());
    let withdraw = PoolChange::Authority(Pubkey::default());
    world.enact_in_pool(nominate.clone()).accepted();
    world.enact_in_pool(withdraw).accepted();
    world
        .govern(accept.clone(), &heir)
        .refused(MarginPoolError::NotPendingAuthority);
    world.enact_in_pool(nominate.clone()).accepted();

    let receipt = world.govern(accept, &heir).accepted();

    let event = receipt.event::<PoolAuthorityAccepted>();
    let (old, pool) = (admin().pubkey(), world.pool());
    assert_eq!((event.previous, event.authority), (old, heir.pubkey()));
    assert_eq!(
        (pool.authority, pool.pending_authority),
        (heir.pubkey(), Pubkey::default())
    );
    let propose = |by| pool_governance::propose_pool_change(by, pool.proposals, nominate.clone());
    world
        .govern(propose(old), &admin())
        .refused(MarginPoolError::NotAuthority);
    world
        .govern(pool_governance::halt_withdrawals(old, 1), &admin())
        .refused(MarginPoolError::NotGuardian);
    world.govern(propose(heir.pubkey()), &heir).accepted();
}
