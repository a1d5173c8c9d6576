//! A chain with the programs on it and nothing else.

use {
    anchor_lang::prelude::Pubkey,
    cep_sdk::{
        address,
        programs::{liquidation, margin_pool, risk_engine},
    },
    litesvm::LiteSVM,
    solana_sdk::{
        account::Account,
        clock::Clock,
        signature::{Keypair, Signer},
    },
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
        deploy(&mut svm, id, name);
    }
    let mut clock = svm.get_sysvar::<Clock>();
    clock.unix_timestamp = START_TIME;
    svm.set_sysvar(&clock);
    svm
}

/// Puts a program on the chain, upgradeable by the admin. LiteSVM alone would leave it without an upgrade authority.
pub fn deploy(svm: &mut LiteSVM, id: Pubkey, name: &str) {
    svm.add_program(id, &bytecode(name)).unwrap();
    set_upgrade_authority(svm, &id, Some(keypair("admin").pubkey()));
}

/// Who may upgrade a program from now on; `None`: nobody.
pub fn set_upgrade_authority(svm: &mut LiteSVM, program: &Pubkey, authority: Option<Pubkey>) {
    let address = address::program_data(program);
    let mut account = svm.get_account(&address).unwrap();
    account.data[12] = u8::from(authority.is_some());
    account.data[13..45].copy_from_slice(&authority.unwrap_or_default().to_bytes());
    svm.set_account(address, account).unwrap();
}

/// Gives `address` lamports to pay with.
pub fn endow(svm: &mut LiteSVM, address: Pubkey) {
    let account = Account {
        lamports: WEALTH,
        ..Account::default()
    };
    svm.set_account(address, account).unwrap();
}
