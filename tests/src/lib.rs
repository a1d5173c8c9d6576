//! The programs as bytecode, in LiteSVM: a [`World`] to act in, and checks after every act.
//!
//! LiteSVM runs under the features that are active on mainnet-beta (`LiteSVM::mainnet_feature_set`, the
//! cluster's own list as of LiteSVM 0.16: 24 August 2026), with SPL Token as mainnet has it (p-token), its compute
//! limits and its 32 KiB heap. Nothing depends on the wall clock or on chance: keys come from
//! names, time is the `Clock` sysvar.
// A fixture that cannot go on stops the test and says why; nothing here runs on chain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod actions;
pub mod bare;
pub mod candidate;
pub mod governance;
pub mod insurance;
pub mod invariants;
pub mod largest;
pub mod options;
pub mod oracle;
pub mod outcome;
pub mod probe;
pub mod replay;
pub mod staked;
pub mod token;
pub mod vault;
pub mod world;

pub use {
    actions::Trader,
    bare::keypair,
    oracle::Update,
    outcome::{Outcome, Receipt, Refusal},
    world::{BTC, ETH, SOL, Setup, World},
};

/// The text of a file of `../shared` (beside the workspace), or `None` with a sentence on what is skipped.
#[must_use]
pub fn shared(path: &str) -> Option<String> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(path);
    let text = std::fs::read_to_string(&file).ok();
    if text.is_none() {
        println!("skipped what needs shared/{path}, which is not beside the workspace");
    }
    text
}
