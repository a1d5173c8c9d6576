use {anchor_lang::prelude::*, cep_risk::RiskError};

/// Every refusal of this program, each saying what to do.
#[error_code]
pub enum LiquidationError {
    #[msg(
        "A parameter is outside its allowed range; the range stands beside the field in AuctionParams"
    )]
    ParameterOutOfRange,
    #[msg("This pool is not the one the liquidation program serves; pass LiquidationConfig.pool")]
    WrongPool,
    #[msg(
        "The pool obeys another liquidation program; initialise it with this program's authority"
    )]
    NotPoolLiquidator,
    #[msg("The account meets its maintenance margin; there is nothing to liquidate")]
    AccountHealthy,
    #[msg("The account is back above its buffer; close the auction instead of bidding")]
    AccountRecovered,
    #[msg("The account is still below its buffer; bid, or wait for it to recover")]
    AccountNotRecovered,
    #[msg("Only the owner of the bidding margin account may bid with it; sign with its owner key")]
    NotBidderOwner,
    #[msg("The fraction must lie above zero and at most one (1,000,000,000 ppb)")]
    FractionOutOfRange,
    #[msg("The price is above your limit; raise max_payment or wait for the price to fall")]
    PriceAboveLimit,
    #[msg("After the bid you would be below initial margin; deposit or bid for a smaller part")]
    BidderBelowInitialMargin,
    #[msg("The rent of an auction goes back to the one who opened it; pass Auction.opened_by")]
    WrongRentReceiver,
    #[msg("A number left its integer range; bid for a smaller part, or stake less")]
    Overflow,
    #[msg(
        "A hedged bid is followed by confirm_margin for the bidding account in the same transaction; append it and pass the instructions sysvar"
    )]
    ConfirmationMissing,
    #[msg("The account owes more than it has; bid for a slice instead of a leg")]
    LegOfInsolvent,
    #[msg("The payment is too far from what the leg is worth; see AuctionParams.leg_discount")]
    LegDiscountTooLarge,
    #[msg(
        "Taking this leg does not restore the account's margin at less cost than a slice would; bid for a slice, or offer more"
    )]
    LegNotBetter,
    #[msg("The leg takes the account beyond its buffer; take less of it")]
    LegTooLarge,
    #[msg("Bidders still have time; reduce the other side once the insolvent auction has run out")]
    AuctionRunning,
    #[msg("The account has at least what it owes; bid or close the auction")]
    AccountSolvent,
    #[msg(
        "The protocol's own part of the fund is too small to stake beside; give with fund_insurance until InsuranceFund.protocol_shares is 1,000,000 or more"
    )]
    FundNotSeeded,
    #[msg(
        "The deposit buys fewer shares than your minimum, or none; stake more or lower min_shares"
    )]
    SharesBelowMinimum,
    #[msg("Name at least one share and no more than the stake holds that is not leaving yet")]
    SharesOutOfRange,
    #[msg("No share of this stake is leaving; ask with request_unstake first")]
    NothingLeaving,
    #[msg("The cooldown has not ended; unstake from InsuranceStake.unlock_at on")]
    StakeCoolingDown,
    #[msg("The time to unstake is over and the request with it; ask anew with request_unstake")]
    UnstakeLapsed,
    #[msg(
        "The payout is below your minimum, or nothing; wait for auctions that may draw on the fund to close, or lower min_amount"
    )]
    PayoutBelowMinimum,
    #[msg(
        "The fund was used up since this stake was made, and the stake with it; stake anew or close it"
    )]
    StakeWipedOut,
    #[msg(
        "Only the program's upgrade authority may initialise it; sign with that key and pass the program's own ProgramData account"
    )]
    NotUpgradeAuthority,
    #[msg("The stake still holds shares; unstake them before you close it")]
    StakeNotEmpty,
    #[msg(
        "The account gave up more equity than the leg was priced at; nothing was changed, report this to the maintainers"
    )]
    EquityMismatch,
}

impl From<RiskError> for LiquidationError {
    fn from(error: RiskError) -> Self {
        match error {
            RiskError::BadParameter => Self::ParameterOutOfRange,
            _ => Self::Overflow,
        }
    }
}
