//! Token-2022: what an issuer could do to a vault is refused unless its listing allows it; a transfer fee is accounted for.

use {
    anchor_spl::{
        associated_token::spl_associated_token_account as ata,
        token_2022,
        token_interface::spl_token_2022::{
            extension::{
                BaseStateWithExtensionsMut, ExtensionType, StateWithExtensionsMut,
                non_transferable::NonTransferable, permanent_delegate::PermanentDelegate,
                transfer_fee::TransferFeeConfig, transfer_hook::TransferHook,
            },
            instruction::mint_to,
            state::Mint,
        },
    },
    cep_sdk::{
        Pubkey, address, instruction,
        programs::margin_pool::{
            error::MarginPoolError, state::PoolChange, token::extension as allow,
        },
    },
    cep_tests::{
        Outcome, Receipt, Refusal, SOL, Trader, World, keypair, token::balance, world::admin,
    },
    solana_sdk::{account::Account, signature::Signer},
};

/// What an issuer put into its mint.
#[derive(Clone, Copy, Default)]
struct Issue {
    freeze: bool,
    /// Basis points.
    fee: u16,
    delegate: bool,
    hook: bool,
    bound: bool,
}

fn mint_of(world: &mut World, issue: Issue) -> Pubkey {
    let address = keypair("token 2022").pubkey();
    let mut extensions = Vec::new();
    for (has, extension) in [
        (issue.fee > 0, ExtensionType::TransferFeeConfig),
        (issue.delegate, ExtensionType::PermanentDelegate),
        (issue.hook, ExtensionType::TransferHook),
        (issue.bound, ExtensionType::NonTransferable),
    ] {
        if has {
            extensions.push(extension);
        }
    }
    let length = ExtensionType::try_calculate_account_len::<Mint>(&extensions).unwrap();
    let mut data = vec![0; length];
    let mut state = StateWithExtensionsMut::<Mint>::unpack_uninitialized(&mut data).unwrap();
    if issue.fee > 0 {
        let config = state.init_extension::<TransferFeeConfig>(true).unwrap();
        for fee in [
            &mut config.older_transfer_fee,
            &mut config.newer_transfer_fee,
        ] {
            fee.transfer_fee_basis_points = issue.fee.into();
            fee.maximum_fee = u64::MAX.into();
        }
    }
    if issue.delegate {
        let delegate = state.init_extension::<PermanentDelegate>(true).unwrap();
        delegate.delegate = Some(admin().pubkey()).try_into().unwrap();
    }
    if issue.hook {
        state.init_extension::<TransferHook>(true).unwrap();
    }
    if issue.bound {
        state.init_extension::<NonTransferable>(true).unwrap();
    }
    state.base = Mint {
        mint_authority: Some(admin().pubkey()).into(),
        supply: 0,
        decimals: 9,
        is_initialized: true,
        freeze_authority: issue.freeze.then(|| admin().pubkey()).into(),
    };
    state.pack_base();
    state.init_account_type().unwrap();
    let account = Account {
        lamports: world.svm.minimum_balance_for_rent_exemption(length),
        data,
        owner: token_2022::ID,
        ..Account::default()
    };
    world.svm.set_account(address, account).unwrap();
    address
}

/// Valued as SOL.
fn list(world: &mut World, mint: Pubkey, extensions: u8) -> Result<Receipt, Refusal> {
    let change = PoolChange::Collateral {
        mint,
        underlying: SOL,
        cap: u64::MAX,
        account_cap: u64::MAX,
        weight: 1_000_000,
        ramp_seconds: 0,
        extensions,
        outflow_limit: 0,
        dust: 0,
    };
    let number = world.propose_to_pool(change.clone());
    let ix = instruction::pool::on_token_2022(world.pool_execution(number, &change));
    world.send(&[ix], &[&admin()])
}

/// The trader's wallet with so much in it.
fn fund(world: &mut World, who: &Trader, mint: Pubkey, amount: u64) -> Pubkey {
    let (owner, me) = (who.owner(), admin().pubkey());
    let wallet =
        ata::address::get_associated_token_address_with_program_id(&owner, &mint, &token_2022::ID);
    let create = ata::instruction::create_associated_token_account_idempotent(
        &me,
        &owner,
        &mint,
        &token_2022::ID,
    );
    let fill = mint_to(&token_2022::ID, &mint, &wallet, &me, &[], amount).unwrap();
    world.send(&[create, fill], &[&admin()]).accepted();
    wallet
}

fn deposit(
    world: &mut World,
    who: &Trader,
    mint: Pubkey,
    wallet: Pubkey,
    amount: u64,
) -> Result<Receipt, Refusal> {
    let ix = instruction::pool::deposit(who.account, mint, wallet, who.owner(), amount);
    world.send(&[instruction::pool::on_token_2022(ix)], &[&who.key])
}

fn withdraw(
    world: &mut World,
    who: &Trader,
    mint: Pubkey,
    wallet: Pubkey,
    amount: u64,
) -> Result<Receipt, Refusal> {
    let books = world.books_of(&[who.account], &[]);
    let ix = instruction::pool::withdraw(who.account, who.owner(), mint, wallet, amount, &books);
    world.send(&[instruction::pool::on_token_2022(ix)], &[&who.key])
}

#[test]
fn a_plain_token_of_the_new_program_is_collateral_like_any_other() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let mint = mint_of(&mut world, Issue::default());
    list(&mut world, mint, 0).accepted();
    let wallet = fund(&mut world, &alice, mint, 3_000_000_000);
    deposit(&mut world, &alice, mint, wallet, 2_000_000_000).accepted();
    assert_eq!(world.health(&alice).initial.equity, 440_000_000);
    withdraw(&mut world, &alice, mint, wallet, 2_000_000_000).accepted();
    assert_eq!(balance(&world.svm, &wallet), 3_000_000_000);
}

#[test]
fn powers_of_the_issuer_are_refused_unless_the_listing_allows_them_and_some_always() {
    let plain = Issue::default();
    for (issue, bit) in [
        (
            Issue {
                freeze: true,
                ..plain
            },
            allow::FREEZE_AUTHORITY,
        ),
        (Issue { fee: 10, ..plain }, allow::TRANSFER_FEE),
        (
            Issue {
                delegate: true,
                ..plain
            },
            allow::PERMANENT_DELEGATE,
        ),
    ] {
        let mut world = World::new();
        let mint = mint_of(&mut world, issue);
        list(&mut world, mint, allow::ALL - bit).refused(MarginPoolError::ExtensionNotAllowed);
        list(&mut world, mint, bit).accepted();
    }
    for issue in [
        Issue {
            hook: true,
            ..plain
        },
        Issue {
            bound: true,
            ..plain
        },
    ] {
        let mut world = World::new();
        let mint = mint_of(&mut world, issue);
        list(&mut world, mint, allow::ALL).refused(MarginPoolError::ExtensionRefused);
    }
    let mut world = World::new();
    let mint = mint_of(&mut world, plain);
    list(&mut world, mint, 128).refused(MarginPoolError::ParameterOutOfRange);
}

#[test]
fn a_transfer_fee_is_the_depositors_and_the_vault_holds_what_the_books_say() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    // 1 %.
    let mint = mint_of(
        &mut world,
        Issue {
            fee: 100,
            ..Issue::default()
        },
    );
    list(&mut world, mint, allow::TRANSFER_FEE).accepted();
    let wallet = fund(&mut world, &alice, mint, 1_000_000_007);
    deposit(&mut world, &alice, mint, wallet, 1_000_000_007).accepted();
    // The fee of 10,000,000.07 is rounded up by the token program.
    let held = 1_000_000_007 - 10_000_001;
    assert_eq!(world.account(&alice.account).collaterals[1], held);
    assert_eq!(balance(&world.svm, &address::vault(&mint)), held);
    withdraw(&mut world, &alice, mint, wallet, held).accepted();
    assert_eq!(world.account(&alice.account).collaterals[1], 0);
    assert_eq!(balance(&world.svm, &wallet), held - held.div_ceil(100));
}

#[test]
fn a_power_that_a_mint_gains_after_its_listing_stops_deposits_and_not_withdrawals() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let mint = mint_of(&mut world, Issue::default());
    list(&mut world, mint, 0).accepted();
    let wallet = fund(&mut world, &alice, mint, 2_000_000_000);
    deposit(&mut world, &alice, mint, wallet, 1_000_000_000).accepted();
    mint_of(
        &mut world,
        Issue {
            freeze: true,
            ..Issue::default()
        },
    );
    deposit(&mut world, &alice, mint, wallet, 1).refused(MarginPoolError::ExtensionNotAllowed);
    withdraw(&mut world, &alice, mint, wallet, 1_000_000_000).accepted();
}
