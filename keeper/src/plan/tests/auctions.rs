//! Opening, bidding, closing.

use super::*;

fn bid(view: &View, policy: &Policy) -> Option<Terms> {
    match plan(view, policy, &Memory::default()).as_slice() {
        [] => None,
        [
            Action {
                subject,
                task: Task::Bid { terms, .. },
                ..
            },
        ] if *subject == TRADER => Some(*terms),
        other => panic!("expected one bid or nothing: {other:?}"),
    }
}

#[test]
fn a_healthy_account_is_left_alone() {
    assert_eq!(planned(&at_price(200.0)), []);
    assert_eq!(planned(&at_price(196.5)), []);
}

#[test]
fn a_failing_account_is_put_up_for_auction() {
    let actions = planned(&at_price(195.0));
    assert_eq!(kinds(&actions), [Kind::Open]);
    assert_eq!(actions[0].subject, TRADER);
    assert_eq!(
        actions[0].task,
        Task::Open {
            books: vec![book_at()]
        }
    );
}

#[test]
fn the_own_account_is_never_put_up() {
    let mut view = at_price(195.0);
    let failing = view.accounts.remove(&TRADER).unwrap();
    view.accounts.insert(OWN, failing);
    assert_eq!(planned(&view), []);
}

#[test]
fn a_bid_takes_what_restores_the_buffer_and_knows_its_profit() {
    let terms = bid(&in_auction(195.0, 0), &policy()).unwrap();
    // f = BM / (BM - V d), with 7,500 of equity and about 7,607 of maintenance margin.
    assert!((145_000_000..155_000_000).contains(&terms.fraction));
    assert_eq!(terms.discount, 950_000_000);
    assert_eq!(terms.value, 7_500 * terms.fraction as i64 / 1_000);
    let hedging = terms.notional / 1_000;
    assert!((terms.profit - (terms.value - terms.payment - hedging)).abs() <= 1);
    // What is left of the profit above the wanted 10 bps may be paid on top.
    assert!((terms.max_payment - (terms.payment + terms.profit - hedging)).abs() <= 2);
}

#[test]
fn an_offer_that_does_not_pay_yet_is_waited_for() {
    let dear = Policy {
        hedge_cost_bps: 30,
        ..policy()
    };
    assert_eq!(bid(&in_auction(195.0, 0), &dear), None);
    assert!(bid(&in_auction(195.0, 900), &dear).is_some());
    let dust = Policy {
        min_profit: micro_usd(1_000.0),
        ..policy()
    };
    assert_eq!(bid(&in_auction(195.0, 900), &dust), None);
}

#[test]
fn the_own_margin_limits_the_fraction() {
    let mut view = in_auction(195.0, 0);
    let full = bid(&view, &policy()).unwrap();
    view.accounts.insert(OWN, account(500.0, 0.0, 0.0));
    let part = bid(&view, &policy()).unwrap();
    assert!(part.fraction > 0 && part.fraction < full.fraction / 2);
    // Nothing larger fits: the slice's initial margin is what the keeper has, to a hundredth.
    let needed = part.notional as f64 * 0.0996;
    let held = 500e6 + (part.value - part.payment) as f64;
    assert!((needed / held - 1.0).abs() < 0.01, "{needed} of {held}");
    view.accounts.insert(OWN, account(0.0, 0.0, 0.0));
    assert!(bid(&view, &policy()).is_none_or(|terms| terms.fraction < full.fraction / 10));
}

#[test]
fn the_operators_limit_caps_the_notional() {
    let capped = Policy {
        max_notional: micro_usd(1_000.0),
        ..policy()
    };
    let terms = bid(&in_auction(195.0, 0), &capped).unwrap();
    assert!((micro_usd(999.0)..=micro_usd(1_000.0)).contains(&terms.notional));
}

#[test]
fn an_insolvent_account_is_taken_against_payment_within_the_fund() {
    // At 178 USD the account owes 1,000; after half the time its price is about -1,000 - 3,470.
    let mut view = in_auction(178.0, 0);
    let auction = view.auctions.get_mut(&address::auction(&TRADER)).unwrap();
    (auction.insolvent, auction.insolvent_clock) = (1, 1_800 * PPM);
    assert_eq!(bid(&view, &policy()), None, "the fund is empty");
    view.pool.ledger.insurance = micro_usd(10_000.0);
    let whole = bid(&view, &policy()).unwrap();
    assert_eq!((whole.fraction, whole.discount), (PPB, 0));
    assert!(whole.payment < micro_usd(-4_000.0) && whole.profit > 0);
    view.pool.ledger.insurance = micro_usd(1_000.0);
    let part = bid(&view, &policy()).unwrap();
    assert!(part.fraction < PPB && part.payment >= micro_usd(-1_000.0));
    // One market may use half of the fund: the chain would refuse more.
    view.liquidation.params.tranche = PPM / 2;
    let tranche = bid(&view, &policy()).unwrap();
    assert!(tranche.payment >= micro_usd(-500.0) && tranche.payment < micro_usd(-499.0));
}

#[test]
fn what_nobody_takes_in_time_is_closed_against_the_other_side() {
    // 1,000 USD are owed beyond what is there and the fund is empty.
    let mut view = in_auction(178.0, 0);
    let auction = view.auctions.get_mut(&address::auction(&TRADER)).unwrap();
    (auction.insolvent, auction.insolvent_clock) = (1, 3_600 * PPM - 1);
    assert_eq!(kinds(&planned(&view)), []);
    let auction = view.auctions.get_mut(&address::auction(&TRADER)).unwrap();
    auction.insolvent_clock += 1;
    assert_eq!(kinds(&planned(&view)), [Kind::Reduce]);
    // Whoever is paid well enough takes it.
    view.pool.ledger.insurance = micro_usd(10_000.0);
    assert_eq!(kinds(&planned(&view)), [Kind::Bid]);
}

#[test]
fn an_account_with_nothing_but_debt_is_written_off() {
    let mut view = in_auction(200.0, 60);
    let mut debtor = account(-5.0, 0.0, 0.0);
    debtor.in_liquidation = 1;
    view.accounts.insert(TRADER, debtor);
    assert_eq!(kinds(&planned(&view)), [Kind::WriteOff]);
}

#[test]
fn a_recovered_account_is_released() {
    let actions = planned(&in_auction(199.0, 60));
    assert_eq!(kinds(&actions), [Kind::Close]);
    let Task::Close { opened_by, .. } = actions[0].task else {
        panic!("a close");
    };
    assert_eq!(opened_by, OTHER);
    // Nine tenths of the buffer are enough; above maintenance margin alone, the auction goes on.
    assert_eq!(kinds(&planned(&in_auction(197.55, 60))), [Kind::Close]);
    assert!(bid(&in_auction(197.0, 60), &policy()).is_some());
}

#[test]
fn liquidation_waits_for_a_refresh_or_for_an_announced_silence() {
    let mut view = at_price(195.0);
    view.books.get_mut(&book_at()).unwrap().publish_time = NOW - 61;
    assert_eq!(planned(&view), []);
    view.books.get_mut(&book_at()).unwrap().publish_time = NOW - 300;
    assert_eq!(kinds(&planned(&view)), [Kind::AnnounceSilence]);
    view.books.get_mut(&book_at()).unwrap().silent_from = NOW + 1;
    assert_eq!(planned(&view), []);
    view.books.get_mut(&book_at()).unwrap().silent_from = NOW;
    assert_eq!(kinds(&planned(&view)), [Kind::Open]);
}
