//! Who may change the risk engine, and when.

use {
    anchor_lang::{error::ErrorCode, prelude::borsh},
    cep_sdk::{
        address,
        instruction::governance,
        programs::risk_engine::{
            error::RiskEngineError,
            events::{AuthorityAccepted, ChangeCancelled, ChangeExecuted, ChangeProposed},
            state::{Change, RiskParams},
        },
    },
    cep_tests::{
        BTC, Outcome, World,
        bare::endow,
        keypair,
        world::{admin, guardian},
    },
    solana_sdk::{
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

pub(crate) const TIMELOCK: u64 = 172_800;
pub(crate) const TIMELOCK_SECONDS: i64 = 172_800;
const WINDOW: i64 = 14 * 86_400;

/// The standard deployment, its timelock raised as the migrations do last.
pub(crate) fn timelocked() -> World {
    let mut world = World::new();
    let params = RiskParams {
        timelock: TIMELOCK,
        ..world.config().params
    };
    let ix = governance::tighten_params(admin().pubkey(), params);
    world.govern(ix, &admin()).accepted();
    world
}

pub(crate) fn mallory(world: &mut World) -> Keypair {
    let key = keypair("mallory");
    endow(&mut world.svm, key.pubkey());
    key
}

fn changed(world: &World, change: impl FnOnce(&mut RiskParams)) -> Change {
    let mut params = world.config().params;
    change(&mut params);
    Change::Params(params)
}

fn lamports(world: &World, key: &Pubkey) -> u64 {
    world.svm.get_account(key).map_or(0, |a| a.lamports)
}

#[test]
fn a_change_waits_out_the_timelock_to_the_second() {
    let mut world = timelocked();
    let change = changed(&world, |p| p.doubt = 500_000);

    let number = world.propose(change.clone());

    let ready = world.now() + TIMELOCK_SECONDS;
    assert_eq!(world.proposal(number).ready_at, ready);
    world.advance(TIMELOCK_SECONDS - 1);
    world
        .execute(number, &change)
        .refused(RiskEngineError::TimelockRunning);
    assert_ne!(world.config().params.doubt, 500_000);
    world.advance(1);
    world.execute(number, &change).accepted();
    assert_eq!(world.config().params.doubt, 500_000);
}

#[test]
fn a_change_that_nobody_executes_for_fourteen_days_must_be_proposed_again() {
    let mut world = timelocked();
    let change = Change::Guardian(keypair("new guardian").pubkey());
    let (late, just) = (world.propose(change.clone()), world.propose(change.clone()));

    world.advance(TIMELOCK_SECONDS + WINDOW);
    world.execute(just, &change).accepted();
    world.advance(1);
    world
        .execute(late, &change)
        .refused(RiskEngineError::ProposalExpired);

    world.cancel(late, &admin()).accepted();
    let again = world.propose(change.clone());
    world.advance(TIMELOCK_SECONDS);
    world.execute(again, &change).accepted();
}

#[test]
fn the_timelock_that_counts_is_the_one_at_the_proposal() {
    let mut world = timelocked();
    let shorter = changed(&world, |p| p.timelock = 0);
    let other = Change::Guardian(Pubkey::default());
    let (first, second) = (world.propose(shorter.clone()), world.propose(other.clone()));
    let longer = RiskParams {
        timelock: TIMELOCK * 2,
        ..world.config().params
    };
    let ix = governance::tighten_params(guardian().pubkey(), longer);
    world.govern(ix, &guardian()).accepted();
    let third = world.propose(other.clone());
    world.advance(TIMELOCK_SECONDS);

    world.execute(first, &shorter).accepted();

    assert_eq!(world.config().params.timelock, 0);
    world.execute(second, &other).accepted();
    world
        .execute(third, &other)
        .refused(RiskEngineError::TimelockRunning);
    world
        .enact(Change::Guardian(guardian().pubkey()))
        .accepted();
}

#[test]
fn the_authority_alone_proposes_and_executes() {
    let mut world = World::new();
    let change = Change::Guardian(keypair("mallory").pubkey());
    let number = world.propose(change.clone());
    for by in [mallory(&mut world), guardian()] {
        endow(&mut world.svm, by.pubkey());
        let me = by.pubkey();
        let next = world.config().proposals;
        for ix in [
            governance::propose(me, next, change.clone()),
            governance::execute_proposal(me, number, admin().pubkey(), &change),
        ] {
            world.govern(ix, &by).refused(RiskEngineError::NotAuthority);
        }
    }
    world.execute(number, &change).accepted();
}

#[test]
fn guardian_and_authority_cancel_and_the_proposer_gets_the_rent_back() {
    let mut world = timelocked();
    for by in [guardian(), admin()] {
        let change = changed(&world, |p| p.doubt = 100_000);
        let number = world.propose(change.clone());
        let rent = lamports(&world, &address::proposal(number));
        let before = lamports(&world, &admin().pubkey());

        let receipt = world.cancel(number, &by).accepted();

        let event = receipt.event::<ChangeCancelled>();
        assert_eq!((event.number, event.by), (number, by.pubkey()));
        let fees = if by.pubkey() == admin().pubkey() {
            5_000
        } else {
            10_000
        };
        assert_eq!(lamports(&world, &admin().pubkey()), before + rent - fees);
        assert_eq!(lamports(&world, &address::proposal(number)), 0);
        world.advance(TIMELOCK_SECONDS);
        world
            .execute(number, &change)
            .refused(ErrorCode::AccountOwnedByWrongProgram);
    }
}

#[test]
fn rent_goes_to_the_proposer_and_to_nobody_else() {
    let mut world = World::new();
    let change = Change::Guardian(guardian().pubkey());
    let number = world.propose(change.clone());
    let me = admin().pubkey();
    let mallory = mallory(&mut world).pubkey();
    for (ix, by) in [
        (
            governance::execute_proposal(me, number, mallory, &change),
            admin(),
        ),
        (
            governance::cancel_proposal(guardian().pubkey(), number, mallory),
            guardian(),
        ),
    ] {
        world.govern(ix, &by).refused(ErrorCode::ConstraintHasOne);
    }
    let rent = lamports(&world, &address::proposal(number));
    let before = lamports(&world, &me);
    world.execute(number, &change).accepted();
    assert_eq!(lamports(&world, &me), before + rent - 5_000);
}

#[test]
fn no_proposal_is_executed_twice_and_no_number_given_twice() {
    let mut world = World::new();
    let change = Change::Guardian(guardian().pubkey());
    let number = world.propose(change.clone());
    world.execute(number, &change).accepted();

    world
        .execute(number, &change)
        .refused(ErrorCode::AccountOwnedByWrongProgram);
    let me = admin().pubkey();
    let again = governance::propose(me, number, change.clone());
    world
        .govern(again, &admin())
        .refused(ErrorCode::ConstraintSeeds);
    let execute = governance::execute_proposal(me, number + 1, me, &change);
    let propose = governance::propose(me, number + 1, change);
    world
        .send(&[propose, execute.clone(), execute], &[&admin()])
        .refused(ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn a_transfer_takes_two_signatures_and_the_old_key_is_powerless_after() {
    let mut world = timelocked();
    let heir = keypair("heir");
    endow(&mut world.svm, heir.pubkey());
    let accept = governance::accept_authority(heir.pubkey());
    world
        .govern(accept.clone(), &heir)
        .refused(RiskEngineError::NotPendingAuthority);
    let change = Change::Authority(heir.pubkey());
    let number = world.propose(change.clone());
    world.advance(TIMELOCK_SECONDS);
    world.execute(number, &change).accepted();
    assert_eq!(world.config().authority, admin().pubkey(), "not yet");
    let mallory = mallory(&mut world);
    world
        .govern(governance::accept_authority(mallory.pubkey()), &mallory)
        .refused(RiskEngineError::NotPendingAuthority);

    let receipt = world.govern(accept.clone(), &heir).accepted();

    let event = receipt.event::<AuthorityAccepted>();
    assert_eq!(
        (event.previous, event.authority),
        (admin().pubkey(), heir.pubkey())
    );
    let config = world.config();
    assert_eq!(
        (config.authority, config.pending_authority),
        (heir.pubkey(), Pubkey::default())
    );
    world
        .govern(accept, &heir)
        .refused(RiskEngineError::NotPendingAuthority);
    let (old, book) = (admin().pubkey(), world.book_address(BTC));
    let propose = governance::propose(old, config.proposals, change.clone());
    world
        .govern(propose, &admin())
        .refused(RiskEngineError::NotAuthority);
    world
        .govern(governance::pause_book(old, book), &admin())
        .refused(RiskEngineError::NotGuardian);
    let propose = governance::propose(heir.pubkey(), config.proposals, change);
    world.govern(propose, &heir).accepted();
}

#[test]
fn a_nomination_is_withdrawn_by_naming_nobody() {
    let mut world = World::new();
    let heir = keypair("heir");
    world.enact(Change::Authority(heir.pubkey())).accepted();
    world.enact(Change::Authority(Pubkey::default())).accepted();
    world
        .govern(governance::accept_authority(heir.pubkey()), &heir)
        .refused(RiskEngineError::NotPendingAuthority);
}

#[test]
fn events_carry_the_change_as_it_was_proposed() {
    let mut world = timelocked();
    let change = changed(&world, |p| p.step_rate = 1_234);
    let bytes = borsh::to_vec(&change).unwrap();
    let number = world.config().proposals;
    let ix = governance::propose(admin().pubkey(), number, change.clone());

    let proposed = world.govern(ix, &admin()).accepted();
    let proposed = proposed.event::<ChangeProposed>();

    assert_eq!(proposed.proposal, address::proposal(number));
    assert_eq!(
        (proposed.number, proposed.proposer),
        (number, admin().pubkey())
    );
    assert_eq!(proposed.ready_at, world.now() + TIMELOCK_SECONDS);
    assert_eq!(proposed.change, bytes);
    assert_eq!(world.proposal(number).bytes(), bytes);
    world.advance(TIMELOCK_SECONDS);
    let executed = world.execute(number, &change).accepted();
    let executed = executed.event::<ChangeExecuted>();
    assert_eq!((executed.number, executed.change), (number, bytes));
}

#[test]
fn the_migrations_last_step_raises_the_timelock_once() {
    let mut world = World::new();
    let admin = admin();
    let raise = |world: &World| {
        cep_migrations::plan::raise_timelock(world.config().params, TIMELOCK, admin.pubkey())
    };
    let step = raise(&world).unwrap();
    world.run(&step, &[&admin]).accepted();
    assert_eq!(world.config().params.timelock, TIMELOCK);
    assert!(raise(&world).is_none());
}
