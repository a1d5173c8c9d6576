pub mod account;
pub mod backtest;
pub mod cash;
pub mod margin;
pub mod scenarios;
