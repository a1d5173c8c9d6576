//! What belongs to the authority, what may happen once, and the ranges that even the authority keeps.

use {
    anchor_lang::error::ErrorCode,
    cep_migrations::{
        parameters::{CollateralParameters, pyth},
        plan::announcement,
    },
    cep_risk::units::MAX_QUANTITY,
    cep_sdk::{
        address,
        instruction::{self, pool_governance},
        programs::{
            liquidation::{LiquidationArgs, error::LiquidationError},
            margin_pool::{PoolArgs, error::MarginPoolError, state::PoolChange},
            risk_engine::{
                AddUnderlyingArgs, RiskConfigArgs, error::RiskEngineError, state::Change,
            },
        },
        units::symbol,
    },
    cep_tests::{
        Outcome, Receipt, Refusal, SOL, Setup, World,
        bare::endow,
        candidate::Candidate,
        keypair, largest,
        token::write_mint,
        world::{admin, quote_mint},
    },
    solana_sdk::{
        instruction::Instruction,
        pubkey::Pubkey,
        signature::{Keypair, Signer},
    },
};

/// `AccountAlreadyInUse` of the system program: what creating an account twice comes to.
const ALREADY_IN_USE: u32 = 0;

fn mallory(world: &mut World) -> Keypair {
    let key = keypair("mallory");
    endow(&mut world.svm, key.pubkey());
    key
}

fn underlying(name: &str) -> AddUnderlyingArgs {
    AddUnderlyingArgs {
        symbol: symbol(name),
        column: symbol("BTC"),
        sources: vec![pyth([9; 32])],
        min_sources: 1,
        implied: Vec::new(),
        staked: None,
        initial_variance: 1 << 38,
        variance_floor: 1 << 38,
        daily_volume: 0,
        new_risk_age: 10,
    }
}

fn add(world: &mut World, by: &Keypair, args: AddUnderlyingArgs) -> Result<Receipt, Refusal> {
    let ix = instruction::risk::add_underlying(by.pubkey(), by.pubkey(), None, args);
    world.send(&[ix], &[by])
}

fn listing(book: Pubkey, limit: i64) -> PoolChange {
    PoolChange::Underlying {
        book,
        open_interest_limit: limit,
        series_limit: 0,
        account_limit: MAX_QUANTITY,
    }
}

fn list_sol(world: &mut World, limit: i64) -> Result<Receipt, Refusal> {
    let book = world.book_address(SOL);
    world.enact_in_pool(listing(book, limit))
}

fn collateral(mint: Pubkey, underlying: u8) -> PoolChange {
    let cap = 1;
    CollateralParameters {
        mint,
        underlying,
        cap,
        dust: 0,
    }
    .listing()
}

fn list_mint(world: &mut World, mint: Pubkey, underlying: u8) -> Result<Receipt, Refusal> {
    world.enact_in_pool(collateral(mint, underlying))
}

fn new_mint(world: &mut World, name: &str, decimals: u8) -> Pubkey {
    let mint = keypair(name).pubkey();
    write_mint(&mut world.svm, mint, decimals);
    mint
}

#[test]
fn the_risk_engine_obeys_its_authority_alone() {
    let setup = Setup::standard();
    let mut world = World::new();
    let mallory = mallory(&mut world);
    let (me, set) = (mallory.pubkey(), keypair("mallory's set"));
    let rent = world.svm.minimum_balance_for_rent_exemption(
        cep_sdk::programs::risk_engine::state::ScenarioSet::SPACE,
    );
    let args = announcement(&setup.set);
    let create = instruction::risk::create_scenario_set(me, me, set.pubkey(), rent, args).to_vec();
    let in_force = world.scenario_set;
    let write = instruction::risk::write_scenario_set(me, in_force, 0, vec![0]);
    let hash = setup.set.hash();
    let change = Change::ScenarioSet {
        set: in_force,
        hash,
    };
    let activate = instruction::governance::propose(me, world.config().proposals, change);

    add(&mut world, &mallory, underlying("DOGE")).refused(RiskEngineError::NotAuthority);
    world
        .send(&create, &[&mallory, &set])
        .refused(RiskEngineError::NotAuthority);
    // One that is not in force, for that is refused for another reason.
    let other = keypair("other set");
    world.upload(&Candidate::shipped(), &other);
    let close = instruction::risk::close_scenario_set(me, other.pubkey());
    for ix in [write, activate, close] {
        world
            .send(&[ix], &[&mallory])
            .refused(RiskEngineError::NotAuthority);
    }
}

#[test]
fn the_pool_obeys_its_authority_alone() {
    let mut world = World::new();
    let mallory = mallory(&mut world);
    add(&mut world, &admin(), underlying("DOGE")).accepted();
    let book = address::risk_book(&symbol("DOGE"));
    let me = mallory.pubkey();
    let mint = new_mint(&mut world, "doge mint", 8);
    let book_number = world.propose_to_pool(listing(book, 1));
    let mint_number = world.propose_to_pool(collateral(mint, 0));
    let key = Pubkey::default();
    let other = world.propose_to_pool(PoolChange::Guardian(key));
    let (valued, admin) = (world.book_address(0), admin().pubkey());

    for ix in [
        pool_governance::list_underlying(me, book_number, admin, book),
        pool_governance::list_collateral(me, mint_number, admin, mint, valued),
        pool_governance::execute_pool_change(me, other, admin, &PoolChange::Guardian(key)),
        pool_governance::propose_pool_change(me, other + 1, PoolChange::Authority(me)),
    ] {
        world
            .send(&[ix], &[&mallory])
            .refused(MarginPoolError::NotAuthority);
    }
}

#[test]
fn naming_the_authority_without_its_signature_is_not_enough() {
    let mut world = World::new();
    let mallory = mallory(&mut world);
    let args = underlying("DOGE");
    let mut ix = instruction::risk::add_underlying(admin().pubkey(), mallory.pubkey(), None, args);
    ix.accounts[4].is_signer = false;

    world
        .send(&[ix], &[&mallory])
        .refused(ErrorCode::AccountNotSigner);
}

#[test]
fn nothing_is_initialised_twice() {
    let mut world = World::new();
    let setup = Setup::standard();
    let me = admin().pubkey();
    let (next, of) = (world.pool().proposals, setup.parameters.underlyings.len());
    let steps = cep_migrations::plan::steps_from(&setup.parameters, me, next);
    for (at, step) in steps.iter().enumerate() {
        // Each listing is proposed anew, as the next proposal, and refused as a whole.
        let listings = (of + 2)..(steps.len() - 1);
        let first = next.saturating_sub(u64::try_from(at.saturating_sub(listings.start)).unwrap());
        let step = if listings.contains(&at) {
            cep_migrations::plan::steps_from(&setup.parameters, me, first).swap_remove(at)
        } else {
            step.clone()
        };
        world
            .run(&step, &[&admin()])
            .refused_with_code(ALREADY_IN_USE);
    }
    let alice = world.trader("alice", 0.0);
    world
        .create_account(&alice, 0)
        .refused_with_code(ALREADY_IN_USE);
}

fn initialise_engine(change: impl FnOnce(&mut RiskConfigArgs)) -> Result<Receipt, Refusal> {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    let mut args = RiskConfigArgs {
        authority: admin().pubkey(),
        guardian: setup.parameters.guardian,
        publishers: setup.parameters.publishers,
        params: setup.parameters.risk,
    };
    change(&mut args);
    let ix = instruction::risk::initialize_config(admin().pubkey(), args);
    world.send(&[ix], &[&admin()])
}

#[test]
fn risk_parameters_keep_their_ranges() {
    initialise_engine(|_| {}).accepted();
    let changes: [fn(&mut RiskConfigArgs); 45] = [
        |a| a.publishers[..2].fill(a.authority),
        |a| a.params.max_price_age = 0,
        |a| a.params.max_price_age = 3_601,
        |a| a.params.max_clock_skew = 59,
        |a| a.params.max_clock_skew = 301,
        |a| a.params.silence_delay = 29,
        |a| a.params.silence_delay = 3_601,
        |a| a.params.maintenance_interval = 50_001,
        |a| a.params.curve_grace = 0,
        |a| a.params.curve_timeout = a.params.curve_grace - 1,
        |a| a.params.curve_timeout = 3_601,
        |a| a.params.dead_price_age = a.params.max_price_age - 1,
        |a| a.params.dead_price_age = 3_601,
        |a| a.params.max_deviation = 99,
        |a| a.params.max_deviation = 200_001,
        |a| a.params.step_burst = 999,
        |a| a.params.step_burst = 1_000_001,
        |a| a.params.step_rate = 9,
        |a| a.params.step_rate = 1_000_001,
        |a| a.params.doubt = 99_999,
        |a| a.params.doubt = 1_000_001,
        |a| a.params.implied_weight = 1_500_001,
        |a| a.params.rise_per_hour = 999,
        |a| a.params.rise_per_hour = 80_001,
        |a| a.params.implied_max_age = 59,
        |a| a.params.implied_max_age = 604_801,
        |a| a.params.curve_max_age = 59,
        |a| a.params.curve_centre_band = 0,
        |a| a.params.curve_centre_band = 200_001,
        |a| a.params.curve_volatility_band = 0,
        |a| a.params.level_response = 3_000_001,
        |a| a.params.surface_max_age = 59,
        |a| a.params.surface_quorum = 0,
        |a| a.params.surface_quorum = 6,
        |a| a.params.surface_max_step = 99,
        |a| a.params.scenario_max_change = 9_999,
        |a| a.params.timelock = 2_592_001,
        |a| a.params.volatility_interval = 86_401,
        |a| a.params.volatility_tau = 31_536_001,
        |a| a.params.volatility_tau = 3_599,
        |a| a.params.volatility_interval = 0,
        |a| a.params.horizon_hours = 0,
        |a| a.params.horizon_hours = 241,
        |a| a.params.volatility_scale = 499_999,
        |a| a.params.volatility_scale = 3_000_001,
    ];
    for change in changes {
        initialise_engine(change).refused(RiskEngineError::ParameterOutOfRange);
    }
}

#[test]
fn an_underlying_has_a_proper_symbol_and_a_floor_of_volatility() {
    let mut world = World::new();
    for name in ["", "btc", "B C", "Ö"] {
        add(&mut world, &admin(), underlying(name)).refused(RiskEngineError::BadSymbol);
    }
    let mut args = underlying("DOGE");
    args.variance_floor = 0;
    add(&mut world, &admin(), args).refused(RiskEngineError::ParameterOutOfRange);
    let mut args = underlying("DOGE");
    args.initial_variance = u64::MAX;
    add(&mut world, &admin(), args).refused(RiskEngineError::ParameterOutOfRange);
}

#[test]
fn the_ninth_underlying_is_refused() {
    let mut world = World::new();
    for i in 3..8 {
        add(&mut world, &admin(), underlying(&format!("U{i}"))).accepted();
    }
    add(&mut world, &admin(), underlying("U8")).refused(RiskEngineError::TooManyUnderlyings);
}

/// An initialised risk engine and, from `args`, a pool.
fn initialise_pool(change: impl FnOnce(&mut PoolArgs)) -> (World, Result<Receipt, Refusal>) {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    for step in &cep_migrations::steps(&setup.parameters, admin().pubkey())[..4] {
        world.run(step, &[&admin()]).accepted();
    }
    let mut args = PoolArgs {
        authority: admin().pubkey(),
        guardian: setup.parameters.guardian,
        liquidation_authority: address::liquidation_authority(),
        quote_outflow: 0,
        params: setup.parameters.pool,
    };
    change(&mut args);
    let ix = instruction::pool::initialize_pool(admin().pubkey(), quote_mint(), args);
    let result = world.send(&[ix], &[&admin()]);
    (world, result)
}

#[test]
fn pool_parameters_keep_their_ranges() {
    let changes: [fn(&mut PoolArgs); 8] = [
        |a| a.params.stress_weight = 1_000_001,
        |a| a.params.retained = 1_000_001,
        |a| a.params.maintenance_factor = 299_999,
        |a| a.params.maintenance_factor = 1_000_001,
        |a| a.params.confidence_multiple = 10_000_001,
        |a| a.params.price_band = 999,
        |a| a.params.price_band = 200_001,
        |a| a.params.block_fee = 10_001,
    ];
    for change in changes {
        let (_, result) = initialise_pool(change);
        result.refused(MarginPoolError::ParameterOutOfRange);
    }
}

#[test]
fn the_quote_currency_has_six_decimals() {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    for step in &cep_migrations::steps(&setup.parameters, admin().pubkey())[..4] {
        world.run(step, &[&admin()]).accepted();
    }
    let args = PoolArgs {
        authority: admin().pubkey(),
        guardian: setup.parameters.guardian,
        liquidation_authority: address::liquidation_authority(),
        quote_outflow: 0,
        params: setup.parameters.pool,
    };
    let (sol, _) = setup.mints[0];
    let ix = instruction::pool::initialize_pool(admin().pubkey(), sol, args);

    world
        .send(&[ix], &[&admin()])
        .refused(ErrorCode::ConstraintMintDecimals);
}

#[test]
fn a_market_has_a_limit_in_range() {
    let (mut world, result) = initialise_pool(|_| {});
    result.accepted();
    for limit in [0, -1, MAX_QUANTITY + 1] {
        list_sol(&mut world, limit).refused(MarginPoolError::ParameterOutOfRange);
    }
    list_sol(&mut world, MAX_QUANTITY).accepted();
}

#[test]
fn a_book_that_is_not_the_engines_cannot_be_listed() {
    let (mut world, result) = initialise_pool(|_| {});
    result.accepted();
    let book = world.book_address(SOL);
    let mut forged = world.svm.get_account(&book).unwrap();
    forged.owner = keypair("mallory's program").pubkey();
    world.svm.set_account(book, forged).unwrap();

    list_sol(&mut world, 1).refused(ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn a_book_of_another_configuration_cannot_be_listed() {
    let (mut world, result) = initialise_pool(|_| {});
    result.accepted();
    let book = world.book_address(SOL);
    world.forge::<cep_sdk::programs::risk_engine::state::RiskBook>(&book, |b| {
        b.config = keypair("another config").pubkey();
    });

    list_sol(&mut world, 1).refused(MarginPoolError::RiskAccountsMismatch);
}

#[test]
fn collateral_has_six_to_twelve_decimals_and_a_listed_underlying() {
    let mut world = World::new();
    for (name, decimals) in [("five", 5), ("thirteen", 13)] {
        let mint = new_mint(&mut world, name, decimals);
        list_mint(&mut world, mint, 0).refused(MarginPoolError::ParameterOutOfRange);
    }
    for (name, decimals) in [("six", 6), ("twelve", 12)] {
        let mint = new_mint(&mut world, name, decimals);
        list_mint(&mut world, mint, 3).refused(MarginPoolError::UnknownUnderlying);
        list_mint(&mut world, mint, 2).accepted();
    }
}

#[test]
fn the_seventeenth_collateral_is_refused() {
    let mut world = World::bare(&largest::widened(3, 16));
    world.initialise();
    let mint = new_mint(&mut world, "seventeenth", 9);
    list_mint(&mut world, mint, 0).refused(MarginPoolError::CollateralListFull);
}

fn initialise_liquidation(
    world: &mut World,
    change: impl FnOnce(&mut LiquidationArgs),
) -> Result<Receipt, Refusal> {
    let authority = admin().pubkey();
    let mut args = LiquidationArgs {
        authority,
        params: world.parameters.auction,
        unstake_cooldown: world.parameters.unstake_cooldown,
        unstake_window: world.parameters.unstake_window,
    };
    change(&mut args);
    let ix: Instruction = instruction::liquidation::initialize(authority, args);
    world.send(&[ix], &[&admin()])
}

/// Start of the price and opening reward.
fn auction(start: u64, reward: u64) -> impl FnOnce(&mut LiquidationArgs) {
    move |args| (args.params.start, args.params.opening_reward) = (start, reward)
}

#[test]
fn auction_parameters_keep_their_ranges() {
    let (mut world, result) = initialise_pool(|_| {});
    result.accepted();
    for (start, reward) in [
        (499_999_999, 0),
        (1_000_000_001, 0),
        (950_000_000, 100_000_001),
    ] {
        initialise_liquidation(&mut world, auction(start, reward))
            .refused(LiquidationError::ParameterOutOfRange);
    }
    initialise_liquidation(&mut world, auction(950_000_000, 100_000_000)).accepted();
}

#[test]
fn the_times_of_a_stake_keep_their_ranges() {
    let (mut world, result) = initialise_pool(|_| {});
    result.accepted();
    let times = |cooldown, window| {
        move |args: &mut LiquidationArgs| {
            (args.unstake_cooldown, args.unstake_window) = (cooldown, window);
        }
    };
    for (cooldown, window) in [
        (86_399, 172_800),
        (2_592_001, 172_800),
        (604_800, 3_599),
        (604_800, 1_209_601),
    ] {
        initialise_liquidation(&mut world, times(cooldown, window))
            .refused(LiquidationError::ParameterOutOfRange);
    }
    for (cooldown, window) in [(86_400, 3_600), (2_592_000, 1_209_600)] {
        initialise_liquidation(&mut world.clone(), times(cooldown, window)).accepted();
    }
}

#[test]
fn a_pool_that_obeys_someone_else_is_not_served() {
    let (mut world, result) = initialise_pool(|a| {
        a.liquidation_authority = keypair("mallory").pubkey();
    });
    result.accepted();
    initialise_liquidation(&mut world, |_| {}).refused(LiquidationError::NotPoolLiquidator);
}
