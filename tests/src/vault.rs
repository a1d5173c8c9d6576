//! The example vault, `programs/examples/basis-vault`, over jitoSOL.

use {
    crate::{
        Outcome, Receipt, Refusal, SOL, Trader, World,
        bare::{deploy, keypair},
        staked::{refresh_staked, staked_world},
        token::{balance, wallet},
        world::{admin, quote_mint},
    },
    anchor_lang::{InstructionData, ToAccountMetas, prelude::Pubkey},
    anchor_spl::token,
    basis_vault::{accounts, instruction},
    cep_sdk::{address, instruction::risk_pairs, programs::margin_pool},
    solana_sdk::{
        instruction::Instruction,
        signature::{Keypair, Signer},
    },
};

/// jitoSOL redeems for 1.2 SOL of 200 USD each: 240 USD.
pub const JITO: f64 = 240.0;
/// Index of jitoSOL in the pool.
pub const JITOSOL: u8 = 3;
/// How far from the index price the vault may hedge, ppm.
pub const PRICE_BOUND: u32 = 2_000;

pub struct Vault {
    pub world: World,
    pub key: Pubkey,
    pub mint: Pubkey,
    pub shares: Pubkey,
    /// Where deposits pass through.
    pub tokens: Pubkey,
    pub account: Pubkey,
    pub maker: Trader,
    pub manager: Keypair,
}

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: basis_vault::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

impl Vault {
    /// A deployment with the program on it, priced; no vault yet.
    #[must_use]
    pub fn bare() -> Self {
        let (mut world, _) = staked_world();
        deploy(&mut world.svm, basis_vault::ID, "basis_vault");
        for (underlying, price) in [(0, 120_000.0), (1, 4_300.0)] {
            world.set_price(underlying, price);
        }
        refresh_staked(&mut world, 200.0, JITO, 1.2);
        for underlying in world.underlyings() {
            world.refresh_scenarios(underlying).accepted();
        }
        let mint = keypair("jitosol mint").pubkey();
        let seeds: [&[u8]; 2] = [basis_vault::seeds::VAULT, mint.as_ref()];
        let (key, _) = Pubkey::find_program_address(&seeds, &basis_vault::ID);
        let seeds: [&[u8]; 2] = [basis_vault::seeds::SHARES, key.as_ref()];
        let (shares, _) = Pubkey::find_program_address(&seeds, &basis_vault::ID);
        let seeds: [&[u8]; 2] = [basis_vault::seeds::TOKENS, key.as_ref()];
        let (tokens, _) = Pubkey::find_program_address(&seeds, &basis_vault::ID);
        let maker = world.trader("maker", 1_000_000.0);
        let manager = world.trader("manager", 0.0).key;
        Self {
            account: address::margin_account(&key, 0),
            world,
            key,
            mint,
            shares,
            tokens,
            maker,
            manager,
        }
    }

    /// With a vault, created by who deployed the program.
    #[must_use]
    pub fn new() -> Self {
        let mut vault = Self::bare();
        vault.initialize(&admin(), PRICE_BOUND).accepted();
        vault
    }

    pub fn initialize(&mut self, by: &Keypair, price_bound: u32) -> Result<Receipt, Refusal> {
        let accounts = accounts::Initialize {
            vault: self.key,
            staked_mint: self.mint,
            shares: self.shares,
            tokens: self.tokens,
            pool: address::pool(),
            margin_account: self.account,
            program_data: address::program_data(&basis_vault::ID),
            deployer: by.pubkey(),
            margin_pool: margin_pool::ID,
            token_program: token::ID,
            system_program: Pubkey::default(),
        };
        let manager = self.manager.pubkey();
        let ix = build(
            &accounts,
            &instruction::Initialize {
                manager,
                price_bound,
            },
        );
        self.world.send(&[ix], &[by])
    }

    /// jitoSOL's pair, then SOL's.
    fn with_pairs(&self, mut ix: Instruction) -> Instruction {
        let books = [JITOSOL, SOL].map(|u| self.world.book_address(u));
        ix.accounts.extend(risk_pairs(&books));
        ix
    }

    /// A key with money for fees.
    pub fn person(&mut self, name: &str) -> Keypair {
        self.world.trader(name, 0.0).key
    }

    /// `amount` in the smallest unit, from nowhere.
    pub fn deposit(
        &mut self,
        who: &Keypair,
        amount: u64,
        min_shares: u64,
    ) -> Result<Receipt, Refusal> {
        let owner = who.pubkey();
        let accounts = accounts::Deposit {
            vault: self.key,
            staked_mint: self.mint,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            pool_vault: address::vault(&self.mint),
            tokens: self.tokens,
            source: self.world.mint_to(owner, self.mint, amount),
            destination: self.world.mint_to(owner, self.shares, 0),
            depositor: owner,
            margin_pool: margin_pool::ID,
            token_program: token::ID,
        };
        let ix = build(&accounts, &instruction::Deposit { amount, min_shares });
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[who])
    }

    /// Past the vault, straight into its margin account, from nowhere.
    pub fn give(&mut self, who: &Keypair, amount: u64) -> Result<Receipt, Refusal> {
        let source = self.world.mint_to(who.pubkey(), self.mint, amount);
        let ix = cep_sdk::instruction::pool::deposit_staked(
            self.account,
            self.mint,
            source,
            who.pubkey(),
            amount,
            self.world.book_address(JITOSOL),
        );
        self.world.send(&[ix], &[who])
    }

    /// Millionths of SOL, negative sells; micro-USD.
    pub fn hedge_at(
        &mut self,
        by: &Keypair,
        quantity: i64,
        price: u64,
    ) -> Result<Receipt, Refusal> {
        let accounts = accounts::Hedge {
            vault: self.key,
            pool: address::pool(),
            margin_account: self.account,
            maker_account: self.maker.account,
            maker: self.maker.owner(),
            manager: by.pubkey(),
            margin_pool: margin_pool::ID,
        };
        let ix = build(&accounts, &instruction::Hedge { quantity, price });
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[by, &self.maker.key])
    }

    /// The manager's, at the index price.
    pub fn hedge(&mut self, quantity: i64) -> Result<Receipt, Refusal> {
        let (price, manager) = (self.world.book(SOL).price, self.manager.insecure_clone());
        self.hedge_at(&manager, quantity, price)
    }

    pub fn redeem(
        &mut self,
        who: &Keypair,
        shares: u64,
        (min_tokens, min_cash): (u64, u64),
    ) -> Result<Receipt, Refusal> {
        let owner = who.pubkey();
        let accounts = accounts::Redeem {
            vault: self.key,
            staked_mint: self.mint,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            pool_vault: address::vault(&self.mint),
            source: wallet(&owner, &self.shares),
            destination: self.world.mint_to(owner, self.mint, 0),
            quote_mint: quote_mint(),
            quote_vault: address::vault(&quote_mint()),
            quote_destination: self.world.mint_to(owner, quote_mint(), 0),
            holder: owner,
            margin_pool: margin_pool::ID,
            token_program: token::ID,
        };
        let ix = build(
            &accounts,
            &instruction::Redeem {
                shares,
                min_tokens,
                min_cash,
            },
        );
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[who])
    }

    /// All shares of `who`.
    pub fn redeem_all(&mut self, who: &Keypair) -> Result<Receipt, Refusal> {
        let all = self.shares_of(who);
        self.redeem(who, all, (0, 0))
    }

    /// USD a share.
    pub fn share_price(&mut self) -> f64 {
        let accounts = accounts::SharePrice {
            vault: self.key,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            margin_pool: margin_pool::ID,
        };
        let ix = build(&accounts, &instruction::SharePrice {});
        let ix = self.with_pairs(ix);
        let receipt = self.world.send(&[ix], &[&admin()]).accepted();
        receipt.returned::<u64>() as f64 / 1e6
    }

    /// Smallest unit.
    #[must_use]
    pub fn shares_of(&self, who: &Keypair) -> u64 {
        balance(&self.world.svm, &wallet(&who.pubkey(), &self.shares))
    }

    /// jitoSOL in the wallet, smallest unit.
    #[must_use]
    pub fn tokens_of(&self, who: &Keypair) -> u64 {
        balance(&self.world.svm, &wallet(&who.pubkey(), &self.mint))
    }

    /// USD in the wallet, micro-USD.
    #[must_use]
    pub fn cash_of(&self, who: &Keypair) -> u64 {
        balance(&self.world.svm, &wallet(&who.pubkey(), &quote_mint()))
    }

    /// jitoSOL in the vault, smallest unit.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.world.account(&self.account).collaterals[1]
    }
}

impl Default for Vault {
    fn default() -> Self {
        Self::new()
    }
}
