//! Who may initialise a program of this deployment: the holder of its upgrade authority, not its first caller.

use anchor_lang::{
    prelude::*,
    solana_program::bpf_loader_upgradeable::{self, get_program_data_address},
};

/// Where [`upgrade_authority`] finds the state's number, whether there is an authority, and the authority.
const STATE: std::ops::Range<usize> = 0..4;
const HAS_AUTHORITY: usize = 12;
const AUTHORITY: std::ops::Range<usize> = 13..45;
/// `UpgradeableLoaderState::ProgramData`.
const PROGRAM_DATA: [u8; 4] = 3u32.to_le_bytes();

/// The upgrade authority of `program`, out of its ProgramData account. `None` for another account, for a program that
/// nobody may upgrade any more and for one of another loader: none of these can be initialised.
#[must_use]
pub fn upgrade_authority(program: &Pubkey, program_data: &AccountInfo) -> Option<Pubkey> {
    if *program_data.key != get_program_data_address(program)
        || *program_data.owner != bpf_loader_upgradeable::ID
    {
        return None;
    }
    let data = program_data.try_borrow_data().ok()?;
    if data.get(STATE)? != PROGRAM_DATA || *data.get(HAS_AUTHORITY)? != 1 {
        return None;
    }
    Pubkey::try_from(data.get(AUTHORITY)?).ok()
}

/// Whether `signer` may initialise `program`.
#[must_use]
pub fn may_initialize(program: &Pubkey, program_data: &AccountInfo, signer: &Pubkey) -> bool {
    upgrade_authority(program, program_data).is_some_and(|authority| authority == *signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer for an account at `address` of `owner` with these bytes.
    fn of(address: Pubkey, owner: Pubkey, data: &mut [u8]) -> Option<Pubkey> {
        let mut lamports = 1;
        let info = AccountInfo::new(&address, false, false, &mut lamports, data, &owner, false);
        upgrade_authority(&crate::ID, &info)
    }

    fn bytes(state: u8, authority: Option<Pubkey>) -> Vec<u8> {
        let mut bytes = vec![state, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
        bytes.push(u8::from(authority.is_some()));
        bytes.extend(authority.unwrap_or_default().to_bytes());
        bytes
    }

    #[test]
    fn only_the_programs_own_data_names_an_authority() {
        let (key, place) = (Pubkey::new_unique(), get_program_data_address(&crate::ID));
        let loader = bpf_loader_upgradeable::ID;
        assert_eq!(of(place, loader, &mut bytes(3, Some(key))), Some(key));
        assert_eq!(of(place, loader, &mut bytes(3, None)), None, "immutable");
        assert_eq!(of(place, loader, &mut bytes(2, Some(key))), None, "no data");
        assert_eq!(of(key, loader, &mut bytes(3, Some(key))), None, "elsewhere");
        assert_eq!(
            of(place, key, &mut bytes(3, Some(key))),
            None,
            "not the loader's"
        );
        assert_eq!(
            of(place, loader, &mut bytes(3, Some(key))[..44]),
            None,
            "cut off"
        );
        assert_eq!(of(place, loader, &mut []), None, "empty");
    }
}
