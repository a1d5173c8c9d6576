use {anchor_lang::prelude::*, cep_risk::RiskError};

/// Every refusal of this program, each saying what to do.
#[error_code]
pub enum RiskEngineError {
    #[msg("Only the risk authority may do this; sign with the key named in RiskConfig.authority")]
    NotAuthority,
    #[msg(
        "A parameter is outside its allowed range; the range stands beside the field in RiskConfigArgs"
    )]
    ParameterOutOfRange,
    #[msg("The symbol must be 1 to 8 characters of A-Z and 0-9, padded with zeros")]
    BadSymbol,
    #[msg("All underlying slots are taken; a config holds at most 8")]
    TooManyUnderlyings,
    #[msg(
        "The price account is for another feed; pass the update of the feed named in RiskBook.feed_id"
    )]
    WrongFeed,
    #[msg("The price update is not fully verified; post it with full Wormhole verification")]
    PriceNotVerified,
    #[msg("The price update is too old; post a newer one and retry")]
    PriceTooOld,
    #[msg("The price update is dated in the future; wait or post another")]
    PriceFromFuture,
    #[msg("The price update is not newer than the one the book already holds; post a newer one")]
    PriceNotNewer,
    #[msg("The price is zero, negative or beyond the supported range; wait for a sane update")]
    PriceOutOfRange,
    #[msg("The price's confidence interval is too wide to act on; wait for the market to settle")]
    PriceTooUncertain,
    #[msg("This scenario set is sealed; create a new one to change it")]
    ScenarioSetSealed,
    #[msg(
        "The bytes do not fit the scenario set at this offset; the body is SCENARIO_BODY_LEN bytes"
    )]
    ScenarioChunkOutOfRange,
    #[msg("Scenario weights must each be positive and sum to exactly WEIGHT_ONE")]
    ScenarioWeights,
    #[msg("A scenario draw or stress return is outside its bounds; rebuild the set")]
    ScenarioOutOfBounds,
    #[msg("The scenario set does not have the hash that was announced; upload it again")]
    ScenarioHashMismatch,
    #[msg(
        "This is not the scenario set in force; pass the account named in RiskConfig.scenario_set"
    )]
    ScenarioSetNotActive,
    #[msg(
        "No column of the active scenario set carries this book's symbol; activate a set that has it"
    )]
    ScenarioColumnMissing,
    #[msg("The book has no price yet; refresh it from its oracle first")]
    BookNotPriced,
    #[msg("A number left its integer range; reduce the size and retry")]
    Overflow,
}

impl From<RiskError> for RiskEngineError {
    fn from(error: RiskError) -> Self {
        match error {
            RiskError::PriceOutOfRange => Self::PriceOutOfRange,
            RiskError::BadParameter => Self::ParameterOutOfRange,
            RiskError::TooManyUnderlyings => Self::TooManyUnderlyings,
            RiskError::MissingBook => Self::BookNotPriced,
            RiskError::MixedScenarioSets => Self::ScenarioSetNotActive,
            RiskError::ExposureTooLarge | RiskError::TooManyHoldings | RiskError::Overflow => {
                Self::Overflow
            }
        }
    }
}
