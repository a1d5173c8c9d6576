//! Who may set a deployment up, which version of an account a program reads, what is listed and how it is taken off.

use {
    anchor_lang::{
        Discriminator, Owner, ZeroCopy,
        error::ErrorCode,
        prelude::{AccountInfo, AccountLoader, Pubkey},
    },
    cep_migrations::parameters::WRAPPED_SOL,
    cep_sdk::{
        account::decode_bytes,
        address, instruction,
        programs::{
            liquidation::{
                self, LiquidationArgs,
                error::LiquidationError,
                state::{Auction, InsuranceFund, InsuranceStake, LiquidationConfig},
            },
            margin_pool::{
                self,
                error::MarginPoolError,
                state::{Fill, MarginAccount, Market, Pool, PoolChange, PoolProposal},
            },
            risk_engine::{
                self,
                error::RiskEngineError,
                state::{
                    BookMut, BookRef, Proposal, RiskBook, RiskConfig, ScenarioSet, Settlement,
                    Surface,
                },
            },
        },
    },
    cep_tests::{
        BTC, Outcome, SOL, Setup, World, bare::set_upgrade_authority, keypair, token::balance,
        token::wallet, world::admin,
    },
    solana_sdk::{
        instruction::Instruction,
        message::Message,
        signature::{Keypair, Signer},
        transaction::Transaction,
    },
};

/// The three first instructions of a deployment, with `by` as who deploys and the authority of each.
fn firsts(world: &World, by: Pubkey) -> [Instruction; 3] {
    let p = &world.parameters;
    let risk = risk_engine::RiskConfigArgs {
        authority: by,
        guardian: p.guardian,
        publishers: p.publishers,
        params: p.risk,
    };
    let pool = margin_pool::PoolArgs {
        authority: by,
        guardian: p.guardian,
        liquidation_authority: address::liquidation_authority(),
        quote_outflow: p.quote_outflow,
        params: p.pool,
    };
    let auctions = LiquidationArgs {
        authority: by,
        params: p.auction,
        unstake_cooldown: p.unstake_cooldown,
        unstake_window: p.unstake_window,
    };
    [
        instruction::risk::initialize_config(by, risk),
        instruction::pool::initialize_pool(by, p.quote_mint, pool),
        instruction::liquidation::initialize(by, auctions),
    ]
}

/// Sends the first instructions as `by`, and each as often as it is refused before it is the admin's turn.
fn each_refuses(mut world: World, by: &Keypair) {
    let [risk, pool, auctions] = firsts(&world, by.pubkey());
    let [admins_risk, admins_pool, _] = firsts(&world, admin().pubkey());
    world
        .send(&[risk], &[by])
        .refused(RiskEngineError::NotUpgradeAuthority);
    set_upgrade_authority(&mut world.svm, &risk_engine::ID, Some(admin().pubkey()));
    world.send(&[admins_risk], &[&admin()]).accepted();
    world
        .send(&[pool], &[by])
        .refused(MarginPoolError::NotUpgradeAuthority);
    set_upgrade_authority(&mut world.svm, &margin_pool::ID, Some(admin().pubkey()));
    world.send(&[admins_pool], &[&admin()]).accepted();
    world
        .send(&[auctions], &[by])
        .refused(LiquidationError::NotUpgradeAuthority);
}

#[test]
fn a_stranger_who_comes_first_initialises_nothing() {
    let mut world = World::bare(&Setup::standard());
    let mallory = keypair("mallory");
    cep_tests::bare::endow(&mut world.svm, mallory.pubkey());
    each_refuses(world, &mallory);
}

#[test]
fn a_program_that_nobody_may_upgrade_is_not_initialised() {
    let mut world = World::bare(&Setup::standard());
    for program in [risk_engine::ID, margin_pool::ID, liquidation::ID] {
        set_upgrade_authority(&mut world.svm, &program, None);
    }
    each_refuses(world, &admin());
}

#[test]
fn the_upgrade_authority_of_another_program_is_none_of_this_one() {
    let mut world = World::bare(&Setup::standard());
    let mallory = keypair("mallory");
    cep_tests::bare::endow(&mut world.svm, mallory.pubkey());
    set_upgrade_authority(&mut world.svm, &margin_pool::ID, Some(mallory.pubkey()));
    let [mut risk, ..] = firsts(&world, mallory.pubkey());
    let own = address::program_data(&risk_engine::ID);
    for meta in &mut risk.accounts {
        if meta.pubkey == own {
            meta.pubkey = address::program_data(&margin_pool::ID);
        }
    }
    world
        .send(&[risk], &[&mallory])
        .refused(RiskEngineError::NotUpgradeAuthority);
}

/// An account's bytes in its own version and in the next, on the loader that every instruction uses and in the client.
fn refuses_another_version<T: ZeroCopy + Owner + Discriminator>(version: u8) -> [u8; 8] {
    let tag: [u8; 8] = T::DISCRIMINATOR.try_into().unwrap();
    assert_eq!(tag[7], version);
    let load = |tag: [u8; 8]| {
        let mut bytes = vec![0u8; 8 + size_of::<T>()];
        bytes[..8].copy_from_slice(&tag);
        assert_eq!(
            decode_bytes::<T>(&Pubkey::default(), &bytes).is_ok(),
            tag[7] == version
        );
        // The loader wants accounts that live as long as the instruction.
        let info: &'static AccountInfo<'static> = Box::leak(Box::new(AccountInfo::new(
            Box::leak(Box::new(Pubkey::new_unique())),
            false,
            true,
            Box::leak(Box::new(1)),
            Vec::leak(bytes),
            Box::leak(Box::new(T::owner())),
            false,
        )));
        AccountLoader::<T>::try_from(info).map(|_| info)
    };
    assert!(load(tag).is_ok());
    let mut other = tag;
    other[7] += 1;
    let mismatch = anchor_lang::error::Error::from(ErrorCode::AccountDiscriminatorMismatch);
    assert_eq!(load(other).err(), Some(mismatch));
    tag
}

#[test]
fn every_type_of_account_is_read_in_its_own_version_only() {
    let tags = [
        refuses_another_version::<RiskConfig>(RiskConfig::VERSION),
        refuses_another_version::<RiskBook>(RiskBook::VERSION),
        refuses_another_version::<Surface>(Surface::VERSION),
        refuses_another_version::<Proposal>(Proposal::VERSION),
        refuses_another_version::<ScenarioSet>(ScenarioSet::VERSION),
        refuses_another_version::<Settlement>(Settlement::VERSION),
        refuses_another_version::<Pool>(Pool::VERSION),
        refuses_another_version::<Market>(Market::VERSION),
        refuses_another_version::<MarginAccount>(MarginAccount::VERSION),
        refuses_another_version::<PoolProposal>(PoolProposal::VERSION),
        refuses_another_version::<Fill>(Fill::VERSION),
        refuses_another_version::<LiquidationConfig>(LiquidationConfig::VERSION),
        refuses_another_version::<InsuranceFund>(InsuranceFund::VERSION),
        refuses_another_version::<Auction>(Auction::VERSION),
        refuses_another_version::<InsuranceStake>(InsuranceStake::VERSION),
    ];
    let kinds: std::collections::BTreeSet<_> = tags.iter().map(|tag| &tag[..7]).collect();
    assert_eq!(kinds.len(), tags.len(), "each kind has letters of its own");
}

/// The next version of an account that is there.
fn raise_version(world: &mut World, address: &Pubkey) {
    let mut account = world.svm.get_account(address).unwrap();
    account.data[7] += 1;
    world.svm.set_account(*address, account).unwrap();
}

#[test]
fn the_programs_refuse_accounts_of_another_version() {
    let ready = World::new();
    let mismatch = ErrorCode::AccountDiscriminatorMismatch;
    let book = ready.book_address(BTC);
    // The book, which is read past Anchor's loader too.
    for address in [address::risk_config(), book] {
        let mut world = ready.clone();
        raise_version(&mut world, &address);
        let price = world.post_price(BTC, 120_000.0, 10.0);
        world.refresh(BTC, price).refused(mismatch);
    }
    let mut world = ready.clone();
    let set = world.scenario_set;
    raise_version(&mut world, &set);
    world.refresh_scenarios(BTC).refused(mismatch);

    let mut world = ready;
    let (alice, bob) = (world.trader("alice", 1e6), world.trader("bob", 1e6));
    let price = world.book(BTC).price;
    let trade = instruction::pool::trade_block(
        (alice.account, alice.owner()),
        (bob.account, bob.owner()),
        vec![margin_pool::Leg::perpetual(BTC, 1_000, price)],
        &[book],
    );
    assert_eq!(logs_of(world.clone(), &trade, [&alice.key, &bob.key]), None);
    for address in [
        address::pool(),
        alice.account,
        world.market_address(BTC),
        book,
    ] {
        let mut world = world.clone();
        raise_version(&mut world, &address);
        let logs = logs_of(world, &trade, [&alice.key, &bob.key]).unwrap();
        assert!(logs.contains("AccountDiscriminatorMismatch"), "{logs}");
    }
}

/// The logs of a refusal, without the checks that [`World::send`] makes of the accounts before.
fn logs_of(mut world: World, ix: &Instruction, signers: [&Keypair; 2]) -> Option<String> {
    let message = Message::new(std::slice::from_ref(ix), Some(&signers[0].pubkey()));
    let transaction = Transaction::new(&signers, message, world.svm.latest_blockhash());
    let failed = world.svm.send_transaction(transaction).err()?;
    Some(failed.meta.logs.join("\n"))
}

#[test]
fn a_book_of_another_version_is_not_borrowed() {
    for raise in [0, 1] {
        let mut bytes = vec![0u8; RiskBook::SPACE];
        bytes[..8].copy_from_slice(RiskBook::DISCRIMINATOR);
        bytes[7] += raise;
        let (key, mut lamports) = (Pubkey::new_unique(), 1);
        let info = AccountInfo::new(
            &key,
            false,
            true,
            &mut lamports,
            &mut bytes,
            &risk_engine::ID,
            false,
        );
        assert_eq!(BookRef::load(&info).is_ok(), raise == 0);
        assert_eq!(BookMut::load(&info).is_ok(), raise == 0);
    }
}

#[test]
fn collateral_whose_book_has_no_price_is_not_listed() {
    let mut world = World::new();
    let mint = keypair("another mint").pubkey();
    cep_tests::token::write_mint(&mut world.svm, mint, 9);
    let listing = cep_migrations::CollateralParameters {
        mint,
        underlying: SOL,
        cap: 1_000,
        dust: 0,
    }
    .listing();
    let book = world.book_address(SOL);
    let priced = world.svm.get_account(&book).unwrap();
    world.forge::<RiskBook>(&book, |b| b.price = 0);
    world
        .enact_in_pool(listing.clone())
        .refused(MarginPoolError::BookNotReady);
    world.svm.set_account(book, priced).unwrap();
    world.enact_in_pool(listing).accepted();
}

#[test]
fn a_collateral_that_no_account_holds_is_taken_off_the_list_and_its_slot_serves_again() {
    let mut world = World::new();
    let mint = WRAPPED_SOL;
    let delist = PoolChange::Delist { mint };
    let alice = world.trader("alice", 1_000.0);
    world.deposit_sol(&alice, 1.0);
    let gifts = wallet(&admin().pubkey(), &mint);
    world.mint_to(admin().pubkey(), mint, 0);
    world
        .enact_in_pool(delist.clone())
        .refused(MarginPoolError::CollateralHeld);
    world.withdraw(&alice, mint, 1_000_000_000).accepted();
    // A stranger's gift stops nothing.
    let vault = address::vault(&mint);
    let source = world.mint_to(alice.owner(), mint, 7);
    let gift = anchor_spl::token::spl_token::instruction::transfer(
        &anchor_spl::token::ID,
        &source,
        &vault,
        &alice.owner(),
        &[],
        7,
    )
    .unwrap();
    world.gifts.insert(vault, 7);
    world.send(&[gift], &[&alice.key]).accepted();

    world.enact_in_pool(delist.clone()).accepted();

    assert_eq!(balance(&world.svm, &gifts), 7);
    assert!(
        world
            .svm
            .get_account(&vault)
            .is_none_or(|a| a.lamports == 0)
    );
    assert!(world.pool().collaterals[0].is_free());
    world.gifts.remove(&vault);
    world
        .deposit(&alice, mint, 1)
        .refused(ErrorCode::AccountNotInitialized);
    world.trader("bob", 1.0);

    // The same token, or another one, in the same slot.
    let listing = world.parameters.collaterals[0].listing();
    world.enact_in_pool(listing).accepted();
    assert_eq!(world.pool().collateral_index(&mint).unwrap(), 0);
    assert_eq!(world.pool().collateral_count, 1);
    world.deposit_sol(&alice, 1.0);
}
