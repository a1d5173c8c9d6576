//! The example vault pays each holder what is theirs.
