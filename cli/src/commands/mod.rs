pub mod account;
pub mod authorities;
pub mod backtest;
pub mod cash;
pub mod margin;
pub mod price;
pub mod scenarios;
