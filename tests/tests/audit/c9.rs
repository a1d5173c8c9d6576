//! Dust shields nobody.
