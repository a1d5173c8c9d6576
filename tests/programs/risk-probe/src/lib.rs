//! Test program: runs functions of the risk library on chain and answers with what they returned and
//! what they cost. Holds no money and is never deployed.
//!
//! [`run`] is the whole of it. The tests call it natively with the same bytes and compare bit for bit.
//! Inputs are drawn from a seed inside [`run`], so that a call needs few bytes; tables that do not fit
//! there (scenario columns, weights) come from an account, see [`Tables`].
// The host's compiler does not know `target_os = "solana"`, which both toolchains for the chain set.
#![allow(unexpected_cfgs)]

#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;

mod answer;
#[cfg(target_os = "solana")]
mod entry;
mod functions;
mod meter;
mod request;
mod tables;

pub use {
    answer::Answer,
    functions::Function,
    request::Request,
    tables::{Tables, Underlying},
};

/// Why a request was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The instruction data is no [`Request`].
    BadRequest,
    /// The account's data is no [`Tables`].
    BadTables,
}

/// Runs a request on the tables in an account's data.
///
/// # Errors
/// [`Refusal`]. What the library itself refuses is part of the answer.
pub fn run(request: &[u8], account: &[u8]) -> Result<Answer, Refusal> {
    let mut request = Request::read(request)?;
    let tables = bytemuck::try_from_bytes(account).map_err(|_| Refusal::BadTables)?;
    let mut answer = Answer::default();
    functions::call(&mut request, tables, &mut answer);
    Ok(answer)
}
