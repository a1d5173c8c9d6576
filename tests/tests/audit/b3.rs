//! Nobody chooses who pays for a default.

use {
    cep_sdk::{
        address, instruction,
        programs::{
            liquidation::BidArgs,
            margin_pool::{
                Covered,
                error::MarginPoolError,
                events::{DebtWrittenOff, SliceTransferred},
                state::{MarginAccount, Pool},
            },
        },
    },
    cep_tests::{
        BTC, Outcome, Receipt, Refusal, SOL, Trader, World,
        actions::{ALL, leg},
    },
};

const USD: i64 = 1_000_000;

struct Case {
    world: World,
    loser: Trader,
    /// Short so many contracts each as `winners` says.
    winners: Vec<Trader>,
    keeper: Trader,
}

/// The loser is long a contract of BTC from 120,000 USD and owes about 4,000 USD beyond what it has at 100,000. The fund is
/// empty.
fn fallen(winners: &[f64]) -> Case {
    let mut world = World::new();
    let loser = world.trader("loser", 16_000.0);
    let keeper = world.trader("keeper", 200_000.0);
    let mut others = Vec::new();
    for (i, contracts) in winners.iter().enumerate() {
        let winner = world.trader(&format!("winner {i}"), 100_000.0);
        let legs = [leg(BTC, *contracts, 120_000.0)];
        world.trade(&loser, &winner, &legs).accepted();
        others.push(winner);
    }
    world.set_price(BTC, 100_000.0);
    empty_fund(&mut world);
    Case {
        world,
        loser,
        winners: others,
        keeper,
    }
}

fn empty_fund(world: &mut World) {
    let fund = world.pool().ledger.insurance;
    world.forge::<Pool>(&address::pool(), |p| {
        p.ledger.insurance = 0;
        p.ledger.fees += fund;
        p.insurance_income -= fund;
    });
}

/// The same, two hours later: no contract won anything since the reference price, and cash bears the loss.
fn fallen_long_ago(winners: &[f64]) -> Case {
    let mut case = fallen(winners);
    for _ in 0..2 {
        case.world.advance(3_600);
        case.world.republish();
    }
    case
}

impl Case {
    fn equities(&self) -> Vec<i64> {
        let of = |t: &Trader| self.world.owned(&[t]);
        self.winners.iter().map(of).collect()
    }

    fn lost(&self, before: &[i64]) -> Vec<i64> {
        let now = self.equities();
        before.iter().zip(now).map(|(b, n)| b - n).collect()
    }

    /// In one transaction: who is named takes the profit of `settled` down, opens the auction and takes the account over.
    fn strike(&mut self, by: &Trader, settled: &[&Trader]) -> Result<Receipt, Refusal> {
        let books = self.world.books_of(&[self.loser.account, by.account], &[]);
        let mut list: Vec<_> = settled
            .iter()
            .map(|who| instruction::pool::settle_pnl(who.account, &[self.world.book_address(BTC)]))
            .collect();
        let (failing, own) = (self.loser.account, self.keeper.account);
        list.push(instruction::liquidation::open_auction(
            failing,
            by.owner(),
            own,
            &books,
        ));
        let args = BidArgs {
            max_fraction: ALL,
            max_payment: i64::MAX,
            hedged: false,
        };
        list.push(instruction::liquidation::bid(
            failing,
            by.pair(),
            args,
            &books,
        ));
        self.world.send(&list, &[&by.key])
    }
}

fn covered(receipt: &Receipt) -> Covered {
    receipt.event::<SliceTransferred>().covered
}

#[test]
fn b3_settling_others_first_changes_nobodys_share() {
    let shares = |settles: &[usize]| {
        let mut case = fallen(&[0.5, 0.3, 0.2]);
        let before = case.equities();
        let settled: Vec<Trader> = settles.iter().map(|i| case.winners[*i].clone()).collect();
        let settled: Vec<&Trader> = settled.iter().collect();
        let keeper = case.keeper.clone();
        let paid = covered(&case.strike(&keeper, &settled).accepted());
        assert!(paid.profits > 3_900 * USD && paid.fund == 0 && paid.cash == 0);
        (case.lost(&before), paid.profits)
    };
    let (plain, lacking) = shares(&[]);
    for (lost, part) in plain.iter().zip([5, 3, 2]) {
        let share = lacking * part / 10;
        assert!((share..=share + 1).contains(lost), "{lost} of {share}");
    }
    for settles in [&[0][..], &[1, 2], &[0, 1, 2]] {
        assert_eq!(shares(settles).0, plain, "after settling {settles:?}");
    }
}

#[test]
fn b3_who_takes_the_account_over_bears_its_own_share() {
    // The second winner closes its short by the bid; it is on the other side until then.
    let mut case = fallen(&[0.5, 0.5]);
    let (before, own) = (case.equities(), case.winners[1].clone());
    let lacking = covered(&case.strike(&own, &[]).accepted()).profits;
    let lost = case.lost(&before);
    assert!((lost[0] - lacking / 2).abs() <= 2, "{lost:?} of {lacking}");
    // It took a debt of `lacking` over, got that for it, and bore its half.
    assert!((lost[1] - lacking / 2).abs() <= 4, "{lost:?} of {lacking}");
}

#[test]
fn b3_no_contract_loses_more_than_its_move_since_the_reference_price() {
    let mut case = fallen_long_ago(&[0.5, 0.5]);
    let keeper = case.keeper.clone();
    // A last hundred dollars down: that much a contract, and the rest is cash's.
    case.world.set_price(BTC, 99_900.0);
    let paid = covered(&case.strike(&keeper, &[]).accepted());
    assert_eq!(paid.profits, 100 * USD);
    assert!(paid.cash > 3_900 * USD);
}

#[test]
fn b3_accounts_split_in_two_bear_the_same() {
    let shares = |split: &[f64]| {
        let mut case = fallen(split);
        let (before, keeper) = (case.equities(), case.keeper.clone());
        case.strike(&keeper, &[]).accepted();
        case.lost(&before)
    };
    let (whole, divided) = (shares(&[0.6, 0.4]), shares(&[0.35, 0.25, 0.4]));
    assert!((divided[0] + divided[1] - whole[0]).abs() <= 2);
    assert!((divided[2] - whole[1]).abs() <= 2);
}

/// What the first winner, with all its accounts, loses when it does `dodge` between the opening and the bid.
fn after(dodge: impl Fn(&mut Case, &Trader)) -> (Case, i64) {
    let mut case = fallen_long_ago(&[0.5, 0.5]);
    let sibling = case.world.sibling("winner 0", 1);
    let exit = case.world.trader("exit", 100_000.0);
    // The same in all cases: it has settled cash, and one more account trades.
    case.world
        .trade_at_mark(&exit, &case.keeper, SOL, 1.0)
        .accepted();
    empty_fund(&mut case.world);
    case.world.refresh_scenarios(BTC).accepted();
    let (loser, keeper) = (case.loser.clone(), case.keeper.clone());
    for who in [loser.clone(), case.winners[0].clone()] {
        // The loss is paid in and its counterpart drawn, so that nothing is left when the winner closes.
        case.world.settle(&who, BTC).accepted();
    }
    case.world.open(&loser, &keeper).accepted();
    let visible = case.world.pool().visible_shortfall;
    assert_eq!(visible, -case.world.owned(&[&loser]));
    let before = case.world.owned(&[&case.winners[0], &sibling]);
    dodge(&mut case, &sibling);
    let bidder = case.world.trader("bidder", 200_000.0);
    let paid = covered(&case.world.bid(&loser, &bidder, ALL, i64::MAX).accepted());
    // The fund has no more than its part of a fee.
    assert!(paid.fund < 10 * USD && paid.profits == 0, "{paid:?}");
    let lost = before - case.world.owned(&[&case.winners[0], &sibling]);
    (case, lost)
}

#[test]
fn b3_a_transfer_to_a_sibling_just_before_does_not_dodge() {
    let (_, honest) = after(|_, _| {});
    assert!(honest > 500 * USD, "{honest}");
    let (mut case, lost) = after(|case, sibling| {
        let from = case.winners[0].clone();
        let mint = case.world.pool().quote_mint;
        let cash = case.world.cash(&from);
        let transfer = |amount: i64| {
            let pool = address_books(case, &from);
            instruction::pool::transfer(
                from.account,
                sibling.account,
                from.owner(),
                mint,
                u64::try_from(amount).unwrap(),
                &pool,
            )
        };
        let (all, most) = (transfer(cash), transfer(80_000 * USD));
        case.world
            .send(&[all], &[&from.key])
            .refused(MarginPoolError::CashHeldBack);
        case.world.send(&[most], &[&from.key]).accepted();
    });
    assert!((lost - honest).abs() <= 3, "{lost} for {honest}");
    // What was kept back is free again once the auction is closed.
    let (loser, keeper, own) = (
        case.loser.clone(),
        case.keeper.clone(),
        case.winners[0].clone(),
    );
    assert_eq!(case.world.pool().visible_shortfall, 0);
    case.world.close(&loser, keeper.owner(), &keeper).accepted();
    case.world.settle(&own, BTC).accepted();
    assert_eq!(case.world.account(&own.account).held, 0);
}

fn address_books(case: &Case, of: &Trader) -> Vec<anchor_lang::prelude::Pubkey> {
    case.world.books_of(&[of.account], &[])
}

#[test]
fn b3_closing_the_last_position_just_before_does_not_dodge() {
    let (_, honest) = after(|_, _| {});
    let (case, lost) = after(|case, _| {
        let (own, other) = (case.winners[0].clone(), case.winners[1].clone());
        case.world.refresh_scenarios(BTC).accepted();
        case.world.trade_at_mark(&own, &other, BTC, 0.5).accepted();
        assert!(case.world.account(&own.account).held > 0);
    });
    assert_eq!(case.world.base(&case.winners[0], BTC), 0);
    // But for the fee of the trade.
    assert!(
        (0..60 * USD).contains(&(lost - honest)),
        "{lost} for {honest}"
    );
}

#[test]
fn b3_a_debt_whose_positions_are_gone_has_the_tranche_of_the_market_that_caused_it() {
    let mut world = World::new();
    let (debtor, bob) = (
        world.trader("debtor", 1_000.0),
        world.trader("bob", 100_000.0),
    );
    let keeper = world.trader("keeper", 10_000.0);
    world.insure(&bob, 1_000.0).accepted();
    world.forge_cash(&debtor, &bob, 3_000 * USD);
    world.forge::<MarginAccount>(&debtor.account, |a| {
        a.earned[usize::from(SOL)] = -3_000 * USD
    });
    world.trade_at_mark(&bob, &keeper, BTC, 0.01).accepted();
    let fund = world.pool().ledger.insurance;
    world.open(&debtor, &keeper).accepted();

    let receipt = world.write_off(&debtor, &keeper).accepted();

    // Half of the fund at most; the rest is borne by cash.
    let paid = receipt.event::<DebtWrittenOff>().covered;
    let interest = paid.fund + paid.cash - 2_000 * USD;
    assert!((0..1_000).contains(&interest), "{interest}");
    assert_eq!(paid.fund, fund / 2);
    assert_eq!(world.market(SOL).insured, fund / 2);
    assert_eq!((world.market(BTC).insured, world.pool().insured), (0, 0));
    // What it lost is behind it with the debt.
    assert_eq!(world.account(&debtor.account).earned, [0; 8]);
}

#[test]
fn b3_actors_end_with_no_more_than_they_brought_when_no_price_moves() {
    // Three accounts of one actor with 100,000 USD each: one pays another by trades at the edges of the band until it fails,
    // the third takes it over.
    let mut world = World::new();
    let (a, b, c) = (
        world.trader("mallory", 100_000.0),
        world.sibling("mallory", 1),
        world.sibling("mallory", 2),
    );
    for own in [&b, &c] {
        world.deposit_usd(own, 100_000.0);
    }
    let honest = world.trader("honest", 1_000_000.0);
    world.insure(&honest, 50_000.0).accepted();
    world.trade_at_mark(&honest, &c, SOL, 1.0).accepted();
    let brought = world.owned(&[&a, &b, &c]);
    let price = world.prices[usize::from(BTC)];
    for _ in 0..20 {
        for (contracts, at) in [(4.0, price * 1.049), (-4.0, price * 0.951)] {
            let _ = world.trade(&a, &b, &[leg(BTC, contracts, at)]);
        }
        let _ = world.settle(&b, BTC);
        if world.open(&a, &c).is_ok() {
            break;
        }
    }
    for fraction in [ALL / 2, ALL] {
        let _ = world.bid(&a, &c, fraction, i64::MAX);
    }
    assert!(world.owned(&[&a, &b, &c]) <= brought);
}
