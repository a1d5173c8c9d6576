mod auction;
mod config;
mod fund;

pub use {auction::*, config::*, fund::*};
