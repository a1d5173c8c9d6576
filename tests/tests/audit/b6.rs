//! An auction runs only while a bid could be accepted.
