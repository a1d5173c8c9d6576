//! What a bid moves is cut from the account as touching it leaves it.

use {
    super::*,
    crate::plan::slice::{cut, joined, touched},
    cep_risk::{funding, interest},
    std::collections::BTreeSet,
};

#[test]
fn a_slice_has_its_part_of_interest_and_funding_that_nobody_wrote_down_yet() {
    // SETUP: a sixteenth of interest on 10,000 USD, and 2 USD of funding on each of 500 SOL.
    let mut view = at_price(200.0);
    view.pool.interest.lenders = 1 << (interest::INDEX_BITS - 4);
    view.pool.interest.updated_at = NOW;
    let market = view.markets.get_mut(&market_at()).unwrap();
    market.funding.index = micro_usd(2.0) << funding::INDEX_BITS;
    let books = view.books_of(&BTreeSet::from([0])).unwrap();
    let indices = view.pool.interest.indices();
    let before = &view.accounts[&TRADER];

    // ACT
    let account = touched(before, &view.pool, &books, &indices).unwrap();
    let slice = cut(&account, &books, micro_usd(625.0), PPB / 2, &indices).unwrap();

    // CHECK
    assert_eq!(account.cash, micro_usd(10_625.0));
    let position = slice.perpetual(0).unwrap();
    assert_eq!(position.base, quantity(250.0));
    assert_eq!(position.quote, micro_usd(-50_500.0));
    assert_eq!(slice.cash, micro_usd(5_000.0));

    // Who takes it owes no funding on it for the time before, and interest by the side its cash is on.
    let own = touched(&view.accounts[&OWN], &view.pool, &books, &indices).unwrap();
    let after = joined(&own, &slice, micro_usd(200_000.0), &indices).unwrap();
    let taken = after.perpetual(0).unwrap();
    assert_eq!(taken.index_entry, view.markets[&market_at()].funding.index);
    assert!(after.cash < 0);
    assert_eq!(after.interest_entry, indices.borrowers);
}
