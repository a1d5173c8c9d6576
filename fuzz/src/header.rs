use {
    anchor_lang::prelude::Pubkey,
    bytemuck::{Pod, Zeroable},
    risk_engine::oracle::{pyth, stake_pool, switchboard},
};

/// Everything beside the account's bytes that a reader judges by, so that the fuzzer varies it too.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    pub unix: i64,
    /// The slot; for stake pools the epoch.
    pub slot: u64,
    /// Publication of the value already held, Unix seconds; a negative one counts as none.
    pub held: i64,
    pub max_age: u32,
    pub max_slots: u32,
    pub max_confidence: u32,
    /// Which of [`OWNERS`]; with the top bit set, one bit beside it.
    pub owner: u8,
    /// Which of [`KEYS`], likewise.
    pub key: u8,
    pub min_samples: u8,
    /// Decimals, modulo 20; for the program's own accounts which type, modulo 3.
    pub decimals: u8,
}

const _: () = assert!(size_of::<Header>() == 40);

/// Owners of an account.
pub const OWNERS: [Pubkey; 7] = [
    pyth::PROGRAM,
    switchboard::PROGRAM,
    stake_pool::PROGRAM,
    risk_engine::ID,
    Pubkey::new_from_array([9; 32]),
    Pubkey::new_from_array([0; 32]),
    pyth::SECOND_PROGRAM,
];

/// Addresses of an account; the first is the configured one, and the configured Pyth feed.
pub const KEYS: [Pubkey; 2] = [
    Pubkey::new_from_array([7; 32]),
    Pubkey::new_from_array([8; 32]),
];

impl Header {
    /// The header and the account's bytes; `None` when the input is shorter than a header.
    #[must_use]
    pub fn split(input: &[u8]) -> Option<(Self, &[u8])> {
        let (head, data) = input.split_at_checked(size_of::<Self>())?;
        Some((bytemuck::pod_read_unaligned(head), data))
    }

    #[must_use]
    pub fn join(&self, data: &[u8]) -> Vec<u8> {
        [bytemuck::bytes_of(self), data].concat()
    }

    #[must_use]
    pub fn owner(&self) -> Pubkey {
        choose(&OWNERS, self.owner)
    }

    #[must_use]
    pub fn key(&self) -> Pubkey {
        choose(&KEYS, self.key)
    }
}

fn choose(keys: &[Pubkey], choice: u8) -> Pubkey {
    let index = usize::from(choice & 0x7f);
    let mut key = keys[index % keys.len()].to_bytes();
    if choice & 0x80 != 0 {
        key[index % 32] ^= 1;
    }
    Pubkey::new_from_array(key)
}
