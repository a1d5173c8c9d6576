//! How scenarios come into force: announced, written, verified on chain, then by proposal.

use {
    anchor_lang::error::ErrorCode,
    cep_risk::{
        rows::{RETURN_MAX, RETURN_MIN},
        scenario::Z_MAX,
    },
    cep_sdk::{
        instruction,
        programs::risk_engine::{
            error::RiskEngineError,
            events::ScenarioSetVerified,
            state::{SCENARIO_BODY_LEN, ScenarioSet as OnChainSet},
            verification::stress,
        },
    },
    cep_tests::{
        BTC, ETH, Outcome, Receipt, Refusal, Setup, World, candidate::Candidate, keypair, largest,
        world::admin,
    },
    solana_sdk::signature::{Keypair, Signer},
};

/// Compute units that one verification call may take.
const CALL_BUDGET: u64 = 400_000;

/// Initialised, with no set in force.
fn fresh() -> World {
    let mut world = World::bare(&Setup::standard());
    world.initialise();
    world
}

/// What a fresh deployment says of a candidate.
fn judged(bend: impl FnOnce(&mut Candidate)) -> Result<Vec<Receipt>, Refusal> {
    fresh().put_to_the_test(&Candidate::shipped().bent(bend))
}

/// What a deployment with the shipped set in force says of it.
fn compared(bend: impl FnOnce(&mut Candidate)) -> Result<Vec<Receipt>, Refusal> {
    World::new().put_to_the_test(&Candidate::shipped().bent(bend))
}

#[test]
fn the_shipped_set_is_verified_in_calls_of_bounded_work_and_comes_into_force() {
    let (mut world, key, set) = (fresh(), keypair("set"), Candidate::shipped());
    world.upload(&set, &key);
    let receipts = world.verify_set(&key).accepted_all();
    for (i, receipt) in receipts.iter().enumerate() {
        println!("verification call {i}: {} units", receipt.compute_units);
        assert!(receipt.compute_units <= CALL_BUDGET);
    }
    let event = receipts.last().unwrap().event::<ScenarioSetVerified>();
    assert_eq!((event.hash, event.generation), (set.args.hash, 1));
    world.activate_set(&key, set.args.hash).accepted();
    assert_eq!(world.config().scenario_generation, 1);
    assert_eq!(
        world.read::<OnChainSet>(&key.pubkey()).canonical_hash(),
        set.args.hash
    );
}

/// Unwraps a list of receipts.
trait AcceptedAll {
    fn accepted_all(self) -> Vec<Receipt>;
}

impl AcceptedAll for Result<Vec<Receipt>, Refusal> {
    #[track_caller]
    fn accepted_all(self) -> Vec<Receipt> {
        self.unwrap_or_else(|r| panic!("refused: {}\n{}", r.name, r.logs.join("\n")))
    }
}

trait RefusedAll {
    fn refused_as(self, reason: RiskEngineError);
}

impl RefusedAll for Result<Vec<Receipt>, Refusal> {
    #[track_caller]
    fn refused_as(self, reason: RiskEngineError) {
        self.map(|mut receipts| receipts.pop().unwrap())
            .refused(reason);
    }
}

#[test]
fn a_set_that_is_not_the_announced_one_is_refused() {
    let mut set = Candidate::shipped();
    set.args.hash[31] ^= 1;
    fresh()
        .put_to_the_test(&set)
        .refused_as(RiskEngineError::ScenarioHashMismatch);
    // One draw a little milder than announced.
    let mut set = Candidate::shipped();
    set.body.z[0][0] = 0;
    fresh()
        .put_to_the_test(&set)
        .refused_as(RiskEngineError::ScenarioHashMismatch);
    // And the proposal names the very hash.
    let (mut world, key, set) = (fresh(), keypair("set"), Candidate::shipped());
    world.upload(&set, &key);
    world.verify_set(&key).accepted_all();
    let mut other = set.args.hash;
    other[0] ^= 1;
    world
        .activate_set(&key, other)
        .refused(RiskEngineError::ScenarioHashMismatch);
}

#[test]
fn weights_must_be_positive_and_sum_to_one() {
    for weight in [0, 1, u32::MAX] {
        judged(|s| s.body.weights[0] = weight).refused_as(RiskEngineError::ScenarioWeights);
    }
}

#[test]
fn draws_levels_and_stress_returns_must_be_in_bounds() {
    let bends: [fn(&mut Candidate); 5] = [
        |s| s.body.z[1][0] = Z_MAX + 1,
        |s| s.body.z[1][0] = -Z_MAX - 1,
        |s| s.body.levels[0] = i32::MAX,
        |s| s.body.stress[0][0] = RETURN_MAX + 1,
        |s| s.body.stress[0][0] = RETURN_MIN - 1,
    ];
    for bend in bends {
        let mut set = Candidate::shipped();
        bend(&mut set);
        fresh()
            .put_to_the_test(&set)
            .refused_as(RiskEngineError::ScenarioOutOfBounds);
    }
}

#[test]
fn what_is_not_hashed_is_zero() {
    let bends: [fn(&mut Candidate); 2] = [|s| s.body.z[7][0] = 1, |s| s.body.stress[7][0] = 1];
    for bend in bends {
        judged(bend).refused_as(RiskEngineError::ScenarioUnused);
    }
}

#[test]
fn moments_are_those_posted() {
    // A draw moved without the rest: mean and variance are off.
    judged(|s| s.body.z[0][0] += 1 << 16).refused_as(RiskEngineError::ScenarioMoments);
    let mut set = Candidate::shipped();
    set.args.correlations[0] -= 1 << 25;
    fresh()
        .put_to_the_test(&set)
        .refused_as(RiskEngineError::ScenarioMoments);
}

#[test]
fn every_mandated_row_is_there_once() {
    for id in [
        stress::WORST_DAY,
        stress::WORST_DAY + 5,
        stress::ALL_DOWN,
        stress::ALL_UP,
        stress::DECORRELATED,
        stress::DECORRELATED_MIRROR,
        stress::VOLATILITY_DOWN,
        stress::STABLECOIN_DEPEG,
        stress::STAKED_DEPEG,
    ] {
        // Under another name: one that is unknown, one that is there already.
        for other in [0x60, stress::BEST_DAY] {
            judged(|s| {
                let row = s.row(id);
                s.body.stress_ids[row] = other;
            })
            .refused_as(RiskEngineError::ScenarioStressRows);
        }
    }
}

#[test]
fn a_stress_row_is_what_its_id_stands_for() {
    let bends: [fn(&mut Candidate); 7] = [
        |s| *s.stress(stress::WORST_DAY, 0) = 1,
        |s| *s.stress(stress::ALL_DOWN, 0) /= 2,
        |s| *s.stress(stress::ALL_UP, 1) = 0,
        |s| *s.stress(stress::DECORRELATED, 0) = 1,
        |s| *s.stress(stress::DECORRELATED_MIRROR, 1) *= -1,
        |s| *s.stress(stress::VOLATILITY_DOWN, 2) = -1,
        |s| *s.stress(stress::STABLECOIN_DEPEG, 3) /= 2,
    ];
    for bend in bends {
        judged(bend).refused_as(RiskEngineError::ScenarioStressSubstance);
    }
}

#[test]
fn a_set_that_is_consistent_in_itself_may_not_soften_a_tail_beyond_the_bound() {
    // Pulls the worst losses of SOL in, and standardises again: the moments hold.
    let soften = |s: &mut Candidate| {
        s.redraw(2, |_, z| if z < -2.0 { -2.0 + (z + 2.0) * 0.2 } else { z });
    };
    judged(soften).accepted_all();
    compared(soften).refused_as(RiskEngineError::ScenarioChangeTooLarge);
    // Nor make one harsher: nobody is liquidated by a new set.
    let harden = |s: &mut Candidate| {
        s.redraw(2, |_, z| if z < -3.0 { z * 1.8 } else { z });
    };
    compared(harden).refused_as(RiskEngineError::ScenarioChangeTooLarge);
    // A little of it is what new sets are for.
    compared(|s| s.redraw(2, |_, z| if z < -3.0 { z * 1.05 } else { z })).accepted_all();
}

#[test]
fn worst_days_and_correlations_stay_near_those_in_force() {
    // Every stress return of SOL is milder by 30 %: still its worst day, and still no peg.
    compared(|s| {
        for r in &mut s.body.stress[2] {
            *r = *r / 10 * 7;
        }
    })
    .refused_as(RiskEngineError::ScenarioChangeTooLarge);
    // ETH moves with BTC no more: its draws in another order, the same tails.
    compared(|s| {
        let z = s.draws(1);
        s.redraw(1, |k, own| 0.5 * own + 0.866 * z[(k + 7) % z.len()]);
    })
    .refused_as(RiskEngineError::ScenarioChangeTooLarge);
}

#[test]
fn a_column_in_force_does_not_disappear() {
    compared(|s| s.args.symbols[2] = *b"DOGE\0\0\0\0")
        .refused_as(RiskEngineError::ScenarioColumnDropped);
}

#[test]
fn only_a_verified_set_comes_into_force_and_only_against_the_set_it_was_compared_with() {
    let (mut world, first, second) = (World::new(), keypair("first"), keypair("second"));
    let set = Candidate::shipped();
    world.upload(&set, &first);
    world
        .activate_set(&first, set.args.hash)
        .refused(RiskEngineError::ScenarioSetUnverified);
    world.verify_set(&first).accepted_all();
    world.upload(&set, &second);
    world.verify_set(&second).accepted_all();
    world.activate_set(&first, set.args.hash).accepted();
    // The second was compared with what is no longer in force.
    world
        .activate_set(&second, set.args.hash)
        .refused(RiskEngineError::ScenarioSetUnverified);
    world.verify_set(&second).accepted_all();
    world.activate_set(&second, set.args.hash).accepted();
}

#[test]
fn a_set_under_verification_never_changes() {
    let (mut world, key, set) = (fresh(), keypair("set"), Candidate::shipped());
    world.upload(&set, &key);
    let call = instruction::risk::verify_scenario_set(key.pubkey(), None, 1);
    world.send(&[call], &[&admin()]).accepted();
    world
        .write_set(&key, 0, &[1])
        .refused(RiskEngineError::ScenarioSetSealed);
}

#[test]
fn bytes_beyond_the_body_are_refused() {
    let (mut world, key) = (fresh(), keypair("set"));
    world.announce(&Candidate::shipped().args, &key).accepted();
    let end = u32::try_from(SCENARIO_BODY_LEN).unwrap();
    world.write_set(&key, end - 2, &[0, 0]).accepted();
    for (offset, bytes) in [(end - 1, &[0, 0][..]), (end + 1, &[]), (u32::MAX, &[0])] {
        world
            .write_set(&key, offset, bytes)
            .refused(RiskEngineError::ScenarioChunkOutOfRange);
    }
}

fn announced(bend: impl FnOnce(&mut Candidate)) -> Result<Receipt, Refusal> {
    let mut set = Candidate::shipped();
    bend(&mut set);
    fresh().announce(&set.args, &keypair("set"))
}

#[test]
fn an_announcement_names_its_columns_once_with_all_their_correlations() {
    announced(|_| {}).accepted();
    announced(|s| s.args.symbols.clear()).refused(RiskEngineError::ScenarioSymbols);
    announced(|s| s.args.symbols[1] = s.args.symbols[0]).refused(RiskEngineError::ScenarioSymbols);
    announced(|s| s.args.symbols[1] = *b"eth\0\0\0\0\0").refused(RiskEngineError::ScenarioSymbols);
    announced(|s| s.args.correlations.truncate(14)).refused(RiskEngineError::ScenarioPairs);
    announced(|s| s.args.stress_count = 17).refused(RiskEngineError::ScenarioOutOfBounds);
}

#[test]
fn a_set_is_opened_once() {
    let (mut world, key) = (fresh(), keypair("set"));
    let args = Candidate::shipped().args;
    world.announce(&args, &key).accepted();
    let me = admin().pubkey();
    let [_, open] = instruction::risk::create_scenario_set(me, me, key.pubkey(), 0, args);
    world
        .send(&[open], &[&admin()])
        .refused(ErrorCode::ConstraintZero);
}

#[test]
fn a_set_out_of_force_gives_its_rent_back_and_the_one_in_force_stays() {
    let mut world = World::new();
    let (in_force, spare) = (world.scenario_set, keypair("spare"));
    world.upload(&Candidate::shipped(), &spare);
    let close = |set| instruction::risk::close_scenario_set(admin().pubkey(), set);
    world
        .send(&[close(in_force)], &[&admin()])
        .refused(RiskEngineError::ScenarioSetInForce);
    let before = world.svm.get_balance(&admin().pubkey()).unwrap();
    world.send(&[close(spare.pubkey())], &[&admin()]).accepted();
    assert!(world.svm.get_balance(&admin().pubkey()).unwrap() > before);
    assert!(
        world
            .svm
            .get_account(&spare.pubkey())
            .is_none_or(|a| a.data.is_empty())
    );
}

fn install(world: &mut World, key: &Keypair) {
    let set = Candidate::shipped();
    world.upload(&set, key);
    world.verify_set(key).accepted_all();
    world.activate_set(key, set.args.hash).accepted();
}

#[test]
fn books_are_scaled_from_the_set_in_force_only() {
    let mut world = World::new();
    let first = world.scenario_set;
    install(&mut world, &keypair("second set"));

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
