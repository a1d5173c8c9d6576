//! A live oracle is never taken for a dead one.
