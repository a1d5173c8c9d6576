//! How `cep-keeper` decides: what it knows of the chain, and what it does about it. The replays of past crashes let their
//! liquidators decide by the same functions.

pub mod action;
pub mod plan;
pub mod view;
