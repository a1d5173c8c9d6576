//! The risk library answers on chain what it answers natively, bit for bit: what the keeper and the
//! command line compute is what the programs decide.

use {
    cep_risk::{fixed, scenario::Z_MAX, units::MAX_PRICE},
    cep_tests::probe::{Probe, random, shipped},
    risk_probe::{Function, Request},
};

/// Portfolios that are checked whole, over all tables.
const PORTFOLIOS: u64 = 10_000;
/// Calls in one transaction: what fits its compute units.
const EVALUATIONS: u8 = 3;
/// Calls in one transaction of what costs little; their answers fit its return data.
const CALLS: u8 = 100;

/// Tables as they are in use, over the whole range, and with ties.
fn probes() -> [Probe; 3] {
    [shipped(), random(1, None), random(2, Some(3))].map(Probe::new)
}

/// Fails unless both answers agree; returns them.
#[track_caller]
fn compare(probe: &mut Probe, request: &Request) -> Vec<u8> {
    let (native, chain) = (probe.native(request), probe.on_chain(request));
    assert_eq!(native.values, chain.values, "{request:?}");
    assert!(chain.units > 0, "{request:?} was not measured");
    native.values
}

/// Runs the same random portfolios on both sides, over all tables, and fails unless nearly all of them get an answer.
fn portfolios(function: Function, count: u64, calls: u8, answers: u64) {
    let mut accepted = 0u64;
    for (probe, kind) in probes().iter_mut().zip(0..) {
        let transactions = count.div_ceil(u64::from(calls) * 3);
        for seed in 0..transactions {
            let request = Request::random(function, calls, seed << 8 | kind);
            let mut values = &compare(probe, &request)[..];
            // Per answer a zero and eleven values, or the number of an error.
            while let Some((status, rest)) = values.split_first() {
                accepted += u64::from(*status == 0);
                values = if *status == 0 { &rest[88..] } else { rest };
            }
        }
    }
    // Not the same refusal on both sides.
    assert!(accepted > answers * count * 9 / 10, "{accepted} answers");
}

#[test]
fn ten_thousand_linear_portfolios() {
    portfolios(Function::Evaluate, PORTFOLIOS, EVALUATIONS, 2);
}

#[test]
fn ten_thousand_portfolios_with_options() {
    portfolios(Function::EvaluateOptions, PORTFOLIOS, 1, 1);
}

#[test]
fn black_76_and_its_curves() {
    let mut probe = Probe::new(shipped());
    for (function, calls) in [
        (Function::BlackPrice, CALLS),
        (Function::BlackGreeks, 30),
        (Function::CurveLevel, 20),
    ] {
        for seed in 0..200 {
            compare(&mut probe, &Request::random(function, calls, seed));
        }
    }
}

#[test]
fn holdings_one_by_one() {
    for (probe, kind) in probes().iter_mut().zip(0..) {
        for seed in 0..100 {
            compare(
                probe,
                &Request::random(Function::Isolated, 1, seed << 8 | kind),
            );
        }
    }
}

#[test]
fn losses_and_their_tail() {
    let functions = [
        (Function::Losses, 8),
        (Function::ExpectedShortfall, 8),
        (Function::ExpectedShortfallOfLinear, 8),
        (Function::ExpectedShortfallOfAny, 8),
    ];
    for (probe, kind) in probes().iter_mut().zip(0..) {
        for (function, calls) in functions {
            for seed in 0..100 {
                compare(probe, &Request::random(function, calls, seed << 8 | kind));
            }
        }
    }
}

#[test]
fn functions_of_a_few_numbers() {
    let functions = [
        (Function::Exp, CALLS),
        (Function::LnRatio, CALLS),
        (Function::EwmaUpdate, CALLS),
        (Function::HorizonSigma, CALLS),
        (Function::SimpleReturn, CALLS),
        (Function::Auction, 10),
    ];
    let mut probe = Probe::new(shipped());
    for (function, calls) in functions {
        for seed in 0..100 {
            compare(&mut probe, &Request::random(function, calls, seed));
        }
    }
}

/// Every combination of edges that these functions know.
#[test]
fn edges() {
    let mut probe = Probe::new(shipped());
    let signed = [
        0,
        1,
        -1,
        i64::MIN,
        i64::MAX,
        i64::from(i32::MIN),
        i64::from(i32::MAX),
        i64::from(Z_MAX),
        -i64::from(Z_MAX),
        fixed::EXP_MAX_Q32,
        fixed::EXP_MAX_Q32 + 1,
        fixed::EXP_MIN_Q32,
        fixed::EXP_MIN_Q32 - 1,
        fixed::LN_2_Q32 / 2,
        -fixed::LN_2_Q32 / 2,
    ];
    let signed = signed.map(i64::cast_unsigned);
    let unsigned = [
        0,
        1,
        2,
        MAX_PRICE,
        MAX_PRICE - 1,
        (1 << 62) - 1,
        1 << 62,
        u64::MAX,
    ];
    check(&mut probe, Function::Exp, &[&signed]);
    // A choice of zero: the second number as it stands.
    check(&mut probe, Function::LnRatio, &[&unsigned, &[0], &unsigned]);
    let seconds = [0, 1, 86_400, u64::MAX];
    check(
        &mut probe,
        Function::EwmaUpdate,
        &[&unsigned, &unsigned[1..4], &unsigned, &seconds, &seconds],
    );
    check(&mut probe, Function::HorizonSigma, &[&unsigned, &unsigned]);
    check(&mut probe, Function::SimpleReturn, &[&unsigned, &signed]);
}

/// Calls a function with every combination of these arguments, as many at once as fit a transaction.
fn check(probe: &mut Probe, function: Function, arguments: &[&[u64]]) {
    let mut calls: Vec<Vec<u64>> = vec![Vec::new()];
    for choices in arguments {
        let longer = calls.iter().flat_map(|call| {
            choices.iter().map(|word| {
                let mut call = call.clone();
                call.push(*word);
                call
            })
        });
        calls = longer.collect();
    }
    for calls in calls.chunks(100 / arguments.len()) {
        let count = u8::try_from(calls.len()).unwrap();
        compare(probe, &Request::given(function, count, calls.concat()));
    }
}
