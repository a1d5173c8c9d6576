//! That a hedged bid's margin is shown later in the same transaction.

use {
    crate::error::LiquidationError,
    anchor_lang::{Discriminator, prelude::*},
    margin_pool::instruction::ConfirmMargin,
    solana_instructions_sysvar::{load_current_index_checked, load_instruction_at_checked},
};

/// Place of the margin account among the accounts of `confirm_margin`.
const MARGIN_ACCOUNT: usize = 1;

/// [`LiquidationError::ConfirmationMissing`] unless the transaction itself calls `confirm_margin` for this account after the
/// instruction that runs now. Until it has run nothing leaves the account, and when it fails all fails.
pub fn require_confirmation(instructions: Option<&AccountInfo>, account: &Pubkey) -> Result<()> {
    let sysvar = instructions.ok_or(LiquidationError::ConfirmationMissing)?;
    let missing = |_| LiquidationError::ConfirmationMissing;
    let current = load_current_index_checked(sysvar).map_err(missing)?;
    // Beyond the last one loading fails.
    for at in current.saturating_add(1)..u16::MAX {
        let later = load_instruction_at_checked(usize::from(at), sysvar).map_err(missing)?;
        let confirms = later.program_id == margin_pool::ID
            && later.data.starts_with(ConfirmMargin::DISCRIMINATOR)
            && later
                .accounts
                .get(MARGIN_ACCOUNT)
                .is_some_and(|meta| meta.pubkey == *account);
        if confirms {
            return Ok(());
        }
    }
    err!(LiquidationError::ConfirmationMissing)
}
