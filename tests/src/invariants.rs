//! What holds after every accepted instruction, recomputed from all accounts and the real vaults.

use {
    crate::{token::balance, world::World},
    anchor_lang::{Discriminator, prelude::Pubkey},
    cep_sdk::{
        account::decode,
        address,
        programs::{
            liquidation::state::InsuranceFund,
            margin_pool::{
                self,
                state::{MarginAccount, Market, Pool},
            },
        },
    },
};

/// Every margin account of the deployment.
#[must_use]
pub fn margin_accounts(world: &World) -> Vec<(Pubkey, Box<MarginAccount>)> {
    world
        .svm
        .get_program_accounts(&margin_pool::ID)
        .iter()
        .filter(|(_, account)| account.data.starts_with(MarginAccount::DISCRIMINATOR))
        .map(|(key, account)| (*key, decode(key, account).unwrap()))
        .collect()
}

/// # Panics
/// When a book does not balance to the unit.
pub fn check(world: &World) {
    if world.svm.get_account(&address::pool()).is_none() {
        return;
    }
    let pool = world.pool();
    let accounts = margin_accounts(world);
    cash(world, &pool, &accounts);
    collateral(world, &pool, &accounts);
    positions(world, &pool, &accounts);
    liquidation(world, &pool, &accounts);
}

/// What lies in a vault beyond what the programs know of.
fn gift(world: &World, vault: &Pubkey) -> u64 {
    world.gifts.get(vault).copied().unwrap_or(0)
}

fn cash(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    let ledger = pool.ledger;
    let vault = balance(&world.svm, &pool.quote_vault) - gift(world, &pool.quote_vault);
    assert_eq!(i128::from(ledger.vault), i128::from(vault), "vault");
    let owned = ledger.cash + ledger.insurance + ledger.fees + ledger.unsettled;
    assert_eq!(owned, ledger.vault, "ledger");
    let cash: i64 = accounts.iter().map(|(_, a)| a.cash).sum();
    assert_eq!(cash, ledger.cash, "sum of cash");
}

fn collateral(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    for (slot, listed) in pool.collaterals.iter().enumerate() {
        let held: u64 = accounts.iter().map(|(_, a)| a.collaterals[slot]).sum();
        assert_eq!(held, listed.deposited, "sum of collateral {slot}");
        if slot < usize::from(pool.collateral_count) {
            let vault = balance(&world.svm, &listed.vault) - gift(world, &listed.vault);
            assert_eq!(held, vault, "vault of collateral {slot}");
        }
    }
}

fn positions(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    for (_, account) in accounts {
        for p in account.positions.iter().filter(|p| p.is_free()) {
            assert_eq!((p.base, p.quote, p.underlying), (0, 0, 0), "a free slot");
        }
    }
    let mut unsettled = 0;
    for (index, listed) in (0..pool.underlying_count).zip(&pool.underlyings) {
        let market = world.read::<Market>(&listed.market);
        let (mut long, mut short, mut quote) = (0, 0, 0);
        for (key, account) in accounts {
            let mut of_market = account
                .positions
                .iter()
                .filter(|p| p.is_perpetual_of(index));
            let Some(position) = of_market.next() else {
                continue;
            };
            assert!(of_market.next().is_none(), "{key} holds one market twice");
            long += position.base.max(0);
            short -= position.base.min(0);
            quote += position.quote;
        }
        assert_eq!(long, short, "market {index} is not flat");
        assert_eq!((market.open_long, market.open_short), (long, short));
        assert_eq!((market.quote, market.unsettled), (quote, quote));
        unsettled += quote;
    }
    assert_eq!(unsettled, pool.ledger.unsettled, "unsettled");
}

fn liquidation(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    if world.svm.get_account(&address::insurance_fund()).is_none() {
        return;
    }
    let fund = world.read::<InsuranceFund>(&address::insurance_fund());
    let left = i128::from(fund.deposited) - i128::from(fund.paid_out);
    assert_eq!(left, i128::from(pool.ledger.insurance), "insurance fund");
    for (key, account) in accounts {
        let auction = world
            .svm
            .get_account(&address::auction(key))
            .is_some_and(|a| !a.data.is_empty());
        assert_eq!(auction, account.in_liquidation == 1, "auction of {key}");
    }
}
