//! Instructions of the liquidation program. `books` are the risk books of every underlying that the
//! accounts involved are exposed to.

use {
    super::{build, build_with_books},
    crate::address,
    anchor_lang::prelude::Pubkey,
    anchor_spl::token,
    liquidation::{BidArgs, LiquidationArgs, accounts, instruction},
    margin_pool::LegArgs,
    solana_sdk::{instruction::Instruction, sysvar},
    solana_system_interface::program,
};

/// `deployer` holds the upgrade authority of the program, and pays.
#[must_use]
pub fn initialize(deployer: Pubkey, args: LiquidationArgs) -> Instruction {
    let accounts = accounts::Initialize {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        liquidation_authority: address::liquidation_authority(),
        program_data: address::program_data(&liquidation::ID),
        deployer,
        payer: deployer,
        system_program: program::ID,
    };
    build(
        liquidation::ID,
        &accounts,
        &instruction::Initialize { args },
    )
}

/// `source` is a token account of `depositor` in the quote currency.
#[must_use]
pub fn fund_insurance(
    depositor: Pubkey,
    source: Pubkey,
    quote_mint: Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = accounts::FundInsurance {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        quote_mint,
        quote_vault: address::vault(&quote_mint),
        source,
        depositor,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
        token_program: token::ID,
    };
    build(
        liquidation::ID,
        &accounts,
        &instruction::FundInsurance { amount },
    )
}

/// `opener` pays the auction's rent and gets it back at the close; `reward_account` is a margin account.
#[must_use]
pub fn open_auction(
    margin_account: Pubkey,
    opener: Pubkey,
    reward_account: Pubkey,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::OpenAuction {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        reward_account,
        opener,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
        system_program: program::ID,
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::OpenAuction {},
        books,
    )
}

/// `bidder` is the bidding margin account with its owner. A hedged bid is followed by its hedge and by
/// [`super::pool::confirm_margin`] in the same transaction.
#[must_use]
pub fn bid(
    margin_account: Pubkey,
    bidder: (Pubkey, Pubkey),
    args: BidArgs,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::Bid {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        bidder_account: bidder.0,
        bidder: bidder.1,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
        instructions: args.hedged.then_some(sysvar::instructions::ID),
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::Bid { args },
        books,
    )
}

/// `opened_by` is the one named in the auction.
#[must_use]
pub fn close_auction(margin_account: Pubkey, opened_by: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::CloseAuction {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        opened_by,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::CloseAuction {},
        books,
    )
}

/// `liquidator` is the margin account that takes the leg, with its owner.
#[must_use]
pub fn take_leg(
    margin_account: Pubkey,
    liquidator: (Pubkey, Pubkey),
    args: LegArgs,
    books: &[Pubkey],
) -> Instruction {
    let accounts = accounts::TakeLeg {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        liquidator_account: liquidator.0,
        liquidator: liquidator.1,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::TakeLeg { args },
        books,
    )
}

/// Brings an auction's clocks and pace to now.
#[must_use]
pub fn refresh_auction(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::RefreshAuction {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::RefreshAuction {},
        books,
    )
}

/// Closes what nobody took against the other side.
#[must_use]
pub fn reduce_opposite(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::ReduceOpposite {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
    };
    build_with_books(
        liquidation::ID,
        &accounts,
        &instruction::ReduceOpposite {},
        books,
    )
}

/// Covers what an account in auction owes that has nothing but claims, beyond those.
#[must_use]
pub fn write_off(margin_account: Pubkey, books: &[Pubkey]) -> Instruction {
    let accounts = accounts::WriteOff {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        pool: address::pool(),
        margin_account,
        auction: address::auction(&margin_account),
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
    };
    build_with_books(liquidation::ID, &accounts, &instruction::WriteOff {}, books)
}

/// `payer` pays the rent.
#[must_use]
pub fn open_stake(owner: Pubkey, payer: Pubkey) -> Instruction {
    let accounts = accounts::OpenStake {
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        owner,
        payer,
        system_program: program::ID,
    };
    build(liquidation::ID, &accounts, &instruction::OpenStake {})
}

/// `receiver` gets the rent.
#[must_use]
pub fn close_stake(owner: Pubkey, receiver: Pubkey) -> Instruction {
    let accounts = accounts::CloseStake {
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        owner,
        receiver,
    };
    build(liquidation::ID, &accounts, &instruction::CloseStake {})
}

/// `source` is a token account of `owner` in the quote currency.
#[must_use]
pub fn stake_insurance(
    owner: Pubkey,
    source: Pubkey,
    quote_mint: Pubkey,
    amount: u64,
    min_shares: u64,
) -> Instruction {
    let accounts = accounts::StakeInsurance {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        pool: address::pool(),
        quote_mint,
        quote_vault: address::vault(&quote_mint),
        source,
        owner,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
        token_program: token::ID,
    };
    let data = instruction::StakeInsurance { amount, min_shares };
    build(liquidation::ID, &accounts, &data)
}

#[must_use]
pub fn request_unstake(owner: Pubkey, shares: u64) -> Instruction {
    let accounts = accounts::RequestUnstake {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        owner,
    };
    let data = instruction::RequestUnstake { shares };
    build(liquidation::ID, &accounts, &data)
}

#[must_use]
pub fn cancel_unstake(owner: Pubkey) -> Instruction {
    let accounts = accounts::CancelUnstake {
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        owner,
    };
    build(liquidation::ID, &accounts, &instruction::CancelUnstake {})
}

/// `destination` is any token account in the quote currency.
#[must_use]
pub fn unstake(
    owner: Pubkey,
    destination: Pubkey,
    quote_mint: Pubkey,
    min_amount: u64,
) -> Instruction {
    let accounts = accounts::Unstake {
        config: address::liquidation_config(),
        fund: address::insurance_fund(),
        stake: address::insurance_stake(&owner),
        pool: address::pool(),
        quote_mint,
        quote_vault: address::vault(&quote_mint),
        destination,
        owner,
        liquidation_authority: address::liquidation_authority(),
        margin_pool: margin_pool::ID,
        token_program: token::ID,
    };
    let data = instruction::Unstake { min_amount };
    build(liquidation::ID, &accounts, &data)
}
