//! The three programs as bytecode. One file per theme; one binary, so that the deployment under test is
//! set up once and the runtime is linked once.
// A test that cannot go on stops with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adversarial;
mod authority;

mod basis_vault;
mod bids;
mod bit_identity;
mod changes;
mod check_margin;
mod coverage;
mod curves;
mod custody;
mod dated;
mod doubt;
mod funding;
mod governance;
mod guardian;
mod instructions;
mod instruments;
mod insurance;
mod insurance_refusals;
mod insurance_sequences;
mod interest;
mod limits;
mod liquidation;
mod liquidation_refusals;
mod margin;
mod money;
mod no_gain;
mod oracle;
mod pool_governance;
mod pool_guardian;
mod rfq;
mod rfq_fills;
mod rfq_signatures;
mod risk_accounts;
mod scenario_rules;
mod scenarios;
mod sequences;
mod sources;
mod staked;
mod tokens;
mod trades;
mod venues;
mod waterfall;
