pub mod activate_scenario_set;
pub mod add_underlying;
pub mod close_scenario_set;
pub mod create_scenario_set;
pub mod extend_book;
pub mod initialize_config;
pub mod refresh;
pub mod refresh_scenarios;
pub mod refresh_staked;
pub mod refresh_volatility;
pub mod verify_scenario_set;
pub mod write_scenario_set;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    activate_scenario_set::*, add_underlying::*, close_scenario_set::*, create_scenario_set::*,
    extend_book::*, initialize_config::*, refresh::*, refresh_scenarios::*, refresh_staked::*,
    refresh_volatility::*, verify_scenario_set::*, write_scenario_set::*,
};
