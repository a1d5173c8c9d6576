use {
    super::{MAX_EXPIRIES, MAX_PUBLISHERS},
    anchor_lang::prelude::*,
};

/// What the publisher committee posted for one underlying. PDA `[seeds::SURFACE, book]`. Written by `post_surface`,
/// which folds the median into the book.
#[account(zero_copy, discriminator = Surface::TAG)]
#[repr(C)]
pub struct Surface {
    pub book: Pubkey,
    /// By the book's expiry slot, then by the publisher's seat.
    pub postings: [[Posting; MAX_PUBLISHERS]; MAX_EXPIRIES],
    pub bump: u8,
    pub padding: [u8; 7],
    pub reserved: [u8; 128],
}

/// One publisher's latest word on one expiry.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Posting {
    /// Unix seconds of the posting; zero: none yet.
    pub time: i64,
    /// The expiry it speaks of: a slot may hold another by now.
    pub expiry: i64,
    /// See `cep_risk::smile`: ppm; ppm; ppm per year.
    pub skew: i32,
    pub curvature: i32,
    pub basis: i32,
    pub padding: [u8; 4],
    /// The first bytes of the publisher's key: a seat may have changed hands since.
    pub publisher: [u8; 8],
}

impl Surface {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskSurf", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();
}

const _: () = assert!(size_of::<Posting>() == 40);
const _: () = assert!(size_of::<Surface>() == 32 + 40 * MAX_PUBLISHERS * MAX_EXPIRIES + 8 + 128);
