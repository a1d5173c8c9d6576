//! A trade below initial margin only improves the account.
