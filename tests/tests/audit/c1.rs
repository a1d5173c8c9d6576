//! The confidence of one print stays out of maintenance margin.
