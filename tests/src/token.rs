//! Mints and wallets, written straight into the chain.

use {
    anchor_lang::{prelude::Pubkey, solana_program::program_pack::Pack},
    anchor_spl::token::spl_token::{
        self,
        state::{Account as TokenAccount, AccountState, Mint},
    },
    litesvm::LiteSVM,
    solana_sdk::account::Account,
};

fn write<T: Pack>(svm: &mut LiteSVM, address: Pubkey, state: &T, lamports: u64) {
    let mut data = vec![0; T::LEN];
    state.pack_into_slice(&mut data);
    let account = Account {
        lamports: svm.minimum_balance_for_rent_exemption(T::LEN) + lamports,
        data,
        owner: spl_token::ID,
        ..Account::default()
    };
    svm.set_account(address, account).unwrap();
}

/// A mint without authority.
pub fn write_mint(svm: &mut LiteSVM, address: Pubkey, decimals: u8) {
    let mint = Mint {
        supply: u64::MAX,
        decimals,
        is_initialized: true,
        ..Mint::default()
    };
    write(svm, address, &mint, 0);
}

/// A token account of `owner` with `amount` in it.
pub fn write_wallet(svm: &mut LiteSVM, address: Pubkey, mint: Pubkey, owner: Pubkey, amount: u64) {
    // Wrapped SOL is backed by the lamports of its account.
    let native = mint == spl_token::native_mint::ID;
    let rent = svm.minimum_balance_for_rent_exemption(TokenAccount::LEN);
    let wallet = TokenAccount {
        is_native: native.then_some(rent).into(),
        mint,
        owner,
        amount,
        state: AccountState::Initialized,
        ..TokenAccount::default()
    };
    let backing = if native { amount } else { 0 };
    write(svm, address, &wallet, backing);
}

/// What lies in a token account; zero when there is none.
#[must_use]
pub fn balance(svm: &LiteSVM, address: &Pubkey) -> u64 {
    svm.get_account(address).map_or(0, |a| {
        TokenAccount::unpack(&a.data[..TokenAccount::LEN])
            .unwrap()
            .amount
    })
}

/// Where `owner` keeps `mint`.
#[must_use]
pub fn wallet(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[owner.as_ref(), mint.as_ref()], &spl_token::ID).0
}
