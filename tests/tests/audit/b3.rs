//! Nobody chooses who pays for a default.
