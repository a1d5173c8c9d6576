pub mod accept_authority;
pub(crate) mod activate_scenario_set;
pub mod add_underlying;
pub mod cancel_proposal;
pub mod create_scenario_set;
pub mod execute_proposal;
pub mod extend_book;
pub mod initialize_config;
pub mod pause_book;
pub mod propose;
pub mod raise_floor;
pub mod refresh;
pub mod refresh_scenarios;
pub mod refresh_staked;
pub mod refresh_volatility;
pub mod tighten_params;
pub mod write_scenario_set;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    accept_authority::*, add_underlying::*, cancel_proposal::*, create_scenario_set::*,
    execute_proposal::*, extend_book::*, initialize_config::*, pause_book::*, propose::*,
    raise_floor::*, refresh::*, refresh_scenarios::*, refresh_staked::*, refresh_volatility::*,
    tighten_params::*, write_scenario_set::*,
};
