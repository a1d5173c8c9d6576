//! No publisher moves an expiry further than its basis charge covers.
