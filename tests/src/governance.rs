//! Proposals, and what the guardian does at once.

use {
    crate::{
        outcome::{Outcome, Receipt, Refusal},
        token::wallet,
        world::{World, admin},
    },
    cep_sdk::{
        address,
        instruction::{governance, pool_governance},
        programs::{
            margin_pool::state::{PoolChange, PoolProposal},
            risk_engine::state::{Change, Proposal},
        },
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

    /// The admin proposes a change of the pool; the proposal's number.
    pub fn propose_to_pool(&mut self, change: PoolChange) -> u64 {
        let number = self.pool().proposals;
        let ix = pool_governance::propose_pool_change(admin().pubkey(), number, change);
        self.govern(ix, &admin()).accepted();
        number
    }

    #[must_use]
    pub fn pool_proposal(&self, number: u64) -> Box<PoolProposal> {
        self.read(&address::pool_proposal(number))
    }

    /// What executes `change`, as proposal `number` of the admin.
    #[must_use]
    pub fn pool_execution(&self, number: u64, change: &PoolChange) -> Instruction {
        let me = admin().pubkey();
        match *change {
            PoolChange::Underlying { book, .. } => {
                pool_governance::list_underlying(me, number, me, book)
            }
            PoolChange::Collateral {
                mint, underlying, ..
            } => {
                // One that is not there is refused; any book will do.
                let listed = underlying.min(self.underlyings().end - 1);
                let book = self.book_address(listed);
                pool_governance::list_collateral(me, number, me, mint, book)
            }
            PoolChange::Delist { mint } => {
                let gifts = wallet(&me, &mint);
                pool_governance::delist_collateral(me, number, me, mint, gifts)
            }
            _ => pool_governance::execute_pool_change(me, number, me, change),
        }
    }

    /// The admin executes what it proposed to the pool.
    pub fn execute_in_pool(
        &mut self,
        number: u64,
        change: &PoolChange,
    ) -> Result<Receipt, Refusal> {
        let ix = self.pool_execution(number, change);
        self.govern(ix, &admin())
    }

    /// The admin proposes and executes a change of the pool in one transaction: only where its timelock is zero.
    pub fn enact_in_pool(&mut self, change: PoolChange) -> Result<Receipt, Refusal> {
        let number = self.pool().proposals;
        let execute = self.pool_execution(number, &change);
        let propose = pool_governance::propose_pool_change(admin().pubkey(), number, change);
        self.send(&[propose, execute], &[&admin()])
    }
}
