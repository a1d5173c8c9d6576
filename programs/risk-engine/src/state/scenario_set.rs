use {
    anchor_lang::prelude::*,
    cep_risk::{MAX_UNDERLYINGS, ROWS, STRESS_ROWS},
    solana_sha256_hasher::hashv,
};

/// Pairs of columns.
pub const PAIRS: usize = MAX_UNDERLYINGS * (MAX_UNDERLYINGS - 1) / 2;

/// Standardised joint draws and mandated stress rows. Too large for a derived address (an
/// instruction creates at most 10 KiB), so it lives at a key of its own and `RiskConfig` names the one
/// in force.
///
/// Created and written by the authority, verified by anyone, put in force by an activation.
#[account(zero_copy, discriminator = ScenarioSet::TAG)]
#[repr(C)]
pub struct ScenarioSet {
    pub config: Pubkey,
    /// SHA-256 of the canonical bytes, see [`ScenarioSet::canonical_hash`]: announced when the account is opened, checked
    /// when verification begins.
    pub hash: [u8; 32],
    /// One per column, all different.
    pub symbols: [[u8; 8]; MAX_UNDERLYINGS],
    pub columns: u8,
    pub stress_count: u8,
    /// 0 while it is written. 1 once the body was found to have the announced hash: from then on it never changes.
    pub sealed: u8,
    /// Columns verified so far, in order.
    pub verified: u8,
    pub padding: [u8; 4],
    /// The generation that this set may become: one more than that of the set it was compared with. 0: not compared yet.
    pub verified_for: u64,
    /// The `scenario_max_change` of that comparison, ppm.
    pub verified_within: u64,
    /// Correlations as posted, Q32; of columns i < j at [`pair`]`(i, j)`.
    pub correlations: [i64; PAIRS],
    /// By column; written as each is verified.
    pub tails: [ScenarioTail; MAX_UNDERLYINGS],
    /// Expected Shortfall at 99 % of a rise of the volatility level, Q16; written when the set is sealed.
    pub level_tail: i64,
    pub body: ScenarioBody,
    pub reserved: [u8; 128],
}

/// Expected Shortfall at 99 % of one column of standardised returns, Q16, rounded up; positive for a loss.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ScenarioTail {
    pub long: i64,
    pub short: i64,
}

/// What is uploaded in chunks.
#[zero_copy]
#[repr(C)]
pub struct ScenarioBody {
    /// Positive, summing to `WEIGHT_ONE`.
    pub weights: [u32; ROWS],
    /// Volatility level of each draw, Q16.
    pub levels: [i32; ROWS],
    /// Standardised returns, Q16, one column per symbol.
    pub z: [[i32; ROWS]; MAX_UNDERLYINGS],
    /// Volatility level of each stress row, Q16.
    pub stress_levels: [i32; STRESS_ROWS],
    /// Simple returns of the stress rows, Q24, one column per symbol.
    pub stress: [[i32; STRESS_ROWS]; MAX_UNDERLYINGS],
    /// What each stress row stands for.
    pub stress_ids: [u8; STRESS_ROWS],
}

pub const SCENARIO_BODY_LEN: usize = size_of::<ScenarioBody>();

impl ScenarioSet {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 2;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskScen", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The column that carries `symbol`.
    #[must_use]
    pub fn column_of(&self, symbol: &[u8; 8]) -> Option<usize> {
        self.symbols
            .iter()
            .take(usize::from(self.columns))
            .position(|s| s == symbol)
    }

    /// Whether every column has been verified, and the set compared with the one in force at `generation` under a bound no
    /// wider than `max_change`.
    #[must_use]
    pub fn is_verified(&self, generation: u64, max_change: u64) -> bool {
        self.sealed == 1
            && self.verified == self.columns
            && generation.checked_add(1) == Some(self.verified_for)
            && self.verified_within <= max_change
    }

    /// SHA-256 over: rows (u16), stress rows (u16), columns (u8), the symbols, weights, levels, z column
    /// by column, then per stress row its id (u8), level (i32) and one return (i32) per column. Little endian.
    #[must_use]
    pub fn canonical_hash(&self) -> [u8; 32] {
        let columns = usize::from(self.columns).min(MAX_UNDERLYINGS);
        let stress_count = usize::from(self.stress_count).min(STRESS_ROWS);
        let mut head = Vec::with_capacity(5 + 8 * columns);
        // ROWS is 512.
        head.extend_from_slice(&512u16.to_le_bytes());
        head.extend_from_slice(&u16::from(self.stress_count).to_le_bytes());
        head.push(self.columns);
        for symbol in self.symbols.iter().take(columns) {
            head.extend_from_slice(symbol);
        }
        let body = &self.body;
        let mut tail = Vec::with_capacity(stress_count * (5 + 4 * columns));
        for row in 0..stress_count {
            tail.extend(body.stress_ids.get(row));
            tail.extend(
                body.stress_levels
                    .get(row)
                    .into_iter()
                    .flat_map(|l| l.to_le_bytes()),
            );
            for column in body.stress.iter().take(columns) {
                tail.extend(column.get(row).into_iter().flat_map(|r| r.to_le_bytes()));
            }
        }
        let mut parts: Vec<&[u8]> = Vec::with_capacity(4 + columns);
        parts.push(&head);
        parts.push(bytemuck::bytes_of(&body.weights));
        parts.push(bytemuck::bytes_of(&body.levels));
        for z in body.z.iter().take(columns) {
            parts.push(bytemuck::bytes_of(z));
        }
        parts.push(&tail);
        hashv(&parts).to_bytes()
    }
}

/// Place of the correlation of columns `i` and `j`, i < j < 8: (0, 1), (0, 2), (1, 2), (0, 3) and so on.
#[must_use]
pub const fn pair(i: usize, j: usize) -> usize {
    // At most 28.
    (j * j.saturating_sub(1) / 2 + i) % PAIRS
}

const _: () = assert!(ROWS == 512);
const _: () = assert!(SCENARIO_BODY_LEN == 2048 + 2048 + 16_384 + 64 + 512 + 16);
const _: () =
    assert!(size_of::<ScenarioSet>() == 64 + 64 + 24 + 224 + 128 + 8 + SCENARIO_BODY_LEN + 128);
