//! Instructions of the risk engine.

use {
    super::build,
    crate::address,
    anchor_lang::prelude::Pubkey,
    risk_engine::{
        AddUnderlyingArgs, RiskConfigArgs, ScenarioSetArgs, accounts, instruction,
        state::ScenarioSet,
    },
    solana_sdk::instruction::{AccountMeta, Instruction},
    solana_system_interface::{instruction::create_account, program},
};

/// `deployer` holds the upgrade authority of the program, and pays.
#[must_use]
pub fn initialize_config(deployer: Pubkey, args: RiskConfigArgs) -> Instruction {
    let accounts = accounts::InitializeConfig {
        config: address::risk_config(),
        program_data: address::program_data(&risk_engine::ID),
        deployer,
        payer: deployer,
        system_program: program::ID,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::InitializeConfig { args },
    )
}

#[must_use]
pub fn add_underlying(
    authority: Pubkey,
    payer: Pubkey,
    base_book: Option<Pubkey>,
    args: AddUnderlyingArgs,
) -> Instruction {
    let book = address::risk_book(&args.symbol);
    let accounts = accounts::AddUnderlying {
        config: address::risk_config(),
        book,
        surface: address::surface(&book),
        base_book,
        authority,
        payer,
        system_program: program::ID,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::AddUnderlying { args },
    )
}

/// Two instructions for one transaction: the system program creates the account at `scenario_set`
/// (which signs, with `rent` lamports from `payer`), the risk engine opens it for writing.
#[must_use]
pub fn create_scenario_set(
    authority: Pubkey,
    payer: Pubkey,
    scenario_set: Pubkey,
    rent: u64,
    args: ScenarioSetArgs,
) -> [Instruction; 2] {
    let space = u64::try_from(ScenarioSet::SPACE).unwrap_or(u64::MAX);
    let accounts = accounts::CreateScenarioSet {
        config: address::risk_config(),
        scenario_set,
        authority,
    };
    let data = instruction::CreateScenarioSet { args };
    [
        create_account(&payer, &scenario_set, rent, space, &risk_engine::ID),
        build(risk_engine::ID, &accounts, &data),
    ]
}

#[must_use]
pub fn write_scenario_set(
    authority: Pubkey,
    scenario_set: Pubkey,
    offset: u32,
    bytes: Vec<u8>,
) -> Instruction {
    let accounts = accounts::WriteScenarioSet {
        config: address::risk_config(),
        scenario_set,
        authority,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::WriteScenarioSet { offset, bytes },
    )
}

/// Columns that the first, second and third [`verify_scenario_set`] of a set may take on within 400,000 compute units each;
/// a set of up to seven columns needs two calls.
pub const VERIFICATION: [u8; 3] = [3, 4, 1];

/// Verifies a written set: its whole body first, then up to `columns` columns more, at last its distance from the set
/// `in_force`, which is `None` only while there is none.
#[must_use]
pub fn verify_scenario_set(
    scenario_set: Pubkey,
    in_force: Option<Pubkey>,
    columns: u8,
) -> Instruction {
    let accounts = accounts::VerifyScenarioSet {
        config: address::risk_config(),
        scenario_set,
        in_force,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::VerifyScenarioSet { columns },
    )
}

/// The [`verify_scenario_set`] calls, one transaction each, that a set of so many columns takes.
#[must_use]
pub fn verify_whole_scenario_set(
    scenario_set: Pubkey,
    in_force: Option<Pubkey>,
    columns: u8,
) -> Vec<Instruction> {
    let mut done = 0u8;
    let wanted = VERIFICATION.into_iter().take_while(|count| {
        let more = done < columns;
        done = done.saturating_add(*count);
        more
    });
    wanted
        .map(|count| verify_scenario_set(scenario_set, in_force, count))
        .collect()
}

/// Closes a set that is not in force; the authority gets its rent.
#[must_use]
pub fn close_scenario_set(authority: Pubkey, scenario_set: Pubkey) -> Instruction {
    let accounts = accounts::CloseScenarioSet {
        config: address::risk_config(),
        scenario_set,
        authority,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::CloseScenarioSet {},
    )
}

/// Folds what the oracle accounts say into `book`; those that cannot be used are passed over.
#[must_use]
pub fn refresh(book: Pubkey, oracles: &[Pubkey]) -> Instruction {
    let accounts = accounts::Refresh {
        config: address::risk_config(),
        book,
    };
    let ix = build(risk_engine::ID, &accounts, &instruction::Refresh {});
    with_readonly(ix, oracles)
}

/// The same for a staked token. `oracles` holds the stake pool (or the feed of its rate) too. [`refresh`] of the base book goes in
/// front, in the same transaction: the two are judged at one time.
#[must_use]
pub fn refresh_staked(book: Pubkey, base_book: Pubkey, oracles: &[Pubkey]) -> Instruction {
    let accounts = accounts::RefreshStaked {
        config: address::risk_config(),
        book,
        base_book,
    };
    let ix = build(risk_engine::ID, &accounts, &instruction::RefreshStaked {});
    with_readonly(ix, oracles)
}

/// Announces that the oracles of `book` are silent: from `RiskBook.silence_delay` seconds later on liquidation may use its last
/// price, unless somebody refreshed it.
#[must_use]
pub fn announce_silence(book: Pubkey) -> Instruction {
    let accounts = accounts::AnnounceSilence { book };
    build(risk_engine::ID, &accounts, &instruction::AnnounceSilence {})
}

/// Folds implied volatility feeds into `book`.
#[must_use]
pub fn refresh_volatility(book: Pubkey, feeds: &[Pubkey]) -> Instruction {
    let accounts = accounts::RefreshVolatility {
        config: address::risk_config(),
        book,
    };
    let ix = build(
        risk_engine::ID,
        &accounts,
        &instruction::RefreshVolatility {},
    );
    with_readonly(ix, feeds)
}

/// Adds up to 12 free instrument slots to `book`.
#[must_use]
pub fn extend_book(authority: Pubkey, payer: Pubkey, book: Pubkey, slots: u8) -> Instruction {
    let accounts = accounts::ExtendBook {
        config: address::risk_config(),
        book,
        authority,
        payer,
        system_program: program::ID,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::ExtendBook { slots },
    )
}

fn with_readonly(mut ix: Instruction, accounts: &[Pubkey]) -> Instruction {
    let metas = accounts
        .iter()
        .map(|key| AccountMeta::new_readonly(*key, false));
    ix.accounts.extend(metas);
    ix
}

/// Scales the columns of `book` to its current volatility. Needs about 420,000 compute units while maintenance lags
/// behind, half of it otherwise.
#[must_use]
pub fn refresh_scenarios(book: Pubkey, scenario_set: Pubkey) -> Instruction {
    let accounts = accounts::RefreshScenarios {
        config: address::risk_config(),
        book,
        scenario_set,
    };
    build(
        risk_engine::ID,
        &accounts,
        &instruction::RefreshScenarios {},
    )
}
