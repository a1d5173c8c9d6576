//! What holds after every accepted instruction, recomputed from all accounts and the real vaults.

use {
    crate::{token::balance, world::World},
    anchor_lang::{Discriminator, prelude::Pubkey},
    cep_sdk::{
        Health,
        account::decode,
        address,
        programs::{
            liquidation::{
                self,
                state::{Auction, InsuranceFund, InsuranceStake, Open},
            },
            margin_pool::{
                self, instruction,
                state::{MarginAccount, Market, Pool, Position, standing},
            },
        },
    },
    solana_sdk::instruction::Instruction,
    std::collections::{BTreeMap, BTreeSet},
};

/// Units by which shares of losses, rounded against accounts, may differ from their sums.
const ROUNDING: i64 = 10_000;

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
    insurance(world, &pool, &accounts);
}

/// What lies in a vault beyond what the programs know of.
fn gift(world: &World, vault: &Pubkey) -> u64 {
    world.gifts.get(vault).copied().unwrap_or(0)
}

fn cash(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    let ledger = pool.ledger;
    let vault = balance(&world.svm, &pool.quote_vault) - gift(world, &pool.quote_vault);
    assert_eq!(i128::from(ledger.vault), i128::from(vault), "vault");
    let owned = ledger.cash + ledger.insurance + ledger.fees + ledger.unsettled + ledger.interest;
    let due = pool.losses.due + pool.held.due;
    assert_eq!(owned - due, ledger.vault, "ledger");
    at_risk(pool, accounts);
    let cash: i64 = accounts.iter().map(|(_, a)| a.cash).sum();
    assert_eq!(cash, ledger.cash, "sum of cash");
    interest(pool, accounts);
}

/// What cash shares of losses, and that nobody is asked for more than all have.
fn at_risk(pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    let (mut kept, mut held) = (0, 0);
    for (key, account) in accounts {
        let used = account.positions.iter().filter(|p| !p.is_free()).count();
        assert_eq!(
            usize::from(account.open_positions),
            used,
            "positions of {key}"
        );
        let most = account.cash.max(0);
        assert!((0..=most).contains(&account.held), "held of {key}");
        let shares = used != 0 && account.in_liquidation != standing::IN_AUCTION;
        let cash = if shares { most - account.held } else { 0 };
        assert_eq!(account.at_risk, cash, "cash at risk of {key}");
        kept += pool
            .losses
            .kept(account.at_risk, account.at_risk_since)
            .unwrap();
        held += pool.held.kept(account.held, account.held_since).unwrap();
    }
    let beyond = pool.held.claims - held;
    assert!(
        (0..ROUNDING).contains(&beyond),
        "cash held: {beyond} beyond all accounts'"
    );
    let beyond = pool.losses.claims - kept;
    assert!(
        (0..ROUNDING).contains(&beyond),
        "cash at risk: {beyond} beyond all accounts'"
    );
}

/// The sums that interest is counted by, and that all can take theirs: what borrowers owe covers what lenders are owed.
fn interest(pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    let of = |sign: i64| {
        let some = accounts
            .iter()
            .map(|(_, a)| (a.balance().principal(), i128::from(a.interest_entry)))
            .filter(move |(principal, _)| principal.signum() == sign);
        let sizes = some.map(move |(principal, entry)| (i128::from(principal * sign), entry));
        sizes.fold((0, 0), |(sum, entries), (size, entry)| {
            (sum + size, entries + size * entry)
        })
    };
    let kept = &pool.interest;
    let lent = (i128::from(kept.lent), kept.lent_entries.get());
    let borrowed = (i128::from(kept.borrowed), kept.borrowed_entries.get());
    assert_eq!((of(1), of(-1)), (lent, borrowed), "sums of interest");
    let taken: i64 = accounts.iter().map(|(_, a)| a.interest_taken).sum();
    assert_eq!(taken, kept.taken, "interest in cash");
    for (key, a) in accounts {
        let own = a.balance();
        let sign = own.interest == 0 || own.interest.signum() == own.principal().signum();
        assert!(sign, "{key}: {own:?}");
    }
    kept.invariant(pool.ledger.cash, pool.ledger.interest)
        .unwrap();
}

fn collateral(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    for (slot, listed) in pool.collaterals.iter().enumerate() {
        let held: u64 = accounts.iter().map(|(_, a)| a.collaterals[slot]).sum();
        assert_eq!(held, listed.deposited, "sum of collateral {slot}");
        if slot < usize::from(pool.collateral_count) && !listed.is_free() {
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
        market.invariant().unwrap();
        let mut open: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
        let (mut quote, mut entries) = (0, 0);
        let mut expired = BTreeSet::new();
        for (key, account) in accounts {
            let of_market = |p: &&Position| !p.is_free() && p.underlying == index;
            let mut seen = BTreeSet::new();
            for p in account.positions.iter().filter(of_market) {
                assert!(
                    seen.insert(p.instrument),
                    "{key} holds one instrument twice"
                );
                if p.expiry != 0 && p.expiry <= world.now() {
                    expired.insert(p.instrument);
                }
                let sums = open.entry(p.instrument).or_default();
                sums.0 += p.base.max(0);
                sums.1 -= p.base.min(0);
                quote += p.quote;
                entries += i128::from(p.base) * i128::from(p.index_entry);
            }
        }
        // What was closed against a side and the side has not given up yet is in its pot.
        for pot in &market.reductions {
            let sums = open.entry(pot.instrument).or_default();
            if pot.base < 0 {
                sums.0 += pot.base;
            } else {
                sums.1 -= pot.base;
            }
            quote += pot.quote;
            entries += pot.entries.get();
        }
        // What all open contracts have borne of defaults, taken or not.
        for levy in &market.levies {
            let (long, short) = match levy.instrument {
                0 => (market.open_long, market.open_short),
                id => {
                    let against = |long| market.series_open_against(levy.slot, id, long);
                    (against(false), against(true))
                }
            };
            for (contracts, side) in [(long, levy.long), (short, levy.short)] {
                entries -= i128::from(contracts) * i128::from(side.index);
            }
        }
        let perpetual = open.remove(&0).unwrap_or_default();
        assert_eq!(perpetual, (market.open_long, market.open_short));
        assert_eq!(perpetual.0, perpetual.1, "market {index} is not flat");
        let series = market.series.iter().filter(|s| !s.is_empty());
        let series: BTreeMap<_, _> = series
            .map(|s| (s.instrument, (s.open_long, s.open_short)))
            .collect();
        // Claims of what is settled have no base.
        open.retain(|_, sums| *sums != (0, 0));
        assert_eq!(open, series, "series of market {index}");
        for (instrument, (long, short)) in &open {
            // Once it expired it is settled account by account.
            assert!(long == short || expired.contains(instrument), "not flat");
        }
        assert_eq!((market.quote, market.index_entries.get()), (quote, entries));
        unsettled += market.unsettled;
    }
    assert_eq!(unsettled, pool.ledger.unsettled, "unsettled");
}

fn insurance(world: &World, pool: &Pool, accounts: &[(Pubkey, Box<MarginAccount>)]) {
    if world.svm.get_account(&address::insurance_fund()).is_none() {
        return;
    }
    let fund = world.read::<InsuranceFund>(&address::insurance_fund());
    let out = i128::from(fund.paid_out) + i128::from(fund.withdrawn);
    let left = i128::from(fund.deposited) + i128::from(pool.insurance_income) - out;
    assert_eq!(left, i128::from(pool.ledger.insurance), "insurance fund");
    let mut open = Open::default();
    stakes(world, &fund);
    for (key, account) in accounts {
        let auction = world
            .svm
            .get_account(&address::auction(key))
            .is_some_and(|a| !a.data.is_empty());
        assert_eq!(
            auction,
            account.in_liquidation == standing::IN_AUCTION,
            "auction of {key}"
        );
        assert_ne!(
            account.in_liquidation,
            standing::UNCONFIRMED,
            "{key} was never confirmed"
        );
        if auction {
            let of_auction = world.read::<Auction>(&address::auction(key)).open;
            open.shortfall += of_auction.shortfall;
            open.claim += of_auction.claim;
        }
    }
    let kept = (fund.open_shortfall, fund.open_claims);
    let claims = open.claim + world.forged_claims;
    assert_eq!((open.shortfall, claims), kept, "what is open");
}

/// All shares are the protocol's or some stake's of this epoch.
fn stakes(world: &World, fund: &InsuranceFund) {
    let (mut shares, mut leaving) = (fund.protocol_shares, 0);
    for (key, account) in world.svm.get_program_accounts(&liquidation::ID) {
        if account.data.starts_with(InsuranceStake::DISCRIMINATOR) {
            let stake = decode::<InsuranceStake>(&key, &account).unwrap();
            stake.invariant().unwrap();
            if stake.epoch == fund.epoch {
                (shares, leaving) = (shares + stake.shares, leaving + stake.leaving);
            }
        }
    }
    assert_eq!((shares, leaving), (fund.shares, fund.leaving), "shares");
}

/// The accounts that these instructions trade for, as they are before.
#[must_use]
pub fn traders(world: &World, instructions: &[Instruction]) -> Vec<(Pubkey, Option<Health>)> {
    let trades = [
        instruction::TradeBlock::DISCRIMINATOR,
        instruction::TradeRfq::DISCRIMINATOR,
        instruction::TradeVenue::DISCRIMINATOR,
    ];
    let trades = |ix: &&Instruction| {
        ix.program_id == margin_pool::ID && trades.iter().any(|name| ix.data.starts_with(name))
    };
    let accounts = instructions
        .iter()
        .filter(trades)
        .flat_map(|ix| &ix.accounts);
    let is_margin_account = |key: &Pubkey| {
        let account = world.svm.get_account(key);
        account.is_some_and(|a| {
            a.owner == margin_pool::ID && a.data.starts_with(MarginAccount::DISCRIMINATOR)
        })
    };
    accounts
        .map(|meta| meta.pubkey)
        .filter(is_margin_account)
        .map(|key| (key, world.try_health(&key).ok()))
        .collect()
}

/// Every account that traded has its initial margin, or no worse a health than before, at initial and
/// at maintenance level.
///
/// # Panics
/// Otherwise.
pub fn check_trades(world: &World, before: &[(Pubkey, Option<Health>)]) {
    for (key, before) in before {
        let Ok(after) = world.try_health(key) else {
            continue;
        };
        if after.initial.health() >= 0 {
            continue;
        }
        let Some(before) = before else {
            panic!("{key} traded below initial margin: {:?}", after.initial);
        };
        for (was, is) in [
            (&before.initial, &after.initial),
            (&before.maintenance, &after.maintenance),
        ] {
            assert!(
                is.health() >= was.health(),
                "{key} is worse off below initial margin: {was:?} {is:?}"
            );
        }
    }
}
