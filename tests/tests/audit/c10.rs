//! Idle breaker credit lets no single print through.
