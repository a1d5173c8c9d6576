mod book;
mod config;
mod scenario_set;
mod source;

pub use {book::*, config::*, scenario_set::*, source::*};
