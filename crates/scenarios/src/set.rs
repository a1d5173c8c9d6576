//! A finished set: integers only, with the canonical bytes that identify it.

use sha2::{Digest, Sha256};

use crate::builder::BuildParams;
use crate::date::Date;
use crate::error::ReadError;
use crate::linalg::Moments;
use crate::measure::Cloud;
use crate::moments::as_z;
use crate::population::{Basis, day_label};
use crate::shape::{
    LEVEL_ONE, MAX_COLUMNS, MAX_STRESS, RETURN_MAX, RETURN_ONE, ROWS, Symbol, WEIGHT_ONE, Z_MAX,
};
use crate::stress::StressKind;

/// Where a row comes from. Not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One day of the history.
    Day {
        /// The day.
        day: Date,
        /// Which of its prices.
        basis: Basis,
    },
    /// The mean of several draws of the body.
    Body {
        /// How many draws it stands for.
        draws: u32,
    },
}

impl Origin {
    /// A name for people: `12 Mar 2020, to the lows` or `an ordinary day (12 alike)`.
    pub fn label(&self) -> String {
        match self {
            Self::Day { day, basis } => day_label(*day, *basis),
            Self::Body { draws: 1 } => "an ordinary day".into(),
            Self::Body { draws } => format!("an ordinary day ({draws} alike)"),
        }
    }
}

/// One weighted joint draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Probability in [`WEIGHT_ONE`]ths; positive.
    pub weight: u32,
    /// Volatility level in [`LEVEL_ONE`]ths.
    pub level: i32,
    /// Standardised log return per column, in [`crate::shape::Z_ONE`]ths.
    pub z: Vec<i32>,
    /// Where it comes from.
    pub origin: Origin,
}

/// One mandated stress row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StressRow {
    /// Which mandated row it is.
    pub kind: StressKind,
    /// Volatility level in [`LEVEL_ONE`]ths.
    pub level: i32,
    /// Simple return per column, in [`RETURN_ONE`]ths.
    pub returns: Vec<i32>,
    /// The day it repeats, if it is one. Not hashed.
    pub day: Option<Date>,
    /// True where a column had no price on that day and its return was inferred. Not hashed.
    pub inferred: bool,
}

/// What a set was made from and how. Not hashed; enough to rebuild it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The source in words, one line.
    pub source: String,
    /// SHA-256 of every price file, in order.
    pub prices_sha256: Vec<[u8; 32]>,
    /// Parameters of the build.
    pub params: BuildParams,
    /// Joint days in the population.
    pub days: u32,
    /// Draws in the population.
    pub draws: u32,
    /// Per column, the population's standard deviation before it was set to 1, in millionths.
    pub raw_sd_ppm: Vec<u32>,
    /// Per column, the long-run daily volatility of its closes, in millionths. For a pegged column, times `raw_sd_ppm` it is
    /// the volatility at which the rows are the history's own returns.
    pub long_run_ppm: Vec<u32>,
    /// The pegged columns, which were divided by their long-run volatility.
    pub pegged: Vec<Symbol>,
    /// Per column, draws whose value was taken from the day most alike.
    pub filled: Vec<u32>,
}

/// Weighted joint draws and mandated stress rows over named columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioSet {
    symbols: Vec<Symbol>,
    draws: Vec<Draw>,
    stress: Vec<StressRow>,
    provenance: Provenance,
}

impl ScenarioSet {
    /// Puts a set together, or says which rule of the shape it breaks.
    pub fn new(
        symbols: Vec<Symbol>,
        draws: Vec<Draw>,
        stress: Vec<StressRow>,
        provenance: Provenance,
    ) -> Result<Self, ReadError> {
        let set = Self {
            symbols,
            draws,
            stress,
            provenance,
        };
        set.check().map_err(ReadError::Shape)?;
        Ok(set)
    }

    /// The set that ships with the project: BTC, ETH, SOL, USDC, USDT and SOLGAP, the gap of staked SOL.
    pub fn shipped() -> Result<Self, ReadError> {
        Self::read(include_str!("../data/default.csv"))
    }

    /// The columns of the set that ships, in order.
    pub fn shipped_symbols() -> Vec<Symbol> {
        let names = ["BTC", "ETH", "SOL", "USDC", "USDT", "SOLGAP"];
        names.iter().filter_map(|n| Symbol::new(n)).collect()
    }

    /// The columns, in order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The weighted draws.
    pub fn draws(&self) -> &[Draw] {
        &self.draws
    }

    /// The mandated stress rows.
    pub fn stress(&self) -> &[StressRow] {
        &self.stress
    }

    /// What it was made from and how.
    pub const fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The rows' volatility levels as numbers.
    pub fn levels(&self) -> Vec<f64> {
        let levels = self.draws.iter().map(|d| f64::from(d.level));
        levels.map(|l| l / f64::from(LEVEL_ONE)).collect()
    }

    /// A name for people of a row as the engine counts them: the draws from 0, the stress rows from [`ROWS`].
    /// `12 Mar 2020, to the lows`, `all down`.
    pub fn label(&self, row: usize) -> Option<String> {
        match row.checked_sub(ROWS) {
            None => Some(self.draws.get(row)?.origin.label()),
            Some(stress) => {
                let row = self.stress.get(stress)?;
                let name = row.kind.name(&self.symbols);
                let day = row.day.map(|d| format!(" ({})", d.long()));
                Some(name + &day.unwrap_or_default())
            }
        }
    }

    /// Weighted mean, variance and covariance of the rows as they are stored.
    pub fn moments(&self) -> Moments {
        let cloud = self.cloud();
        Moments::of(&cloud.points, &cloud.weights)
    }

    /// The rows as numbers, for measurements.
    pub fn cloud(&self) -> Cloud {
        Cloud {
            points: self
                .draws
                .iter()
                .map(|d| d.z.iter().map(|z| as_z(*z)).collect())
                .collect(),
            weights: self
                .draws
                .iter()
                .map(|d| f64::from(d.weight) / f64::from(WEIGHT_ONE))
                .collect(),
        }
    }

    /// The bytes that are hashed, all little-endian: rows u16, stress rows u16, columns u8, symbols 8 bytes each,
    /// weights u32, levels i32, per column its z i32, then per stress row id u8, level i32, return i32 per column.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((self.draws.len() as u16).to_le_bytes());
        bytes.extend((self.stress.len() as u16).to_le_bytes());
        bytes.push(self.symbols.len() as u8);
        bytes.extend(self.symbols.iter().flat_map(|s| *s.as_bytes()));
        bytes.extend(self.draws.iter().flat_map(|d| d.weight.to_le_bytes()));
        bytes.extend(self.draws.iter().flat_map(|d| d.level.to_le_bytes()));
        for column in 0..self.symbols.len() {
            bytes.extend(self.draws.iter().flat_map(|d| d.z[column].to_le_bytes()));
        }
        for row in &self.stress {
            bytes.push(row.kind.id());
            bytes.extend(row.level.to_le_bytes());
            bytes.extend(row.returns.iter().flat_map(|r| r.to_le_bytes()));
        }
        bytes
    }

    /// SHA-256 of [`Self::canonical_bytes`]: the identity of the set.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_bytes()).into()
    }

    /// [`Self::hash`] in hexadecimal.
    pub fn hash_hex(&self) -> String {
        hex(&self.hash())
    }

    fn check(&self) -> Result<(), String> {
        let columns = self.symbols.len();
        if !(1..=MAX_COLUMNS).contains(&columns) {
            return Err(format!("{columns} columns: a set holds 1 to {MAX_COLUMNS}"));
        }
        if let Some((at, symbol)) = self
            .symbols
            .iter()
            .enumerate()
            .find(|(i, s)| self.symbols[..*i].contains(s))
        {
            return Err(format!(
                "column {} repeats {symbol}: name every underlying once",
                at + 1
            ));
        }
        if self.draws.is_empty() || self.draws.len() > ROWS {
            return Err(format!(
                "{} rows: a set holds 1 to {ROWS}",
                self.draws.len()
            ));
        }
        if self.stress.len() > MAX_STRESS {
            return Err(format!(
                "{} stress rows: a set holds {MAX_STRESS}",
                self.stress.len()
            ));
        }
        for (at, draw) in self.draws.iter().enumerate() {
            if draw.weight == 0
                || draw.z.len() != columns
                || draw.level.abs() > LEVEL_ONE
                || draw.z.iter().any(|z| z.abs() > Z_MAX)
            {
                return Err(format!(
                    "row {}: needs a positive weight, a level within 1 and {columns} returns within 64 volatilities",
                    at + 1
                ));
            }
        }
        let total: u64 = self.draws.iter().map(|d| u64::from(d.weight)).sum();
        if total != u64::from(WEIGHT_ONE) {
            return Err(format!(
                "the weights sum to {total}: they must sum to {WEIGHT_ONE}"
            ));
        }
        for (at, row) in self.stress.iter().enumerate() {
            let inside = row
                .returns
                .iter()
                .all(|r| (-RETURN_ONE..=RETURN_MAX).contains(r));
            if row.returns.len() != columns || row.level.abs() > LEVEL_ONE || !inside {
                return Err(format!(
                    "stress row {}: needs {columns} returns from -1 to 4 and a level within 1",
                    at + 1
                ));
            }
            if self.stress[..at].iter().any(|other| other.kind == row.kind) {
                return Err(format!("stress row {} repeats an earlier one", at + 1));
            }
        }
        Ok(())
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
