//! What accounts may take in, give up, hand over and let others do: caps, weights, limits, transfers, delegates, closing.

use {
    cep_sdk::{
        address, instruction,
        programs::margin_pool::{
            error::MarginPoolError,
            events::{AccountClosed, DelegateSet, OutflowBreakerTripped, Transferred},
            state::{MAX_DELEGATES, Pool, permission},
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, Trader, World, keypair,
        world::{guardian, quote_mint},
    },
    solana_sdk::signature::{Keypair, Signer},
};

const USD: i64 = 1_000_000;
const DAY: i64 = 86_400;

fn sol(world: &World) -> cep_sdk::Pubkey {
    world.parameters.collaterals[0].mint
}

fn forge_pool(world: &mut World, change: impl FnOnce(&mut Pool)) {
    world.forge::<Pool>(&address::pool(), change);
}

// Caps and weights.

#[test]
fn one_account_holds_no_more_of_a_collateral_than_its_cap() {
    let mut world = World::new();
    let (alice, second) = (world.trader("alice", 0.0), world.sibling("alice", 1));
    forge_pool(&mut world, |p| p.collaterals[0].account_cap = 5_000_000_000);
    let sol = sol(&world);
    world.deposit(&alice, sol, 5_000_000_000).accepted();
    world
        .deposit(&alice, sol, 1)
        .refused(MarginPoolError::AccountCapReached);
    world.deposit(&second, sol, 3_000_000_000).accepted();
    // Nor by a transfer.
    transfer(&mut world, &second, &alice, sol, 1, None).refused(MarginPoolError::AccountCapReached);
}

#[test]
fn a_weight_ramps_in_by_the_second() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    world.deposit_sol(&alice, 10.0);
    let start = world.now();
    forge_pool(&mut world, |p| {
        p.collaterals[0].weight = 800_000;
        p.collaterals[0].ramp_start = start;
        p.collaterals[0].ramp_seconds = 1_000;
    });
    for (seconds, usd) in [
        (0, 0),
        (500, 880),
        (999, 1_758),
        (1_000, 1_760),
        (9_000, 1_760),
    ] {
        world.advance(start + seconds - world.now());
        let equity = world.health(&alice).initial.equity;
        let off = equity - usd * USD;
        assert!((0..USD).contains(&off), "{seconds}: {equity}");
    }
}

// Limits on what leaves.

#[test]
fn a_limit_lets_so_much_out_at_once_and_again_in_every_window() {
    let mut world = World::new();
    let alice = world.trader("alice", 10_000.0);
    // What she brought in may leave for a day; then it counts.
    world.advance(DAY);
    forge_pool(&mut world, |p| p.outflow.limit = 1_000_000_000);
    world
        .withdraw_usd(&alice, 1_000 * USD + 1)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&alice, 1_000 * USD).accepted();
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::OutflowLimit);
    // Half a day: half of it runs free.
    world.advance(DAY / 2);
    world
        .withdraw_usd(&alice, 501 * USD)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&alice, 499 * USD).accepted();
    // Other tokens have limits of their own, and trades have none.
    world.republish();
    let bob = world.trader("bob", 10_000.0);
    world.trade_at_mark(&alice, &bob, BTC, 0.01).accepted();
}

#[test]
fn what_an_account_brought_in_leaves_again_and_makes_room_for_nothing_else() {
    let mut world = World::new();
    let alice = world.trader("alice", 10_000.0);
    world.advance(DAY);
    world.republish();
    forge_pool(&mut world, |p| p.outflow.limit = 1_000_000_000);
    world.withdraw_usd(&alice, 1_000 * USD).accepted();
    // What comes back makes its own room.
    world.deposit_usd(&alice, 400.0);
    world
        .withdraw_usd(&alice, 400 * USD + 1)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&alice, 400 * USD).accepted();
    // A hundred limits at once leave again, and not a unit more.
    world.deposit_usd(&alice, 101_000.0);
    world
        .withdraw_usd(&alice, 101_000 * USD + 1)
        .refused(MarginPoolError::OutflowLimit);
    world.withdraw_usd(&alice, 101_000 * USD).accepted();
    // Nor does it make room for others.
    let bob = world.trader("bob", 0.0);
    world.forge_cash(&alice, &bob, USD);
    world.deposit_usd(&alice, 100_000.0);
    assert_eq!(world.pool().outflow.used, 0, "hers came back");
    world.withdraw_usd(&bob, USD).accepted();
    assert_eq!(world.pool().outflow.used, 1_000_000);
}

#[test]
fn a_breaker_stops_all_withdrawals_for_a_day_and_nobody_lifts_it() {
    let mut world = World::new();
    let alice = world.trader("alice", 10_000.0);
    world.deposit_sol(&alice, 100.0);
    world.advance(10 * DAY);
    world.republish();
    forge_pool(&mut world, |p| {
        p.outflow.limit = 1_000_000_000;
        p.collaterals[0].outflow.limit = 10_000_000_000;
        p.params.outflow_breaker = 1_500_000;
        p.params.halt_seconds = 86_400;
    });
    let sol = sol(&world);
    world.withdraw_usd(&alice, 1_000 * USD).accepted();
    // 1.6 limits in all: this one still leaves.
    let event = world
        .withdraw(&alice, sol, 6_000_000_000)
        .accepted()
        .event::<OutflowBreakerTripped>();
    assert_eq!((event.used, event.until), (1_600_000, world.now() + DAY));
    for _ in 0..2 {
        world
            .withdraw(&alice, sol, 1)
            .refused(MarginPoolError::WithdrawalsHalted);
        world.advance(DAY / 2 - 1);
        world.republish();
    }
    world.deposit_usd(&alice, 1.0);
    world.advance(10);
    world.republish();
    world.withdraw(&alice, sol, 1).accepted();
}

#[test]
fn a_guardians_halt_stops_withdrawals_and_nothing_else() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 10_000.0),
        world.trader("bob", 10_000.0),
    );
    let ix = instruction::pool_governance::halt_withdrawals(guardian().pubkey(), 3_600);
    let payer = cep_tests::world::admin();
    world.send(&[ix], &[&payer, &guardian()]).accepted();
    world
        .withdraw_usd(&alice, 1)
        .refused(MarginPoolError::WithdrawalsHalted);
    world.trade_at_mark(&alice, &bob, BTC, 0.01).accepted();
    world.deposit_usd(&alice, 1.0);
    world.advance(3_600);
    world.republish();
    world.withdraw_usd(&alice, 1).accepted();
}

// Transfers between accounts of one owner.

fn transfer(
    world: &mut World,
    from: &Trader,
    to: &Trader,
    mint: cep_sdk::Pubkey,
    amount: u64,
    by: Option<&Keypair>,
) -> Result<Receipt, Refusal> {
    let by = by.unwrap_or(&from.key);
    let books = world.books_of(&[from.account], &[]);
    let ix =
        instruction::pool::transfer(from.account, to.account, by.pubkey(), mint, amount, &books);
    let payer = cep_tests::world::admin();
    world.send(&[ix], &[&payer, by])
}

#[test]
fn cash_and_collateral_move_between_accounts_of_one_owner_within_margin() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 500_000.0),
    );
    let second = world.sibling("alice", 1);
    world.deposit_sol(&alice, 10.0);
    world.trade_at_mark(&alice, &bob, BTC, 1.0).accepted();
    let (sol, usd) = (sol(&world), quote_mint());
    let event = transfer(&mut world, &alice, &second, sol, 10_000_000_000, None)
        .accepted()
        .event::<Transferred>();
    assert_eq!((event.amount, event.by), (10_000_000_000, alice.owner()));
    let spare = u64::try_from(world.health(&alice).initial.health()).unwrap();
    transfer(&mut world, &alice, &second, usd, spare + 1, None)
        .refused(MarginPoolError::BelowInitialMargin);
    transfer(&mut world, &alice, &second, usd, spare, None).accepted();
    assert_eq!(world.health(&alice).initial.health(), 0);
    assert_eq!(world.cash(&second), i64::try_from(spare).unwrap());
    // The limit on what leaves the pool does not apply: nothing left it.
    forge_pool(&mut world, |p| p.outflow.limit = 1);
    transfer(&mut world, &second, &alice, usd, spare, None).accepted();
}

#[test]
fn a_transfer_is_of_ones_own_settled_money_to_oneself() {
    let mut world = World::new();
    let (alice, bob) = (world.trader("alice", 100.0), world.trader("bob", 100.0));
    let second = world.sibling("alice", 1);
    let (sol, usd) = (sol(&world), quote_mint());
    for (from, to, mint, amount, error) in [
        (&alice, &bob, usd, 1, MarginPoolError::AnotherOwner),
        (&alice, &alice, usd, 1, MarginPoolError::SameAccount),
        (&alice, &second, usd, 0, MarginPoolError::AmountZero),
        (
            &alice,
            &second,
            usd,
            100_000_001,
            MarginPoolError::InsufficientCash,
        ),
        (
            &alice,
            &second,
            sol,
            1,
            MarginPoolError::InsufficientCollateral,
        ),
        (
            &alice,
            &second,
            bob.owner(),
            1,
            MarginPoolError::CollateralNotListed,
        ),
    ] {
        transfer(&mut world, from, to, mint, amount, None).refused(error);
    }
    transfer(&mut world, &alice, &second, usd, 1, Some(&bob.key))
        .refused(MarginPoolError::NotAccountOwner);
}

// Delegates.

#[test]
fn a_delegate_does_what_it_is_named_for_until_it_expires_or_is_revoked() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 10_000.0),
        world.trader("bob", 10_000.0),
    );
    let second = world.sibling("alice", 1);
    let bot = world.trader("bot", 0.0).key;
    let usd = quote_mint();
    let event = world
        .delegate(&alice, &bot, permission::TRADE, 600)
        .accepted()
        .event::<DelegateSet>();
    assert_eq!(
        (event.key, event.permissions),
        (bot.pubkey(), permission::TRADE)
    );
    let as_bot = Trader {
        account: alice.account,
        key: bot.insecure_clone(),
    };
    world.trade_at_mark(&as_bot, &bob, BTC, 0.01).accepted();
    transfer(&mut world, &alice, &second, usd, 1, Some(&bot))
        .refused(MarginPoolError::NotAccountOwner);
    // Named anew: the new permissions take the place of the old.
    world
        .delegate(&alice, &bot, permission::TRANSFER, 600)
        .accepted();
    world
        .trade_at_mark(&as_bot, &bob, BTC, 0.01)
        .refused(MarginPoolError::NotAccountOwner);
    transfer(&mut world, &alice, &second, usd, 1, Some(&bot)).accepted();
    world.advance(600);
    world.republish();
    transfer(&mut world, &alice, &second, usd, 1, Some(&bot))
        .refused(MarginPoolError::NotAccountOwner);
    world
        .delegate(&alice, &bot, permission::ALL, 600)
        .accepted();
    let ix = instruction::pool::revoke_delegate(alice.account, alice.owner(), bot.pubkey());
    world.send(&[ix], &[&alice.key]).accepted();
    world
        .trade_at_mark(&as_bot, &bob, BTC, 0.01)
        .refused(MarginPoolError::NotAccountOwner);
}

#[test]
fn a_delegate_withdraws_to_the_owner_alone() {
    let mut world = World::new();
    let alice = world.trader("alice", 100.0);
    let bot = world.trader("bot", 0.0).key;
    world
        .delegate(&alice, &bot, permission::WITHDRAW, 600)
        .accepted();
    let mut withdraw = |to| {
        let (account, mint) = (alice.account, quote_mint());
        let destination = world.mint_to(to, mint, 0);
        let ix = instruction::pool::withdraw(account, bot.pubkey(), mint, destination, 1, &[]);
        world.send(&[ix], &[&bot])
    };
    withdraw(bot.pubkey()).refused(MarginPoolError::DestinationNotOwners);
    withdraw(alice.owner()).accepted();
}

#[test]
fn delegates_have_a_key_a_permission_and_a_future_and_there_are_four() {
    let mut world = World::new();
    let alice = world.trader("alice", 0.0);
    let key = |n: usize| keypair(&format!("delegate {n}"));
    for (permissions, seconds) in [(0, 600), (permission::ALL + 1, 600), (permission::TRADE, 0)] {
        world
            .delegate(&alice, &key(0), permissions, seconds)
            .refused(MarginPoolError::BadDelegate);
    }
    for n in 0..MAX_DELEGATES {
        world
            .delegate(&alice, &key(n), permission::TRADE, 600)
            .accepted();
    }
    world
        .delegate(&alice, &key(9), permission::TRADE, 600)
        .refused(MarginPoolError::DelegateSlotsFull);
    // One that expired makes room, and a stranger names nobody.
    world.advance(600);
    world
        .delegate(&alice, &key(9), permission::TRADE, 600)
        .accepted();
    let mallory = world.trader("mallory", 0.0);
    let stranger = Trader {
        account: alice.account,
        key: mallory.key,
    };
    world
        .delegate(&stranger, &key(8), permission::ALL, 600)
        .refused(MarginPoolError::NotAccountOwner);
}

// Closing.

fn close(world: &mut World, who: &Trader) -> Result<Receipt, Refusal> {
    let ix = instruction::pool::close_account(who.account, who.owner(), who.owner());
    world.send(&[ix], &[&who.key])
}

#[test]
fn an_empty_account_is_closed_with_its_rent_and_nothing_is_left() {
    let mut world = World::new();
    let alice = world.trader("alice", 10.0);
    let serial = world.account(&alice.account).serial;
    let open = world.pool().open_accounts;
    close(&mut world, &alice).refused(MarginPoolError::AccountNotEmpty);
    world.withdraw_usd(&alice, 10 * USD).accepted();
    let lamports =
        |world: &World, at: cep_sdk::Pubkey| world.svm.get_account(&at).map_or(0, |a| a.lamports);
    let (rent, before) = (
        lamports(&world, alice.account),
        lamports(&world, alice.owner()),
    );
    let event = close(&mut world, &alice)
        .accepted()
        .event::<AccountClosed>();
    assert_eq!(event.serial, serial);
    assert_eq!(lamports(&world, alice.account), 0);
    assert_eq!(lamports(&world, alice.owner()), before + rent - 5_000);
    assert_eq!(world.pool().open_accounts, open - 1);
    // Another one may be opened there, and nothing signed for the first binds it.
    world.create_account(&alice, 0).accepted();
    assert_ne!(world.account(&alice.account).serial, serial);
}

#[test]
fn an_account_with_a_position_or_collateral_stays() {
    let mut world = World::new();
    let (alice, bob) = (
        world.trader("alice", 50_000.0),
        world.trader("bob", 50_000.0),
    );
    world.trade_at_mark(&alice, &bob, BTC, 0.1).accepted();
    close(&mut world, &alice).refused(MarginPoolError::AccountNotEmpty);
    let carol = world.trader("carol", 0.0);
    world.deposit_sol(&carol, 1.0);
    close(&mut world, &carol).refused(MarginPoolError::AccountNotEmpty);
}
