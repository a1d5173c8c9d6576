//! A book's account: the header and the instruments behind it.

use {
    super::{Instrument, RiskBook},
    crate::error::RiskEngineError,
    anchor_lang::{Discriminator, error::ErrorCode, prelude::*},
    std::cell::{Ref, RefMut},
};

/// A book with its instruments, read.
pub struct BookRef<'a> {
    pub header: Ref<'a, RiskBook>,
    pub instruments: Ref<'a, [Instrument]>,
}

/// A book with its instruments, to be changed; see [`BookMut::parts`].
pub struct BookMut<'a> {
    data: RefMut<'a, [u8]>,
}

/// Bytes that the account of a book with so many instruments takes.
#[must_use]
pub const fn book_space(slots: usize) -> usize {
    RiskBook::SPACE + slots * Instrument::SPACE
}

/// The instrument of this slot, if it still is the one meant: ids are never given twice.
pub fn find_instrument(
    instruments: &mut [Instrument],
    slot: u16,
    id: u64,
) -> Result<&mut Instrument> {
    instruments
        .get_mut(usize::from(slot))
        .filter(|i| !i.is_free() && i.id == id)
        .ok_or_else(|| RiskEngineError::UnknownInstrument.into())
}

/// Header and instruments of a book's account, whose discriminator is checked here and whose owner is the
/// caller's to check. Bytes that do not fill a whole slot are left over.
pub fn split_book(data: &[u8]) -> Result<(&RiskBook, &[Instrument])> {
    let (head, tail) = parts_of(data).ok_or(ErrorCode::AccountDiscriminatorMismatch)?;
    let header = bytemuck::try_from_bytes(head);
    let instruments = bytemuck::try_cast_slice(tail);
    match (header, instruments) {
        (Ok(header), Ok(instruments)) => Ok((header, instruments)),
        _ => err!(ErrorCode::AccountDidNotDeserialize),
    }
}

fn parts_of(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = data.strip_prefix(RiskBook::DISCRIMINATOR)?;
    let (head, tail) = body.split_at_checked(size_of::<RiskBook>())?;
    Some((head, tail.get(..whole(tail.len()))?))
}

/// The part of so many bytes that whole slots fill.
const fn whole(bytes: usize) -> usize {
    bytes - bytes % Instrument::SPACE
}

impl<'a> BookRef<'a> {
    /// Checks owner and discriminator.
    pub fn load(info: &'a AccountInfo) -> Result<Self> {
        require_keys_eq!(
            *info.owner,
            crate::ID,
            ErrorCode::AccountOwnedByWrongProgram
        );
        let data = info.try_borrow_data()?;
        split_book(&data)?;
        let instruments = Ref::filter_map(Ref::clone(&data), |d| split_book(d).ok().map(|p| p.1));
        let header = Ref::filter_map(data, |d| split_book(d).ok().map(|p| p.0));
        match (header, instruments) {
            (Ok(header), Ok(instruments)) => Ok(Self {
                header,
                instruments,
            }),
            _ => err!(ErrorCode::AccountDidNotDeserialize),
        }
    }
}

impl<'a> BookMut<'a> {
    /// Checks owner and discriminator, and that the account may be written.
    pub fn load(info: &'a AccountInfo) -> Result<Self> {
        require_keys_eq!(
            *info.owner,
            crate::ID,
            ErrorCode::AccountOwnedByWrongProgram
        );
        require!(info.is_writable, ErrorCode::AccountNotMutable);
        let data = info.try_borrow_mut_data()?;
        split_book(&data)?;
        Ok(Self {
            data: RefMut::map(data, |d| &mut **d),
        })
    }

    pub fn parts(&mut self) -> Result<(&mut RiskBook, &mut [Instrument])> {
        let (_, body) = self
            .data
            .split_at_mut_checked(RiskBook::DISCRIMINATOR.len())
            .ok_or(ErrorCode::AccountDidNotDeserialize)?;
        let (head, tail) = body
            .split_at_mut_checked(size_of::<RiskBook>())
            .ok_or(ErrorCode::AccountDidNotDeserialize)?;
        let length = whole(tail.len());
        let tail = tail
            .get_mut(..length)
            .ok_or(ErrorCode::AccountDidNotDeserialize)?;
        match (
            bytemuck::try_from_bytes_mut(head),
            bytemuck::try_cast_slice_mut(tail),
        ) {
            (Ok(header), Ok(instruments)) => Ok((header, instruments)),
            _ => err!(ErrorCode::AccountDidNotDeserialize),
        }
    }
}
