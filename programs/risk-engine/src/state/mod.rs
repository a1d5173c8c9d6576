mod atm_feed;
mod book;
mod book_ref;
mod config;
mod expiry;
mod instrument;
mod params;
mod scenario_set;
mod settlement;
mod source;
mod staked;
mod surface;

pub use {
    atm_feed::*, book::*, book_ref::*, config::*, expiry::*, instrument::*, params::*,
    scenario_set::*, settlement::*, source::*, staked::*, surface::*,
};
