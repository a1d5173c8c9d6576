pub mod accept_authority;
pub(crate) mod activate_scenario_set;
pub mod add_underlying;
pub mod announce_silence;
pub mod cancel_proposal;
pub mod close_instrument;
pub mod close_scenario_set;
pub mod create_scenario_set;
pub mod execute_proposal;
pub mod extend_book;
pub mod initialize_config;
pub mod list_instrument;
pub mod open_instrument;
pub mod pause_book;
pub mod post_surface;
pub mod propose;
pub mod raise_floor;
pub mod refresh;
pub mod refresh_curves;
pub mod refresh_scenarios;
pub mod refresh_staked;
pub mod refresh_volatility;
pub mod settle_expiry;
pub mod tighten_params;
pub mod verify_scenario_set;
pub mod write_scenario_set;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {
    accept_authority::*, add_underlying::*, announce_silence::*, cancel_proposal::*,
    close_instrument::*, close_scenario_set::*, create_scenario_set::*, execute_proposal::*,
    extend_book::*, initialize_config::*, list_instrument::*, open_instrument::*, pause_book::*,
    post_surface::*, propose::*, raise_floor::*, refresh::*, refresh_curves::*,
    refresh_scenarios::*, refresh_staked::*, refresh_volatility::*, settle_expiry::*,
    tighten_params::*, verify_scenario_set::*, write_scenario_set::*,
};
