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
        "This book is of a staked token; call refresh_staked with its base book, and list instruments on that one"
    )]
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
    // Instruments, surfaces and curves.
    #[msg(
        "An expiry is a full hour, an hour to three years ahead; a strike a tenth to ten times the index, of a put four times; a future has no strike, a perpetual neither"
    )]
    BadInstrument,
    #[msg("This instrument is listed already; use its slot and id")]
    DuplicateInstrument,
    #[msg(
        "All instrument slots of the book are taken; close settled instruments or extend the book"
    )]
    NoFreeSlot,
    #[msg("The book follows twelve expiries already; close the instruments of a settled one")]
    NoFreeExpiry,
    #[msg("The book has no such expiry; list an instrument of it first, or pass a live one")]
    UnknownExpiry,
    #[msg(
        "The instrument is not in the state for this: listed, then trading, then settled, then closed"
    )]
    WrongInstrumentState,
    #[msg(
        "The option has no value curve yet; run refresh_volatility and refresh_curves, then open it"
    )]
    CurveMissing,
    #[msg(
        "The expiry has no surface yet; have the publishers run post_surface for it, then open the instrument"
    )]
    SurfaceMissing,
    #[msg(
        "The price is stale or in doubt; refresh the book first, curves wait for a price that holds"
    )]
    PriceInDoubt,
    #[msg("Only a publisher of the committee may post; see RiskConfig.publishers")]
    NotPublisher,
    #[msg(
        "Skew is within -500,000 to 500,000 ppm, curvature 0 to 250,000, basis -500,000 to 500,000 a year"
    )]
    SurfaceOutOfRange,
    #[msg(
        "The settlement price is not decided yet; refresh the book and try again after expiry, within 24 hours at the latest"
    )]
    SettlementPending,
    #[msg("Positions have a week after expiry to be settled; close the instrument after that")]
    ClosingTooEarly,
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
    // Governance.
    #[msg(
        "Only the guardian or the authority may do this; sign with a key named in RiskConfig.guardian or .authority"
    )]
    NotGuardian,
    #[msg(
        "Only the nominated authority may accept; sign with the key named in RiskConfig.pending_authority"
    )]
    NotPendingAuthority,
    #[msg(
        "This change still waits out its timelock; execute it from Proposal.ready_at on, within 14 days"
    )]
    TimelockRunning,
    #[msg(
        "The 14 days in which this change could be executed are over; cancel it and propose it again"
    )]
    ProposalExpired,
    #[msg(
        "At once parameters can only be tightened, and this one (see the log) would not be; propose the change"
    )]
    NotTighter,
    #[msg(
        "At once the floor can only rise, to four times RiskBook.governed_floor at most; raise it by less, or propose the change"
    )]
    FloorOutOfReach,
    #[msg(
        "The change is for another account; pass the book or scenario set that the proposal names"
    )]
    WrongTarget,
    #[msg("A number left its integer range; reduce the size and retry")]
    Overflow,
    #[msg(
        "Only the program's upgrade authority may initialise it; sign with that key and pass the program's own ProgramData account"
    )]
    NotUpgradeAuthority,
    #[msg(
        "The book's price is younger than dead_price_age; refresh the book, or announce its silence once it is older"
    )]
    BookNotSilent,
    #[msg(
        "The book's silence is announced already; liquidation may use its price from RiskBook.silent_from on, or refresh the book"
    )]
    SilenceAnnounced,
    #[msg(
        "The base book was not refreshed within the last 8 slots; refresh it in front of refresh_staked, in the same transaction"
    )]
    BaseNotRefreshed,
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
