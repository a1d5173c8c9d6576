//! Proposals, and what the guardian does at once.

use {
    crate::{
        outcome::{Outcome, Receipt, Refusal},
        world::{World, admin},
    },
    cep_sdk::{
        address,
        instruction::governance,
        programs::risk_engine::state::{Change, Proposal},
    },
    solana_sdk::{
        instruction::Instruction,
        signature::{Keypair, Signer},
    },
};

impl World {
    /// One instruction that `by` signs; the admin pays.
    pub fn govern(&mut self, ix: Instruction, by: &Keypair) -> Result<Receipt, Refusal> {
        let admin = admin();
        let signers = [&admin, by];
        let needed = if by.pubkey() == admin.pubkey() { 1 } else { 2 };
        self.send(&[ix], &signers[..needed])
    }

    /// The admin proposes; the proposal's number.
    pub fn propose(&mut self, change: Change) -> u64 {
        let number = self.config().proposals;
        let ix = governance::propose(admin().pubkey(), number, change);
        self.govern(ix, &admin()).accepted();
        number
    }

    #[must_use]
    pub fn proposal(&self, number: u64) -> Box<Proposal> {
        self.read(&address::proposal(number))
    }

    /// The admin executes what it proposed.
    pub fn execute(&mut self, number: u64, change: &Change) -> Result<Receipt, Refusal> {
        let admin = admin();
        let me = admin.pubkey();
        let ix = governance::execute_proposal(me, number, me, change);
        self.govern(ix, &admin)
    }

    /// Drops what the admin proposed.
    pub fn cancel(&mut self, number: u64, by: &Keypair) -> Result<Receipt, Refusal> {
        let ix = governance::cancel_proposal(by.pubkey(), number, admin().pubkey());
        self.govern(ix, by)
    }

    /// The admin proposes and executes in one transaction: only where the timelock is zero.
    pub fn enact(&mut self, change: Change) -> Result<Receipt, Refusal> {
        let (admin, number) = (admin(), self.config().proposals);
        let me = admin.pubkey();
        let execute = governance::execute_proposal(me, number, me, &change);
        let propose = governance::propose(me, number, change);
        self.send(&[propose, execute], &[&admin])
    }
}
