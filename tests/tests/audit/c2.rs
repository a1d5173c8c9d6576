//! Liquidation reads no curve that could have been refreshed.
