//! Every instruction once, in the deployment that the project ships.

use {
    crate::{Ledger, clearing, functions, instruments, insurance, quotes, shapes, waterfall},
    cep_migrations::steps,
    cep_sdk::{
        Pubkey,
        instruction::{self, pool_governance},
        programs::{margin_pool::state::PoolChange, risk_engine::state::Change},
    },
    cep_tests::{
        BTC, Outcome, Receipt, Setup, World,
        actions::ALL,
        bare::{PROGRAMS, bytecode},
        keypair,
        world::{admin, guardian, quote_mint},
    },
    solana_sdk::signature::Signer,
    std::collections::BTreeMap,
};

/// Everything.
pub fn all() -> Ledger {
    let mut ledger = Ledger::default();
    let instructions = &mut ledger.instructions;
    set_up(instructions);
    governance(instructions);
    upkeep(instructions);
    use_of_the_pool(instructions);
    liquidations(instructions);
    quotes::instructions(instructions);
    clearing::instructions(instructions);
    instruments::instructions(instructions);
    insurance::instructions(instructions);
    waterfall::instructions(instructions);
    shapes::all(&mut ledger.shapes);
    instruments::shapes(&mut ledger.shapes);
    quotes::shapes(&mut ledger.shapes);
    clearing::shapes(&mut ledger.shapes);
    waterfall::shapes(&mut ledger.shapes);
    functions::all(&mut ledger.functions);
    for (name, _) in PROGRAMS {
        let size = u64::try_from(bytecode(name).len()).unwrap();
        ledger.binaries.insert(name.into(), size);
    }
    ledger
}

/// Name of an instruction from its program's log line `Instruction: TradeBlock`.
pub(crate) fn record(into: &mut BTreeMap<String, u64>, receipt: &Receipt) {
    for call in calls(receipt) {
        let Some((name, _)) = PROGRAMS.iter().find(|(_, id)| *id == call.program) else {
            continue;
        };
        // The first use counts: later ones in this file are made to get somewhere.
        into.entry(format!("{name}::{}", call.instruction))
            .or_insert(call.compute_units);
    }
}

/// One program's run within a transaction, CPIs included.
pub struct Call {
    pub program: Pubkey,
    /// In snake case; empty when the program does not say.
    pub instruction: String,
    pub compute_units: u64,
}

/// All calls of a transaction, innermost first, read from its logs.
pub fn calls(receipt: &Receipt) -> Vec<Call> {
    let mut open: Vec<Call> = Vec::new();
    let mut done = Vec::new();
    for line in &receipt.logs {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["Program", program, "invoke", _] => open.push(Call {
                program: program.parse().unwrap(),
                instruction: String::new(),
                compute_units: 0,
            }),
            ["Program", "log:", "Instruction:", name] => {
                open.last_mut().unwrap().instruction = snake_case(name);
            }
            ["Program", _, "consumed", units, "of", _, "compute", "units"] => {
                open.last_mut().unwrap().compute_units = units.parse().unwrap();
            }
            ["Program", _, "success"] => done.push(open.pop().unwrap()),
            _ => {}
        }
    }
    done
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn set_up(into: &mut BTreeMap<String, u64>) {
    let setup = Setup::standard();
    let mut world = World::bare(&setup);
    for step in steps(&setup.parameters, admin().pubkey()) {
        record(into, &world.set_up(&step));
    }
    let key = keypair("scenario set");
    for (i, step) in world.scenario_steps(&setup.set, &key).iter().enumerate() {
        let signers = [&admin(), &key];
        let signers = if i == 0 { &signers[..] } else { &signers[..1] };
        record(into, &world.run(step, signers).accepted());
    }
    world.scenario_set = key.pubkey();
    for underlying in world.underlyings() {
        world.set_price(underlying, setup.prices[usize::from(underlying)]);
    }
    // The second price in an hour: a volatility sample is taken.
    world.advance(3_600);
    let price = world.post_price(BTC, 121_000.0, 20.0);
    record(into, &world.refresh(BTC, price).accepted());
    record(into, &world.refresh_scenarios(BTC).accepted());
}

/// What anyone may call, and a collateral that nobody holds.
fn upkeep(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 100_000.0),
        world.trader("bob", 100_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 0.1).accepted();
    let book = world.book_address(BTC);
    let apply = instruction::pool::apply_reductions(alice.account, &[book]);
    record(into, &world.send(&[apply], &[&admin()]).accepted());
    let mint = world.parameters.collaterals[0].mint;
    world.mint_to(admin().pubkey(), mint, 0);
    let delist = cep_sdk::programs::margin_pool::state::PoolChange::Delist { mint };
    record(into, &world.enact_in_pool(delist).accepted());
    world.advance(i64::try_from(world.book(BTC).dead_price_age).unwrap() + 1);
    let announce = instruction::risk::announce_silence(book);
    record(into, &world.send(&[announce], &[&admin()]).accepted());
}

fn governance(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (book, params) = (world.book_address(BTC), world.config().params);
    let floor = world.book(BTC).variance_floor * 2;
    let me = guardian().pubkey();
    for ix in [
        instruction::governance::pause_book(me, book),
        instruction::governance::raise_floor(me, book, floor),
        instruction::governance::tighten_params(me, params),
    ] {
        record(
            into,
            &world.send(&[ix], &[&admin(), &guardian()]).accepted(),
        );
    }
    let next = Change::Authority(me);
    let number = world.propose(next.clone());
    record(into, &world.cancel(number, &guardian()).accepted());
    world.enact(next).accepted();
    let ix = instruction::governance::accept_authority(me);
    record(
        into,
        &world.send(&[ix], &[&admin(), &guardian()]).accepted(),
    );
    let next = PoolChange::Authority(me);
    let number = world.propose_to_pool(next.clone());
    for ix in [
        pool_governance::halt_withdrawals(me, 1),
        pool_governance::tighten_pool(me, PoolChange::QuoteOutflow { limit: 1 }),
        pool_governance::cancel_pool_proposal(me, number, admin().pubkey()),
    ] {
        record(into, &world.govern(ix, &guardian()).accepted());
    }
    record(into, &world.enact_in_pool(next).accepted());
    let ix = pool_governance::accept_pool_authority(me);
    record(into, &world.govern(ix, &guardian()).accepted());
}

fn use_of_the_pool(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    let carol = cep_tests::Trader::named("alice", 1);
    record(into, &world.create_account(&carol, 1).accepted());
    record(into, &world.deposit(&alice, quote_mint(), 1).accepted());
    record(into, &world.withdraw_usd(&alice, 1).accepted());
    record(
        into,
        &world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted(),
    );
    world.set_price(BTC, 119_000.0);
    record(into, &world.settle(&alice, BTC).accepted());
}

fn liquidations(into: &mut BTreeMap<String, u64>) {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 20_000.0),
        world.trader("bob", 500_000.0),
    );
    let keeper = world.trader("keeper", 100_000.0);
    record(into, &world.insure(&bob, 1.0).accepted());
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    world.set_price(BTC, 106_000.0);
    record(into, &world.open(&alice, &keeper).accepted());
    record(into, &world.bid(&alice, &keeper, ALL, i64::MAX).accepted());
    let closed = world.close(&alice, keeper.owner(), &keeper).accepted();
    record(into, &closed);
}

/// Every instruction that a program declares is in the ledger.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_instruction_is_left_out() {
        let ledger = all();
        for (name, _) in PROGRAMS {
            let idl = format!("{}/../idl/{name}.json", env!("CARGO_MANIFEST_DIR"));
            let idl: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(idl).unwrap()).unwrap();
            for instruction in idl["instructions"].as_array().unwrap() {
                let key = format!("{name}::{}", instruction["name"].as_str().unwrap());
                assert!(ledger.instructions.contains_key(&key), "{key}");
            }
        }
        assert_eq!(ledger, all(), "two runs differ");
    }

    #[test]
    fn ids_are_the_programs_own() {
        use cep_sdk::programs::{liquidation, margin_pool, risk_engine};
        assert_eq!(
            PROGRAMS.map(|(_, id)| id),
            [risk_engine::ID, margin_pool::ID, liquidation::ID]
        );
    }
}
