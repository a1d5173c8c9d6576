//! What single functions of the risk library cost, counted inside the probe: without accounts, without
//! an instruction around them. Inputs are the shipped scenario set and given numbers.

use {
    cep_tests::probe::{Probe, shipped},
    risk_probe::{Function, Request},
    std::collections::BTreeMap,
};

/// Four net exposures of about 30,000 USD, long and short in turn; each a number and a power of two.
const EXPOSURES: [(i64, u64); 4] = [
    (30_000_000_000_000_000, 0),
    (-31_234_500_000_000_000, 0),
    (32_469_000_000_000_000, 0),
    (-33_703_500_000_000_000, 0),
];
/// The choice of the 99 % tail, see the probe's `tail`.
const TAIL_99: u64 = 1;

pub fn all(into: &mut BTreeMap<String, u64>) {
    let mut probe = Probe::new(shipped());
    let exposures = exposures();
    let mut record = |name: &str, function, words: Vec<u64>| {
        let answer = probe.on_chain(&Request::given(function, 1, words));
        into.insert(name.into(), answer.units);
    };
    record("rows_4", Function::Losses, exposures.clone());
    let words = [&[TAIL_99], &exposures[..]].concat();
    record("es_512", Function::ExpectedShortfall, words);
    record("black76_price", Function::BlackPrice, option());
    record("black76_greeks", Function::BlackGreeks, option());
    record(
        "curve_level",
        Function::CurveLevel,
        [option(), vec![1, 1 << 32]].concat(),
    );
    record(
        "margin_4_linear",
        Function::EvaluateOptions,
        portfolio(4, 1, 0),
    );
    record(
        "margin_32_options_4_linear",
        Function::EvaluateOptions,
        portfolio(4, 1, 8),
    );
    record(
        "margin_64_options_16_linear",
        Function::EvaluateOptions,
        portfolio(8, 2, 8),
    );
}

/// A call at 70,000 USD on a forward of 73,500, in 51 days, at 52 % and a zero rate.
fn option() -> Vec<u64> {
    let one = 1u64 << 32;
    vec![
        37,
        73_500_000_000,
        70_000_000_000,
        0,
        4_376_412,
        0,
        one * 52 / 100,
        one,
    ]
}

/// Initial margin with every add-on: so many underlyings, with so many linear holdings and options on each, long and
/// short in turn, of one to ten contracts.
fn portfolio(underlyings: u64, linear: u64, options: u64) -> Vec<u64> {
    let mut words = vec![0, underlyings, linear, options, 1];
    for _ in 0..underlyings {
        // Spot 1.7 % above the centre, a price of 12 seconds, a volume and an open interest, no doubt.
        words.extend([1_017, 12, 250_000_000_000, 40_000_000_000, 0]);
        for holding in 0..linear + options {
            words.extend([1_000_000 * (1 + holding), 0, holding % 2]);
        }
    }
    words
}

fn exposures() -> Vec<u64> {
    let count = EXPOSURES.len() as u64;
    let words = EXPOSURES
        .iter()
        .flat_map(|(number, power)| [number.cast_unsigned(), *power]);
    std::iter::once(count).chain(words).collect()
}
