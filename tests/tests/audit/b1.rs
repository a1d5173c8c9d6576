//! A flow that cancels itself moves no shared counter.
