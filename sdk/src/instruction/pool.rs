//! Instructions of the margin pool. `books` are the risk books of every underlying that the accounts
//! involved are exposed to, before or after.

use {
    super::{build, build_with_books},
    crate::address,
    anchor_lang::prelude::Pubkey,
    anchor_spl::token,
    margin_pool::{Leg, PoolArgs, accounts, instruction},
    solana_sdk::instruction::{AccountMeta, Instruction},
    solana_system_interface::program,
};

/// `deployer` holds the upgrade authority of the program, and pays.
#[must_use]
pub fn initialize_pool(deployer: Pubkey, quote_mint: Pubkey, args: PoolArgs) -> Instruction {
    let accounts = accounts::InitializePool {
        pool: address::pool(),
        risk_config: address::risk_config(),
        quote_mint,
        quote_vault: address::vault(&quote_mint),
        program_data: address::program_data(&margin_pool::ID),
        deployer,
        payer: deployer,
        token_program: token::ID,
        system_program: program::ID,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::InitializePool { args },
    )
}

#[must_use]
pub fn create_account(owner: Pubkey, payer: Pubkey, id: u16) -> Instruction {
    let accounts = accounts::CreateAccount {
        pool: address::pool(),
        margin_account: address::margin_account(&owner, id),
        owner,
        payer,
        system_program: program::ID,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::CreateAccount { id },
    )
}

/// `source` is a token account of `depositor`; `amount` in the token's smallest unit.
#[must_use]
pub fn deposit(
    margin_account: Pubkey,
    mint: Pubkey,
    source: Pubkey,
    depositor: Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = accounts::Deposit {
        pool: address::pool(),
        margin_account,
        mint,
        vault: address::vault(&mint),
        source,
        depositor,
        token_program: token::ID,
    };
    build(margin_pool::ID, &accounts, &instruction::Deposit { amount })
}

/// As [`deposit`], of a staked token, with the risk book that values it.
#[must_use]
pub fn deposit_staked(
    margin_account: Pubkey,
    mint: Pubkey,
    source: Pubkey,
    depositor: Pubkey,
    amount: u64,
    book: Pubkey,
) -> Instruction {
    let mut ix = deposit(margin_account, mint, source, depositor, amount);
    ix.accounts.push(AccountMeta::new_readonly(book, false));
    ix
}

#[must_use]
pub fn withdraw(
    margin_account: Pubkey,
    owner: Pubkey,
    mint: Pubkey,
    destination: Pubkey,
    amount: u64,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::Withdraw {
        pool: address::pool(),
        margin_account,
        mint,
        vault: address::vault(&mint),
        destination,
        authority: owner,
        token_program: token::ID,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::Withdraw { amount },
        books,
    )
}

/// A trade between two margin accounts, each given with who signs for it; a positive quantity means that `a` buys.
#[must_use]
pub fn trade_block(
    a: (Pubkey, Pubkey),
    b: (Pubkey, Pubkey),
    legs: Vec<Leg>,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::TradeBlock {
        pool: address::pool(),
        account_a: a.0,
        account_b: b.0,
        signer_a: a.1,
        signer_b: b.1,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::TradeBlock { legs },
        books,
    )
}

/// A fill of a registered venue; a positive quantity means that the taker buys.
#[must_use]
pub fn trade_venue(
    venue: Pubkey,
    fee_account: Pubkey,
    taker: Pubkey,
    maker: Pubkey,
    legs: Vec<Leg>,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::TradeVenue {
        pool: address::pool(),
        taker,
        maker,
        fee_account,
        venue,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::TradeVenue { legs },
        books,
    )
}

/// `destination` is a token account of the quote currency; `amount` in micro-USD.
#[must_use]
pub fn collect_fees(
    authority: Pubkey,
    quote_mint: Pubkey,
    destination: Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = accounts::CollectFees {
        pool: address::pool(),
        quote_mint,
        quote_vault: address::vault(&quote_mint),
        destination,
        authority,
        token_program: token::ID,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::CollectFees { amount },
    )
}

/// Settles the positions of some accounts that expired with `settlement` of `book`.
#[must_use]
pub fn settle_expired(book: &Pubkey, expiry: i64, margin_accounts: &[Pubkey]) -> Instruction {
    let accounts = accounts::SettleExpired {
        pool: address::pool(),
        market: address::market(book),
        settlement: address::settlement(book, expiry),
    };
    let mut ix = build(margin_pool::ID, &accounts, &instruction::SettleExpired {});
    let writable = |account: &Pubkey| AccountMeta::new(*account, false);
    ix.accounts.extend(margin_accounts.iter().map(writable));
    ix
}

/// Settles the positions of `margin_account` in the underlyings of `books`.
#[must_use]
pub fn settle_pnl(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::SettlePnl {
        pool: address::pool(),
        margin_account,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::SettlePnl {},
        books,
    )
}

/// Has the positions of `margin_account` in the underlyings of `books` take their part of what their sides were reduced by.
/// Its account may be in auction.
#[must_use]
pub fn apply_reductions(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::ApplyReductions {
        pool: address::pool(),
        margin_account,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::ApplyReductions {},
        books,
    )
}

/// Returns a `MarginReport`: see [`crate::health::report_from_return_data`].
#[must_use]
pub fn check_margin(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::CheckMargin {
        pool: address::pool(),
        margin_account,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::CheckMargin {},
        books,
    )
}

/// Ends a transaction with a hedged bid: the account that took the slice has its margin.
#[must_use]
pub fn confirm_margin(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::ConfirmMargin {
        pool: address::pool(),
        margin_account,
    };
    build_with_books(
        margin_pool::ID,
        &accounts,
        &instruction::ConfirmMargin {},
        books,
    )
}

/// The same instruction for a token of Token-2022, whose program then moves it.
#[must_use]
pub fn on_token_2022(mut ix: Instruction) -> Instruction {
    for account in &mut ix.accounts {
        if account.pubkey == token::ID {
            account.pubkey = anchor_spl::token_2022::ID;
        }
    }
    ix
}

/// Moves cash or collateral to another account of the same owner; `authority` is the owner or a delegate. `books` are those of all
/// that `from` is exposed to.
#[must_use]
pub fn transfer(
    from: Pubkey,
    to: Pubkey,
    authority: Pubkey,
    mint: Pubkey,
    amount: u64,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::Transfer {
        pool: address::pool(),
        from,
        to,
        authority,
    };
    let data = instruction::Transfer { mint, amount };
    build_with_books(margin_pool::ID, &accounts, &data, books)
}

/// Closes an empty account; its rent goes to `receiver`.
#[must_use]
pub fn close_account(margin_account: Pubkey, owner: Pubkey, receiver: Pubkey) -> Instruction {
    let accounts = accounts::CloseAccount {
        pool: address::pool(),
        margin_account,
        owner,
        receiver,
    };
    build(margin_pool::ID, &accounts, &instruction::CloseAccount {})
}

/// Lets `key` act for an account until `expires_at` (Unix seconds): bits of `margin_pool::state::permission`.
#[must_use]
pub fn set_delegate(
    margin_account: Pubkey,
    owner: Pubkey,
    key: Pubkey,
    permissions: u64,
    expires_at: i64,
) -> Instruction {
    let accounts = accounts::SetDelegate {
        margin_account,
        owner,
    };
    let data = instruction::SetDelegate {
        key,
        permissions,
        expires_at,
    };
    build(margin_pool::ID, &accounts, &data)
}

#[must_use]
pub fn revoke_delegate(margin_account: Pubkey, owner: Pubkey, key: Pubkey) -> Instruction {
    let accounts = accounts::RevokeDelegate {
        margin_account,
        owner,
    };
    build(
        margin_pool::ID,
        &accounts,
        &instruction::RevokeDelegate { key },
    )
}
