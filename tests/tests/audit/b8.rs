//! B8: the example vault, which integrators copy.

use {
    basis_vault::error::BasisVaultError,
    cep_sdk::programs::margin_pool::state::PoolChange,
    cep_tests::{Outcome, SOL, staked::refresh_staked, vault::Vault},
};

/// Smallest units of a jitoSOL.
const TOKEN: u64 = 1_000_000_000;

/// Before: 100 jitoSOL in, 149.5 out, at the second depositor's cost.
#[test]
fn b8_the_first_depositor_takes_nothing_of_the_seconds_tokens() {
    let mut v = Vault::new();
    let (mallory, victim) = (v.person("mallory"), v.person("victim"));
    v.deposit(&mallory, 1_000, 0).accepted();
    let all = v.shares_of(&mallory);
    v.redeem(&mallory, all - 1, (0, 0)).accepted();
    // The largest gift that the attack needs, straight into the vault's margin account.
    v.give(&mallory, 100 * TOKEN).accepted();
    v.deposit(&victim, 1_999 * TOKEN / 10, 0).accepted();

    // One unit of a thousand and one: the gift went to the virtual shares.
    v.redeem_all(&mallory).accepted();
    assert!(
        v.tokens_of(&mallory) < TOKEN / 5,
        "{}",
        v.tokens_of(&mallory)
    );
    v.redeem_all(&victim).accepted();
    // The victim loses less than the price of a share's smallest unit, a thousandth of the gift.
    let lost = 1_999 * TOKEN / 10 - v.tokens_of(&victim);
    assert!(lost < TOKEN / 5, "{lost}");
}

/// Before: a token's weight of 0.9 left a tenth behind, and 0.00001 jitoSOL took 90 out.
#[test]
fn b8_a_weight_keeps_nothing_back_and_the_next_depositor_gets_nothing() {
    let mut v = Vault::new();
    let (mint, cap) = (v.mint, u64::MAX);
    v.world
        .enact_in_pool(PoolChange::CollateralTerms {
            mint,
            cap,
            account_cap: cap,
            weight: 900_000,
            ramp_seconds: 0,
            outflow_limit: 0,
            dust: 0,
        })
        .accepted();
    let (holder, mallory) = (v.person("holder"), v.person("mallory"));
    v.deposit(&holder, 1_000 * TOKEN, 0).accepted();
    v.redeem_all(&holder).accepted();
    // Rounding only.
    let left = 1_000 * TOKEN - v.tokens_of(&holder);
    assert!(left < 10_000 && v.held() == left, "{left}");

    v.deposit(&mallory, 10_000, 0).accepted();
    v.redeem_all(&mallory).accepted();
    assert!(v.tokens_of(&mallory) <= 10_000, "{}", v.tokens_of(&mallory));
}

/// Before: the profit of the short stayed in the vault for ever, and shares could not be redeemed for lack of tokens.
#[test]
fn b8_a_profit_of_the_short_is_paid_out() {
    let mut v = Vault::new();
    let (holder, other) = (v.person("holder"), v.person("other"));
    v.deposit(&holder, 60 * TOKEN, 0).accepted();
    v.deposit(&other, 40 * TOKEN, 0).accepted();
    v.hedge(-119_000_000).accepted();
    for sol in [180.0, 160.0, 140.0, 120.0, 100.0] {
        v.world.advance(40);
        refresh_staked(&mut v.world, sol, sol * 1.2, 1.2);
    }
    for underlying in v.world.underlyings() {
        v.world.refresh_scenarios(underlying).accepted();
    }
    // The loser is settled first, so that all of the profit is cash at once.
    v.hedge(119_000_000).accepted();
    let cash = v.world.account(&v.account).cash;
    assert!(cash > 11_890_000_000, "the vault's cash is {cash}");

    // Who insists on more than his part gets nothing.
    let all = v.shares_of(&holder);
    v.redeem(&holder, all, (0, 8_000_000_000))
        .refused(BasisVaultError::BelowMinimum);
    v.redeem_all(&holder).accepted();
    v.redeem_all(&other).accepted();
    for (who, part) in [(&holder, 0.6), (&other, 0.4)] {
        let (tokens, paid) = (v.tokens_of(who) as f64, v.cash_of(who) as f64);
        assert!(
            (tokens / (100.0 * part * 1e9) - 1.0).abs() < 1e-6,
            "{tokens}"
        );
        assert!((paid / (cash as f64 * part) - 1.0).abs() < 1e-6, "{paid}");
    }
    // What rounding leaves.
    assert!(v.world.account(&v.account).cash < 1_000);
    assert!(v.world.book(SOL).price > 0);
}

/// The one who called first managed the vault, and hedged at any price within the pool's band.
#[test]
fn b8_a_stranger_neither_creates_the_vault_nor_trades_far_from_the_index_price() {
    let mut v = Vault::bare();
    let mallory = v.person("mallory");
    v.initialize(&mallory, 2_000)
        .refused(BasisVaultError::NotUpgradeAuthority);
    let mut v = Vault::new();
    let (holder, manager) = (v.person("holder"), v.manager.insecure_clone());
    v.deposit(&holder, 100 * TOKEN, 0).accepted();
    // 4 % below the index price of 200 USD, which the pool's band of 5 % lets through.
    v.hedge_at(&manager, -100_000_000, 192_000_000)
        .refused(BasisVaultError::PriceOutOfBound);
}
