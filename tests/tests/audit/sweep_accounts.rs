//! Every instruction that reads accounts beyond its named ones, with those accounts twice, in another order, missing,
//! replaced and with others behind them. Whoever calls chooses the list, so the list may decide nothing: an odd form is
//! refused by name, or does exactly what the plain form does. The outcome of each is docs/account-sweep.md.

use {
    anchor_lang::{prelude::Pubkey, solana_program::instruction::AccountMeta},
    cep_sdk::{
        address,
        instruction::{liquidation, pool, risk},
        programs::{
            self,
            liquidation::BidArgs,
            margin_pool::{Leg, LegArgs, transfer_leg::Taking},
            risk_engine::state::InstrumentKind,
        },
        rfq,
    },
    cep_tests::{
        BTC, ETH, Outcome, Refusal, SOL, Trader, World,
        actions::{ALL, leg},
        keypair, options,
        oracle::Feed,
        staked::{refresh_staked, staked_world},
        world::{admin, quote_mint},
    },
    solana_sdk::{
        clock::Clock,
        instruction::Instruction,
        signature::{Keypair, Signer},
    },
    std::{collections::BTreeMap, fmt::Write, path::Path},
};

/// What the lists of an instruction consist of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// (Risk book, market) pairs of what the accounts hold: all of them are needed.
    Pairs,
    /// Pairs of which each asks for something to be done: fewer of them do less.
    PairsToDo,
    /// Single accounts that are needed.
    Needed,
    /// Single accounts of which each may bring something: fewer of them bring less.
    Offered,
}

impl Kind {
    const fn unit(self) -> usize {
        match self {
            Self::Pairs | Self::PairsToDo => 2,
            Self::Needed | Self::Offered => 1,
        }
    }

    const fn may_do_less(self) -> bool {
        matches!(self, Self::PairsToDo | Self::Offered)
    }
}

struct Case {
    program: &'static str,
    instruction: &'static str,
    world: World,
    /// The one that is swept comes last.
    instructions: Vec<Instruction>,
    signers: Vec<Keypair>,
    /// How many of its accounts are beyond the named ones, and what they are.
    beyond: usize,
    kind: Kind,
    /// One more unit of the list that this call has no use for.
    surplus: Vec<AccountMeta>,
}

/// A form of the list, and whether something of the plain form is not in it.
type Form = (&'static str, bool, Vec<AccountMeta>);

impl Case {
    fn plain(&self) -> Vec<AccountMeta> {
        let accounts = &self.instructions.last().unwrap().accounts;
        accounts[accounts.len() - self.beyond..].to_vec()
    }

    fn forms(&self) -> Vec<Form> {
        let (plain, unit) = (self.plain(), self.kind.unit());
        let units: Vec<&[AccountMeta]> = plain.chunks(unit).collect();
        let of = |key: Pubkey| vec![AccountMeta::new(key, false); unit];
        let behind = |more: &[AccountMeta]| [&plain[..], more].concat();
        let mut forms: Vec<Form> = vec![
            (
                "one more that is not needed, behind",
                false,
                behind(&self.surplus),
            ),
            (
                "one more that is not needed, in front",
                false,
                [&self.surplus[..], &plain].concat(),
            ),
            ("a stranger behind", false, behind(&of(admin().pubkey()))),
            (
                "an account that does not exist behind",
                false,
                behind(&of(nobody())),
            ),
            (
                "another program's account behind",
                false,
                behind(&of(quote_mint())),
            ),
            ("the pool behind", false, behind(&of(address::pool()))),
        ];
        if units.is_empty() {
            return forms;
        }
        let others = |replaced: Vec<AccountMeta>| [&replaced[..], &plain[unit..]].concat();
        let reversed: Vec<_> = units.iter().rev().flat_map(|u| u.to_vec()).collect();
        let each_twice: Vec<_> = units.iter().flat_map(|u| [*u, *u].concat()).collect();
        let last = plain[plain.len() - unit..].to_vec();
        forms.extend([
            ("the first twice, behind", false, behind(units[0])),
            (
                "the last twice, in front",
                false,
                [&last[..], &plain].concat(),
            ),
            ("each twice", false, each_twice),
            (
                "seven times the first",
                false,
                [[units[0]; 6].concat(), plain.clone()].concat(),
            ),
            ("in reverse order", false, reversed),
            ("the first left out", true, plain[unit..].to_vec()),
            (
                "the last left out",
                true,
                plain[..plain.len() - unit].to_vec(),
            ),
            ("none", true, Vec::new()),
            (
                "a stranger for the first",
                true,
                others(of(admin().pubkey())),
            ),
            (
                "an account that does not exist for the first",
                true,
                others(of(nobody())),
            ),
            (
                "another program's account for the first",
                true,
                others(of(quote_mint())),
            ),
            ("the pool for the first", true, others(of(address::pool()))),
            (
                "the unneeded one for the first",
                true,
                others(self.surplus.clone()),
            ),
        ]);
        if unit == 2 {
            let swapped = [plain[1].clone(), plain[0].clone()];
            let mut read_only = plain.clone();
            for account in &mut read_only {
                account.is_writable = false;
            }
            let book = AccountMeta::new(plain[0].pubkey, false);
            let strange = AccountMeta::new(self.surplus[1].pubkey, false);
            forms.extend([
                ("half a pair behind", false, behind(&plain[..1])),
                (
                    "the last market left out",
                    true,
                    plain[..plain.len() - 1].to_vec(),
                ),
                (
                    "book and market of the first swapped",
                    true,
                    others(swapped.to_vec()),
                ),
                (
                    "the first book with another market",
                    true,
                    others(vec![book.clone(), strange]),
                ),
                (
                    "the first book in place of its market",
                    true,
                    others(vec![book.clone(), book]),
                ),
                ("markets read-only", false, read_only),
            ]);
        }
        forms
    }

    /// The world's state after the call with such a list.
    fn run(&self, list: &[AccountMeta]) -> Result<Effect, Refusal> {
        let mut world = self.world.clone();
        // Refreshes in front would go by the list.
        world.refreshes_in_front = false;
        let mut instructions = self.instructions.clone();
        let swept = instructions.last_mut().unwrap();
        swept.accounts.truncate(swept.accounts.len() - self.beyond);
        swept.accounts.extend_from_slice(list);
        let signers: Vec<&Keypair> = self.signers.iter().collect();
        let receipt = world.send(&instructions, &signers)?;
        let mut returned = receipt
            .logs
            .into_iter()
            .filter(|l| l.starts_with("Program return: "));
        Ok(Effect {
            accounts: accounts(&world),
            returned: returned.next_back(),
        })
    }
}

/// All that an instruction can have done: the accounts of every program, tokens included, and what it returned.
#[derive(Clone, PartialEq, Eq)]
struct Effect {
    accounts: BTreeMap<Pubkey, (u64, Vec<u8>)>,
    returned: Option<String>,
}

fn accounts(world: &World) -> BTreeMap<Pubkey, (u64, Vec<u8>)> {
    let owners = [
        programs::risk_engine::ID,
        programs::margin_pool::ID,
        programs::liquidation::ID,
        anchor_spl::token::ID,
        anchor_spl::token_2022::ID,
    ];
    let all = owners
        .iter()
        .flat_map(|id| world.svm.get_program_accounts(id));
    all.map(|(key, account)| (key, (account.lamports, account.data)))
        .collect()
}

/// An address at which there is nothing.
fn nobody() -> Pubkey {
    keypair("nobody").pubkey()
}

fn pair(world: &World, underlying: u8) -> Vec<AccountMeta> {
    vec![
        AccountMeta::new_readonly(world.book_address(underlying), false),
        AccountMeta::new(world.market_address(underlying), false),
    ]
}

fn copy(trader: &Trader) -> Keypair {
    trader.key.insecure_clone()
}

/// Of a call that needs the pairs of BTC and ETH; SOL's is not needed.
fn with_pairs(
    (program, instruction): (&'static str, &'static str),
    world: World,
    call: Instruction,
    signers: Vec<Keypair>,
) -> Case {
    let surplus = pair(&world, SOL);
    Case {
        program,
        instruction,
        surplus,
        world,
        instructions: vec![call],
        signers,
        beyond: 4,
        kind: Kind::Pairs,
    }
}

fn books(world: &World) -> [Pubkey; 2] {
    [BTC, ETH].map(|u| world.book_address(u))
}

/// Alice long BTC and short ETH against bob, in profit and loss.
fn traded() -> (World, Trader, Trader) {
    let mut world = World::new();
    let [alice, bob] = ["alice", "bob"].map(|name| world.trader(name, 500_000.0));
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -2.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.advance(600);
    world.set_price(BTC, 121_000.0);
    world.set_price(ETH, 4_250.0);
    world.set_price(SOL, 220.0);
    (world, alice, bob)
}

/// Alice with BTC, ETH and SOL at `price` of BTC, her counterparty with the fund's money, and a keeper.
fn fallen(cash: f64, price: f64) -> (World, Trader, Trader) {
    let mut world = World::new();
    let alice = world.trader("alice", cash);
    let bob = world.trader("bob", 1_000_000.0);
    let keeper = world.trader("keeper", 300_000.0);
    world.insure(&bob, 100_000.0).accepted();
    let legs = [leg(BTC, 1.0, 120_000.0), leg(ETH, -1.0, 4_300.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.set_price(BTC, price);
    (world, alice, keeper)
}

fn in_auction() -> (World, Trader, Trader) {
    let (mut world, alice, keeper) = fallen(16_000.0, 109_000.0);
    world.open(&alice, &keeper).accepted();
    (world, alice, keeper)
}

fn risk_engine() -> Vec<Case> {
    let case = |instruction, world, call: Instruction, beyond, surplus| Case {
        program: "risk_engine",
        instruction,
        world,
        instructions: vec![call],
        signers: vec![admin()],
        beyond,
        kind: Kind::Offered,
        surplus: vec![AccountMeta::new_readonly(surplus, false)],
    };
    let mut cases = Vec::new();

    let mut world = World::new();
    world.advance(30);
    let oracle = world.post_price(BTC, 120_500.0, 60.0);
    let other = world.post_price(ETH, 4_310.0, 2.0);
    let call = risk::refresh(world.book_address(BTC), &[oracle]);
    cases.push(case("refresh", world, call, 1, other));

    let mut world = World::ready(&options::setup());
    world.advance(30);
    let clock = world.svm.get_sysvar::<Clock>();
    let feeds_of = [(7, 0.55), (30, 0.6), (90, 0.65)].map(|(days, volatility)| {
        let at = keypair(&format!("btc volatility {days}")).pubkey();
        Feed::new(volatility, 0.0, clock.unix_timestamp, clock.slot).write(&mut world.svm, at);
        at
    });
    let other = world.post_price(ETH, 4_310.0, 2.0);
    let call = risk::refresh_volatility(world.book_address(BTC), &feeds_of);
    cases.push(case("refresh_volatility", world, call, 3, other));

    let (mut world, market, stake_pool) = staked();
    let other = world.post_price(ETH, 4_310.0, 2.0);
    let (book, base) = (world.book_address(3), world.book_address(SOL));
    let call = risk::refresh_staked(book, base, &[market, stake_pool]);
    cases.push(case("refresh_staked", world, call, 2, other));
    cases
}

/// jitoSOL beside the standard deployment, its feed and its stake pool just written.
fn staked() -> (World, Pubkey, Pubkey) {
    let (mut world, _) = staked_world();
    for u in [BTC, ETH, SOL] {
        world.set_price(u, world.prices[usize::from(u)]);
        world.refresh_scenarios(u).accepted();
    }
    refresh_staked(&mut world, 220.0, 260.0, 1.2);
    world.refresh_scenarios(3).accepted();
    world.set_price(SOL, 221.0);
    let market = world.post_feed("jitosol", 263.0);
    (world, market, keypair("stake pool").pubkey())
}

fn custody() -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut world, _, _) = staked();
    let (book, base) = (world.book_address(3), world.book_address(SOL));
    let alice = world.trader("alice", 1_000.0);
    let mint = keypair("jitosol mint").pubkey();
    let source = world.mint_to(alice.owner(), mint, 10_000_000_000);
    let call = pool::deposit_staked(
        alice.account,
        mint,
        source,
        alice.owner(),
        1_000_000_000,
        book,
    );
    cases.push(Case {
        program: "margin_pool",
        instruction: "deposit",
        surplus: vec![AccountMeta::new_readonly(base, false)],
        world,
        instructions: vec![call],
        signers: vec![copy(&alice)],
        beyond: 1,
        kind: Kind::Needed,
    });

    let (mut world, alice, _) = traded();
    let destination = world.mint_to(alice.owner(), quote_mint(), 0);
    let to = (quote_mint(), destination, 1_000_000_000);
    let call = pool::withdraw(
        alice.account,
        alice.owner(),
        to.0,
        to.1,
        to.2,
        &books(&world),
    );
    cases.push(with_pairs(
        ("margin_pool", "withdraw"),
        world,
        call,
        vec![copy(&alice)],
    ));

    let (mut world, alice, _) = traded();
    let second = world.sibling("alice", 1);
    let (from, to, owner) = (alice.account, second.account, alice.owner());
    let call = pool::transfer(from, to, owner, quote_mint(), 1_000_000_000, &books(&world));
    cases.push(with_pairs(
        ("margin_pool", "transfer"),
        world,
        call,
        vec![copy(&alice)],
    ));
    cases
}

fn trades() -> Vec<Case> {
    let mut cases = Vec::new();
    let legs = vec![
        Leg::perpetual(BTC, 100_000, 121_000_000_000),
        Leg::perpetual(ETH, -100_000, 4_250_000_000),
    ];

    let (world, alice, bob) = traded();
    let call = pool::trade_block(alice.pair(), bob.pair(), legs.clone(), &books(&world));
    let signers = vec![copy(&alice), copy(&bob)];
    cases.push(with_pairs(
        ("margin_pool", "trade_block"),
        world,
        call,
        signers,
    ));

    let (mut world, alice, bob) = traded();
    let fees = world.trader("venue owner", 0.0);
    let venue = keypair("venue");
    world.open_venue(&venue, fees.account, &[&alice, &bob]);
    let accounts = (fees.account, alice.account, bob.account);
    let call = pool::trade_venue(
        venue.pubkey(),
        accounts.0,
        accounts.1,
        accounts.2,
        legs,
        &books(&world),
    );
    let signers = vec![admin(), venue];
    cases.push(with_pairs(
        ("margin_pool", "trade_venue"),
        world,
        call,
        signers,
    ));

    let (world, alice, bob) = traded();
    let offer = rfq::Offer {
        nonce: 7,
        taker: None,
        expires_at: world.now() + 3_600,
        lots: 10,
        min_lots: 0,
        legs: vec![leg(BTC, 0.1, 121_000.0)],
    };
    let (pool, maker) = (world.pool(), world.account(&alice.account));
    let quote = rfq::quote((address::pool(), &pool), (alice.account, &maker), offer);
    let signed = rfq::Signed::sign(quote, &alice.key);
    // Behind the compute budget.
    let calls = rfq::take(&signed, bob.pair(), 1, 1, &books(&world));
    let mut case = with_pairs(
        ("margin_pool", "trade_rfq"),
        world,
        calls[1].clone(),
        vec![copy(&bob)],
    );
    case.instructions = calls.to_vec();
    cases.push(case);
    cases
}

fn settlements() -> Vec<Case> {
    let mut cases = Vec::new();
    let (world, alice, _) = traded();
    let call = pool::settle_pnl(alice.account, &books(&world));
    let mut case = with_pairs(("margin_pool", "settle_pnl"), world, call, vec![admin()]);
    case.kind = Kind::PairsToDo;
    cases.push(case);

    let (world, alice, _) = traded();
    let call = pool::check_margin(alice.account, &books(&world));
    let name = ("margin_pool", "check_margin");
    cases.push(with_pairs(name, world, call, vec![admin()]));

    // It answers for a hedged bid before it.
    let (world, alice, keeper) = in_auction();
    let args = BidArgs {
        max_fraction: ALL / 5,
        max_payment: i64::MAX,
        hedged: true,
    };
    let books = books(&world);
    let bid = liquidation::bid(alice.account, keeper.pair(), args, &books);
    let call = pool::confirm_margin(keeper.account, &books);
    let name = ("margin_pool", "confirm_margin");
    let mut case = with_pairs(name, world, call.clone(), vec![copy(&keeper)]);
    case.instructions = vec![bid, call];
    cases.push(case);

    let mut world = options::world(2);
    let expiry = world.expiry_in(1);
    let (slot, _) = world.list(BTC, InstrumentKind::Future, expiry, 0.0);
    world.set_volatility(0.5);
    world.set_price(BTC, 120_000.0);
    world.refresh_scenarios(BTC).accepted();
    world.open_all(BTC);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| world.trader(name, 500_000.0));
    let legs = [world.dated_leg(BTC, slot, 1.0, 120_000.0)];
    world.trade(&alice, &bob, &legs).accepted();
    world.expire(BTC, expiry);
    let call = pool::settle_expired(
        &world.book_address(BTC),
        expiry,
        &[alice.account, bob.account],
    );
    cases.push(Case {
        program: "margin_pool",
        instruction: "settle_expired",
        surplus: vec![AccountMeta::new(carol.account, false)],
        world,
        instructions: vec![call],
        signers: vec![admin()],
        beyond: 2,
        kind: Kind::Offered,
    });
    cases
}

fn liquidations() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name, world: World, call, keeper: &Trader| {
        cases.push(with_pairs(
            ("liquidation", name),
            world,
            call,
            vec![copy(keeper)],
        ));
    };

    let (world, alice, keeper) = fallen(16_000.0, 109_000.0);
    let call = liquidation::open_auction(
        alice.account,
        keeper.owner(),
        keeper.account,
        &books(&world),
    );
    add("open_auction", world, call, &keeper);

    let (mut world, alice, keeper) = in_auction();
    world.advance(30);
    world.set_price(BTC, 109_000.0);
    world.set_price(ETH, 4_300.0);
    let call = liquidation::refresh_auction(alice.account, &books(&world));
    add("refresh_auction", world.clone(), call, &keeper);

    let args = BidArgs {
        max_fraction: ALL / 5,
        max_payment: i64::MAX,
        hedged: false,
    };
    let call = liquidation::bid(alice.account, keeper.pair(), args, &books(&world));
    add("bid", world.clone(), call, &keeper);

    let account = world.account(&alice.account);
    let slot = account
        .positions
        .iter()
        .position(|p| p.underlying == BTC && p.base > 0);
    let args = LegArgs {
        taking: Taking::Position {
            slot: u8::try_from(slot.unwrap()).unwrap(),
            base: 100_000,
        },
        // Two dollars below its worth.
        payment: 10_898_000_000,
    };
    let call = liquidation::take_leg(alice.account, keeper.pair(), args, &books(&world));
    add("take_leg", world, call, &keeper);

    let (mut world, alice, keeper) = fallen(16_000.0, 95_000.0);
    world.open(&alice, &keeper).accepted();
    for _ in 0..120 {
        world.advance(27);
        world.republish();
    }
    let call = liquidation::reduce_opposite(alice.account, &books(&world));
    add("reduce_opposite", world, call, &keeper);

    let (mut world, alice, keeper) = in_auction();
    world.set_price(BTC, 120_000.0);
    let call = liquidation::close_auction(alice.account, keeper.owner(), &books(&world));
    add("close_auction", world, call, &keeper);

    // An account that has nothing but a debt.
    let mut world = World::new();
    let [debtor, bob, keeper] = [
        ("debtor", 2_000.0),
        ("bob", 500_000.0),
        ("keeper", 100_000.0),
    ]
    .map(|(n, usd)| world.trader(n, usd));
    world.insure(&bob, 10_000.0).accepted();
    world.trade_at_mark(&bob, &keeper, BTC, 1.0).accepted();
    world.forge_cash(&debtor, &bob, 2_500_000_000);
    world.open(&debtor, &keeper).accepted();
    let call = liquidation::write_off(debtor.account, &[]);
    let surplus = pair(&world, SOL);
    cases.push(Case {
        program: "liquidation",
        instruction: "write_off",
        world,
        instructions: vec![call],
        signers: vec![copy(&keeper)],
        beyond: 0,
        kind: Kind::Pairs,
        surplus,
    });
    cases
}

/// Runs every form and says what became of it; panics where an odd form has an effect of its own.
fn sweep(case: &Case) -> BTreeMap<String, Vec<&'static str>> {
    let name = format!("{}::{}", case.program, case.instruction);
    let plain = case.run(&case.plain());
    let plain = plain.unwrap_or_else(|r| {
        panic!(
            "{name}, plain: {} {:?}\n{}",
            r.name,
            r.error,
            r.logs.join("\n")
        )
    });
    let unit = case.kind.unit();
    let list = case.plain();
    // What fewer of the list do, where that is allowed.
    let mut fewer = Vec::new();
    if case.kind.may_do_less() {
        let subsets = [&list[unit..], &list[..list.len() - unit], &[]];
        fewer.extend(subsets.into_iter().filter_map(|less| case.run(less).ok()));
    }
    let mut outcomes: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for (form, removes, list) in case.forms() {
        let outcome = match case.run(&list) {
            Ok(effect) if effect == plain => "same effect".to_owned(),
            Ok(effect) if removes && fewer.contains(&effect) => {
                "what the rest of the list does".to_owned()
            }
            Ok(_) => panic!("{name}, {form}: accepted with an effect of its own"),
            Err(refusal) => {
                assert!(
                    !refusal.name.is_empty(),
                    "{name}, {form}: {:?}\n{}",
                    refusal.error,
                    refusal.logs.join("\n")
                );
                format!("`{}`", refusal.name)
            }
        };
        outcomes.entry(outcome).or_default().push(form);
    }
    outcomes
}

#[test]
fn sweep_a_lists_of_accounts_decide_nothing() {
    let mut text = String::from(
        "# Accounts beyond the named ones\n\n\
        For auditors. Written by `tests/tests/audit/sweep_accounts.rs`, which fails when it is out of date;\n\
        `CEP_WRITE=1 cargo test -p cep-tests --test audit sweep_a` writes it.\n\n\
        Some instructions read accounts behind their named ones: pairs of risk book and market, oracle\n\
        accounts, margin accounts to settle. The caller chooses that list. Each form below was tried on the\n\
        programs as bytecode. An accepted form left every account of every program, tokens included, byte\n\
        for byte as the plain form leaves it, and returned the same; where a list offers things to do, an\n\
        incomplete one did what the rest of it does alone. No form ended in a panic.\n",
    );
    let groups = [risk_engine, custody, trades, settlements, liquidations];
    for case in groups.iter().flat_map(|group| group()) {
        write!(
            text,
            "\n## `{}::{}`\n\n| outcome | forms |\n|---|---|\n",
            case.program, case.instruction
        )
        .unwrap();
        for (outcome, forms) in sweep(&case) {
            writeln!(text, "| {outcome} | {} |", forms.join("; ")).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/account-sweep.md");
    if std::env::var_os("CEP_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/account-sweep.md is out of date:\n{text}"
    );
}
