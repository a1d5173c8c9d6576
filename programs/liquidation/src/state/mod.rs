mod auction;
mod config;
mod fund;
mod stake;

pub use {auction::*, config::*, fund::*, stake::*};
