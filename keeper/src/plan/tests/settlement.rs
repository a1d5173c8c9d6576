//! Who settles, in which order, and how many.

use super::*;

#[test]
fn losers_settle_before_winners_and_only_large_amounts_count() {
    let rules = Policy {
        settle_above: micro_usd(1_000.0),
        ..policy()
    };
    let mut view = at_price(197.0);
    view.accounts
        .insert(OTHER, account(50_000.0, -500.0, 200.0));
    let mut memory = Memory::default();
    let subjects = |view: &View, memory: &Memory| -> Vec<Pubkey> {
        let actions = plan(view, &rules, memory);
        assert!(actions.iter().all(|a| a.kind() == Kind::Settle));
        actions.iter().map(|a| a.subject).collect()
    };
    assert_eq!(subjects(&view, &memory), [TRADER]);
    memory.attempted.insert((Kind::Settle, TRADER));
    assert_eq!(
        subjects(&view, &memory),
        [],
        "the loser has not paid in yet"
    );
    view.markets.get_mut(&market_at()).unwrap().unsettled = micro_usd(1_500.0);
    assert_eq!(subjects(&view, &memory), [OTHER]);

    let mut calm = at_price(199.0);
    calm.accounts
        .insert(OTHER, account(50_000.0, -500.0, 200.0));
    assert_eq!(plan(&calm, &rules, &Memory::default()), []);
}

#[test]
fn settlements_per_round_are_bounded() {
    let rules = Policy {
        settle_above: micro_usd(1_000.0),
        settle_limit: 1,
        ..policy()
    };
    let mut view = at_price(197.0);
    view.accounts
        .insert(OTHER, account(50_000.0, -500.0, 200.0));
    view.markets.get_mut(&market_at()).unwrap().unsettled = micro_usd(1_500.0);
    let mut memory = Memory::default();
    assert_eq!(plan(&view, &rules, &memory).len(), 1);
    memory.attempted.insert((Kind::Settle, TRADER));
    assert_eq!(plan(&view, &rules, &memory), []);
}
