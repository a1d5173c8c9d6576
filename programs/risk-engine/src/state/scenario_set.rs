use {
    crate::error::RiskEngineError,
    anchor_lang::prelude::*,
    cep_risk::{
        MAX_UNDERLYINGS, ROWS, STRESS_ROWS, WEIGHT_ONE,
        rows::{RETURN_MAX, RETURN_MIN},
        scenario::Z_MAX,
    },
    solana_sha256_hasher::hashv,
};

/// Standardised joint draws and mandated stress rows. Too large for a derived address (an
/// instruction creates at most 10 KiB), so it lives at a key of its own and `RiskConfig` names the one
/// in force.
#[account(zero_copy)]
#[repr(C)]
pub struct ScenarioSet {
    pub config: Pubkey,
    /// SHA-256 of the canonical bytes, see [`ScenarioSet::canonical_hash`]; zero until sealed.
    pub hash: [u8; 32],
    pub symbols: [[u8; 8]; MAX_UNDERLYINGS],
    pub columns: u8,
    pub stress_count: u8,
    /// 0 while it is written, 1 once sealed: a sealed set never changes.
    pub sealed: u8,
    pub version: u8,
    pub padding: [u8; 4],
    pub body: ScenarioBody,
    pub reserved: [u8; 128],
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
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The column that carries `symbol`.
    #[must_use]
    pub fn column_of(&self, symbol: &[u8; 8]) -> Option<usize> {
        self.symbols
            .iter()
            .take(usize::from(self.columns))
            .position(|s| s == symbol)
    }

    /// Everything that a set must satisfy before it may decide about margin.
    pub fn check_body(&self) -> Result<()> {
        let body = &self.body;
        let mut total = 0u64;
        for weight in &body.weights {
            require!(*weight > 0, RiskEngineError::ScenarioWeights);
            // 512 terms below 2³².
            total += u64::from(*weight);
        }
        require!(
            total == u64::from(WEIGHT_ONE),
            RiskEngineError::ScenarioWeights
        );
        for (z, stress) in body
            .z
            .iter()
            .zip(&body.stress)
            .take(usize::from(self.columns))
        {
            let z_ok = z.iter().all(|z| (-Z_MAX..=Z_MAX).contains(z));
            let stress_ok = stress.iter().all(|r| (RETURN_MIN..=RETURN_MAX).contains(r));
            require!(z_ok && stress_ok, RiskEngineError::ScenarioOutOfBounds);
        }
        Ok(())
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

const _: () = assert!(ROWS == 512);
const _: () = assert!(SCENARIO_BODY_LEN == 2048 + 2048 + 16_384 + 64 + 512 + 16);
const _: () = assert!(size_of::<ScenarioSet>() == 64 + 64 + 8 + SCENARIO_BODY_LEN + 128);
