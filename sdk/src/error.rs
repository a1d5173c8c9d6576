//! What can go wrong, in words.

use {anchor_lang::prelude::Pubkey, solana_client::client_error::ClientError};

#[derive(Debug, thiserror::Error)]
pub enum SdkError {
    #[error(
        "{address} is not owned by the program it should belong to; check the cluster and the address"
    )]
    WrongOwner { address: Pubkey },
    #[error(
        "{address} is not an account of the expected type, or of another version of it; check the address, and use the client of the deployed programs' version"
    )]
    WrongAccountType { address: Pubkey },
    #[error("{address} does not exist on this cluster; create it first or check the URL")]
    NotFound { address: Pubkey },
    #[error("the margin check refused: {0}")]
    Margin(String),
    #[error("the quote would be refused: {0}")]
    Quote(String),
    #[error("{program} refused: {message}")]
    Refused {
        program: &'static str,
        /// The program's own error number.
        code: u32,
        message: String,
    },
    #[error("the cluster could not be reached or refused the transaction: {0}")]
    Rpc(#[source] Box<ClientError>),
}

impl From<ClientError> for SdkError {
    fn from(error: ClientError) -> Self {
        explain(&error.to_string()).unwrap_or_else(|| Self::Rpc(Box::new(error)))
    }
}

impl From<anchor_lang::error::Error> for SdkError {
    fn from(error: anchor_lang::error::Error) -> Self {
        Self::Margin(error.to_string())
    }
}

impl SdkError {
    /// The program's error number, when a program refused.
    #[must_use]
    pub const fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// Reads which program refused, and its sentence, out of log lines or an error text that holds them.
#[must_use]
pub fn explain(text: &str) -> Option<SdkError> {
    let code = between(text, "Error Number: ", ". ")?.parse().ok()?;
    let message = text.split("Error Message: ").nth(1)?.lines().next()?;
    let program = [
        ("risk-engine", risk_engine::ID),
        ("margin-pool", margin_pool::ID),
        ("liquidation", liquidation::ID),
    ]
    .into_iter()
    // The innermost program fails first.
    .filter_map(|(name, id)| Some((text.find(&format!("Program {id} failed"))?, name)))
    .min()
    .map_or("a program", |(_, name)| name);
    Some(SdkError::Refused {
        program,
        code,
        message: message.trim_end_matches(['.', '"', ' ']).to_owned(),
    })
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split(from).nth(1)?.split(to).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_program_and_says_what_to_do() {
        let logs = format!(
            "Program {p} invoke [1]\nProgram log: AnchorError thrown in programs/x.rs:5. Error Code: \
             BelowInitialMargin. Error Number: 6026. Error Message: Equity would be below initial \
             margin; deposit, trade smaller, or reduce risk instead.\nProgram {p} failed: custom \
             program error: 0x178a",
            p = margin_pool::ID
        );
        let error = explain(&logs).unwrap();
        assert_eq!(error.code(), Some(6026));
        assert_eq!(
            error.to_string(),
            "margin-pool refused: Equity would be below initial margin; deposit, trade smaller, or \
             reduce risk instead"
        );
        assert!(explain("connection refused").is_none());
    }
}
