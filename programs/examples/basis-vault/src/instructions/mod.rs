pub mod deposit;
pub mod hedge;
pub mod initialize;
pub mod redeem;
pub mod share_price;

// Anchor's `#[program]` looks for the account structs at the crate root.
pub use {deposit::*, hedge::*, initialize::*, redeem::*, share_price::*};
