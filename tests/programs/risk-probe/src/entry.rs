//! The program on chain: instruction data is a [`Request`](crate::Request), the one account holds the
//! [`Tables`](crate::Tables), return data is the [`Answer`](crate::Answer).

use {
    solana_account_info::AccountInfo,
    solana_define_syscall::definitions::sol_set_return_data,
    solana_program_entrypoint::{ProgramResult, entrypoint},
    solana_program_error::ProgramError,
    solana_pubkey::Pubkey,
};

entrypoint!(process);

fn process(_: &Pubkey, accounts: &[AccountInfo<'_>], data: &[u8]) -> ProgramResult {
    let [account] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let tables = account.try_borrow_data()?;
    let answer = crate::run(data, &tables).map_err(|_| ProgramError::InvalidInstructionData)?;
    let bytes = answer.to_bytes();
    // SAFETY: pointer and length are those of one slice.
    unsafe { sol_set_return_data(bytes.as_ptr(), bytes.len() as u64) };
    Ok(())
}
