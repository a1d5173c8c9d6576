//! The example vault: a third party's program that deposits, trades and withdraws by CPI. docs/basis-vault.md walks
//! through it.

use {
    basis_vault::error::BasisVaultError,
    cep_sdk::programs::margin_pool::error::MarginPoolError,
    cep_tests::{
        Outcome,
        staked::refresh_staked,
        vault::{PRICE_BOUND, Vault},
        world::admin,
    },
};

/// Smallest units of a jitoSOL.
const TOKEN: u64 = 1_000_000_000;
const MICRO: f64 = 1e6;

#[test]
fn a_vault_deposits_hedges_reports_and_unwinds_by_cpi() {
    let mut v = Vault::new();
    let holder = v.person("holder");
    // 100 jitoSOL of 240 USD: the first shares are a dollar each.
    v.deposit(&holder, 100 * TOKEN, 0).accepted();
    assert_eq!(v.shares_of(&holder), 24_000_000_000_000);
    assert!((v.share_price() - 1.0).abs() < 1e-4);

    // Short 119 SOL against what redeems for 120.
    v.hedge(-119_000_000).accepted();
    let priced = v.share_price();
    // 2 bp of 23,800 USD on 24,000.
    assert!((priced - (1.0 - 4.76 / 24_000.0)).abs() < 1e-5, "{priced}");

    // While the short needs the tokens, not all leave.
    v.redeem_all(&holder)
        .refused(MarginPoolError::BelowInitialMargin);

    // SOL falls by a fifth: the vault hardly notices.
    refresh_staked(&mut v.world, 160.0, 192.0, 1.2);
    let after = v.share_price();
    assert!((after - priced).abs() < 0.004, "{priced} {after}");

    // Another deposit takes nothing from the holders before it.
    v.deposit(&holder, 10 * TOKEN, 1).accepted();
    assert!(v.share_price() >= after - 1e-6);

    // Bought back, with which its profit is cash, everything leaves.
    let all = v.shares_of(&holder);
    v.hedge(119_000_000).accepted();
    let price = v.share_price();
    let part = all / 2;
    v.redeem(&holder, part, (0, 0)).accepted();
    assert_eq!(v.shares_of(&holder), all - part);
    // Half of 110 jitoSOL, and half of 4,760 USD of profit less fees.
    assert!(v.tokens_of(&holder).abs_diff(55 * TOKEN) < 10_000);
    let cash = v.cash_of(&holder) as f64 / MICRO;
    assert!((cash - 4_760.0 / 2.0).abs() < 10.0, "{cash}");
    assert!(v.share_price() >= price - 1e-6);
    // Buying back cost 2 bp of 19,040 USD.
    assert!(v.share_price() >= after - 3e-4);
}

#[test]
fn the_vault_hedges_and_does_not_speculate_and_only_its_manager_trades() {
    let mut v = Vault::new();
    let holder = v.person("holder");
    v.deposit(&holder, 100 * TOKEN, 0).accepted();
    v.hedge(-121_000_000).refused(BasisVaultError::BeyondHedge);
    v.hedge(1_000_000).refused(BasisVaultError::BeyondHedge);
    v.hedge_at(&holder, -1_000_000, 200_000_000)
        .refused(BasisVaultError::NotManager);
    v.hedge(-120_000_000).accepted();
}

#[test]
fn a_hedge_lies_within_its_bound_of_the_index_price() {
    let mut v = Vault::new();
    let (holder, manager) = (v.person("holder"), v.manager.insecure_clone());
    v.deposit(&holder, 100 * TOKEN, 0).accepted();
    // 2,000 ppm of 200 USD.
    for price in [199_599_999, 200_400_001] {
        v.hedge_at(&manager, -1_000_000, price)
            .refused(BasisVaultError::PriceOutOfBound);
    }
    for price in [199_600_000, 200_400_000] {
        v.hedge_at(&manager, -1_000_000, price).accepted();
    }
}

#[test]
fn only_the_programs_upgrade_authority_creates_a_vault_and_names_its_manager() {
    let mut v = Vault::bare();
    let mallory = v.person("mallory");
    v.initialize(&mallory, PRICE_BOUND)
        .refused(BasisVaultError::NotUpgradeAuthority);
    for bound in [0, 100_001] {
        v.initialize(&admin(), bound)
            .refused(BasisVaultError::ParameterOutOfRange);
    }
    v.initialize(&admin(), PRICE_BOUND).accepted();
}

#[test]
fn depositors_and_holders_get_what_they_asked_for_or_nothing() {
    let mut v = Vault::new();
    let holder = v.person("holder");
    v.deposit(&holder, TOKEN, 240_000_000_001)
        .refused(BasisVaultError::BelowMinimum);
    v.deposit(&holder, 1, 0).refused(BasisVaultError::TooSmall);
    v.deposit(&holder, TOKEN, 239_000_000_000).accepted();
    let all = v.shares_of(&holder);
    v.redeem(&holder, all, (1_000_000_001, 0))
        .refused(BasisVaultError::BelowMinimum);
    v.redeem(&holder, all, (0, 1))
        .refused(BasisVaultError::BelowMinimum);
    v.redeem(&holder, 0, (0, 0))
        .refused(BasisVaultError::TooSmall);
    v.redeem(&holder, all + 1, (0, 0))
        .refused(BasisVaultError::TooManyShares);
    v.redeem(&holder, all, (999_000_000, 0)).accepted();
}

#[test]
fn a_gap_of_the_staked_token_stops_deposits_and_not_redemptions() {
    let mut v = Vault::new();
    let holder = v.person("holder");
    v.deposit(&holder, 10 * TOKEN, 0).accepted();
    refresh_staked(&mut v.world, 200.0, 230.0, 1.2);
    v.deposit(&holder, TOKEN, 0)
        .refused(MarginPoolError::StakedTokenGap);
    let some = v.shares_of(&holder) / 4;
    v.redeem(&holder, some, (0, 0)).accepted();
}

#[test]
fn a_short_at_an_old_price_prices_no_shares() {
    let mut v = Vault::new();
    let holder = v.person("holder");
    v.deposit(&holder, 100 * TOKEN, 0).accepted();
    let some = v.shares_of(&holder) / 4;
    v.hedge(-50_000_000).accepted();
    v.world.advance(61);
    v.redeem(&holder, some, (0, 0))
        .refused(BasisVaultError::PriceStale);
    refresh_staked(&mut v.world, 200.0, 240.0, 1.2);
    v.redeem(&holder, some, (0, 0)).accepted();
}
