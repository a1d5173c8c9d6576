//! The risk library's functions on chain, through the test program `risk-probe`.

use {
    crate::bare::{bytecode, endow, keypair},
    anchor_lang::prelude::{Pubkey, pubkey},
    cep_risk::{
        ROWS, STRESS_ROWS, WEIGHT_ONE,
        rows::{RETURN_MAX, RETURN_MIN},
        scenario::simple_return,
    },
    cep_scenarios::ScenarioSet,
    litesvm::LiteSVM,
    proptest::{
        prelude::Rng,
        test_runner::{RngAlgorithm, TestRng},
    },
    risk_probe::{Answer, Request, Tables, Underlying},
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_sdk::{
        account::Account,
        instruction::{AccountMeta, Instruction},
        message::Message,
        signature::{Keypair, Signer},
        transaction::Transaction,
    },
};

/// `remaining_compute_units_syscall_enabled`: the probe counts with it. Mainnet has not activated it;
/// nothing else of the runtime depends on it.
const REMAINING_COMPUTE_UNITS: Pubkey = pubkey!("5TuppMutoyzhUSfuYdhgzD47F92GL1g89KpCZQKqedxP");

/// A chain with the probe on it, and the tables that its functions read.
pub struct Probe {
    svm: LiteSVM,
    program: Pubkey,
    account: Pubkey,
    payer: Keypair,
    tables: Box<Tables>,
}

impl Probe {
    /// Mainnet's features and limits, and the one that counts units. Signatures are not checked: nobody owns anything here.
    #[must_use]
    pub fn new(tables: Box<Tables>) -> Self {
        let mut features = LiteSVM::mainnet_feature_set();
        features.activate(&REMAINING_COMPUTE_UNITS, 0);
        let mut svm = LiteSVM::new()
            .with_feature_set(features)
            // Which system calls there are is settled here.
            .with_builtins()
            .with_sigverify(false)
            .with_transaction_history(0);
        let program = keypair("risk probe").pubkey();
        svm.add_program(program, &bytecode("risk_probe")).unwrap();
        let payer = keypair("probe's payer");
        endow(&mut svm, payer.pubkey());
        let account = keypair("probe's tables").pubkey();
        let data = Account {
            lamports: svm.minimum_balance_for_rent_exemption(size_of::<Tables>()),
            data: bytemuck::bytes_of(&*tables).to_vec(),
            owner: program,
            ..Account::default()
        };
        svm.set_account(account, data).unwrap();
        Self {
            svm,
            program,
            account,
            payer,
            tables,
        }
    }

    /// What the program answers.
    #[track_caller]
    pub fn on_chain(&mut self, request: &Request) -> Answer {
        let instructions = [
            ComputeBudgetInstruction::set_compute_unit_limit(1_400_000),
            Instruction::new_with_bytes(
                self.program,
                &request.to_bytes(),
                vec![AccountMeta::new_readonly(self.account, false)],
            ),
        ];
        // The same request may come twice.
        self.svm.expire_blockhash();
        let message = Message::new(&instructions, Some(&self.payer.pubkey()));
        let transaction = Transaction::new(&[&self.payer], message, self.svm.latest_blockhash());
        let meta = self
            .svm
            .send_transaction(transaction)
            .unwrap_or_else(|failed| {
                panic!(
                    "{request:?}: {:?}\n{}",
                    failed.err,
                    failed.meta.logs.join("\n")
                )
            });
        Answer::from_bytes(&meta.return_data.data)
            .unwrap_or_else(|| panic!("{request:?}: no answer"))
    }

    /// What the same code answers here.
    #[must_use]
    #[track_caller]
    pub fn native(&self, request: &Request) -> Answer {
        risk_probe::run(&request.to_bytes(), bytemuck::bytes_of(&*self.tables)).unwrap()
    }
}

/// The shipped scenario set at a volatility of 4 % over the horizon, its columns repeated in turn.
#[must_use]
pub fn shipped() -> Box<Tables> {
    let set = ScenarioSet::shipped().unwrap();
    let sigma = (1 << 32) / 25;
    let mut tables: Box<Tables> = bytemuck::zeroed_box();
    for (weight, draw) in tables.weights.iter_mut().zip(set.draws()) {
        *weight = draw.weight;
    }
    for (i, underlying) in tables.underlyings.iter_mut().enumerate() {
        let column = i % set.symbols().len();
        for (slot, draw) in underlying.returns.iter_mut().zip(set.draws()) {
            *slot = simple_return(sigma, draw.z[column]);
        }
        for (slot, row) in underlying.stress.iter_mut().zip(set.stress()) {
            *slot = row.returns[column];
        }
        set_extremes(underlying);
    }
    tables
}

/// Returns over the whole range, and weights that differ. With `levels`, each column has only that many
/// different returns: most rows are ties.
#[must_use]
pub fn random(seed: u8, levels: Option<u32>) -> Box<Tables> {
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut tables: Box<Tables> = bytemuck::zeroed_box();
    let mut cuts: Vec<u32> = (1..ROWS)
        .map(|_| rng.next_u32() % (WEIGHT_ONE + 1))
        .collect();
    cuts.push(WEIGHT_ONE);
    cuts.sort_unstable();
    let mut last = 0;
    for (weight, cut) in tables.weights.iter_mut().zip(cuts) {
        *weight = cut - last;
        last = cut;
    }
    for underlying in &mut tables.underlyings {
        let mut draw = || {
            let span = u64::from(RETURN_MAX.abs_diff(RETURN_MIN));
            let part = match levels {
                Some(levels) => span * u64::from(rng.next_u32() % levels) / u64::from(levels - 1),
                None => rng.next_u64() % (span + 1),
            };
            RETURN_MIN + i32::try_from(part).unwrap()
        };
        for slot in &mut underlying.returns {
            *slot = draw();
        }
        for slot in &mut underlying.stress[..STRESS_ROWS] {
            *slot = draw();
        }
        set_extremes(underlying);
    }
    tables
}

fn set_extremes(underlying: &mut Underlying) {
    underlying.lowest = *underlying.returns.iter().min().unwrap();
    underlying.highest = *underlying.returns.iter().max().unwrap();
}
