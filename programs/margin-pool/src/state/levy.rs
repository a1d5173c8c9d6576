use {
    super::{Market, Position, PositionKind, add, sub},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::{
        funding::{INDEX_BITS, SUM_PER_MICRO},
        loss_index::per_contract,
    },
};

/// Instruments of one market whose sides may have borne losses, the perpetual among them.
pub const MAX_LEVIES: usize = 16;
/// No contract's index rises beyond this, so that sums with the funding index fit: 2⁶¹.
const INDEX_MAX: i64 = 1 << 61;

/// What the contracts of one instrument have borne of defaults on its other side.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Levy {
    /// Id in the book, zero for the perpetual.
    pub instrument: u64,
    /// Where its series is.
    pub slot: u16,
    pub padding: [u8; 2],
    /// In which of the book's reference periods (`Reference::taken`) something was last charged here.
    pub period: u32,
    pub long: Borne,
    pub short: Borne,
}

/// What each contract of one side has borne since the beginning: micro-USD, 2⁻²⁰. Only rises.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Borne {
    pub index: i64,
    /// What it was when the period before the present one began, and when the present one did.
    pub before: i64,
    pub since: i64,
}

/// An instrument that moved against an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fall {
    pub underlying: u8,
    pub slot: u16,
    pub instrument: u64,
    /// Whether the account is long: then shorts won.
    pub long: bool,
    /// What the account's position lost since the reference mark, micro-USD, rounded down.
    pub loss: u64,
    /// What a contract of the other side won since, micro-USD.
    pub won: u64,
    /// Which of the book's reference periods it is: `Reference::taken`.
    pub period: u32,
}

impl Borne {
    /// What a contract may still bear in this period, when it won so much (micro-USD) since the reference mark, which is that
    /// of the period before: the two periods' charges together never exceed the move.
    fn room(&self, won: u64) -> u64 {
        let borne = self.index.saturating_sub(self.before);
        // Below 2⁶⁴ x 2²⁰.
        let most = (u128::from(won) << INDEX_BITS).saturating_sub(u128::from(borne.unsigned_abs()));
        let left = INDEX_MAX.saturating_sub(self.index).max(0).unsigned_abs();
        u64::try_from(most).map_or(left, |most| most.min(left))
    }
}

impl Levy {
    fn enter(&mut self, period: u32) {
        if period <= self.period {
            return;
        }
        let next = period - self.period == 1;
        for side in [&mut self.long, &mut self.short] {
            side.before = if next { side.since } else { side.index };
            side.since = side.index;
        }
        self.period = period;
    }
}

fn side_index(levies: &[Levy], instrument: u64, base: i64, funding: i64) -> Result<i64> {
    let levy = levies.iter().find(|levy| levy.instrument == instrument);
    match (levy, base.signum()) {
        (Some(levy), 1) => add(funding, levy.long.index),
        (Some(levy), -1) => sub(funding, levy.short.index),
        _ => Ok(funding),
    }
}

impl Market {
    /// Where the index stands that a position's quote takes: what a contract has paid since the beginning, micro-USD, 2⁻²⁰. A
    /// long pays its rise, a short receives it: so what shorts bear of defaults is taken off.
    pub fn index_of(&self, position: &Position) -> Result<i64> {
        self.index_at(position, self.funding.index)
    }

    /// The same at another funding index of the perpetual, for a reader.
    pub fn index_at(&self, position: &Position, funding: i64) -> Result<i64> {
        let perpetual = position.kind == PositionKind::Perpetual as u8;
        let funding = if perpetual { funding } else { 0 };
        self.index_for(position.instrument, position.base, funding)
    }

    /// The index of the side of an instrument that `base` is on.
    pub(super) fn index_for(&self, instrument: u64, base: i64, funding: i64) -> Result<i64> {
        side_index(self.levies_used(), instrument, base, funding)
    }

    fn levies_used(&self) -> &[Levy] {
        let used = usize::from(self.levied);
        self.levies.get(..used).unwrap_or_default()
    }

    /// Charges `amount` (micro-USD) to every contract on the other side of what fell, as far as the move lets it. Returns what
    /// is borne, which `quote` counts from here on; a position of who is given it is the caller's to write.
    pub fn charge(&mut self, fall: &Fall, amount: i64) -> Result<i64> {
        let open = match fall.instrument {
            0 if fall.long => self.open_short,
            0 => self.open_long,
            id => self.series_open_against(fall.slot, id, fall.long),
        };
        let open = u64::try_from(open).map_err(|_| MarginPoolError::Overflow)?;
        let loss = u64::try_from(amount).map_err(|_| MarginPoolError::Overflow)?;
        if open == 0 || loss == 0 || fall.won == 0 {
            return Ok(0);
        }
        let Some(at) = self.levy_place(fall)? else {
            return Ok(0);
        };
        let levy = self.levies.get_mut(at);
        let levy = levy.ok_or(MarginPoolError::Overflow)?;
        levy.enter(fall.period);
        let side = match fall.long {
            true => &mut levy.short,
            false => &mut levy.long,
        };
        let share = per_contract(loss, open, side.room(fall.won));
        let rise = i64::try_from(share.rise).map_err(|_| MarginPoolError::Overflow)?;
        side.index = add(side.index, rise)?;
        let borne = i64::try_from(share.borne).map_err(|_| MarginPoolError::Overflow)?;
        // Below 2⁶³ x 2⁶¹, and 2⁶³ x 2⁴⁰.
        let collected = i128::from(open) * i128::from(share.rise);
        self.index_entries.add(-collected)?;
        self.quote = add(self.quote, borne)?;
        self.dust
            .add(collected - i128::from(borne) * SUM_PER_MICRO)?;
        Ok(borne)
    }

    /// The entry of an instrument: the perpetual's is the first, a dated one's goes to another when nothing is open in it any
    /// more. `None` when all are taken.
    fn levy_place(&mut self, fall: &Fall) -> Result<Option<usize>> {
        let used = usize::from(self.levied).max(1);
        let own = |levy: &Levy| levy.instrument == fall.instrument;
        let mut at = self.levies.iter().take(used).position(own);
        if at.is_none() {
            let mut places = 1..used;
            at = places.find(|at| self.levies.get(*at).is_some_and(|levy| self.is_over(levy)));
            let place = at.unwrap_or(used);
            let Some(levy) = self.levies.get_mut(place) else {
                return Ok(None);
            };
            *levy = bytemuck::Zeroable::zeroed();
            levy.instrument = fall.instrument;
            levy.slot = fall.slot;
            at = Some(place);
        }
        let end = at.map_or(used, |at| at.saturating_add(1).max(used));
        self.levied = u8::try_from(end).map_err(|_| MarginPoolError::Overflow)?;
        Ok(at)
    }

    /// Whether nobody holds a contract of it: neither counted nor in a pot that its holders have yet to take.
    fn is_over(&self, levy: &Levy) -> bool {
        let open = |long| self.series_open_against(levy.slot, levy.instrument, long) != 0;
        let used = usize::from(self.reductions_used);
        let mut pots = self.reductions.iter().take(used);
        !open(true)
            && !open(false)
            && pots.all(|pot| pot.instrument != levy.instrument || pot.is_free())
    }

    /// No side's index ever falls.
    pub(super) fn levies_in_order(&self) -> bool {
        let ordered = |side: &Borne| side.before <= side.since && side.since <= side.index;
        let mut list = self.levies_used().iter();
        list.all(|levy| ordered(&levy.long) && ordered(&levy.short))
    }
}

const _: () = assert!(size_of::<Levy>() == 64 && size_of::<Borne>() == 24);

#[cfg(test)]
mod tests {
    use super::*;

    const FALL: Fall = Fall {
        underlying: 0,
        slot: 0,
        instrument: 0,
        long: true,
        loss: 1,
        won: 100,
        period: 7,
    };

    fn market() -> Box<Market> {
        let mut market: Box<Market> = bytemuck::zeroed_box();
        (market.open_long, market.open_short) = (2_000_000, 2_000_000);
        market
    }

    #[test]
    fn what_a_side_bears_within_two_periods_never_exceeds_the_move() {
        let mut market = market();
        // Two contracts won 100 each: 200 and no more.
        assert_eq!(market.charge(&FALL, 150).unwrap(), 150);
        assert_eq!(market.charge(&FALL, 150).unwrap(), 50);
        let next = Fall { period: 8, ..FALL };
        assert_eq!(market.charge(&next, 150).unwrap(), 0);
        // In the period after that the charges of the first are behind the reference.
        let later = Fall { period: 9, ..FALL };
        assert_eq!(market.charge(&later, 150).unwrap(), 150);
        // The other side pays for its own gains only.
        let rise = Fall {
            long: false,
            won: 0,
            ..later
        };
        assert_eq!(market.charge(&rise, 150).unwrap(), 0);
        assert_eq!(market.levies[0].short.index, 175 << INDEX_BITS);
        assert!(market.levies_in_order());
    }

    #[test]
    fn a_position_takes_the_index_of_its_own_side_and_funding_beside_it() {
        let mut market = market();
        market.funding.index = 5;
        market.charge(&FALL, 100).unwrap();
        let borne = 50 << INDEX_BITS;
        let of = |base, kind| Position {
            base,
            kind,
            ..bytemuck::Zeroable::zeroed()
        };
        assert_eq!(market.index_of(&of(-1, 1)).unwrap(), 5 - borne);
        assert_eq!(market.index_of(&of(1, 1)).unwrap(), 5);
        assert_eq!(market.index_of(&of(0, 1)).unwrap(), 5);
        let future = Position {
            instrument: 3,
            ..of(-1, 2)
        };
        assert_eq!(market.index_of(&future).unwrap(), 0);
    }

    #[test]
    fn a_dated_instruments_entry_is_given_on_when_nothing_is_open_in_it() {
        let mut market = market();
        let fall = |id: u16| Fall {
            instrument: u64::from(id),
            slot: id,
            ..FALL
        };
        for id in 1..=15 {
            market.series_mut(id, u64::from(id)).unwrap().open_short = 1_000_000;
            assert_eq!(market.charge(&fall(id), 10).unwrap(), 10);
        }
        market.series_mut(20, 20).unwrap().open_short = 1_000_000;
        assert_eq!(market.charge(&fall(20), 10).unwrap(), 0);
        market.series[4].open_short = 0;
        assert_eq!(market.charge(&fall(20), 10).unwrap(), 10);
        assert_eq!(market.levies[4].instrument, 20);
        assert_eq!(market.charge(&FALL, 10).unwrap(), 10);
    }
}
