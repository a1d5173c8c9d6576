mod book;
mod config;
mod scenario_set;

pub use {book::*, config::*, scenario_set::*};
