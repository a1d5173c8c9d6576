pub mod account;
pub mod cash;
pub mod margin;
pub mod scenarios;
