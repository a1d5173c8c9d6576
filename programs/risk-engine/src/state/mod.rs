mod atm_feed;
mod book;
mod book_ref;
mod change;
mod config;
mod expiry;
mod instrument;
mod params;
mod price_state;
mod proposal;
mod scenario_set;
mod settlement;
mod source;
mod staked;
mod surface;
mod tag;
mod tighten;

pub use {
    atm_feed::*, book::*, book_ref::*, change::*, config::*, expiry::*, instrument::*, params::*,
    price_state::*, proposal::*, scenario_set::*, settlement::*, source::*, staked::*, surface::*,
    tag::*, tighten::*,
};
