//! The example vault: a third party's program that deposits, trades and withdraws by CPI. docs/basis-vault.md walks
//! through it.

use {
    super::staked::{refresh_staked, staked_world},
    anchor_lang::{InstructionData, ToAccountMetas},
    anchor_spl::token,
    basis_vault::{accounts, error::BasisVaultError, instruction},
    cep_sdk::{address, instruction::risk_pairs, programs::margin_pool::error::MarginPoolError},
    cep_tests::{
        Outcome, Receipt, Refusal, SOL, Trader, World,
        bare::bytecode,
        keypair,
        token::{balance, wallet},
        world::admin,
    },
    solana_sdk::{
        instruction::Instruction,
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

/// jitoSOL redeems for 1.2 SOL of 200 USD each: 240 USD.
const JITO: f64 = 240.0;

struct Vault {
    world: World,
    key: Pubkey,
    mint: Pubkey,
    shares: Pubkey,
    account: Pubkey,
    maker: Trader,
    holder: Keypair,
}

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: basis_vault::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

impl Vault {
    fn new() -> Self {
        let (mut world, _) = staked_world();
        world
            .svm
            .add_program(basis_vault::ID, &bytecode("basis_vault"))
            .unwrap();
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
        let maker = world.trader("maker", 1_000_000.0);
        let holder = world.trader("holder", 0.0).key;
        let mut vault = Self {
            account: address::margin_account(&key, 0),
            world,
            key,
            mint,
            shares,
            maker,
            holder,
        };
        let me = admin().pubkey();
        let accounts = accounts::Initialize {
            vault: key,
            staked_mint: mint,
            shares,
            pool: address::pool(),
            margin_account: vault.account,
            manager: me,
            margin_pool: cep_sdk::programs::margin_pool::ID,
            token_program: token::ID,
            system_program: Pubkey::default(),
        };
        let ix = build(&accounts, &instruction::Initialize {});
        vault.world.send(&[ix], &[&admin()]).accepted();
        vault
    }

    /// jitoSOL's pair, then SOL's.
    fn with_pairs(&self, mut ix: Instruction) -> Instruction {
        let books = [3, SOL].map(|u| self.world.book_address(u));
        ix.accounts.extend(risk_pairs(&books));
        ix
    }

    fn deposit(&mut self, tokens: f64, min_shares: u64) -> Result<Receipt, Refusal> {
        let amount = (tokens * 1e9) as u64;
        let owner = self.holder.pubkey();
        let accounts = accounts::Deposit {
            vault: self.key,
            staked_mint: self.mint,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            pool_vault: address::vault(&self.mint),
            source: self.world.mint_to(owner, self.mint, amount),
            destination: self.world.mint_to(owner, self.shares, 0),
            depositor: owner,
            margin_pool: cep_sdk::programs::margin_pool::ID,
            token_program: token::ID,
        };
        let ix = build(&accounts, &instruction::Deposit { amount, min_shares });
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[&self.holder])
    }

    /// Millionths of SOL; negative sells.
    fn hedge(&mut self, by: &Keypair, quantity: i64) -> Result<Receipt, Refusal> {
        let accounts = accounts::Hedge {
            vault: self.key,
            pool: address::pool(),
            margin_account: self.account,
            maker_account: self.maker.account,
            maker: self.maker.owner(),
            manager: by.pubkey(),
            margin_pool: cep_sdk::programs::margin_pool::ID,
        };
        let price = self.world.book(SOL).price;
        let ix = build(&accounts, &instruction::Hedge { quantity, price });
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[by, &self.maker.key])
    }

    fn redeem(&mut self, shares: u64, min_amount: u64) -> Result<Receipt, Refusal> {
        let owner = self.holder.pubkey();
        let accounts = accounts::Redeem {
            vault: self.key,
            staked_mint: self.mint,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            pool_vault: address::vault(&self.mint),
            source: wallet(&owner, &self.shares),
            destination: self.world.mint_to(owner, self.mint, 0),
            holder: owner,
            margin_pool: cep_sdk::programs::margin_pool::ID,
            token_program: token::ID,
        };
        let ix = build(&accounts, &instruction::Redeem { shares, min_amount });
        let ix = self.with_pairs(ix);
        self.world.send(&[ix], &[&self.holder])
    }

    /// USD a share.
    fn share_price(&mut self) -> f64 {
        let accounts = accounts::SharePrice {
            vault: self.key,
            shares: self.shares,
            pool: address::pool(),
            margin_account: self.account,
            margin_pool: cep_sdk::programs::margin_pool::ID,
        };
        let ix = build(&accounts, &instruction::SharePrice {});
        let ix = self.with_pairs(ix);
        let receipt = self.world.send(&[ix], &[&admin()]).accepted();
        f64::from(u32::try_from(receipt.returned::<u64>()).unwrap()) / 1e6
    }

    fn shares(&self) -> u64 {
        balance(
            &self.world.svm,
            &wallet(&self.holder.pubkey(), &self.shares),
        )
    }

    fn tokens(&self) -> u64 {
        balance(&self.world.svm, &wallet(&self.holder.pubkey(), &self.mint))
    }
}

#[test]
fn a_vault_deposits_hedges_reports_and_unwinds_by_cpi() {
    let mut v = Vault::new();
    // 100 jitoSOL of 240 USD: the first shares are a dollar each.
    v.deposit(100.0, 0).accepted();
    assert!(
        (23_999_000_000..=24_000_000_000).contains(&v.shares()),
        "{}",
        v.shares()
    );
    assert!((v.share_price() - 1.0).abs() < 1e-4);

    // Short 119 SOL against what redeems for 120.
    v.hedge(&admin(), -119_000_000).accepted();
    let priced = v.share_price();
    // 2 bp of 23,800 USD on 24,000.
    assert!((priced - (1.0 - 4.76 / 24_000.0)).abs() < 1e-5, "{priced}");

    // SOL falls by a fifth: the vault hardly notices.
    refresh_staked(&mut v.world, 160.0, 192.0, 1.2);
    let after = v.share_price();
    assert!((after - priced).abs() < 0.004, "{priced} {after}");

    // Another deposit takes nothing from those who were there.
    v.deposit(10.0, 1).accepted();
    assert!(v.share_price() >= after - 1e-6);

    // While the short needs it, not all leaves; bought back, everything does but what the profit is in cash.
    let all = v.shares();
    v.redeem(all, 0).refused(BasisVaultError::NotEnoughTokens);
    v.hedge(&admin(), 119_000_000).accepted();
    let part = all / 2;
    v.redeem(part, 0).accepted();
    assert_eq!(v.shares(), all - part);
    // Half of a vault worth 110 jitoSOL and 4,760 USD of profit, in jitoSOL of 192 USD.
    let got = v.tokens() as f64 / 1e9;
    assert!((got - (110.0 + 4_760.0 / 192.0) / 2.0).abs() < 0.1, "{got}");
    // Buying back cost 2 bp of 19,040 USD.
    assert!(v.share_price() >= after - 3e-4);
}

#[test]
fn the_vault_hedges_and_does_not_speculate_and_only_its_manager_trades() {
    let mut v = Vault::new();
    v.deposit(100.0, 0).accepted();
    v.hedge(&admin(), -121_000_000)
        .refused(BasisVaultError::BeyondHedge);
    v.hedge(&admin(), 1_000_000)
        .refused(BasisVaultError::BeyondHedge);
    let mallory = v.world.trader("mallory", 0.0);
    v.hedge(&mallory.key, -1_000_000)
        .refused(BasisVaultError::NotManager);
    v.hedge(&admin(), -120_000_000).accepted();
}

#[test]
fn depositors_and_holders_get_what_they_asked_for_or_nothing() {
    let mut v = Vault::new();
    v.deposit(1.0, 240_000_001)
        .refused(BasisVaultError::BelowMinimum);
    v.deposit(0.000_000_001, 0)
        .refused(BasisVaultError::TooSmall);
    v.deposit(1.0, 239_000_000).accepted();
    let all = v.shares();
    v.redeem(all, 1_000_000_001)
        .refused(BasisVaultError::BelowMinimum);
    v.redeem(0, 0).refused(BasisVaultError::TooSmall);
    v.redeem(all, 999_000_000).accepted();
}

#[test]
fn a_gap_of_the_staked_token_stops_deposits_and_not_redemptions() {
    let mut v = Vault::new();
    v.deposit(10.0, 0).accepted();
    refresh_staked(&mut v.world, 200.0, 230.0, 1.2);
    v.deposit(1.0, 0).refused(MarginPoolError::StakedTokenGap);
    let some = v.shares() / 4;
    v.redeem(some, 0).accepted();
}
