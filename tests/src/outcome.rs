//! What became of a transaction: a receipt, or a refusal that names its reason.

use {
    anchor_lang::{AnchorDeserialize, Event, error::ErrorCode},
    base64::{Engine, prelude::BASE64_STANDARD as STANDARD},
    basis_vault::error::BasisVaultError,
    cep_sdk::{
        SdkError,
        error::explain,
        programs::{
            liquidation::error::LiquidationError, margin_pool::error::MarginPoolError,
            risk_engine::error::RiskEngineError,
        },
    },
    litesvm::types::FailedTransactionMetadata,
    solana_sdk::{instruction::InstructionError, transaction::TransactionError},
};

/// An accepted transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Of the last top-level instruction, its CPIs included.
    pub compute_units: u64,
    pub logs: Vec<String>,
}

/// A refused transaction.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Who refused, in the SDK's words; empty when no program of ours did.
    pub program: &'static str,
    pub code: u32,
    /// The variant's name; empty for errors that Anchor does not name.
    pub name: String,
    pub message: String,
    pub error: TransactionError,
    pub logs: Vec<String>,
}

/// Errors that have a number and a name: those of the programs and of Anchor.
pub trait NamedError: Copy {
    fn code(self) -> u32;
    fn label(self) -> String;
}

macro_rules! named {
    ($($error:ty),*) => {$(
        impl NamedError for $error {
            fn code(self) -> u32 {
                self.into()
            }
            fn label(self) -> String {
                self.name()
            }
        }
    )*};
}
named!(
    RiskEngineError,
    MarginPoolError,
    LiquidationError,
    BasisVaultError,
    ErrorCode
);

/// What a test says about a transaction.
pub trait Outcome {
    /// It must have passed.
    fn accepted(self) -> Receipt;
    /// It must have been refused for this reason.
    fn refused(self, reason: impl NamedError) -> Refusal;
    /// It must have been refused with this number by a program that is not built with Anchor.
    fn refused_with_code(self, code: u32) -> Refusal;
}

impl Outcome for Result<Receipt, Refusal> {
    #[track_caller]
    fn accepted(self) -> Receipt {
        self.unwrap_or_else(|r| {
            panic!(
                "refused: {} {} ({:?})\n{}",
                r.name,
                r.message,
                r.error,
                r.logs.join("\n")
            )
        })
    }

    #[track_caller]
    fn refused(self, reason: impl NamedError) -> Refusal {
        let refusal = self.expect_err(&format!("accepted, expected {}", reason.label()));
        assert_eq!(
            (refusal.name.as_str(), refusal.code),
            (reason.label().as_str(), reason.code()),
            "{:?}\n{}",
            refusal.error,
            refusal.logs.join("\n")
        );
        refusal
    }

    #[track_caller]
    fn refused_with_code(self, code: u32) -> Refusal {
        let refusal = self.expect_err(&format!("accepted, expected code {code}"));
        assert_eq!(refusal.code, code, "{}", refusal.logs.join("\n"));
        refusal
    }
}

impl Receipt {
    /// The first event of this type that was emitted, by whatever program.
    #[must_use]
    #[track_caller]
    pub fn event<E: Event>(&self) -> E {
        let data = self
            .logs
            .iter()
            .filter_map(|l| l.strip_prefix("Program data: "));
        data.filter_map(|text| STANDARD.decode(text).ok())
            .find_map(|bytes| E::try_from_slice(bytes.strip_prefix(E::DISCRIMINATOR)?).ok())
            .unwrap_or_else(|| panic!("no such event in\n{}", self.logs.join("\n")))
    }

    /// What the last instruction returned.
    #[must_use]
    #[track_caller]
    pub fn returned<T: AnchorDeserialize>(&self) -> T {
        let data = self.logs.iter().rev();
        let data = data.filter_map(|l| l.strip_prefix("Program return: "));
        let bytes = data.filter_map(|text| STANDARD.decode(text.split(' ').nth(1)?).ok());
        let mut bytes = bytes.filter_map(|bytes| T::try_from_slice(&bytes).ok());
        bytes.next().expect("nothing of this type was returned")
    }

    pub(crate) fn new(logs: Vec<String>) -> Self {
        Self {
            compute_units: compute_units_of_last(&logs),
            logs,
        }
    }
}

impl Refusal {
    /// Fails the test when a program did not end by its own word: no instruction may end in a panic, out of memory or at an
    /// address that is not its own, whatever a test expects of the refusal. Out of compute units is one if `may_exhaust`.
    #[track_caller]
    pub(crate) fn new(failed: FailedTransactionMetadata, may_exhaust: bool) -> Self {
        let logs = failed.meta.logs;
        if let Some(crash) = Crash::of(&failed.err, &logs)
            && !(may_exhaust && crash == Crash::OutOfComputeUnits)
        {
            panic!("{crash:?}: {:?}\n{}", failed.err, logs.join("\n"));
        }
        let text = logs.join("\n");
        let mut refusal = Self {
            program: "",
            code: match failed.err {
                TransactionError::InstructionError(_, InstructionError::Custom(code)) => code,
                _ => 0,
            },
            name: text
                .split("Error Code: ")
                .nth(1)
                .and_then(|rest| rest.split(". ").next())
                .unwrap_or_default()
                .to_owned(),
            message: String::new(),
            error: failed.err,
            logs,
        };
        if let Some(SdkError::Refused {
            program, message, ..
        }) = explain(&text)
        {
            (refusal.program, refusal.message) = (program, message);
        }
        refusal
    }
}

/// How a program ends that gives no error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    Panic,
    OutOfMemory,
    OutOfComputeUnits,
    /// An access outside its memory, a stack that is too deep, a division by zero, and whatever else stops a program.
    Fault,
}

impl Crash {
    /// By the runtime's error and words; `None` when a program or the runtime refused.
    #[must_use]
    pub fn of(error: &TransactionError, logs: &[String]) -> Option<Self> {
        let any = |words: &[&str]| logs.iter().any(|l| words.iter().any(|w| l.contains(w)));
        if any(&["panicked"]) {
            return Some(Self::Panic);
        }
        if any(&["out of memory", "memory allocation failed"]) {
            return Some(Self::OutOfMemory);
        }
        let stopped = matches!(
            error,
            TransactionError::InstructionError(
                _,
                InstructionError::ProgramFailedToComplete
                    | InstructionError::ComputationalBudgetExceeded
            )
        );
        if any(&["exceeded CUs meter", "Computational budget exceeded"]) {
            return Some(Self::OutOfComputeUnits);
        }
        let fault = any(&["Access violation", "divide by zero", "Call depth exceeded"]);
        (stopped || fault).then_some(Self::Fault)
    }
}

/// From `Program X consumed N of M compute units`, outermost level, last instruction.
fn compute_units_of_last(logs: &[String]) -> u64 {
    let last = logs
        .iter()
        .rev()
        .find(|line| line.contains(" consumed ") && line.ends_with(" compute units"));
    last.and_then(|line| {
        line.split(" consumed ")
            .nth(1)?
            .split(' ')
            .next()?
            .parse()
            .ok()
    })
    .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::{BTC, World, world::admin},
        cep_sdk::instruction,
        litesvm::types::TransactionMetadata,
        solana_compute_budget_interface::ComputeBudgetInstruction,
        solana_sdk::{message::Message, signature::Signer, transaction::Transaction},
    };

    fn failed(error: InstructionError, log: &str) -> FailedTransactionMetadata {
        FailedTransactionMetadata {
            err: TransactionError::InstructionError(1, error),
            meta: TransactionMetadata {
                logs: vec![log.to_owned()],
                ..TransactionMetadata::default()
            },
        }
    }

    #[test]
    fn a_programs_own_refusal_is_no_crash() {
        let said = failed(InstructionError::Custom(6_000), "Error Code: X. ");
        assert_eq!(Refusal::new(said, false).code, 6_000);
    }

    #[test]
    #[should_panic(expected = "Panic")]
    fn a_panic_fails_the_test_whatever_it_expects() {
        let panicked = "Program log: panicked at src/lib.rs:1:1";
        let failed = failed(InstructionError::ProgramFailedToComplete, panicked);
        let _ = Refusal::new(failed, true);
    }

    #[test]
    #[should_panic(expected = "OutOfMemory")]
    fn out_of_memory_fails_the_test_whatever_it_expects() {
        let log = "Program log: Error: memory allocation failed, out of memory";
        let _ = Refusal::new(failed(InstructionError::ProgramFailedToComplete, log), true);
    }

    #[test]
    #[should_panic(expected = "Fault")]
    fn an_access_violation_fails_the_test_whatever_it_expects() {
        let log = "Program X failed: Access violation in unknown section at address 0x0 of size 8";
        let _ = Refusal::new(failed(InstructionError::ProgramFailedToComplete, log), true);
    }

    /// A refresh with too few units, on the real runtime.
    fn exhausted() -> FailedTransactionMetadata {
        let mut world = World::new();
        let oracle = world.post_price(BTC, 120_000.0, 1.0);
        let instructions = [
            ComputeBudgetInstruction::set_compute_unit_limit(3_000),
            instruction::risk::refresh(world.book_address(BTC), &[oracle]),
        ];
        let message = Message::new(&instructions, Some(&admin().pubkey()));
        let blockhash = world.svm.latest_blockhash();
        let transaction = Transaction::new(&[&admin()], message, blockhash);
        world.svm.send_transaction(transaction).unwrap_err()
    }

    #[test]
    fn running_out_of_units_is_a_refusal_where_the_test_says_so() {
        let refusal = Refusal::new(exhausted(), true);
        assert_eq!(
            Crash::of(&refusal.error, &refusal.logs),
            Some(Crash::OutOfComputeUnits)
        );
    }

    #[test]
    #[should_panic(expected = "OutOfComputeUnits")]
    fn running_out_of_units_fails_the_test_otherwise() {
        let _ = Refusal::new(exhausted(), false);
    }
}
