use {cep_risk::RiskError, cep_scenarios::Symbol, thiserror::Error};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum WhatIfError {
    /// A field of one of the two files is wrong.
    #[error("{field}: {reason}")]
    Field { field: String, reason: String },
    #[error(
        "the scenario set has no column for {0}; build one that has (`cep scenarios build --symbols ...`)"
    )]
    NoColumn(Symbol),
    #[error(
        "the scenario set has {0} joint rows and the chain takes 512; build it with `--rows 512`"
    )]
    Rows(usize),
    /// The library refused.
    #[error(transparent)]
    Risk(#[from] RiskError),
}

pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> WhatIfError {
    WhatIfError::Field {
        field: field.into(),
        reason: reason.into(),
    }
}
