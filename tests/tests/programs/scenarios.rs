//! How scenarios come into force.

use {
    anchor_lang::error::ErrorCode,
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        instruction,
        programs::risk_engine::{
            error::RiskEngineError,
            state::{Change, SCENARIO_BODY_LEN, ScenarioSet as OnChainSet},
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, Receipt, Refusal, Setup, World, keypair, largest, world::admin,
    },
    solana_sdk::signature::{Keypair, Signer},
};

/// Offset in the body where the standardised returns begin: after weights and levels.
const Z: u32 = 2 * 4 * 512;
/// Where the stress returns begin.
const STRESS: u32 = Z + 8 * 4 * 512 + 16 * 4;

/// An initialised deployment with the shipped set uploaded to `key`, not yet in force.
fn uploaded() -> (World, Keypair, ScenarioSet) {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    world.initialise();
    let key = keypair("set");
    let steps = world.scenario_steps(&setup.set, &key);
    let (_, uploads) = steps.split_last().unwrap();
    for (i, step) in uploads.iter().enumerate() {
        let signers = [&admin(), &key];
        let signers = if i == 0 { &signers[..] } else { &signers[..1] };
        world.run(step, signers).accepted();
    }
    (world, key, setup.set)
}

fn write(world: &mut World, key: &Keypair, offset: u32, bytes: &[u8]) -> Result<Receipt, Refusal> {
    let (admin, set) = (admin(), key.pubkey());
    let ix = instruction::risk::write_scenario_set(admin.pubkey(), set, offset, bytes.to_vec());
    world.send(&[ix], &[&admin])
}

fn activate(world: &mut World, key: &Keypair, hash: [u8; 32]) -> Result<Receipt, Refusal> {
    let set = key.pubkey();
    world.enact(Change::ScenarioSet { set, hash })
}

/// The uploaded set with four bytes of its body replaced, put in force.
fn activate_with(offset: u32, value: i32) -> Result<Receipt, Refusal> {
    let (mut world, key, set) = uploaded();
    write(&mut world, &key, offset, &value.to_le_bytes()).accepted();
    activate(&mut world, &key, set.hash())
}

#[test]
fn the_hash_on_chain_is_the_hash_of_the_file() {
    let (mut world, key, set) = uploaded();
    activate(&mut world, &key, set.hash()).accepted();
    assert_eq!(
        world.read::<OnChainSet>(&key.pubkey()).canonical_hash(),
        set.hash()
    );
}

#[test]
fn a_set_that_is_not_the_announced_one_is_refused() {
    let (mut world, key, set) = uploaded();
    let mut other = set.hash();
    other[31] ^= 1;
    activate(&mut world, &key, other).refused(RiskEngineError::ScenarioHashMismatch);
    // One draw a little milder than announced.
    activate_with(Z, 0).refused(RiskEngineError::ScenarioHashMismatch);
}

#[test]
fn weights_must_be_positive_and_sum_to_one() {
    activate_with(0, 0).refused(RiskEngineError::ScenarioWeights);
    activate_with(0, 1).refused(RiskEngineError::ScenarioWeights);
    activate_with(0, -1).refused(RiskEngineError::ScenarioWeights);
}

#[test]
fn draws_and_stress_returns_must_be_in_bounds() {
    use cep_risk::{
        rows::{RETURN_MAX, RETURN_MIN},
        scenario::Z_MAX,
    };
    for (offset, value) in [
        (Z, Z_MAX + 1),
        (Z, -Z_MAX - 1),
        (STRESS, RETURN_MAX + 1),
        (STRESS, RETURN_MIN - 1),
    ] {
        activate_with(offset, value).refused(RiskEngineError::ScenarioOutOfBounds);
    }
}

#[test]
fn a_sealed_set_never_changes_and_is_activated_once() {
    let (mut world, key, set) = uploaded();
    activate(&mut world, &key, set.hash()).accepted();

    write(&mut world, &key, 0, &[1]).refused(RiskEngineError::ScenarioSetSealed);
    activate(&mut world, &key, set.hash()).refused(RiskEngineError::ScenarioSetSealed);
}

#[test]
fn bytes_beyond_the_body_are_refused() {
    let (mut world, key, _) = uploaded();
    let end = u32::try_from(SCENARIO_BODY_LEN).unwrap();
    write(&mut world, &key, end - 2, &[0, 0]).accepted();
    for (offset, bytes) in [(end - 1, &[0, 0][..]), (end + 1, &[]), (u32::MAX, &[0])] {
        write(&mut world, &key, offset, bytes).refused(RiskEngineError::ScenarioChunkOutOfRange);
    }
}

fn create(columns: usize, stress_count: u8) -> Result<Receipt, Refusal> {
    let mut world = World::bare(&Setup::standard());
    world.initialise();
    let (admin, key) = (admin(), keypair("set"));
    let rent = world
        .svm
        .minimum_balance_for_rent_exemption(OnChainSet::SPACE);
    let ixs = instruction::risk::create_scenario_set(
        admin.pubkey(),
        admin.pubkey(),
        key.pubkey(),
        rent,
        vec![*b"BTC\0\0\0\0\0"; columns],
        stress_count,
    );
    world.send(&ixs, &[&admin, &key])
}

#[test]
fn a_set_has_one_to_eight_columns_and_at_most_sixteen_stress_rows() {
    create(1, 16).accepted();
    create(8, 0).accepted();
    create(0, 0).refused(RiskEngineError::TooManyUnderlyings);
    create(9, 0).refused(RiskEngineError::TooManyUnderlyings);
    create(1, 17).refused(RiskEngineError::ScenarioOutOfBounds);
}

#[test]
fn a_set_is_opened_once() {
    let (mut world, key, set) = uploaded();
    let steps = world.scenario_steps(&set, &key);
    let open = steps[0].instructions[1].clone();

    world
        .send(&[open], &[&admin()])
        .refused(ErrorCode::ConstraintZero);
}

#[test]
fn books_are_scaled_from_the_set_in_force_only() {
    let mut world = World::new();
    let first = world.scenario_set;
    world.install_scenarios(&Setup::standard().set, "second set");

    let stale = instruction::risk::refresh_scenarios(world.book_address(BTC), first);
    world
        .send(&[stale], &[&admin()])
        .refused(RiskEngineError::ScenarioSetNotActive);
    world.refresh_scenarios(BTC).accepted();
    assert_eq!(world.book(BTC).scenario_generation, 2);
}

#[test]
fn a_book_without_a_column_is_refused() {
    // Four underlyings, and the set that knows three.
    let mut setup = largest::widened(4, 1);
    setup.set = Setup::standard().set;
    let mut world = World::bare(&setup);
    world.initialise();
    world.install_scenarios(&setup.set, "set");
    world.refresh_scenarios(ETH).accepted();

    world
        .refresh_scenarios(3)
        .refused(RiskEngineError::ScenarioColumnMissing);
}
