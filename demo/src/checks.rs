//! The books, after every print: money and positions balance to the unit or the demo stops.

use {
    crate::{
        actors::{ROLES, Role},
        prices::SYMBOLS,
        replay::Recording,
        sample::Snapshot,
    },
    anyhow::{Result, bail},
};

/// Two numbers that must be equal, in the smallest unit.
#[derive(Clone, Debug)]
pub struct Equation {
    pub what: String,
    pub left: i128,
    pub right: i128,
}

impl Equation {
    fn new(what: impl Into<String>, left: impl Into<i128>, right: impl Into<i128>) -> Self {
        Self {
            what: what.into(),
            left: left.into(),
            right: right.into(),
        }
    }

    pub fn difference(&self) -> i128 {
        self.left - self.right
    }
}

/// Everything that must hold of a snapshot.
pub fn equations(s: &Snapshot) -> Vec<Equation> {
    let ledger = &s.pool.ledger;
    let owned = [
        ledger.cash,
        ledger.insurance,
        ledger.fees,
        ledger.unsettled,
        ledger.interest,
    ];
    let cash: i128 = s.accounts.iter().map(|a| i128::from(a.cash)).sum();
    let fund = i128::from(s.fund.deposited) + i128::from(s.pool.insurance_income)
        - i128::from(s.fund.paid_out)
        - i128::from(s.fund.withdrawn);
    let unsettled: i128 = s.markets.iter().map(|m| i128::from(m.unsettled)).sum();
    let mut all = vec![
        Equation::new(
            "tokens in the quote vault = cash + insurance + fees + unsettled + interest - shared losses",
            s.quote_vault,
            owned.into_iter().map(i128::from).sum::<i128>() - i128::from(s.pool.losses.due),
        ),
        Equation::new("cash of all accounts = ledger's cash", cash, ledger.cash),
        Equation::new(
            "ledger's insurance = fund's deposits and fees less payments and stakes paid out",
            ledger.insurance,
            fund,
        ),
        Equation::new(
            "ledger's unsettled = unsettled of all markets",
            ledger.unsettled,
            unsettled,
        ),
    ];
    for (market, name) in s.markets.iter().zip(SYMBOLS) {
        let positions = || {
            s.accounts
                .iter()
                .filter_map(|account| account.perpetual(market.index))
        };
        let base: i128 = positions().map(|p| i128::from(p.base)).sum();
        let quote: i128 = positions().map(|p| i128::from(p.quote)).sum();
        all.push(Equation::new(
            format!("{name} positions sum to zero"),
            base,
            0,
        ));
        all.push(Equation::new(
            format!("{name} quote of all positions = unsettled"),
            quote,
            market.unsettled,
        ));
    }
    for (slot, (listed, vault)) in s
        .pool
        .collaterals
        .iter()
        .zip(&s.collateral_vaults)
        .enumerate()
    {
        let balances: i128 = s
            .accounts
            .iter()
            .filter_map(|account| account.collaterals.get(slot))
            .map(|amount| i128::from(*amount))
            .sum();
        all.push(Equation::new(
            "tokens in the SOL vault = balances of all accounts",
            *vault,
            balances,
        ));
        all.push(Equation::new(
            "balances of all accounts = pool's record",
            balances,
            listed.deposited,
        ));
    }
    all
}

/// Refuses with a sentence unless all of them hold.
pub fn require_balanced(s: &Snapshot) -> Result<Vec<Equation>> {
    let all = equations(s);
    if usize::try_from(s.pool.account_count).ok() != Some(s.accounts.len()) {
        bail!(
            "the pool counts {} margin accounts but the demo opened {}; somebody else is on this chain",
            s.pool.account_count,
            s.accounts.len()
        );
    }
    if let Some(wrong) = all.iter().find(|e| e.difference() != 0) {
        bail!(
            "the books do not balance: {} is {} against {}, a difference of {} (smallest units); this is a bug in \
             the programs, please report it",
            wrong.what,
            wrong.left,
            wrong.right,
            wrong.difference()
        );
    }
    Ok(all)
}

/// Refuses with a sentence unless the replay showed what it is meant to show.
pub fn require_story(recording: &Recording) -> Result<()> {
    let place = |role| ROLES.iter().position(|r| *r == role);
    let of = |role| {
        let actor = place(role);
        let all = recording.chronicle.liquidations.iter();
        all.filter(move |l| Some(l.actor) == actor)
    };
    let taken_by_keeper = of(Role::Directional)
        .flat_map(|l| &l.bids)
        .any(|bid| bid.bidder == place(Role::Liquidator));
    if !taken_by_keeper {
        bail!(
            "the directional account was not liquidated by the keeper; look for refusals in the keeper's log"
        );
    }
    if of(Role::Hedger).next().is_some() {
        bail!(
            "the hedged account was liquidated; its spot and its short no longer offset each other"
        );
    }
    let hedger = place(Role::Hedger).unwrap_or_default();
    let unhedged = recording.samples.iter().find(|sample| {
        let health = sample.after.get(hedger);
        health.is_none_or(|h| h.initial.requirement >= h.isolated_initial)
    });
    if let Some(sample) = unhedged {
        bail!(
            "at {} the hedged account needed no less margin jointly than the sum of its parts",
            crate::report::words::time(sample.time)
        );
    }
    Ok(())
}
