//! Accounts from bytes.

use {
    crate::error::SdkError,
    anchor_lang::{Discriminator, Owner, prelude::Pubkey},
    bytemuck::Pod,
    solana_sdk::account::Account,
};

/// A zero-copy account of one of the programs, copied out of its bytes (which need not be aligned).
///
/// # Errors
/// [`SdkError::WrongOwner`] or [`SdkError::WrongAccountType`].
pub fn decode<T: Pod + Discriminator + Owner>(
    address: &Pubkey,
    account: &Account,
) -> Result<Box<T>, SdkError> {
    if account.owner != T::owner() {
        return Err(SdkError::WrongOwner { address: *address });
    }
    decode_bytes(address, &account.data)
}

/// As [`decode`], where the owner is known already (a program subscription).
///
/// # Errors
/// [`SdkError::WrongAccountType`].
pub fn decode_bytes<T: Pod + Discriminator>(
    address: &Pubkey,
    data: &[u8],
) -> Result<Box<T>, SdkError> {
    let wrong = SdkError::WrongAccountType { address: *address };
    let Some((tag, body)) = data.split_at_checked(T::DISCRIMINATOR.len()) else {
        return Err(wrong);
    };
    let Some(body) = body
        .get(..size_of::<T>())
        .filter(|_| tag == T::DISCRIMINATOR)
    else {
        return Err(wrong);
    };
    let mut value = bytemuck::allocation::zeroed_box::<T>();
    bytemuck::bytes_of_mut(&mut *value).copy_from_slice(body);
    Ok(value)
}
