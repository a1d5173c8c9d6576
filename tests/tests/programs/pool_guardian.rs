//! What the pool's guardian may do at once, and what nobody may.

use {
    super::pool_governance::{NO_VENUE, every_change, limits, terms, timelocked, venue},
    anchor_lang::prelude::borsh,
    bytemuck::bytes_of,
    cep_sdk::{
        address,
        instruction::pool_governance,
        programs::margin_pool::{
            error::MarginPoolError,
            events::{PoolTightened, WithdrawalsHalted},
            state::{Pool, PoolChange, PoolParams},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, World,
        world::{admin, guardian},
    },
    solana_sdk::{pubkey::Pubkey, signature::Signer},
};

#[test]
fn a_halt_is_only_ever_made_longer() {
    let mut world = timelocked();
    let me = guardian().pubkey();
    for seconds in [0, 604_801] {
        world
            .govern(pool_governance::halt_withdrawals(me, seconds), &guardian())
            .refused(MarginPoolError::ParameterOutOfRange);
    }
    let until = world.now() + 604_800;
    let halt = pool_governance::halt_withdrawals(me, 604_800);
    let receipt = world.govern(halt, &guardian()).accepted();
    let event = receipt.event::<WithdrawalsHalted>();
    assert_eq!((event.by, event.until), (me, until));

    for by in [guardian(), admin()] {
        let shorter = pool_governance::halt_withdrawals(by.pubkey(), 1);
        world.govern(shorter, &by).accepted();
        assert_eq!(world.pool().halted_until, until);
    }
    // Nor does any change that the authority can make.
    world.forge::<Pool>(&address::pool(), |p| p.params.timelock = 0);
    for change in every_change(&mut world) {
        world.enact_in_pool(change).accepted();
        assert_eq!(world.pool().halted_until, until);
    }
}

#[test]
fn at_once_every_term_goes_its_strict_way_only() {
    let mut world = World::new();
    let fees = world.trader("venue owner", 0.0).account;
    world.enact_in_pool(venue(fees, 1_000)).accepted();
    world
        .enact_in_pool(PoolChange::QuoteOutflow { limit: 50 })
        .accepted();
    world.enact_in_pool(limits(&world, 30, 20, 10)).accepted();
    let mint = world.pool().collaterals[0].mint;
    let of = |fields: [u64; 6]| PoolChange::CollateralTerms {
        mint,
        cap: fields[0],
        account_cap: fields[1],
        weight: fields[2],
        ramp_seconds: fields[3],
        outflow_limit: fields[4],
        dust: fields[5],
    };
    world
        .enact_in_pool(of([100, 90, 800_000, 70, 60, 50]))
        .accepted();
    let before = world.pool();
    let loose = [
        ("open_interest_limit", limits(&world, 31, 20, 10)),
        ("series_limit", limits(&world, 30, 21, 10)),
        ("account_limit", limits(&world, 30, 20, 11)),
        ("cap", of([101, 90, 800_000, 70, 60, 50])),
        ("account_cap", of([100, 91, 800_000, 70, 60, 50])),
        ("weight", of([100, 90, 800_001, 70, 60, 50])),
        ("ramp_seconds", of([100, 90, 800_000, 69, 60, 50])),
        ("outflow_limit", of([100, 90, 800_000, 70, 61, 50])),
        ("outflow_limit", of([100, 90, 800_000, 70, 0, 50])),
        ("dust", of([100, 90, 800_000, 70, 60, 51])),
        ("outflow_limit", PoolChange::QuoteOutflow { limit: 51 }),
        ("outflow_limit", PoolChange::QuoteOutflow { limit: 0 }),
        ("fee_share", venue(fees, 1_001)),
        (
            "venue",
            PoolChange::Venue {
                slot: 0,
                authority: fees,
                fee_account: fees,
                fee_share: 0,
            },
        ),
        ("venue", venue(address::pool(), 1_000)),
    ];
    for (name, change) in loose {
        for by in [guardian(), admin()] {
            let ix = pool_governance::tighten_pool(by.pubkey(), change.clone());
            let refusal = world.govern(ix, &by).refused(MarginPoolError::NotTighter);
            let named = format!("Program log: {name}: ");
            let is_named = refusal.logs.iter().any(|l| l.starts_with(&named));
            assert!(is_named, "{named}");
        }
    }
    // What is no term is not changed at once, whichever way.
    let params = |change: fn(&mut PoolParams)| {
        let mut params = before.params;
        change(&mut params);
        PoolChange::Params(params)
    };
    let others = [
        params(|_| {}),
        params(|p| p.reduce_band += 1),
        params(|p| (p.reduce_band, p.price_band) = (0, p.price_band - 1)),
        params(|p| p.timelock += 1),
        PoolChange::Guardian(guardian().pubkey()),
        PoolChange::Authority(Pubkey::default()),
        PoolChange::LiquidationAuthority(before.liquidation_authority),
    ];
    for change in others {
        let ix = pool_governance::tighten_pool(guardian().pubkey(), change);
        world
            .govern(ix, &guardian())
            .refused(MarginPoolError::NotTighter);
    }
    let unlisted = PoolChange::CollateralTerms {
        mint: fees,
        cap: 0,
        account_cap: 0,
        weight: 0,
        ramp_seconds: 0,
        outflow_limit: 1,
        dust: 0,
    };
    let ix = pool_governance::tighten_pool(guardian().pubkey(), unlisted);
    world
        .govern(ix, &guardian())
        .refused(MarginPoolError::CollateralNotListed);
    assert_eq!(bytes_of(&*world.pool()), bytes_of(&*before));

    let mut events = Vec::new();
    for change in [
        limits(&world, 29, 19, 0),
        of([99, 89, 700_000, 71, 59, 49]),
        PoolChange::QuoteOutflow { limit: 49 },
        venue(fees, 999),
    ] {
        let ix = pool_governance::tighten_pool(guardian().pubkey(), change.clone());
        let receipt = world.govern(ix, &guardian()).accepted();
        let event = receipt.event::<PoolTightened>();
        events.push((event.by, event.change == borsh::to_vec(&change).unwrap()));
    }

    let tighter = PoolParams {
        reduce_band: before.params.reduce_band / 2,
        ..before.params
    };
    let ix = pool_governance::tighten_pool(guardian().pubkey(), PoolChange::Params(tighter));
    world.govern(ix, &guardian()).accepted();
    assert_eq!(world.pool().params, tighter);

    assert_eq!(events, [(guardian().pubkey(), true); 4]);
    let (pool, market) = (world.pool(), world.market(BTC));
    assert_eq!((market.open_interest_limit, market.account_limit), (29, 0));
    assert_eq!(terms(&world), of([99, 89, 700_000, 71, 59, 49]));
    assert_eq!((pool.outflow.limit, pool.venues[2].fee_share), (49, 999));
    let ix = pool_governance::tighten_pool(guardian().pubkey(), NO_VENUE);
    world.govern(ix, &guardian()).accepted();
    assert_eq!(world.pool().venues[2].authority, Pubkey::default());
}

#[test]
fn a_guardian_cannot_tighten_a_market_by_another_name() {
    let mut world = World::new();
    let mut ix = pool_governance::tighten_pool(guardian().pubkey(), limits(&world, 1, 1, 1));
    ix.accounts[1].pubkey = world.market_address(ETH);
    world
        .govern(ix, &guardian())
        .refused(MarginPoolError::WrongTarget);
}
