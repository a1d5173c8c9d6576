pub mod activate_scenario_set;
pub mod add_underlying;
pub mod close_instrument;
pub mod create_scenario_set;
pub mod extend_book;
pub mod initialize_config;
pub mod list_instrument;
pub mod open_instrument;
pub mod post_surface;
pub mod refresh;
pub mod refresh_curves;
pub mod refresh_scenarios;
pub mod refresh_staked;
pub mod refresh_volatility;
pub mod settle_expiry;
pub mod write_scenario_set;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    activate_scenario_set::*, add_underlying::*, close_instrument::*, create_scenario_set::*,
    extend_book::*, initialize_config::*, list_instrument::*, open_instrument::*, post_surface::*,
    refresh::*, refresh_curves::*, refresh_scenarios::*, refresh_staked::*, refresh_volatility::*,
    settle_expiry::*, write_scenario_set::*,
};
