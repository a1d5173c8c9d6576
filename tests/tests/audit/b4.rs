//! The largest accounts in the worst state: reductions pending in every pot of every market, shared losses not yet charged
//! in all of them, dust in every collateral, both sides large. All that must still work with them does, within the limits of
//! a transaction; what does not fit is refused by name. Nothing runs out of memory.

use {
    cep_sdk::{
        instruction,
        programs::margin_pool::{Leg, LegArgs, state::MAX_REDUCTIONS, transfer_leg::Taking},
    },
    cep_tests::{
        Outcome, Receipt, Refusal, Trader, World,
        actions::{ALL, leg},
        largest::with_options,
    },
    solana_sdk::transaction::TransactionError,
};

/// Units that the largest may take, of 1,400,000.
const MOST: u64 = 1_350_000;
const DOLLAR: i64 = 1_000_000;

/// Options on so many underlyings, and so many positions.
const SHAPES: [(u8, u32); 3] = [(2, 62), (3, 48), (4, 40)];

struct Worst {
    world: World,
    alice: Trader,
    /// Has the other side of all that alice has.
    maker: Trader,
    keeper: Trader,
}

fn pending(world: &World) -> Vec<usize> {
    let pots = |u| {
        let market = world.market(u);
        market.reductions.iter().filter(|r| !r.is_free()).count()
    };
    world.underlyings().map(pots).collect()
}

/// An account that owes this many dollars more than it has, in auction until nobody takes it any more.
fn nobody_takes(world: &mut World, broke: &Trader, maker: &Trader, usd: i64) {
    let lost = world.health(broke).maintenance.equity;
    world.forge_cash(broke, maker, lost + usd * DOLLAR);
    world.open(broke, maker).accepted();
    world.wait(3_600);
}

impl Worst {
    fn new((books, positions): (u8, u32)) -> Self {
        let mut world = with_options(books);
        // What does not fit is in the table.
        world.may_exhaust = true;
        let alice = world.holder_of_everything("alice", 1_000_000.0);
        let maker = world.holder_of_everything("maker", 10_000_000.0);
        let keeper = world.holder_of_everything("keeper", 10_000_000.0);
        world.spread(&alice, &maker, 40_000.0);
        world.fill_with_options(&alice, &maker, (4_000.0, positions));
        // Two accounts that fail, one on either side, each against one that stays.
        let (x, broke) = (
            world.trader("x", 1_000_000.0),
            world.trader("broke", 100_000.0),
        );
        world.spread(&x, &broke, 10_000.0);
        world.fill_with_options(&x, &broke, (1_000.0, positions));
        let (y, poor) = (
            world.trader("y", 1_000_000.0),
            world.trader("poor", 100_000.0),
        );
        world.spread(&poor, &y, 10_000.0);
        // As many as fill the pots that the first has left.
        let each = match books {
            4 => 7,
            3 => 2,
            _ => 0,
        };
        world.fill_some(&poor, &y, (1_000.0, positions), each);
        // One whose loss is shared, since there is no fund: by profits, which have to be known first.
        let gone = world.trader("gone", 100_000.0);
        world.spread(&x, &gone, 1_000.0);
        for u in world.underlyings() {
            let price =
                world.prices[usize::from(u)] * if u.is_multiple_of(2) { 1.01 } else { 0.99 };
            world.set_price(u, price);
            for who in [&alice, &maker] {
                world.settle(who, u).accepted();
            }
        }
        let lost = world.health(&gone).maintenance.equity;
        world.forge_cash(&gone, &maker, lost + 1_000 * DOLLAR);
        world.open(&gone, &keeper).accepted();
        world.bid(&gone, &keeper, ALL, i64::MAX).accepted();
        nobody_takes(&mut world, &broke, &maker, 10_000);
        world.reduce_opposite(&broke, &maker).accepted();
        nobody_takes(&mut world, &poor, &maker, 1_000);
        world.reduce_opposite(&poor, &maker).accepted();
        Self {
            world,
            alice,
            maker,
            keeper,
        }
    }

    /// Curves and scenarios as a crank keeps them.
    fn current(&self) -> World {
        let mut world = self.world.clone();
        for u in world.underlyings() {
            if !world.book(u).instruments.is_empty() {
                world.crank_curves(u, 8);
            }
            world.refresh_scenarios(u).accepted();
        }
        world.republish();
        world
    }
}

/// What came of each call, in the order of calls.
#[derive(Default)]
struct Table {
    rows: Vec<(String, String)>,
    faults: Vec<String>,
}

impl Table {
    /// Must have passed, within the limit.
    fn passes(&mut self, what: &str, result: &Result<Receipt, Refusal>) {
        if let Err(refusal) = result {
            self.faults
                .push(format!("{what}: {} {:?}", refusal.name, refusal.error));
        }
        self.named(what, result);
    }

    /// In the table, whatever came of it.
    fn shown(&mut self, what: &str, result: &Result<Receipt, Refusal>) {
        let faults = self.faults.len();
        self.named(what, result);
        self.faults.truncate(faults);
    }

    /// Must have passed within the limit, or been refused by name.
    fn named(&mut self, what: &str, result: &Result<Receipt, Refusal>) {
        let text = match result {
            Ok(receipt) => {
                if receipt.compute_units > MOST {
                    self.faults
                        .push(format!("{what}: {} units", receipt.compute_units));
                }
                format!("{:>9}", receipt.compute_units)
            }
            Err(refusal) => {
                let ran_out = !matches!(
                    refusal.error,
                    TransactionError::InstructionError(
                        _,
                        solana_sdk::instruction::InstructionError::Custom(_)
                    )
                );
                let panicked = refusal.logs.iter().any(|line| line.contains("panicked"));
                if ran_out || panicked || refusal.name.is_empty() {
                    let last = refusal
                        .logs
                        .iter()
                        .rev()
                        .take(3)
                        .cloned()
                        .collect::<Vec<_>>();
                    self.faults
                        .push(format!("{what}: {:?} {last:?}", refusal.error));
                }
                format!("{} {:?}", refusal.name, refusal.error)
            }
        };
        println!("| {what:44} | {text} |");
        self.rows.push((what.to_owned(), text));
    }

    fn end(self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }
}

fn legs(world: &World, count: u8) -> Vec<Leg> {
    let one = |u: u8| {
        let price = world.prices[usize::from(u)];
        let sign = if u.is_multiple_of(2) { -1.0 } else { 1.0 };
        leg(u, sign * 100.0 / price, price)
    };
    (0..count).map(one).collect()
}

/// Both sides below initial margin by a dollar.
fn below_initial(world: &mut World, sides: [&Trader; 2]) {
    let sink = world.trader("sink", 1.0);
    for who in sides {
        let spare = world.health(who).initial.health();
        world.forge_cash(who, &sink, spare + DOLLAR);
    }
}

fn trades(table: &mut Table, shape: &str, world: &World, [a, b]: [&Trader; 2]) {
    for count in [1, 4, 8] {
        let legs = legs(world, count);
        let result = world.clone().trade(a, b, &legs);
        table.named(&format!("{shape} trade_block, legs: {count}"), &result);
    }
}

/// All that must work with the largest accounts, whatever their state: they are brought up to date, withdraw, are opened,
/// sold, closed, and what nobody takes is reduced.
#[test]
fn b4_the_largest_accounts_work_in_the_worst_state() {
    let mut table = Table::default();
    for shape in SHAPES {
        let worst = Worst::new(shape);
        let (alice, maker, keeper) = (&worst.alice, &worst.maker, &worst.keeper);
        let name = format!("{}/{}", shape.0, shape.1);
        let pots = pending(&worst.world);
        println!("{name}: {pots:?} reductions pending by market");
        assert!(
            pots.iter()
                .take(usize::from(shape.0))
                .all(|pots| *pots == MAX_REDUCTIONS)
        );

        let current = worst.current();
        let books = current.books_of(&[alice.account], &[]);
        let check = instruction::pool::check_margin(alice.account, &books);
        let result = current.clone().send(&[check], &[&alice.key]);
        table.passes(&format!("{name} check_margin"), &result);
        let result = current.clone().withdraw_usd(alice, DOLLAR);
        table.passes(&format!("{name} withdraw"), &result);
        let settle = instruction::pool::settle_pnl(alice.account, &books);
        let result = current.clone().send(&[settle], &[&alice.key]);
        table.named(&format!("{name} settle_pnl, all at once"), &result);
        for u in current.underlyings() {
            let result = current.clone().settle(alice, u);
            table.passes(&format!("{name} settle_pnl of {u}"), &result);
        }
        trades(
            &mut table,
            &format!("{name} healthy,"),
            &current,
            [alice, maker],
        );
        let mut below = current.clone();
        below_initial(&mut below, [alice, maker]);
        // Both as large and both below initial margin is the one thing that takes more than a transaction
        // has: docs/audit.md says so. Against a small one it fits.
        let result = below.clone().trade(alice, maker, &legs(&below, 1));
        table.shown(&format!("{name} below initial, both large"), &result);
        let small = below.trader("small", 1_000_000.0);
        let result = below.clone().trade(alice, &small, &legs(&below, 1));
        table.passes(&format!("{name} below initial, one large"), &result);

        liquidations(&mut table, &name, &worst.world, [alice, maker, keeper]);
    }
    table.end();
}

fn liquidations(
    table: &mut Table,
    name: &str,
    world: &World,
    [alice, maker, keeper]: [&Trader; 3],
) {
    let mut world = world.clone();
    let spare = world.health(alice).maintenance.health();
    world.forge_cash(alice, maker, spare + DOLLAR);
    let opened = world.open(alice, keeper);
    table.passes(&format!("{name} open_auction"), &opened);
    if opened.is_err() {
        return;
    }
    let result = world.clone().refresh_auction(alice, keeper);
    table.passes(&format!("{name} refresh_auction"), &result);
    for (bidder, size) in [(keeper, "one with collateral"), (maker, "one as large")] {
        for part in [ALL, ALL / 1_000] {
            let result = world.clone().bid(alice, bidder, part, i64::MAX);
            table.passes(&format!("{name} bid by {size}, {part} ppb"), &result);
        }
    }
    let slot = world
        .account(&alice.account)
        .positions
        .iter()
        .position(|p| p.strike != 0);
    let slot = slot.unwrap();
    let position = world.account(&alice.account).positions[slot];
    let price = (world.mark(position.underlying, position.slot) * 1e6) as i64;
    let base = position.base / 10;
    let take = LegArgs {
        taking: Taking::Position {
            slot: u8::try_from(slot).unwrap(),
            base,
        },
        payment: (i128::from(base) * i128::from(price) / 1_000_000) as i64,
    };
    for (bidder, size) in [(keeper, "one with collateral"), (maker, "one as large")] {
        let result = world.clone().take_leg(alice, bidder, take);
        // Three accounts are judged: between the largest it may not fit, and a bid does.
        table.shown(&format!("{name} take_leg by {size}"), &result);
    }
    let mut saved = world.clone();
    saved.deposit_usd(alice, 1_000_000.0);
    let result = saved.close(alice, keeper.owner(), keeper);
    table.passes(&format!("{name} close_auction"), &result);

    // Its pots are emptied while it is in auction; without that they stay full for as long as it likes.
    let mut drained = world.clone();
    let books = drained.books_of(&[alice.account], &[]);
    let before = drained.health(alice).maintenance.equity;
    let apply = instruction::pool::apply_reductions(alice.account, &books);
    let result = drained.send(&[apply], &[&keeper.key]);
    table.passes(&format!("{name} apply_reductions"), &result);
    let after = drained.health(alice).maintenance.equity;
    assert!((before - after).abs() <= 64, "{before} became {after}");

    let equity = world.health(alice).maintenance.equity;
    world.forge_cash(alice, maker, equity + 1_000 * DOLLAR);
    world.refresh_auction(alice, keeper).accepted();
    world.wait(7_200);
    let result = world.reduce_opposite(alice, keeper);
    table.named(&format!("{name} reduce_opposite, pots full"), &result);
    // Once those on the other side have taken what their pots hold, there is room.
    for who in ["x", "y", "maker", "keeper", "alice"] {
        let who = Trader::named(who, 0);
        let books = world.books_of(&[who.account], &[]);
        let apply = instruction::pool::apply_reductions(who.account, &books);
        world.send(&[apply], &[&keeper.key]).accepted();
    }
    println!(
        "{name}: {:?} reductions pending after all have taken theirs",
        pending(&world)
    );
    if result.is_err() {
        let result = world.reduce_opposite(alice, keeper);
        table.passes(&format!("{name} reduce_opposite"), &result);
    }
}

/// The audit's account: in an auction of its own it could not be settled, and others' pots stayed full.
#[test]
fn b4_a_holder_in_auction_takes_its_part_of_a_reduction() {
    let mut world = World::new();
    let x = world.trader("x", 5_000.0);
    let broke = world.trader("broke", 10_000.0);
    let keeper = world.trader("keeper", 1_000_000.0);
    world.trade_at_mark(&x, &broke, 2, 100.0).accepted();
    let spare = world.health(&x).maintenance.health();
    world.forge_cash(&x, &keeper, spare + 1);
    world.open(&x, &keeper).accepted();
    nobody_takes(&mut world, &broke, &keeper, 100);
    world.reduce_opposite(&broke, &keeper).accepted();
    assert_eq!(pending(&world), [0, 0, 1]);

    let (cash, equity) = (world.cash(&x), world.health(&x).maintenance.equity);
    let books = world.books_of(&[x.account], &[]);
    let apply = instruction::pool::apply_reductions(x.account, &books);
    world
        .send(std::slice::from_ref(&apply), &[&keeper.key])
        .accepted();

    assert_eq!(pending(&world), [0, 0, 0]);
    assert_eq!(world.base(&x, 2), 0);
    // What it was reduced for stands in the position: cash and claims are not mixed under the auction's eyes.
    assert_eq!(world.cash(&x), cash);
    assert_eq!(world.health(&x).maintenance.equity, equity);
    // Nothing is left to take.
    world.send(&[apply], &[&keeper.key]).accepted();
    assert_eq!(
        (world.cash(&x), world.health(&x).maintenance.equity),
        (cash, equity)
    );
}
