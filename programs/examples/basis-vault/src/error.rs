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
        "The vault holds fewer tokens than that; redeem less, or have the manager settle its profit first"
    )]
    NotEnoughTokens,
    #[msg("A number left its integer range; reduce the amount and retry")]
    Overflow,
}
