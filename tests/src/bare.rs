//! A chain with the programs on it and nothing else.

use {
    anchor_lang::prelude::Pubkey,
    cep_sdk::programs::{liquidation, margin_pool, risk_engine},
    litesvm::LiteSVM,
    solana_sdk::{account::Account, clock::Clock, signature::Keypair},
    std::{fs, path::PathBuf},
};

/// Lamports that everyone who pays starts with.
pub const WEALTH: u64 = 1_000_000_000_000;
/// 10 October 2025, 00:00 UTC.
pub const START_TIME: i64 = 1_760_054_400;

/// The three programs by the name of their library.
pub const PROGRAMS: [(&str, Pubkey); 3] = [
    ("risk_engine", risk_engine::ID),
    ("margin_pool", margin_pool::ID),
    ("liquidation", liquidation::ID),
];

/// The same key for the same name, on every run: addresses, and with them bump searches, never change.
#[must_use]
pub fn keypair(name: &str) -> Keypair {
    let seed = solana_sdk::hash::hash(format!("cep-tests {name}").as_bytes());
    Keypair::new_from_array(seed.to_bytes())
}

/// The bytecode of a program.
#[must_use]
pub fn bytecode(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target/deploy")
        .join(format!("{name}.so"));
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{} cannot be read ({error}): run `cargo xtask build` first",
            path.display()
        )
    })
}

/// Mainnet's features, the three programs, the clock at [`START_TIME`].
#[must_use]
pub fn chain() -> LiteSVM {
    let mut svm = LiteSVM::new()
        .with_feature_set(LiteSVM::mainnet_feature_set())
        .with_precompiles()
        .with_log_bytes_limit(None);
    for (name, id) in PROGRAMS {
        svm.add_program(id, &bytecode(name)).unwrap();
    }
    let mut clock = svm.get_sysvar::<Clock>();
    clock.unix_timestamp = START_TIME;
    svm.set_sysvar(&clock);
    svm
}

/// Gives `address` lamports to pay with.
pub fn endow(svm: &mut LiteSVM, address: Pubkey) {
    let account = Account {
        lamports: WEALTH,
        ..Account::default()
    };
    svm.set_account(address, account).unwrap();
}
