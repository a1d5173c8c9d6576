//! The largest account in the worst state is liquidated in single transactions.
