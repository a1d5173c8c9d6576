//! Stakes in the insurance fund, one call each.

use {
    crate::{
        actions::Trader,
        outcome::{Outcome, Receipt, Refusal},
        world::{World, quote_mint},
    },
    cep_sdk::{
        address,
        instruction::liquidation as instruction,
        programs::{
            liquidation::state::{InsuranceFund, InsuranceStake},
            margin_pool::state::Pool,
        },
        units::micro_usd,
    },
};

impl World {
    #[must_use]
    pub fn fund(&self) -> Box<InsuranceFund> {
        self.read(&address::insurance_fund())
    }

    #[must_use]
    pub fn stake_of(&self, trader: &Trader) -> Box<InsuranceStake> {
        self.read(&address::insurance_stake(&trader.owner()))
    }

    pub fn open_stake(&mut self, trader: &Trader) -> Result<Receipt, Refusal> {
        let ix = instruction::open_stake(trader.owner(), trader.owner());
        self.send(&[ix], &[&trader.key])
    }

    /// The rent goes to the owner.
    pub fn close_stake(&mut self, trader: &Trader) -> Result<Receipt, Refusal> {
        let ix = instruction::close_stake(trader.owner(), trader.owner());
        self.send(&[ix], &[&trader.key])
    }

    /// Stakes so many USD that the trader is given first; opens the stake when there is none.
    pub fn stake(&mut self, trader: &Trader, usd: f64) -> Result<Receipt, Refusal> {
        let stake = address::insurance_stake(&trader.owner());
        let there = self.svm.get_account(&stake);
        if there.is_none_or(|account| account.data.is_empty()) {
            self.open_stake(trader).accepted();
        }
        self.stake_micro(trader, u64::try_from(micro_usd(usd)).unwrap(), 0)
    }

    pub fn stake_micro(
        &mut self,
        trader: &Trader,
        amount: u64,
        min_shares: u64,
    ) -> Result<Receipt, Refusal> {
        let owner = trader.owner();
        let source = self.mint_to(owner, quote_mint(), amount);
        let ix = instruction::stake_insurance(owner, source, quote_mint(), amount, min_shares);
        self.send(&[ix], &[&trader.key])
    }

    pub fn request_unstake(&mut self, trader: &Trader, shares: u64) -> Result<Receipt, Refusal> {
        let ix = instruction::request_unstake(trader.owner(), shares);
        self.send(&[ix], &[&trader.key])
    }

    pub fn cancel_unstake(&mut self, trader: &Trader) -> Result<Receipt, Refusal> {
        let ix = instruction::cancel_unstake(trader.owner());
        self.send(&[ix], &[&trader.key])
    }

    /// To the trader's wallet.
    pub fn unstake(&mut self, trader: &Trader, min_amount: u64) -> Result<Receipt, Refusal> {
        let owner = trader.owner();
        let destination = self.mint_to(owner, quote_mint(), 0);
        let ix = instruction::unstake(owner, destination, quote_mint(), min_amount);
        self.send(&[ix], &[&trader.key])
    }

    /// The fund pays so many micro-USD to nobody in particular: the pool's fees get them. All books still balance.
    pub fn forge_fund_loss(&mut self, micro: u64) {
        self.forge::<InsuranceFund>(&address::insurance_fund(), |f| f.paid_out += micro);
        self.forge::<Pool>(&address::pool(), |p| {
            let amount = i64::try_from(micro).unwrap();
            (p.ledger.insurance, p.ledger.fees) =
                (p.ledger.insurance - amount, p.ledger.fees + amount);
        });
    }
}
