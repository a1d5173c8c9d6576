//! The mandated stress rows: that each is there once, and that it is what its id stands for, as far as the builder
//! guarantees it.
//!
//! Which columns are pegged is read from the hashed returns themselves: a price whose own worst day is milder than
//! [`PEGGED_ABOVE`] does not move freely. No market of the protocol's kind has a history without such a day, and a peg that
//! once broke by more has its break in its worst-day row already. Of the pegged, those named after their underlying,
//! `SOLGAP`, are staked tokens' gaps, the others stablecoins.

use {
    crate::{error::RiskEngineError, state::ScenarioSet},
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, STRESS_ROWS, rows::RETURN_ONE},
};

/// Ids. The first two plus a column.
pub const WORST_DAY: u8 = 0x10;
pub const BEST_DAY: u8 = 0x20;
pub const ALL_DOWN: u8 = 0x30;
pub const ALL_UP: u8 = 0x31;
pub const DECORRELATED: u8 = 0x40;
pub const DECORRELATED_MIRROR: u8 = 0x41;
pub const VOLATILITY_DOWN: u8 = 0x42;
pub const STABLECOIN_DEPEG: u8 = 0x50;
pub const STAKED_DEPEG: u8 = 0x51;

/// A column whose own worst day is milder than this is pegged: -30 %, Q24.
pub const PEGGED_ABOVE: i32 = -(RETURN_ONE / 10 * 3);

/// One stress row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    set: &'a ScenarioSet,
    at: usize,
}

impl Row<'_> {
    /// Simple return of a column, Q24.
    pub(super) fn of(self, column: usize) -> i32 {
        self.set.body.stress[column % MAX_UNDERLYINGS][self.at % STRESS_ROWS]
    }

    /// Volatility level, Q16.
    pub(super) fn level(self) -> i32 {
        self.set.body.stress_levels[self.at % STRESS_ROWS]
    }
}

/// Ids of the rows in use.
fn ids(set: &ScenarioSet) -> impl Iterator<Item = u8> + '_ {
    let count = usize::from(set.stress_count);
    set.body.stress_ids.iter().copied().take(count)
}

/// # Errors
/// [`RiskEngineError::ScenarioStressRows`] when there is none.
pub(super) fn row(set: &ScenarioSet, id: u8) -> Result<Row<'_>> {
    let at = ids(set).position(|i| i == id);
    let at = at.ok_or(RiskEngineError::ScenarioStressRows)?;
    Ok(Row { set, at })
}

/// A column's return on its own worst day, Q24.
pub(super) fn own_worst(set: &ScenarioSet, column: u8) -> Result<i32> {
    // At most 0x17.
    Ok(row(set, WORST_DAY.saturating_add(column))?.of(usize::from(column)))
}

/// The underlying that a staked token's gap is named after.
pub(super) fn gap_of(symbol: &[u8; 8]) -> Option<&[u8]> {
    let end = symbol.iter().position(|b| *b == 0).unwrap_or(8);
    let name = symbol.get(..end)?.strip_suffix(b"GAP")?;
    (!name.is_empty()).then_some(name)
}

/// # Errors
/// [`RiskEngineError::ScenarioStressRows`] for a mandated row that is missing, an unknown one, or one that is there twice;
/// [`RiskEngineError::ScenarioStressSubstance`] for one that is milder than what it stands for.
pub fn check(set: &ScenarioSet) -> Result<()> {
    check_ids(set)?;
    check_days(set)?;
    check_shapes(set)?;
    check_pegs(set)
}

/// Worst days of every column are asked for in [`check_days`], the other mandated rows where they are looked at.
fn check_ids(set: &ScenarioSet) -> Result<()> {
    for (at, id) in ids(set).enumerate() {
        let of_column = |first: u8| id >= first && id - first < set.columns;
        let known = of_column(WORST_DAY)
            || of_column(BEST_DAY)
            || matches!(id, ALL_DOWN | ALL_UP | DECORRELATED | DECORRELATED_MIRROR)
            || matches!(id, VOLATILITY_DOWN | STABLECOIN_DEPEG | STAKED_DEPEG);
        let again = ids(set).take(at).any(|earlier| earlier == id);
        require!(known && !again, RiskEngineError::ScenarioStressRows);
    }
    Ok(())
}

/// Everything falls on its own worst day. "All down" is at least as bad as any day here for every column, "all up" at
/// least as good; so each column's own worst is in both kinds of row.
fn check_days(set: &ScenarioSet) -> Result<()> {
    let (down, up) = (row(set, ALL_DOWN)?, row(set, ALL_UP)?);
    for column in 0..set.columns {
        let at = usize::from(column);
        require!(
            own_worst(set, column)? < 0 && up.of(at) > 0,
            RiskEngineError::ScenarioStressSubstance
        );
        for (day, id) in ids(set).enumerate() {
            let r = Row { set, at: day }.of(at);
            let inside = down.of(at) <= r && r <= up.of(at);
            require!(
                inside || id >= ALL_DOWN,
                RiskEngineError::ScenarioStressSubstance
            );
        }
    }
    Ok(())
}

/// Decorrelated: the first column flat, the others in turn up and down; its mirror the other way round. Volatility down:
/// prices flat, a level below zero.
fn check_shapes(set: &ScenarioSet) -> Result<()> {
    let (plain, mirror) = (row(set, DECORRELATED)?, row(set, DECORRELATED_MIRROR)?);
    let quiet = row(set, VOLATILITY_DOWN)?;
    let mut ok = quiet.level() < 0;
    for column in 0..usize::from(set.columns) {
        let sign = match column {
            0 => 0,
            odd if odd % 2 == 1 => 1,
            _ => -1,
        };
        ok &= plain.of(column).signum() == sign
            && mirror.of(column).signum() == -sign
            && quiet.of(column) == 0;
    }
    require!(ok, RiskEngineError::ScenarioStressSubstance);
    Ok(())
}

/// Where there are stablecoins, a row with each at its own worst or below; where there are gaps, a row with each at its
/// own worst or below, and the underlying of the first one at its worst too where the set has it.
fn check_pegs(set: &ScenarioSet) -> Result<()> {
    let mut first_gap = true;
    for (column, symbol) in (0..set.columns).zip(&set.symbols) {
        let worst = own_worst(set, column)?;
        if worst <= PEGGED_ABOVE {
            continue;
        }
        let gap = gap_of(symbol);
        let depeg = row(
            set,
            match gap {
                Some(_) => STAKED_DEPEG,
                None => STABLECOIN_DEPEG,
            },
        )?;
        let mut ok = depeg.of(usize::from(column)) <= worst;
        if let Some(name) = gap.filter(|_| first_gap) {
            first_gap = false;
            if let Some(underlying) = column_named(set, name) {
                ok &= depeg.of(usize::from(underlying)) <= own_worst(set, underlying)?;
            }
        }
        require!(ok, RiskEngineError::ScenarioStressSubstance);
    }
    Ok(())
}

fn column_named(set: &ScenarioSet, name: &[u8]) -> Option<u8> {
    let mut columns = (0..set.columns).zip(&set.symbols);
    let found = columns.find(|(_, symbol)| {
        let rest = symbol.strip_prefix(name);
        rest.is_some_and(|rest| rest.iter().all(|b| *b == 0))
    });
    found.map(|(column, _)| column)
}
