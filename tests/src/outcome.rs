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
    pub(crate) fn new(failed: FailedTransactionMetadata) -> Self {
        let logs = failed.meta.logs;
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
