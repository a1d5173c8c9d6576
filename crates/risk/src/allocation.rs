//! Who bears a loss that an account could not: pro-rata haircuts exact to the unit, the order in which
//! funds and accounts stand in for it, and how large a fund has to be.
//!
//! The margin pool divides a loss over the markets that caused it with [`apportion`]. There are too many accounts to visit in
//! one transaction: there the same loss is spread by [`crate::loss_index`].

use {
    crate::error::RiskError,
    alloc::{vec, vec::Vec},
    core::cmp::{Reverse, min},
};

/// One account's stake in a haircut. All claims of one owner share a key, as its address: they are
/// treated as one, and the key settles who bears an odd unit between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<K> {
    pub key: K,
    /// Unrealised profit, micro-USD; zero or negative is left alone.
    pub profit: i64,
}

/// Takes `min(deficit, sum of positive profits)` from the claims in proportion to their profit, by largest
/// remainders (Hamilton's method), first between owners and then between one owner's claims. One haircut
/// per claim, in the order given.
///
/// Exactly:
/// - the haircuts sum to `min(deficit, sum of positive profits)`: no unit is left to the fund;
/// - each is at most its profit, and zero where profit is not positive;
/// - an owner bears its exact share rounded down or up;
/// - the order of the claims does not matter. Between equal remainders the smaller key bears the unit,
///   and between claims of one owner the smaller profit;
/// - an owner who divides its profit over several claims under one key bears the same in total, and so
///   does everybody else. Over k different keys its total differs by at most k units.
///
/// # Errors
/// [`RiskError::Overflow`] when the positive profits sum to 2⁶⁴ or more.
pub fn haircuts<K: Ord + Copy>(claims: &[Claim<K>], deficit: u64) -> Result<Vec<u64>, RiskError> {
    let mut order: Vec<(K, u64, usize)> = claims
        .iter()
        .enumerate()
        .filter_map(|(at, claim)| Some((claim.key, positive(claim.profit)?, at)))
        .collect();
    order.sort_unstable();
    let profits: Vec<u64> = order.iter().map(|(_, profit, _)| *profit).collect();
    let owned: Vec<&[(K, u64, usize)]> = order.chunk_by(|a, b| a.0 == b.0).collect();

    // Sums of parts below the sum of all, which is checked first.
    let deficit = min(deficit, total(&profits)?);
    let of_owner: Vec<u64> = owned
        .iter()
        .map(|claims| claims.iter().map(|(_, profit, _)| *profit).sum())
        .collect();
    let mut out = vec![0; claims.len()];
    for (claims, share) in owned.iter().zip(apportion(deficit, &of_owner)?) {
        let profits: Vec<u64> = claims.iter().map(|(_, profit, _)| *profit).collect();
        for ((_, _, at), haircut) in claims.iter().zip(apportion(share, &profits)?) {
            if let Some(slot) = out.get_mut(*at) {
                *slot = haircut;
            }
        }
    }
    Ok(out)
}

/// Divides `amount` in proportion to `weights` by largest remainders: every part is its exact share
/// rounded down or up, and they sum to `amount`. Between equal remainders the earlier weight gets the
/// unit. When `amount` is at most the sum of the weights, no part exceeds its weight.
///
/// # Errors
/// [`RiskError::Overflow`] when the weights sum to 2⁶⁴ or more; [`RiskError::BadParameter`] when an
/// amount meets weights that are all zero.
pub fn apportion(amount: u64, weights: &[u64]) -> Result<Vec<u64>, RiskError> {
    let whole = u128::from(total(weights)?);
    if whole == 0 {
        return if amount == 0 {
            Ok(vec![0; weights.len()])
        } else {
            Err(RiskError::BadParameter)
        };
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = amount;
    for (at, weight) in weights.iter().enumerate() {
        // Both factors below 2⁶⁴; the quotient is at most `amount`, since weight <= whole.
        let product = u128::from(amount) * u128::from(*weight);
        let part = u64::try_from(product / whole).map_err(|_| RiskError::Overflow)?;
        parts.push(part);
        remainders.push((Reverse(product % whole), at));
        // Floors of shares of `amount` never sum to more than it.
        left -= part;
    }
    // What is left is the sum of the remainders over `whole`: fewer units than remainders above zero.
    remainders.sort_unstable();
    for ((_, at), _) in remainders.iter().zip(0..left) {
        if let Some(part) = parts.get_mut(*at) {
            *part += 1;
        }
    }
    Ok(parts)
}

/// What stands behind a deficit, in the order in which it is used; micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Insurance fund balance.
    pub fund: u64,
    /// What is left of the causing markets' share of the fund.
    pub tranche: u64,
    /// Positive unrealised profit in the markets that caused the loss.
    pub profit: u64,
    /// Positive cash of accounts with an open position: whoever has none bears no loss.
    pub cash: u64,
}

/// A deficit divided over the layers; micro-USD. The four sum to the deficit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub fund: u64,
    pub profit: u64,
    pub cash: u64,
    /// Beyond everything: the pool owes more than it holds.
    pub uncovered: u64,
}

/// Fills the layers in order: the fund up to the tranche, profit, cash. Exact.
#[must_use]
pub fn waterfall(deficit: u64, layers: &Layers) -> Split {
    let mut left = deficit;
    let mut take = |available: u64| {
        let taken = min(left, available);
        left -= taken;
        taken
    };
    let fund = take(min(layers.fund, layers.tranche));
    let profit = take(layers.profit);
    let cash = take(layers.cash);
    Split {
        fund,
        profit,
        cash,
        uncovered: left,
    }
}

/// Cover-k (PFMI Principle 4): the largest sum, over the stress scenarios, of the k largest shortfalls in
/// that scenario. A shortfall is what an account loses beyond its margin; zero or negative counts as none.
/// `usize::MAX` covers all.
///
/// # Errors
/// [`RiskError::Overflow`] when a scenario's shortfalls sum to 2⁶⁴ or more.
pub fn cover<S: AsRef<[i64]>>(scenarios: &[S], k: usize) -> Result<u64, RiskError> {
    let mut worst = 0;
    for scenario in scenarios {
        let mut shortfalls: Vec<u64> = scenario
            .as_ref()
            .iter()
            .filter_map(|x| positive(*x))
            .collect();
        shortfalls.sort_unstable_by_key(|x| Reverse(*x));
        shortfalls.truncate(k);
        worst = worst.max(total(&shortfalls)?);
    }
    Ok(worst)
}

fn positive(amount: i64) -> Option<u64> {
    u64::try_from(amount).ok().filter(|amount| *amount > 0)
}

fn total(amounts: &[u64]) -> Result<u64, RiskError> {
    amounts
        .iter()
        .try_fold(0u64, |sum, amount| sum.checked_add(*amount))
        .ok_or(RiskError::Overflow)
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    fn claims(pairs: &[(u8, i64)]) -> Vec<Claim<u8>> {
        pairs
            .iter()
            .map(|(key, profit)| Claim {
                key: *key,
                profit: *profit,
            })
            .collect()
    }

    /// (key, profit, haircut), sorted: what must not depend on the order of the claims.
    fn outcome(claims: &[Claim<u8>], deficit: u64) -> Vec<(u8, i64, u64)> {
        let cuts = haircuts(claims, deficit).unwrap();
        let mut all: Vec<_> = claims
            .iter()
            .zip(cuts)
            .map(|(c, cut)| (c.key, c.profit, cut))
            .collect();
        all.sort_unstable();
        all
    }

    fn of_key(claims: &[Claim<u8>], deficit: u64, key: u8) -> u64 {
        outcome(claims, deficit)
            .iter()
            .filter(|x| x.0 == key)
            .map(|x| x.2)
            .sum()
    }

    prop_compose! {
        fn stakes()(pairs in prop::collection::vec(
            (0u8..200, prop_oneof![-50i64..50, -1_000_000_000_000i64..1_000_000_000_000]), 1..40,
        )) -> Vec<Claim<u8>> {
            claims(&pairs)
        }
    }

    proptest! {
        #[test]
        fn haircuts_sum_to_the_deficit_and_stay_within_each_profit(
            claims in stakes(), deficit in prop_oneof![0u64..200, 0u64..30_000_000_000_000],
        ) {
            let cuts = haircuts(&claims, deficit).unwrap();
            let winners: u64 = claims.iter().filter_map(|c| positive(c.profit)).sum();
            prop_assert_eq!(cuts.iter().sum::<u64>(), deficit.min(winners));
            for (claim, cut) in claims.iter().zip(&cuts) {
                prop_assert!(*cut <= positive(claim.profit).unwrap_or(0));
            }
        }

        #[test]
        fn an_owner_bears_its_share_rounded_down_or_up(claims in stakes(), deficit in 0u64..1_000_000_000_000) {
            let winners: u64 = claims.iter().filter_map(|c| positive(c.profit)).sum();
            prop_assume!(winners > 0);
            let taken = u128::from(deficit.min(winners));
            for claim in &claims {
                let own: u64 = claims.iter().filter(|c| c.key == claim.key).filter_map(|c| positive(c.profit)).sum();
                let (share, cut) = (taken * u128::from(own), u128::from(of_key(&claims, deficit, claim.key)));
                let whole = u128::from(winners);
                prop_assert!(cut == share / whole || cut == share.div_ceil(whole));
            }
        }

        #[test]
        fn the_order_of_the_claims_does_not_matter(
            (sorted, shuffled) in stakes().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
            deficit in prop_oneof![0u64..200, 0u64..1_000_000_000_000],
        ) {
            prop_assert_eq!(outcome(&sorted, deficit), outcome(&shuffled, deficit));
        }

        #[test]
        fn dividing_a_claim_under_one_key_changes_no_owner_s_total(
            claims in stakes(), part in 0u64..=1_000_000, deficit in 0u64..1_000_000_000_000,
        ) {
            let first = claims[0];
            let mut divided = claims.clone();
            let piece = (i128::from(first.profit) * i128::from(part) / 1_000_000) as i64;
            divided[0].profit -= piece;
            divided.push(Claim { key: first.key, profit: piece });
            for claim in &claims {
                prop_assert_eq!(of_key(&claims, deficit, claim.key), of_key(&divided, deficit, claim.key));
            }
        }

        #[test]
        fn dividing_a_claim_over_k_keys_moves_its_total_by_at_most_k(
            others in stakes(), pieces in prop::collection::vec(1i64..1_000_000_000, 1..8), deficit in 0u64..1_000_000_000_000,
        ) {
            let mut whole = others.clone();
            whole.push(Claim { key: 255, profit: pieces.iter().sum() });
            let mut divided = others;
            divided.extend((201u8..).zip(&pieces).map(|(key, profit)| Claim { key, profit: *profit }));
            let before = of_key(&whole, deficit, 255);
            let after: u64 = (201..=210).map(|key| of_key(&divided, deficit, key)).sum();
            prop_assert!(before.abs_diff(after) <= pieces.len() as u64);
        }

        #[test]
        fn layers_fill_in_order_and_sum_to_the_deficit(
            deficit in 0u64..100, fund in 0u64..40, tranche in 0u64..40, profit in 0u64..40, cash in 0u64..40,
        ) {
            let s = waterfall(deficit, &Layers { fund, tranche, profit, cash });
            prop_assert_eq!(s.fund + s.profit + s.cash + s.uncovered, deficit);
            prop_assert!(s.fund <= fund.min(tranche) && s.profit <= profit && s.cash <= cash);
            prop_assert!(s.profit == 0 || s.fund == fund.min(tranche));
            prop_assert!(s.cash == 0 || s.profit == profit);
            prop_assert!(s.uncovered == 0 || s.cash == cash);
        }

        #[test]
        fn cover_grows_with_k_and_ends_at_the_sum(
            scenarios in prop::collection::vec(prop::collection::vec(-100i64..1_000, 0..8), 0..6),
        ) {
            let all = scenarios.iter().map(|s| s.iter().map(|x| (*x).max(0)).sum::<i64>()).max().unwrap_or(0);
            prop_assert_eq!(cover(&scenarios, 0).unwrap(), 0);
            let mut last = 0;
            for k in 1..9 {
                let covered = cover(&scenarios, k).unwrap();
                prop_assert!(covered >= last);
                last = covered;
            }
            prop_assert_eq!(i64::try_from(last).unwrap(), all);
        }
    }

    #[test]
    fn an_odd_unit_between_equals_falls_on_the_smaller_key() {
        let three = claims(&[(9, 10), (4, 10), (7, 10)]);
        assert_eq!(haircuts(&three, 10).unwrap(), [3, 4, 3]);
        assert_eq!(haircuts(&three, 11).unwrap(), [3, 4, 4]);
        assert_eq!(haircuts(&three, u64::MAX).unwrap(), [10, 10, 10]);
    }

    #[test]
    fn the_largest_remainders_get_the_units() {
        // 0.4, 2 and 1.6; then 0.7, 3.5 and 2.8.
        assert_eq!(apportion(4, &[1, 5, 4]).unwrap(), [0, 2, 2]);
        assert_eq!(apportion(7, &[1, 5, 4]).unwrap(), [1, 3, 3]);
        assert_eq!(apportion(7, &[4, 5, 1]).unwrap(), [3, 3, 1]);
    }

    #[test]
    fn the_extremes_do_not_wrap() {
        let two = claims(&[(1, i64::MAX), (2, i64::MAX)]);
        assert_eq!(
            haircuts(&two, u64::MAX).unwrap(),
            [i64::MAX.cast_unsigned(); 2]
        );
        let three = claims(&[(1, i64::MAX), (2, i64::MAX), (3, 2)]);
        assert_eq!(haircuts(&three, 1), Err(RiskError::Overflow));
        assert_eq!(apportion(u64::MAX, &[u64::MAX, 0]).unwrap(), [u64::MAX, 0]);
        assert_eq!(apportion(1, &[0, 0]), Err(RiskError::BadParameter));
        assert_eq!(apportion(0, &[]).unwrap(), Vec::<u64>::new());
        assert_eq!(cover(&[[i64::MAX; 3]], 3), Err(RiskError::Overflow));
    }

    #[test]
    fn nothing_is_taken_where_nobody_gained() {
        assert_eq!(haircuts(&claims(&[(1, 0), (2, -5)]), 100).unwrap(), [0, 0]);
        assert_eq!(haircuts::<u8>(&[], 100).unwrap(), Vec::new());
    }
}
