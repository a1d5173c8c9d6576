//! Every rule that a new scenario set is held to, just inside and just outside of it.

use {
    cep_risk::PPM,
    cep_scenarios::StressKind,
    cep_sdk::{
        instruction::risk,
        programs::risk_engine::{
            error::RiskEngineError,
            state::{Change, ScenarioSet as OnChainSet, ScenarioTail},
            verification::{change::CORRELATION_STEP, stress},
        },
    },
    cep_tests::{
        Outcome, Receipt, Refusal, Setup, World, bare::endow, candidate::Candidate, keypair,
        largest, world::admin,
    },
    solana_sdk::signature::Signer,
};

/// Compute units that one verification call may take.
const CALL_BUDGET: u64 = 400_000;

const BTC: usize = 0;
const ETH: usize = 1;
const SOL: usize = 2;
const USDC: usize = 3;
const USDT: usize = 4;
const SOLGAP: usize = 5;

/// The last receipt of a verification on a deployment with no set in force.
fn alone(set: &Candidate) -> Result<Receipt, Refusal> {
    let mut world = World::bare(&Setup::standard());
    world.initialise();
    world.put_to_the_test(set).map(|mut r| r.pop().unwrap())
}

/// The same where the shipped set is in force.
fn beside_the_shipped(set: &Candidate) -> Result<Receipt, Refusal> {
    let mut world = World::new();
    world.put_to_the_test(set).map(|mut r| r.pop().unwrap())
}

fn shipped(bend: impl FnOnce(&mut Candidate)) -> Candidate {
    Candidate::shipped().bent(bend)
}

/// `nearer` may replace the shipped set; `farther` may not, though nothing is wrong with it in itself.
#[track_caller]
fn bound_lies_between(nearer: impl FnOnce(&mut Candidate), farther: impl FnOnce(&mut Candidate)) {
    beside_the_shipped(&shipped(nearer)).accepted();
    let farther = shipped(farther);
    alone(&farther).accepted();
    beside_the_shipped(&farther).refused(RiskEngineError::ScenarioChangeTooLarge);
}

fn scaled(value: i32, percent: i32) -> i32 {
    i32::try_from(i64::from(value) * i64::from(percent) / 100).unwrap()
}

#[test]
fn ids_of_stress_rows_are_those_of_the_builder() {
    for (id, kind) in [
        (stress::WORST_DAY + 7, StressKind::WorstDay(7)),
        (stress::BEST_DAY + 7, StressKind::BestDay(7)),
        (stress::ALL_DOWN, StressKind::AllDown),
        (stress::ALL_UP, StressKind::AllUp),
        (stress::DECORRELATED, StressKind::Decorrelated),
        (stress::DECORRELATED_MIRROR, StressKind::DecorrelatedMirror),
        (stress::VOLATILITY_DOWN, StressKind::VolatilityDown),
        (stress::STABLECOIN_DEPEG, StressKind::StablecoinDepeg),
        (stress::STAKED_DEPEG, StressKind::StakedDepeg),
    ] {
        assert_eq!(StressKind::from_id(id), Some(kind));
    }
}

#[test]
fn the_chain_finds_the_moments_that_the_library_posts() {
    let mut world = World::bare(&Setup::standard());
    world.initialise();
    let set = Setup::standard().set;
    world.install_scenarios(&set, "set");
    let (found, posted) = (
        world.read::<OnChainSet>(&world.scenario_set),
        set.posted_moments().unwrap(),
    );
    for (tail, column) in found.tails.iter().zip(&posted.columns) {
        let (long, short) = (column.long, column.short);
        assert_eq!(*tail, ScenarioTail { long, short });
    }
    assert_eq!(found.correlations[..15], posted.correlations[..]);
}

#[test]
fn the_largest_set_is_verified_in_calls_of_bounded_work() {
    // Eight columns, with a set of eight columns in force.
    let setup = largest::at_the_limit();
    let mut world = World::bare(&setup);
    world.initialise();
    world.install_scenarios(&setup.set, "set");

    let receipts = world.put_to_the_test(&Candidate::of(&setup.set)).unwrap();

    assert_eq!(receipts.len(), risk::VERIFICATION.len());
    for receipt in receipts {
        println!("eight columns: {} units", receipt.compute_units);
        assert!(receipt.compute_units <= CALL_BUDGET);
    }
}

#[test]
fn anyone_may_verify() {
    let (mut world, key) = (World::new(), keypair("set"));
    world.upload(&Candidate::shipped(), &key);
    let passer_by = keypair("passer-by");
    endow(&mut world.svm, passer_by.pubkey());

    // More columns than there are: all of them.
    let in_force = world.set_in_force();
    let all = risk::verify_scenario_set(key.pubkey(), in_force, u8::MAX);
    world.send(&[all], &[&passer_by]).accepted();

    let hash = Candidate::shipped().args.hash;
    world.activate_set(&key, hash).accepted();
}

#[test]
fn columns_left_out_leave_a_set_unverified() {
    let (mut world, key, set) = (World::new(), keypair("set"), Candidate::shipped());
    world.upload(&set, &key);
    let some = risk::verify_scenario_set(key.pubkey(), world.set_in_force(), 5);
    world.send(&[some], &[&admin()]).accepted();

    world
        .activate_set(&key, set.args.hash)
        .refused(RiskEngineError::ScenarioSetUnverified);
}

#[test]
fn a_set_is_compared_with_the_one_in_force_and_no_other() {
    let mut world = World::new();
    let (key, other) = (keypair("set"), keypair("other"));
    world.upload(&Candidate::shipped(), &key);
    world.upload(&Candidate::shipped(), &other);
    for against in [None, Some(other.pubkey())] {
        let call = risk::verify_scenario_set(key.pubkey(), against, 8);
        world
            .send(&[call], &[&admin()])
            .refused(RiskEngineError::ScenarioSetNotActive);
    }
    // Nor is the one in force compared with itself.
    let itself = risk::verify_scenario_set(world.scenario_set, None, 8);
    world
        .send(&[itself], &[&admin()])
        .refused(RiskEngineError::ScenarioSetInForce);
}

#[test]
fn a_bound_tightened_after_the_comparison_asks_for_another() {
    let (mut world, key) = (World::new(), keypair("set"));
    let set = shipped(|s| *s.stress(stress::STAKED_DEPEG, SOLGAP) = scaled(-2_506_535, 90));
    world.upload(&set, &key);
    world.verify_set(&key).unwrap();
    let mut params = world.config().params;
    params.scenario_max_change = PPM / 20;
    world.enact(Change::Params(params)).accepted();

    world
        .activate_set(&key, set.args.hash)
        .refused(RiskEngineError::ScenarioSetUnverified);
    let again = risk::verify_scenario_set(key.pubkey(), world.set_in_force(), 0);
    world
        .send(&[again], &[&admin()])
        .refused(RiskEngineError::ScenarioChangeTooLarge);
}

#[test]
fn stress_rows_that_are_not_counted_are_zero() {
    let shorter = |bend: fn(&mut Candidate)| {
        shipped(|s| {
            // The last row goes; it is the staked depeg, so it takes the place of a best day first.
            let (best, last) = (s.row(stress::BEST_DAY), 15);
            for column in &mut s.body.stress {
                (column[best], column[last]) = (column[last], 0);
            }
            let body = &mut s.body;
            (body.stress_ids[best], body.stress_ids[last]) = (stress::STAKED_DEPEG, 0);
            (body.stress_levels[best], body.stress_levels[last]) = (body.stress_levels[last], 0);
            s.args.stress_count = 15;
            bend(s);
        })
    };
    alone(&shorter(|_| {})).accepted();
    let bends: [fn(&mut Candidate); 3] = [
        |s| s.body.stress[0][15] = 1,
        |s| s.body.stress_levels[15] = 1,
        |s| s.body.stress_ids[15] = 1,
    ];
    for bend in bends {
        alone(&shorter(bend)).refused(RiskEngineError::ScenarioUnused);
    }
}

#[test]
fn depegs_reach_the_worst_that_was_seen() {
    let bends: [fn(&mut Candidate); 3] = [
        |s| *s.stress(stress::STABLECOIN_DEPEG, USDT) += 1,
        |s| *s.stress(stress::STAKED_DEPEG, SOLGAP) /= 2,
        // And a staked token's underlying falls with it.
        |s| *s.stress(stress::STAKED_DEPEG, SOL) += 1,
    ];
    for bend in bends {
        alone(&shipped(bend)).refused(RiskEngineError::ScenarioStressSubstance);
    }
}

#[test]
fn a_market_that_never_fell_by_thirty_percent_passes_for_a_peg() {
    // Its depeg would have to be in the stablecoins' row.
    let milder = shipped(|s| {
        for r in &mut s.body.stress[BTC] {
            *r = scaled(*r, 77);
        }
    });
    alone(&milder).refused(RiskEngineError::ScenarioStressSubstance);
}

#[test]
fn a_tail_moves_by_the_bound_at_most_on_either_side() {
    let pull = |to: f64| move |s: &mut Candidate| s.redraw(BTC, |_, z| z.max(to));
    bound_lies_between(pull(-4.5), pull(-3.0));
    let push = |to: f64| move |s: &mut Candidate| s.redraw(ETH, |_, z| z.min(to));
    bound_lies_between(push(2.8), push(2.0));
}

#[test]
fn a_rise_of_the_level_moves_by_the_bound_at_most() {
    let of = |percent| {
        move |s: &mut Candidate| {
            for level in s.body.levels.iter_mut().filter(|l| **l > 0) {
                *level = scaled(*level, percent);
            }
        }
    };
    bound_lies_between(of(80), of(70));
    let row = |id, percent| {
        move |s: &mut Candidate| {
            let row = s.row(id);
            s.body.stress_levels[row] = scaled(s.body.stress_levels[row], percent);
        }
    };
    for id in [stress::ALL_DOWN, stress::VOLATILITY_DOWN] {
        bound_lies_between(row(id, 80), row(id, 70));
    }
}

#[test]
fn stress_returns_are_milder_by_the_bound_at_most() {
    for (id, column) in [
        (stress::WORST_DAY + 2, SOL),
        (stress::ALL_UP, USDT),
        (stress::STAKED_DEPEG, SOLGAP),
    ] {
        let of = |percent| {
            move |s: &mut Candidate| {
                let r = s.stress(id, column);
                *r = scaled(*r, percent);
            }
        };
        bound_lies_between(of(80), of(70));
    }
}

/// Mixes `share` of another column's draws into one's own.
fn mixed(column: usize, with: usize, share: f64) -> impl Fn(&mut Candidate) {
    move |s| {
        let other = s.draws(with);
        s.redraw(column, |k, z| z + share * other[k]);
    }
}

#[test]
fn a_spread_keeps_its_variance_within_the_bound() {
    // The correlation of BTC and ETH goes from 0.858 to 0.88 and to 0.91: their spread loses 15 % and 37 %.
    let (nearer, farther) = (mixed(ETH, BTC, 0.1), mixed(ETH, BTC, 0.3));
    let correlation = |set: &Candidate| set.args.correlations[0] >> 16;
    let step = correlation(&shipped(&farther)) - correlation(&Candidate::shipped());
    assert!(step.unsigned_abs() < CORRELATION_STEP >> 16);
    bound_lies_between(nearer, farther);
}

#[test]
fn a_correlation_moves_by_the_step_at_most() {
    // By about 0.1, and by a little more than the step, which the bound for spread and sum still admits.
    let base = Candidate::shipped().args.correlations[3];
    let sign = if base < 0 { -1.0 } else { 1.0 };
    let (nearer, farther) = (mixed(USDC, BTC, sign * 0.1), mixed(USDC, BTC, sign * 0.23));
    let moved = shipped(&farther).args.correlations[3].abs_diff(base);
    assert!(
        (CORRELATION_STEP..CORRELATION_STEP * 6 / 5).contains(&moved),
        "{moved}"
    );
    bound_lies_between(nearer, farther);
}

#[test]
fn columns_are_compared_by_symbol_wherever_they_stand() {
    // USDC and USDT change places.
    let swap = |s: &mut Candidate| {
        s.args.symbols.swap(USDC, USDT);
        s.body.z.swap(USDC, USDT);
        s.body.stress.swap(USDC, USDT);
        for id in [stress::DECORRELATED, stress::DECORRELATED_MIRROR] {
            // Up and down goes by place.
            let row = s.row(id);
            let (a, b) = (s.body.stress[USDC][row], s.body.stress[USDT][row]);
            (s.body.stress[USDC][row], s.body.stress[USDT][row]) = (b, a);
        }
        let (a, b) = (s.row(stress::WORST_DAY + 3), s.row(stress::WORST_DAY + 4));
        s.body.stress_ids.swap(a, b);
    };
    beside_the_shipped(&shipped(swap)).accepted();
    // What is one's own tail is not the other's.
    let renamed = shipped(|s| s.args.symbols.swap(USDC, USDT));
    alone(&renamed).accepted();
    beside_the_shipped(&renamed).refused(RiskEngineError::ScenarioChangeTooLarge);
}

#[test]
fn a_column_may_be_added() {
    let wider = shipped(|s| {
        s.args.symbols.push(*b"DOGE\0\0\0\0");
        s.body.z[6] = s.body.z[ETH];
        s.body.stress[6] = s.body.stress[ETH];
        // Even place: down first.
        for id in [stress::DECORRELATED, stress::DECORRELATED_MIRROR] {
            let like = *s.stress(id, SOL);
            *s.stress(id, 6) = like;
        }
        // A worst day of its own in the place of SOL's best one.
        let (best, worst) = (s.row(stress::BEST_DAY + 2), s.row(stress::WORST_DAY + 1));
        s.body.stress_ids[best] = stress::WORST_DAY + 6;
        s.body.stress_levels[best] = s.body.stress_levels[worst];
        for column in &mut s.body.stress {
            column[best] = column[worst];
        }
    });
    beside_the_shipped(&wider).accepted();
}
