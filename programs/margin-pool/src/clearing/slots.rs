//! The slots of an account by what is held in them, for an instruction that asks for many.

use {
    super::Asset,
    crate::{
        error::MarginPoolError,
        state::{MAX_POSITIONS, MarginAccount},
    },
    anchor_lang::prelude::*,
};

/// Twice what one instruction can put in: the slots in use, and as many that it opens.
const ROOM: usize = 2 * MAX_POSITIONS;

/// Finds a slot without walking all of them: a slice asks for up to 64 positions, and each walk would pass up to 64 slots.
/// What it says is compared with the account, so that a slot freed in between is not mistaken.
pub struct SlotMap {
    /// One more than a slot, zero for none. Open addressing.
    table: [u8; ROOM],
    /// Slots that were free, one bit each.
    free: u64,
    counts: Counts,
}

/// What the limits of an account look at: how many options it has, and how many on each underlying.
#[derive(Clone, Copy, Default)]
struct Counts {
    options: u32,
    by_underlying: [u8; 8],
}

impl Counts {
    fn add(&mut self, asset: (u8, bool)) {
        let (underlying, is_option) = asset;
        if is_option {
            self.options = self.options.saturating_add(1);
            if let Some(count) = self.by_underlying.get_mut(usize::from(underlying)) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// With what is to be opened counted in.
    fn admit(mut self, asset: &Asset, account: &MarginAccount) -> Result<()> {
        self.add((asset.underlying, asset.is_option()));
        let books = self.by_underlying.iter().filter(|count| **count > 0);
        let books = u32::try_from(books.count()).map_err(|_| MarginPoolError::Overflow)?;
        super::asset::admit(self.options, books, account)
    }
}

impl SlotMap {
    #[must_use]
    pub fn of(account: &MarginAccount) -> Self {
        let mut map = Self {
            table: [0; ROOM],
            free: 0,
            counts: Counts::default(),
        };
        for (slot, position) in account.positions.iter().enumerate() {
            if position.is_free() {
                map.free |= 1 << (slot % MAX_POSITIONS);
            } else {
                let key = (position.underlying, position.instrument);
                // Half of the table is empty.
                let _ = map.insert(key, slot);
                map.counts.add((position.underlying, position.is_option()));
            }
        }
        map
    }

    /// The slot of the account's position in an asset.
    #[must_use]
    pub fn find(&self, asset: &Asset, account: &MarginAccount) -> Option<usize> {
        let mut at = place((asset.underlying, asset.instrument));
        for _ in 0..ROOM {
            let slot = usize::from(self.table[at]).checked_sub(1)?;
            if account.positions.get(slot).is_some_and(|p| asset.is_of(p)) {
                return Some(slot);
            }
            at = (at + 1) % ROOM;
        }
        None
    }

    /// As [`Asset::find_or_open`].
    pub fn find_or_open(&mut self, asset: &Asset, account: &mut MarginAccount) -> Result<usize> {
        if let Some(slot) = self.find(asset, account) {
            return Ok(slot);
        }
        if self.counts.admit(asset, account).is_err() || self.free == 0 {
            // Positions may have been closed since they were counted.
            *self = Self::of(account);
            self.counts.admit(asset, account)?;
        }
        let slot = self.next_free(account)?;
        self.insert((asset.underlying, asset.instrument), slot)?;
        self.counts.add((asset.underlying, asset.is_option()));
        asset.occupy(account, slot)?;
        Ok(slot)
    }

    fn next_free(&mut self, account: &MarginAccount) -> Result<usize> {
        let slot = self.free.trailing_zeros() as usize;
        let is_free = account.positions.get(slot).is_some_and(|p| p.is_free());
        require!(is_free, MarginPoolError::PositionSlotsFull);
        self.free &= self.free.wrapping_sub(1);
        Ok(slot)
    }

    fn insert(&mut self, key: (u8, u64), slot: usize) -> Result<()> {
        let mut at = place(key);
        for _ in 0..ROOM {
            if self.table[at] == 0 {
                // One of 64 slots.
                self.table[at] = u8::try_from(slot + 1).unwrap_or(0);
                return Ok(());
            }
            at = (at + 1) % ROOM;
        }
        err!(MarginPoolError::PositionSlotsFull)
    }
}

/// Ids are given in turn within a book; books are set apart by more than a table's share of them.
const fn place((underlying, instrument): (u8, u64)) -> usize {
    let spread = instrument.wrapping_add((underlying as u64).wrapping_mul(37));
    (spread % ROOM as u64) as usize
}

#[cfg(test)]
// A test that cannot go on stops with the reason.
#[allow(clippy::panic)]
mod tests {
    use {
        super::*,
        crate::{
            clearing::{MAX_OPTIONS, MAX_POSITIONS_ON_THREE},
            state::PositionKind,
        },
        bytemuck::Zeroable,
    };

    fn asset(underlying: u8, kind: PositionKind, instrument: u64) -> Asset {
        Asset {
            kind,
            instrument,
            ..Asset::perpetual(underlying)
        }
    }

    /// Every way to fill an account: the map answers as the walk does, limits and refusals included.
    #[test]
    fn the_map_answers_as_a_walk_over_the_slots() {
        let mut state = 7u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            (state >> 33) % below
        };
        let (mut refused, mut found) = (0, 0);
        for _ in 0..200 {
            let mut walked = Box::new(MarginAccount::zeroed());
            let mut mapped = walked.clone();
            let mut map = SlotMap::of(&mapped);
            for step in 0..150 {
                // Every hundred steps as an instruction begins: with a map of what is there.
                if step % 60 == 0 {
                    map = SlotMap::of(&mapped);
                }
                let underlying = u8::try_from(next(6)).unwrap();
                let asset = match next(4) {
                    0 => Asset::perpetual(underlying),
                    1 => asset(underlying, PositionKind::Future, 100 + next(3)),
                    2 => asset(underlying, PositionKind::Call, 200 + next(12)),
                    _ => asset(underlying, PositionKind::Put, 300 + next(12)),
                };
                let by_walk = asset.find_or_open(&mut walked);
                let by_map = map.find_or_open(&asset, &mut mapped);
                match (by_walk, by_map) {
                    (Ok(a), Ok(b)) => {
                        // Another free slot may be chosen; both hold the asset.
                        assert!(asset.is_of(&walked.positions[a]));
                        assert!(asset.is_of(&mapped.positions[b]));
                        found += 1;
                        if next(3) == 0 {
                            assert!(walked.free_if_empty(a) && mapped.free_if_empty(b));
                        }
                    }
                    (Err(a), Err(b)) => {
                        assert_eq!(a.to_string(), b.to_string());
                        refused += 1;
                    }
                    (a, b) => panic!("{asset:?}: {a:?} by walk, {b:?} by map"),
                }
                assert_eq!(walked.open_positions, mapped.open_positions);
            }
        }
        assert!(refused > 100 && found > 1_000);
    }

    #[test]
    fn a_full_table_finds_all_and_opens_no_more_than_the_limits_admit() {
        let mut account = Box::new(MarginAccount::zeroed());
        let mut map = SlotMap::of(&account);
        for instrument in 0..u64::from(MAX_OPTIONS) {
            // All at one place of the table.
            let id = 1 + instrument * ROOM as u64;
            let option = asset(0, PositionKind::Call, id);
            let slot = map.find_or_open(&option, &mut account).unwrap();
            assert_eq!(map.find(&option, &account), Some(slot));
        }
        let more = asset(0, PositionKind::Put, 1);
        assert!(map.find_or_open(&more, &mut account).is_err());
        for underlying in 0..8 {
            for id in 0..5 {
                let future = asset(underlying, PositionKind::Future, 5_000 + id);
                assert!(map.find_or_open(&future, &mut account).is_ok());
            }
        }
        assert_eq!(usize::from(account.open_positions), MAX_POSITIONS);
        let more = asset(0, PositionKind::Future, 6_000);
        let full = map.find_or_open(&more, &mut account);
        assert!(full.is_err() && u32::from(account.open_positions) > MAX_POSITIONS_ON_THREE);
    }
}
