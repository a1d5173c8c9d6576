//! What accrues with time accrues the same however often it is looked at.
