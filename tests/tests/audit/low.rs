//! The low findings.
