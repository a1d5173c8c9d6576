use {anchor_lang::prelude::*, cep_risk::RiskError};

/// Every refusal of this program, each saying what to do.
#[error_code]
pub enum MarginPoolError {
    #[msg("Only the pool authority may do this; sign with the key named in Pool.authority")]
    NotAuthority,
    #[msg("Only the owner of the margin account may do this; sign with its owner key")]
    NotAccountOwner,
    #[msg("Only the liquidation program may do this; call it through the liquidation program")]
    NotLiquidationAuthority,
    #[msg("The margin account belongs to another pool; pass accounts of one pool")]
    WrongPool,
    #[msg(
        "A parameter is outside its allowed range; the range stands beside the field in PoolParams"
    )]
    ParameterOutOfRange,
    #[msg("This token is not the pool's quote currency; use the mint named in Pool.quote_mint")]
    WrongQuoteMint,
    #[msg("This vault is not the one the pool keeps for the token; pass the listed vault")]
    WrongVault,
    #[msg("This token is not listed as collateral; see Pool.collaterals")]
    CollateralNotListed,
    #[msg("This token is already listed as collateral")]
    CollateralAlreadyListed,
    #[msg("All 16 collateral slots of the pool are taken")]
    CollateralListFull,
    #[msg("All 8 underlying slots of the pool are taken")]
    UnderlyingListFull,
    #[msg("The pool takes no more of this collateral for now; deposit less or another asset")]
    CollateralCapReached,
    #[msg("The amount must be above zero")]
    AmountZero,
    #[msg("The account has less settled cash than that; settle profits or withdraw less")]
    InsufficientCash,
    #[msg(
        "Auctions beyond the insurance fund are open and a part of the account's cash is kept back for them; take out less, or wait until they close"
    )]
    CashHeldBack,
    #[msg("The account has less of this collateral than that; withdraw less")]
    InsufficientCollateral,
    #[msg("The vault's cash is lent out to other accounts right now; withdraw less or retry later")]
    VaultIlliquid,
    #[msg("The account is in liquidation: deposit to restore it, or wait until the auction closes")]
    AccountInLiquidation,
    #[msg("The account is not in liquidation; open an auction first")]
    AccountNotInLiquidation,
    #[msg("No such underlying in this pool; see Pool.underlyings")]
    UnknownUnderlying,
    #[msg(
        "Pass the risk book and market of every underlying involved, as pairs after the named accounts"
    )]
    RiskAccountsMismatch,
    #[msg(
        "The risk book and market of an underlying the account is exposed to are missing; add the pair"
    )]
    RiskAccountsMissing,
    #[msg(
        "An oracle price is too old; put risk_engine::refresh in front of this instruction (until then positions in that underlying can only be reduced)"
    )]
    PriceStale,
    #[msg(
        "Scenarios lag behind volatility; put risk_engine::refresh_scenarios in front of this instruction"
    )]
    ScenariosOutdated,
    #[msg(
        "Risk books were scaled from different scenario sets; run refresh_scenarios on each and retry"
    )]
    MixedScenarioSets,
    #[msg("The risk book has no price or no scenarios yet; refresh it first")]
    BookNotReady,
    #[msg(
        "Equity would be below initial margin, and the trade does not improve the account at both levels of margin near the mark; deposit, trade smaller, or reduce risk instead"
    )]
    BelowInitialMargin,
    #[msg("The trade price is too far from the mark; agree on a price inside the band")]
    PriceOutsideBand,
    #[msg("A block trade has 1 to 8 legs, each with a quantity above zero")]
    BadLegs,
    #[msg("The open interest limit of this market is reached; only reducing trades are accepted")]
    OpenInterestLimit,
    #[msg("All position slots of the account are taken; close a position first")]
    PositionSlotsFull,
    #[msg("The account has no such position")]
    PositionNotFound,
    #[msg(
        "The position would exceed the size one account may hold; split it over several accounts"
    )]
    PositionTooLarge,
    #[msg("The fraction must lie above zero and at most one (1,000,000,000 ppb)")]
    FractionOutOfRange,
    #[msg("The pool's books do not balance; nothing was changed, report this to the maintainers")]
    LedgerImbalance,
    #[msg("A number left its integer range; reduce the size and retry")]
    Overflow,
    #[msg("The two margin accounts must differ; pass another one as the second")]
    SameAccount,
    #[msg(
        "The oracles of an underlying are in doubt, so both sides can only reduce in it; put risk_engine::refresh in front with all its oracle accounts, or wait until enough of them agree"
    )]
    NewRiskInDoubt,
    #[msg(
        "Value curves of options in the account are stale or their price is in doubt; put risk_engine::refresh and refresh_curves in front of this instruction, or reduce"
    )]
    CurvesStale,
    #[msg(
        "The risk book no longer holds the instrument of a position: run settle_expired on the account with the expiry's Settlement, then retry"
    )]
    InstrumentMissing,
    #[msg("List the underlying that the staked token redeems for first")]
    BaseNotListed,
    #[msg(
        "A staked token is collateral and not traded; trade the perpetual of what it redeems for"
    )]
    StakedUnderlying,
    #[msg(
        "The staked token trades too far below its redemption value to take in more of it; deposit another asset or wait until the gap closes"
    )]
    StakedTokenGap,
    #[msg(
        "Positions of an expired instrument are still open in this slot; run settle_expired on the accounts that hold them, then trade the new one"
    )]
    SeriesNotSettled,
    #[msg("The instrument is not open for trading; see its state in the risk book")]
    NotTrading,
    #[msg(
        "The expiry's settlement price is being averaged: a leg in it may only shrink both sides' positions; trade a later expiry"
    )]
    ExpirySettling,
    #[msg("The position would exceed the limit of one account in this instrument; trade smaller")]
    AccountLimit,
    #[msg("This venue is not registered; have it registered by a proposal of the pool's authority")]
    UnknownVenue,
    #[msg("This is not the account that receives the venue's fees; see Pool.venues")]
    WrongFeeAccount,
    #[msg("The pool has earned less in fees than that; collect less")]
    InsufficientFees,
    #[msg(
        "The instruction at ed25519_index does not verify one signature over one quote in the SDK's layout; put the instruction that rfq::verify builds into the transaction and pass its index"
    )]
    QuoteNotVerified,
    #[msg(
        "What was signed is no quote of this version with at least one lot; sign the bytes that the SDK builds"
    )]
    BadQuote,
    #[msg("The quote was made for another pool or cluster; ask the maker for one for this pool")]
    QuoteForOtherPool,
    #[msg(
        "The quote was made for another margin account, or one closed since; pass the account it names, or ask for a new one"
    )]
    QuoteForOtherMaker,
    #[msg(
        "The quote was made for another taker; take it with the account it names, or ask for a new one"
    )]
    QuoteForOtherTaker,
    #[msg(
        "The quote was signed by neither the maker's owner nor a delegate that may quote now; ask the maker for a new one"
    )]
    QuoteSignerNotAllowed,
    #[msg(
        "The quote or what it is to be cancelled until has expired; ask for a new quote, or name a later time"
    )]
    QuoteExpired,
    #[msg("The maker cancelled the quote; ask for a new one")]
    QuoteCancelled,
    #[msg(
        "Another quote under the same nonce was filled, and only one may be; ask the maker for one with a new nonce"
    )]
    QuoteNonceTaken,
    #[msg("The quote has fewer lots left than that; take fewer, or ask for a new quote")]
    QuoteLotsExceeded,
    #[msg(
        "The quote takes no fewer than min_lots at once unless they are all that is left; take more"
    )]
    QuoteLotsTooFew,
    #[msg("The quote names an instrument twice; ask the maker for one with a leg for each")]
    DuplicateLeg,
    #[msg("Quotes below that nonce are void already; pass a higher one")]
    QuoteFloorNotRaised,
    #[msg("The fill is kept until a day after its quote expired; retry later")]
    FillInUse,
    #[msg("This change still waits out its timelock; execute it from PoolProposal.ready_at on")]
    TimelockRunning,
    #[msg("Nobody executed this change within 14 days of its timelock; propose it again")]
    ProposalExpired,
    #[msg(
        "The proposal is about something else; pass the accounts that its change names, and no others, to the instruction that makes such a change"
    )]
    WrongTarget,
    #[msg("Only the guardian or the pool authority may do this; sign with one of their keys")]
    NotGuardian,
    #[msg(
        "At once, the pool's terms may only become stricter; propose the change and wait out the timelock"
    )]
    NotTighter,
    #[msg(
        "Only the key named in Pool.pending_authority may accept; propose an authority change first"
    )]
    NotPendingAuthority,
    #[msg(
        "The token's issuer has powers that its listing does not allow (see docs/collateral.md); deposit another asset"
    )]
    ExtensionNotAllowed,
    #[msg(
        "The token has an extension that is never accepted (transfer hook, non-transferable, scaled amounts, hidden supply or unknown), or is no longer the mint that was listed; use another asset"
    )]
    ExtensionRefused,
    #[msg("One account may hold no more of this collateral; deposit less or another asset")]
    AccountCapReached,
    #[msg(
        "The limit on what leaves the pool in a time is reached; the log says in how many seconds this amount fits, or withdraw less"
    )]
    OutflowLimit,
    #[msg(
        "So much left the pool lately that all withdrawals wait; retry at Pool.halted_until, nobody can end it sooner"
    )]
    WithdrawalsHalted,
    #[msg("A delegate withdraws to token accounts of the owner only; pass one of those")]
    DestinationNotOwners,
    #[msg("The two margin accounts belong to different owners; pass two of the same owner")]
    AnotherOwner,
    #[msg(
        "The account is not empty; close its positions, settle them and withdraw its cash and collateral first"
    )]
    AccountNotEmpty,
    #[msg(
        "A delegate needs a key, at least one permission that exists, and an expiry in the future; see state::permission"
    )]
    BadDelegate,
    #[msg("All 4 delegates of the account are in use; revoke one first")]
    DelegateSlotsFull,
    #[msg(
        "Positions on the other side have not taken their part of an earlier reduction; apply_reductions to their accounts, then retry"
    )]
    ReductionPending,
    #[msg(
        "Too many instruments of this market are under reduction at once; apply_reductions to accounts on the reduced sides, then retry"
    )]
    TooManyReductions,
    #[msg(
        "Insurance, profits and cash do not cover what you ask for; accept less, or reduce the other side once the auction has run out"
    )]
    LossUncovered,
    #[msg("The insurance fund holds less than that; ask for less")]
    InsuranceExhausted,
    #[msg("The account has no open position to reduce; write off what it owes instead")]
    NothingToReduce,
    #[msg("Only an account with nothing but debt is written off; auction what it still holds")]
    NotOnlyDebt,
    #[msg("A leg takes a part of one position or collateral of the account, not more than it has")]
    BadSlice,
    #[msg(
        "One account has at most 24 options on at most 4 underlyings, and with options on 3 of them at most 48 positions, on 4 at most 40; use another account for more"
    )]
    TooManyOptions,
    #[msg(
        "Only the program's upgrade authority may initialise it; sign with that key and pass the program's own ProgramData account"
    )]
    NotUpgradeAuthority,
    #[msg(
        "Accounts still hold this token; it is taken off the list when Collateral.deposited is zero: set its cap to zero first"
    )]
    CollateralHeld,
    #[msg("No bid of this account waits for its margin; confirm_margin follows a hedged bid")]
    NothingToConfirm,
    #[msg(
        "Only the owner or a delegate brings in a kind of collateral that the account does not hold, or less quote currency than PoolParams.least_gift where it has no cash; bring in what it holds, or more"
    )]
    GiftRefused,
    #[msg(
        "A quote is taken, and cancelled by its nonce, in the last 30 days before it expires only; ask for one that expires sooner, or cancel it with cancel_quotes_below"
    )]
    QuoteTooLong,
    #[msg(
        "A delegate raises the floor by at most 2^32 nonces at a time; pass a lower nonce, or have the owner sign"
    )]
    QuoteFloorTooHigh,
    #[msg("The risk book and market of an underlying were given twice; pass each pair once")]
    RiskAccountsRepeated,
    #[msg(
        "What changed hands is not what the rule of liquidation says; nothing was changed, report this to the maintainers"
    )]
    HandoverMismatch,
    #[msg(
        "New risk needs a price of the last seconds; put risk_engine::refresh with a newer print in front of the trade, in the same transaction"
    )]
    PriceTooOldForNewRisk,
    #[msg(
        "The oracles of an underlying are silent; put risk_engine::refresh in front, or announce_silence and retry once RiskBook.silent_from has come"
    )]
    PriceSilent,
    #[msg(
        "Value curves of options in the account are stale and can be rebuilt; put risk_engine::refresh_curves in front, then retry"
    )]
    CurvesToRebuild,
    #[msg(
        "The book values another staked token; list this one with the book whose RiskBook.staked.mint it is"
    )]
    StakedTokenMismatch,
}

impl From<RiskError> for MarginPoolError {
    fn from(error: RiskError) -> Self {
        match error {
            RiskError::ExposureTooLarge => Self::PositionTooLarge,
            RiskError::PriceOutOfRange => Self::BookNotReady,
            RiskError::TooManyUnderlyings => Self::UnderlyingListFull,
            RiskError::TooManyHoldings => Self::PositionSlotsFull,
            RiskError::MissingBook => Self::RiskAccountsMissing,
            RiskError::MixedScenarioSets => Self::MixedScenarioSets,
            RiskError::Overflow => Self::Overflow,
            RiskError::BadParameter => Self::ParameterOutOfRange,
        }
    }
}
