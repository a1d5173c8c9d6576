pub mod account;
pub mod cash;
pub mod price;
pub mod scenarios;
