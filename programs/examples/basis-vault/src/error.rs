use anchor_lang::prelude::*;

/// Every refusal of this program, each saying what to do.
#[error_code]
pub enum BasisVaultError {
    #[msg("Only the vault's manager may hedge; sign with the key named in Vault.manager")]
    NotManager,
    #[msg("The pool does not list this token as a staked collateral; use one that it does")]
    NotStaked,
    #[msg("The amount is too small for a share; put in more")]
    TooSmall,
    #[msg("You would get less than you asked for; accept less or retry later")]
    BelowMinimum,
    #[msg("The vault is worth nothing now; wait until its equity is above zero")]
    Worthless,
    #[msg("The vault only hedges: its short must not exceed what its tokens are worth; trade less")]
    BeyondHedge,
    #[msg(
        "The price is further from the index price than Vault.price_bound allows; trade closer to it"
    )]
    PriceOutOfBound,
    #[msg(
        "A price that the vault's short is valued by is old; refresh its book in the same transaction and retry"
    )]
    PriceStale,
    #[msg("There are fewer shares than that; redeem at most Mint.supply of the share mint")]
    TooManyShares,
    #[msg(
        "The bound on hedge prices must be 1 to 100,000 parts per million; pass one in that range"
    )]
    ParameterOutOfRange,
    #[msg(
        "Only this program's upgrade authority may create a vault; sign with that key and pass the program's own ProgramData account"
    )]
    NotUpgradeAuthority,
    #[msg("A number left its integer range; reduce the amount and retry")]
    Overflow,
}
