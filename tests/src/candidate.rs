//! Scenario sets to be refused: an announcement and a body that a test bends before they are uploaded.

use {
    crate::{
        outcome::{Outcome, Receipt, Refusal},
        world::{World, admin},
    },
    cep_migrations::plan::{announcement, body_of},
    cep_risk::{MAX_UNDERLYINGS, ROWS, WEIGHT_ONE, moments::correlation, scenario::Z_ONE},
    cep_scenarios::ScenarioSet,
    cep_sdk::{
        instruction::risk,
        programs::risk_engine::{
            ScenarioSetArgs,
            state::{Change, ScenarioBody, ScenarioSet as OnChainSet},
        },
    },
    solana_sdk::signature::{Keypair, Signer},
};

/// Bytes of a body that go into one transaction.
const CHUNK: usize = 800;

#[derive(Clone)]
pub struct Candidate {
    pub args: ScenarioSetArgs,
    pub body: Box<ScenarioBody>,
}

impl Candidate {
    #[must_use]
    pub fn of(set: &ScenarioSet) -> Self {
        Self {
            args: announcement(set),
            body: body_of(set),
        }
    }

    /// The shipped set.
    #[must_use]
    pub fn shipped() -> Self {
        Self::of(&ScenarioSet::shipped().unwrap())
    }

    /// Bent, and announced as what it then is: only its substance can be refused.
    #[must_use]
    pub fn bent(mut self, bend: impl FnOnce(&mut Self)) -> Self {
        bend(&mut self);
        self.args.correlations = self.correlations();
        self.args.hash = self.hash();
        self
    }

    #[must_use]
    pub fn columns(&self) -> usize {
        self.args.symbols.len()
    }

    /// Place of the stress row of this id.
    #[must_use]
    #[track_caller]
    pub fn row(&self, id: u8) -> usize {
        self.body.stress_ids.iter().position(|i| *i == id).unwrap()
    }

    /// A stress return.
    pub fn stress(&mut self, id: u8, column: usize) -> &mut i32 {
        let row = self.row(id);
        &mut self.body.stress[column][row]
    }

    /// Applies `f` to a column's draws, in standard deviations, and standardises it again.
    pub fn redraw(&mut self, column: usize, f: impl Fn(usize, f64) -> f64) {
        let z = self.draws(column);
        let weights = self.body.weights.map(|w| w.into());
        let total = f64::from(WEIGHT_ONE);
        let new: Vec<f64> = z.iter().enumerate().map(|(k, z)| f(k, *z)).collect();
        let mean_of = |values: &[f64]| -> f64 {
            let products = values.iter().zip(&weights);
            products.map(|(v, w): (&f64, &f64)| v * w).sum::<f64>() / total
        };
        let mean = mean_of(&new);
        let squares: Vec<f64> = new.iter().map(|v| (v - mean).powi(2)).collect();
        let sd = mean_of(&squares).sqrt();
        for (slot, v) in self.body.z[column].iter_mut().zip(&new) {
            *slot = ((v - mean) / sd * f64::from(Z_ONE)).round() as i32;
        }
    }

    /// A column's draws, in standard deviations.
    #[must_use]
    pub fn draws(&self, column: usize) -> [f64; ROWS] {
        self.body.z[column].map(|z| f64::from(z) / f64::from(Z_ONE))
    }

    fn correlations(&self) -> Vec<i64> {
        let body = &self.body;
        let pairs = (0..self.columns()).flat_map(|j| (0..j).map(move |i| (i, j)));
        pairs
            .map(|(i, j)| correlation(&body.weights, &body.z[i], &body.z[j]))
            .collect()
    }

    fn hash(&self) -> [u8; 32] {
        let mut set: Box<OnChainSet> = bytemuck::zeroed_box();
        set.columns = u8::try_from(self.columns()).unwrap();
        set.stress_count = self.args.stress_count;
        assert!(self.columns() <= MAX_UNDERLYINGS);
        for (slot, symbol) in set.symbols.iter_mut().zip(&self.args.symbols) {
            *slot = *symbol;
        }
        set.body = *self.body;
        set.canonical_hash()
    }
}

impl World {
    /// Opens an account at `key` with this announcement.
    pub fn announce(&mut self, args: &ScenarioSetArgs, key: &Keypair) -> Result<Receipt, Refusal> {
        let (admin, set) = (admin(), key.pubkey());
        let rent = self
            .svm
            .minimum_balance_for_rent_exemption(OnChainSet::SPACE);
        let by = admin.pubkey();
        let ixs = risk::create_scenario_set(by, by, set, rent, args.clone());
        self.send(&ixs, &[&admin, key])
    }

    /// Announces a candidate and writes its body.
    pub fn upload(&mut self, candidate: &Candidate, key: &Keypair) {
        self.announce(&candidate.args, key).accepted();
        let bytes = bytemuck::bytes_of(&*candidate.body);
        for (i, chunk) in bytes.chunks(CHUNK).enumerate() {
            if chunk.iter().any(|b| *b != 0) {
                let offset = u32::try_from(i * CHUNK).unwrap();
                self.write_set(key, offset, chunk).accepted();
            }
        }
    }

    pub fn write_set(
        &mut self,
        key: &Keypair,
        offset: u32,
        bytes: &[u8],
    ) -> Result<Receipt, Refusal> {
        let (admin, set) = (admin(), key.pubkey());
        let ix = risk::write_scenario_set(admin.pubkey(), set, offset, bytes.to_vec());
        self.send(&[ix], &[&admin])
    }

    /// All verification calls of the set at `key`, up to the first refusal.
    pub fn verify_set(&mut self, key: &Keypair) -> Result<Vec<Receipt>, Refusal> {
        let set = self.read::<OnChainSet>(&key.pubkey());
        let in_force = self.set_in_force();
        let calls = risk::verify_whole_scenario_set(key.pubkey(), in_force, set.columns);
        calls
            .into_iter()
            .map(|call| self.send(&[call], &[&admin()]))
            .collect()
    }

    pub fn activate_set(&mut self, key: &Keypair, hash: [u8; 32]) -> Result<Receipt, Refusal> {
        let set = key.pubkey();
        let receipt = self.enact(Change::ScenarioSet { set, hash })?;
        self.scenario_set = set;
        Ok(receipt)
    }

    /// Uploads a candidate and verifies it.
    pub fn put_to_the_test(&mut self, candidate: &Candidate) -> Result<Vec<Receipt>, Refusal> {
        let key = crate::keypair("candidate");
        self.upload(candidate, &key);
        self.verify_set(&key)
    }
}
