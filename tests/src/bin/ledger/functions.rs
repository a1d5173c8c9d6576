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
    // black76_price joins here, when the probe has the function.
}

fn exposures() -> Vec<u64> {
    let count = EXPOSURES.len() as u64;
    let words = EXPOSURES
        .iter()
        .flat_map(|(number, power)| [number.cast_unsigned(), *power]);
    std::iter::once(count).chain(words).collect()
}
