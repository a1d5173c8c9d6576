pub mod account;
pub mod cash;
pub mod scenarios;
