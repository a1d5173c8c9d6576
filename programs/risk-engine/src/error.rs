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
    #[msg("This book is of a staked token; call refresh_staked with its base book")]
    StakedBook,
    #[msg("This book is not of a staked token; call refresh")]
    NotStakedBook,
    #[msg("The base book is another one; pass the book named in RiskBook.staked.base_book")]
    WrongBaseBook,
    #[msg("The price is zero, negative or beyond the supported range; wait for a sane update")]
    PriceOutOfRange,
    #[msg("There is no such instrument in this book; list it, or pass its present slot and id")]
    UnknownInstrument,
    #[msg(
        "A book grows by at most 12 slots at a time and to at most 320; close settled instruments instead"
    )]
    TooManyInstruments,
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
    // Scenario sets.
    #[msg("A scenario set names each of its columns once; post 1 to 8 different symbols")]
    ScenarioSymbols,
    #[msg(
        "A scenario set posts one correlation per pair of columns, in the order (0,1), (0,2), (1,2), (0,3) and so on"
    )]
    ScenarioPairs,
    #[msg(
        "Columns and stress rows that a scenario set does not use must be zero; write zeros there"
    )]
    ScenarioUnused,
    #[msg(
        "A column's mean, variance or correlation is not the posted one; open a set with its own moments, `cep scenarios show` prints them"
    )]
    ScenarioMoments,
    #[msg(
        "A mandated stress row is missing, or a row is unknown or there twice; rebuild the set with all mandated rows"
    )]
    ScenarioStressRows,
    #[msg("A stress row is not what its id stands for; rebuild the set from its prices")]
    ScenarioStressSubstance,
    #[msg("A column of the scenario set in force is missing; rebuild the set with all of them")]
    ScenarioColumnDropped,
    #[msg(
        "A tail, stress return, level or correlation is farther from the set in force than scenario_max_change allows; go there in smaller steps"
    )]
    ScenarioChangeTooLarge,
    #[msg(
        "The scenario set is not verified against the set in force; call verify_scenario_set until every column is checked"
    )]
    ScenarioSetUnverified,
    #[msg("This scenario set is in force; name another one")]
    ScenarioSetInForce,
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
