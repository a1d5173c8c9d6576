use core::fmt;

/// Why a risk computation was refused. None of these is reachable within the admission limits of
/// the margin pool; they turn a broken limit into a refusal instead of a wrong number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskError {
    /// Net exposure to one underlying is beyond [`crate::rows::MAX_EXPOSURE`].
    ExposureTooLarge,
    /// A price is zero or above [`crate::units::MAX_PRICE`].
    PriceOutOfRange,
    /// More than [`crate::MAX_UNDERLYINGS`] underlyings in one portfolio.
    TooManyUnderlyings,
    /// More than [`crate::MAX_HOLDINGS`] holdings in one portfolio.
    TooManyHoldings,
    /// A holding names an underlying that has no book in this portfolio.
    MissingBook,
    /// Books of one portfolio were scaled from different scenario sets, so their rows do not belong together.
    MixedScenarioSets,
    /// A sum left the range of its integer type.
    Overflow,
    /// A parameter is outside the range stated beside it.
    BadParameter,
}

impl fmt::Display for RiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExposureTooLarge => {
                "net exposure to one underlying exceeds what one account may hold; split it over several accounts"
            }
            Self::PriceOutOfRange => {
                "a price is zero or above the supported maximum; refresh the risk book from a live oracle"
            }
            Self::TooManyUnderlyings => {
                "the account is exposed to more underlyings than one margin check supports; close one first"
            }
            Self::TooManyHoldings => {
                "the account holds more positions than one margin check supports; close one first"
            }
            Self::MissingBook => {
                "the risk book of an underlying the account is exposed to was not supplied; add it to the accounts"
            }
            Self::MixedScenarioSets => {
                "the risk books were scaled from different scenario sets; run refresh_scenarios on each and retry"
            }
            Self::Overflow => {
                "a sum left its integer range; reduce the size of the position and retry"
            }
            Self::BadParameter => {
                "a risk parameter is outside its documented range; see the parameter table in the docs"
            }
        })
    }
}

impl core::error::Error for RiskError {}
