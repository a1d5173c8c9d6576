use crate::{model::Requirement, time::Time};

/// One requirement, and what followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When it was computed: the end of a bar.
    pub at: Time,
    /// Place of that bar in the series.
    pub index: usize,
    /// Gross notional, USD.
    pub notional: f64,
    /// What was asked for.
    pub requirement: Requirement,
    /// What followed; `None` where the series ends or has a gap before the horizon does.
    pub realised: Option<Realised>,
}

/// The loss over the horizon, USD. Positive is bad for the account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Realised {
    /// From close to close.
    pub loss: f64,
    /// An upper bound on the largest loss at any time within the horizon: in some bar every long stood at its low and every short
    /// at its high at once. Exact for one underlying; for mixed books the true figure lies between `loss` and this.
    pub worst: f64,
}
