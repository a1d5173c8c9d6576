//! A loss spread over any number of accounts in one step, applied to each when it is next touched.
//!
//! Two forms, by what the loss does to the base it is spread over:
//!
//! - **Additive index** ([`index_increment`], [`owed`]): the base stays as it is, like open interest. The
//!   index grows by loss over base; an account owes its base times the growth since it last settled.
//! - **[`Survival`] factor**: the loss uses the base up, like cash, or the size of positions that are
//!   reduced. The factor shrinks by the part lost; an account keeps its balance times the factor now over
//!   the factor when it last settled. An additive index would ask more than it has of an account that
//!   slept through several losses.
//!
//! The margin pool charges what a side of an instrument bears of a default to every contract of it ([`per_contract`], an
//! additive index in the funding index's units), and cash by the factor. Unrealised profit is no base for either: it moves
//! with the mark and with every settlement, which anyone may send; who visits the accounts instead divides by
//! [`crate::allocation::haircuts`].
//!
//! An account must be settled before its base changes. Every rounding is up in what is owed and down in
//! what is kept, so dividing a base over accounts, or settling often, never saves its owner anything. What
//! rounding collects beyond the loss goes to the fund.

use crate::{error::RiskError, funding::INDEX_BITS};

/// One unit owed per unit of base: the index is Q64 in a `u128` (stored as two words on chain).
pub const INDEX_ONE: u128 = 1 << 64;

/// How far an index rises for one loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Increment {
    /// To be added to the index, Q64.
    pub delta: u128,
    /// The part of a unit not yet in the index, Q64; pass it to the next increment of the same index.
    pub carry: u64,
}

/// Spreads `loss` (micro-USD) over `base` (the sum of all accounts' bases). Rounded down, the rest carried.
///
/// With S settlements between them, over any number of losses and changes of base, the amounts owed
///
/// - sum to at least the losses: what the index lacks is below one unit, and each account rounds up;
/// - exceed the losses by less than S units, one per settlement.
///
/// A single loss (`carry` 0) of at most `base` never asks more than its base of an account, and never more
/// than its exact share rounded up. Index sums fit `u128` for 2⁶² losses of at most their base.
///
/// # Errors
/// [`RiskError::BadParameter`] when a loss meets a base of zero.
pub fn index_increment(loss: u64, base: u64, carry: u64) -> Result<Increment, RiskError> {
    if base == 0 {
        return if loss == 0 {
            Ok(Increment { delta: 0, carry })
        } else {
            Err(RiskError::BadParameter)
        };
    }
    // At most (2⁶⁴ - 1) 2⁶⁴ + 2⁶⁴ - 1: fits.
    let numerator = (u128::from(loss) << 64) + u128::from(carry);
    let base = u128::from(base);
    Ok(Increment {
        delta: numerator / base,
        // Below base, so below 2⁶⁴.
        carry: u64::try_from(numerator % base).map_err(|_| RiskError::Overflow)?,
    })
}

/// What an account with `base` owes after the index rose by `delta` since it settled; rounded up.
///
/// For two bases, `owed(a) + owed(b)` is `owed(a + b)` or one unit more.
///
/// # Errors
/// [`RiskError::Overflow`] when it is 2⁶⁴ or more.
pub fn owed(base: u64, delta: u128) -> Result<u64, RiskError> {
    let base = u128::from(base);
    // Two 64-bit halves; each product below 2¹²⁸ - 2⁶⁵.
    let low = base * (delta & u128::from(u64::MAX));
    let high = base * (delta >> 64);
    let up = u128::from(low & u128::from(u64::MAX) != 0);
    u64::try_from(high + (low >> 64) + up).map_err(|_| RiskError::Overflow)
}

/// A loss charged to every contract of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerContract {
    /// How much of it the side bears, micro-USD.
    pub borne: u64,
    /// What each contract bears: micro-USD, 2⁻²⁰, rounded up.
    pub rise: u64,
}

/// Charges `loss` (micro-USD) to `open` millionths of contracts, each of which bears at most `room` (micro-USD, 2⁻²⁰).
///
/// Exactly: `borne` is the smaller of the loss and what the room lets all contracts bear, rounded down; `rise` is at most
/// `room`; and `open x rise` covers `borne` with less than one unit of the index for each millionth beyond it.
#[must_use]
pub fn per_contract(loss: u64, open: u64, room: u64) -> PerContract {
    if open == 0 {
        return PerContract::default();
    }
    // One micro-USD in millionths of contracts times units of the index: 10⁶ x 2²⁰, below 2⁴⁰.
    let one = 1_000_000u128 << INDEX_BITS;
    let open = u128::from(open);
    let most = open * u128::from(room) / one;
    let borne = u64::try_from(most).map_or(loss, |most| most.min(loss));
    // Below 2⁶⁴ x 2⁴⁰; at most `room`, since borne x one is at most open x room.
    let rise = (u128::from(borne) * one).div_ceil(open);
    PerContract {
        borne,
        rise: u64::try_from(rise).unwrap_or(room),
    }
}

/// 1.0 of a survival factor (Q63).
const SURVIVAL_ONE: u64 = 1 << 63;
/// Below it a factor is written with one more [`SCALE_BITS`], so that it never runs out of digits.
const SURVIVAL_MIN: u128 = 1 << 31;
const SCALE_BITS: u32 = 32;
/// This many scales apart nothing of any 64-bit balance is left: see [`Survival::kept`].
const WIPED_OUT: u32 = 3;

/// The part of a balance that is left after every loss so far: `factor / 2⁶³ x 2^(-32 scale)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survival {
    factor: u64,
    scale: u32,
}

impl Default for Survival {
    fn default() -> Self {
        Self {
            factor: SURVIVAL_ONE,
            scale: 0,
        }
    }
}

impl Survival {
    /// From its stored words.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] for a factor of zero or above one.
    pub const fn new(factor: u64, scale: u32) -> Result<Self, RiskError> {
        if factor == 0 || factor > SURVIVAL_ONE {
            return Err(RiskError::BadParameter);
        }
        Ok(Self { factor, scale })
    }

    /// (factor, scale), to be stored.
    #[must_use]
    pub const fn words(self) -> (u64, u32) {
        (self.factor, self.scale)
    }

    /// After a loss of `loss` out of `base`, the sum of what all accounts keep. Rounded down by less than one
    /// part in 2³¹, and by less than one in 2⁶² while the product of all losses has left more than half.
    /// A loss of the whole base leaves nothing to anyone, and the factor starts again for later balances.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] when the loss exceeds the base; [`RiskError::Overflow`] after 2³² scales.
    pub fn after(self, loss: u64, base: u64) -> Result<Self, RiskError> {
        if loss == 0 {
            return Ok(self);
        }
        let left = base.checked_sub(loss).ok_or(RiskError::BadParameter)?;
        let mut scales = 0;
        let factor = if left == 0 {
            scales = WIPED_OUT;
            u128::from(SURVIVAL_ONE)
        } else {
            // Below 2⁶³ x 2⁶⁴. While the quotient is below 2³¹ the product is below 2⁹⁵, so the shift
            // fits, and the new quotient is at most 2⁶³. It ends, since the product is not zero.
            let mut product = u128::from(self.factor) * u128::from(left);
            let base = u128::from(base);
            while product / base < SURVIVAL_MIN {
                product <<= SCALE_BITS;
                scales += 1;
            }
            product / base
        };
        Ok(Self {
            factor: u64::try_from(factor).map_err(|_| RiskError::Overflow)?,
            scale: self.scale.checked_add(scales).ok_or(RiskError::Overflow)?,
        })
    }

    /// What is left of a `balance` that was last settled at `since`; rounded down.
    ///
    /// After one loss the accounts together keep at most `base - loss`.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] when `since` is later than this factor.
    pub fn kept(self, balance: u64, since: Self) -> Result<u64, RiskError> {
        let scales = self
            .scale
            .checked_sub(since.scale)
            .ok_or(RiskError::BadParameter)?;
        if scales == 0 && self.factor > since.factor {
            return Err(RiskError::BadParameter);
        }
        if scales >= WIPED_OUT {
            return Ok(0);
        }
        // Below 2⁶⁴ x 2⁶³, and over a factor of at least 2³¹ below 2⁹⁶: nothing after three scales.
        let kept = u128::from(balance) * u128::from(self.factor) / u128::from(since.factor);
        u64::try_from(kept >> (SCALE_BITS * scales)).map_err(|_| RiskError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const BASE: u64 = 1 << 50;

    #[derive(Clone, Debug)]
    enum Step {
        Loss(u64),
        /// Account, new base.
        Settle(usize, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u64..1_000_000_000).prop_map(Step::Loss),
            (0usize..6, prop_oneof![0u64..10, 0..BASE]).prop_map(|(i, b)| Step::Settle(i, b)),
        ]
    }

    proptest! {
        #[test]
        fn one_loss_is_collected_with_less_than_a_unit_per_account(
            bases in prop::collection::vec(prop_oneof![1u64..10, 1..BASE], 1..50), part in 0u64..=1_000_000,
        ) {
            let base: u64 = bases.iter().sum();
            let loss = (u128::from(base) * u128::from(part) / 1_000_000) as u64;
            let inc = index_increment(loss, base, 0).unwrap();
            let all: Vec<u64> = bases.iter().map(|b| owed(*b, inc.delta).unwrap()).collect();
            let sum: u64 = all.iter().sum();
            prop_assert!(sum >= loss && sum - loss < bases.len() as u64);
            for (o, b) in all.iter().zip(&bases) {
                let share = (u128::from(loss) * u128::from(*b)).div_ceil(u128::from(base));
                prop_assert!(o <= b && u128::from(*o) <= share);
            }
        }

        #[test]
        fn losses_and_settlements_in_any_order_never_collect_too_little(
            start in prop::collection::vec(1u64..BASE, 6), steps in prop::collection::vec(step(), 1..80),
        ) {
            let (mut bases, mut since) = (start, [0u128; 6]);
            let (mut index, mut carry, mut lost, mut paid, mut settlements) = (0u128, 0, 0u64, 0u64, 0);
            let everyone = (0..6).map(|i| Step::Settle(i, 0));
            for step in steps.into_iter().chain(everyone) {
                match step {
                    Step::Loss(loss) => {
                        if let Ok(inc) = index_increment(loss, bases.iter().sum(), carry) {
                            index += inc.delta;
                            carry = inc.carry;
                            lost += loss;
                        }
                    }
                    Step::Settle(i, base) => {
                        paid += owed(bases[i], index - since[i]).unwrap();
                        (bases[i], since[i]) = (base, index);
                        settlements += 1;
                    }
                }
            }
            prop_assert!(paid >= lost && paid - lost < settlements, "{} of {}", paid, lost);
        }

        #[test]
        fn dividing_a_base_or_settling_early_never_lowers_what_is_owed(
            a in 0..BASE, b in 0..BASE, x in 0..INDEX_ONE, y in 0..INDEX_ONE,
        ) {
            let whole = owed(a + b, x).unwrap();
            let pieces = owed(a, x).unwrap() + owed(b, x).unwrap();
            prop_assert!(pieces == whole || pieces == whole + 1);
            let late = owed(a, x + y).unwrap();
            let early = owed(a, x).unwrap() + owed(a, y).unwrap();
            prop_assert!(early == late || early == late + 1);
        }

        #[test]
        fn owed_is_the_product_rounded_up(base: u64, delta in 0..INDEX_ONE) {
            // By halves of the base, each exact in 128 bits.
            let (h, l) = (u128::from(base >> 32) * delta, u128::from(base & 0xffff_ffff) * delta);
            let low = (l & ((1 << 64) - 1)) + ((h & 0xffff_ffff) << 32);
            let want = (h >> 32) + (l >> 64) + low.div_ceil(1 << 64);
            prop_assert_eq!(u128::from(owed(base, delta).unwrap()), want);
        }

        #[test]
        fn survivors_keep_at_most_what_is_left_and_lose_less_than_two_units_more(
            balances in prop::collection::vec(prop_oneof![0u64..10, 0..BASE], 1..40),
            parts in prop::collection::vec(0u64..1_000_000, 1..12), untouched in 0usize..40,
        ) {
            let mut base: u64 = balances.iter().sum();
            let (mut now, start) = (Survival::default(), Survival::default());
            let (mut early, mut since) = (balances.clone(), start);
            let mut half = true;
            for part in parts {
                let loss = (u128::from(base) * u128::from(part) / 1_000_000) as u64;
                now = now.after(loss, base).unwrap();
                base -= loss;
                half &= now.words().0 > SURVIVAL_ONE / 2;
                // Some settle after each loss, the others at the end.
                for b in early.iter_mut().skip(untouched) {
                    *b = now.kept(*b, since).unwrap();
                }
                since = now;
                let kept: u64 = balances.iter().map(|b| now.kept(*b, start).unwrap()).sum();
                prop_assert!(kept <= base);
                if half {
                    prop_assert!(base - kept < balances.len() as u64 + 2);
                }
            }
            for (e, b) in early.iter().zip(&balances).skip(untouched) {
                prop_assert!(*e <= now.kept(*b, start).unwrap());
            }
        }

        #[test]
        fn dividing_a_balance_never_keeps_more(a in 0..BASE, b in 0..BASE, loss in 0..BASE) {
            let now = Survival::default().after(loss, BASE).unwrap();
            let since = Survival::default();
            let kept = |x| now.kept(x, since).unwrap();
            prop_assert!(kept(a) + kept(b) <= kept(a + b));
            prop_assert!(kept(a) + kept(b) + 1 >= kept(a + b));
        }
    }

    proptest! {
        #[test]
        fn no_contract_bears_more_than_its_room_and_all_of_them_cover_what_is_borne(
            loss in prop_oneof![0u64..1_000, any::<u64>()], open in prop_oneof![0u64..1_000, any::<u64>()],
            room in prop_oneof![Just(0u64), 0u64..1 << 30, any::<u64>()],
        ) {
            let got = per_contract(loss, open, room);
            let one = 1_000_000u128 << INDEX_BITS;
            let (borne, rise) = (u128::from(got.borne), u128::from(got.rise));
            prop_assert!(got.borne <= loss && got.rise <= room);
            let collected = u128::from(open) * rise;
            prop_assert!(collected >= borne * one && collected - borne * one <= u128::from(open));
            // All of the loss, unless the room does not let a unit more be borne.
            prop_assert!(got.borne == loss || u128::from(open) * u128::from(room) < (borne + 1) * one);
        }
    }

    #[test]
    fn a_loss_of_a_dollar_on_four_contracts_is_a_quarter_each() {
        let quarter = 250_000 << INDEX_BITS;
        let all = PerContract {
            borne: 1_000_000,
            rise: quarter,
        };
        assert_eq!(per_contract(1_000_000, 4_000_000, u64::MAX), all);
        assert_eq!(per_contract(2_000_000, 4_000_000, quarter), all);
        assert_eq!(per_contract(1, 0, 1), PerContract::default());
    }

    #[test]
    fn an_exact_division_collects_exactly() {
        let inc = index_increment(6, 9, 0).unwrap();
        assert_eq!(owed(3, inc.delta), Ok(2));
        let all = index_increment(9, 9, 0).unwrap();
        assert_eq!(
            all,
            Increment {
                delta: INDEX_ONE,
                carry: 0
            }
        );
        assert_eq!(owed(u64::MAX, INDEX_ONE), Ok(u64::MAX));
        assert_eq!(owed(u64::MAX, INDEX_ONE + 1), Err(RiskError::Overflow));
        assert_eq!(owed(0, u128::MAX), Ok(0));
        assert_eq!(index_increment(1, 0, 0), Err(RiskError::BadParameter));
    }

    #[test]
    fn the_carry_keeps_small_losses_on_a_huge_base_from_vanishing() {
        // Each increment alone would lose up to half a unit of what it should collect.
        let base = u64::MAX / 2 + 2;
        let (mut index, mut carry) = (0, 0);
        for _ in 0..1_000 {
            let inc = index_increment(1, base, carry).unwrap();
            (index, carry) = (index + inc.delta, inc.carry);
        }
        assert_eq!(owed(base, index), Ok(1_000));
    }

    #[test]
    fn a_factor_outlives_repeated_ruin() {
        let start = Survival::default();
        let mut now = start;
        // Ten times all but one millionth: 10⁻⁶⁰ in all, far below what one word could hold.
        for _ in 0..10 {
            now = now.after(999_999, 1_000_000).unwrap();
        }
        assert_eq!(now.kept(u64::MAX, start), Ok(0));
        let next = now.after(1, 4).unwrap();
        assert_eq!(next.kept(1_000_000, now), Ok(749_999));
        // A whole loss leaves nothing, and a balance put in afterwards is whole.
        let gone = next.after(5, 5).unwrap();
        assert_eq!(gone.kept(u64::MAX, next), Ok(0));
        assert_eq!(gone.kept(77, gone), Ok(77));
        assert_eq!(gone.after(6, 5), Err(RiskError::BadParameter));
        assert_eq!(next.kept(1, gone), Err(RiskError::BadParameter));
    }
}
