//! Every refusal that a program can give is provoked by some test here. The list of refusals is the
//! committed IDL's, so a new one without a test fails.

use {
    serde_json::Value,
    std::{collections::BTreeSet, fs, path::Path},
};

/// A refusal that no test can provoke, and why.
type Excuse = (&'static str, &'static str);

/// Program, its error enum, and what is excused.
const PROGRAMS: [(&str, &str, &[Excuse]); 3] = [
    (
        "risk_engine",
        "RiskEngineError",
        &[
            (
                "PriceOutOfRange",
                "readers pass such prices over, so that none reaches a book; its invariant asks again",
            ),
            (
                "Overflow",
                "parameters and prices are bounded so that no sum leaves its type; the generation counts to 2^64",
            ),
        ],
    ),
    (
        "margin_pool",
        "MarginPoolError",
        &[
            (
                "CollateralAlreadyListed",
                "the vault of a listed mint exists, so that creating it fails first",
            ),
            (
                "TooManyReductions",
                "takes 17 instruments of one market whose reduced sides nobody touched; a test stands beside it",
            ),
            (
                "UnderlyingListFull",
                "a risk config has eight books at most, as a pool has places for underlyings",
            ),
            (
                "HandoverMismatch",
                "no instruction moves anything but by the rule; the check is fed faults in margin_pool::clearing::handover",
            ),
            (
                "PositionSlotsFull",
                "64 slots, but one position in each of 8 underlyings at most until options exist",
            ),
        ],
    ),
    (
        "liquidation",
        "LiquidationError",
        &[(
            "EquityMismatch",
            "a leg costs an account what it is priced at; the comparison has a test beside it",
        )],
    ),
];

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the tests beside this file and those of the audit's findings say, without this file.
fn tests() -> String {
    ["tests/programs", "tests/audit"]
        .into_iter()
        .flat_map(|tests| fs::read_dir(folder().join(tests)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("coverage.rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Whether the text names `error::variant` and no longer word.
fn names(text: &str, error: &str, variant: &str) -> bool {
    let full = format!("{error}::{variant}");
    text.split(&full)
        .skip(1)
        .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

#[test]
fn every_refusal_is_provoked_or_excused() {
    let tests = tests();
    for (program, error, excused) in PROGRAMS {
        let idl = folder().join(format!("../idl/{program}.json"));
        let idl: Value = serde_json::from_str(&fs::read_to_string(idl).unwrap()).unwrap();
        let declared: BTreeSet<&str> = idl["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap())
            .collect();
        assert!(!declared.is_empty());
        for variant in &declared {
            let tested = names(&tests, error, variant);
            let excuse = excused.iter().any(|(name, _)| name == variant);
            assert!(
                tested || excuse,
                "{error}::{variant} is provoked by no test"
            );
            assert!(
                !(tested && excuse),
                "{error}::{variant} is tested: no excuse"
            );
        }
        for (name, _) in excused {
            assert!(declared.contains(name), "{error}::{name} does not exist");
        }
    }
}
