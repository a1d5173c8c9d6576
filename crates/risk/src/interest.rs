//! Interest on cash: borrowers pay lenders by a rate that rises with utilisation, kinked at an optimum (the shape of
//! Aave's and Mango's), by two additive indices.
//!
//! A balance earns or owes its size times the growth of its index since it last changed. Interest bears no interest
//! ([`Balance`]), so that it makes no difference how often a balance takes it. Additive indices are exact where products
//! are not: what all lenders are owed never exceeds what all borrowers owe, see [`Indices::after`].

use crate::{PPM, error::RiskError};

/// One unit of interest per unit of balance, in an index.
pub const INDEX_BITS: u32 = 48;
/// Fraction bits of utilisation.
const UTILISATION_BITS: u32 = 32;
/// Index units per second of one part per million a year, Q16: 2⁶⁴ / (10⁶ x 31,536,000), rounded down.
const PER_PPM_SECOND: u128 = (1 << 64) / (1_000_000 * 31_536_000);

/// Rates in parts per million a year (of 365 days), shares in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestParams {
    /// Borrowers' rate when nothing is lent; at most `rate_optimal`.
    pub rate_zero: u64,
    /// At the optimal utilisation; at most `rate_full`.
    pub rate_optimal: u64,
    /// When all is lent; at most 10,000,000.
    pub rate_full: u64,
    /// Utilisation at the kink; 1 ..= 999,999.
    pub optimal: u64,
    /// Share of the interest that the pool keeps; at most 1,000,000.
    pub fee: u64,
}

impl InterestParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.rate_zero > self.rate_optimal
            || self.rate_optimal > self.rate_full
            || self.rate_full > 10_000_000
            || self.optimal == 0
            || self.optimal >= PPM
            || self.fee > PPM
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// Borrowers' rate, parts per million a year, at a utilisation in Q32. Rounded down.
    #[must_use]
    pub fn rate(&self, utilisation: u64) -> u64 {
        // At most 2³² x 2²⁰.
        let used = (utilisation.min(1 << UTILISATION_BITS) * PPM) >> UTILISATION_BITS;
        let (from, to, part, length) = if used < self.optimal {
            (self.rate_zero, self.rate_optimal, used, self.optimal)
        } else {
            let over = used - self.optimal;
            (
                self.rate_optimal,
                self.rate_full,
                over,
                PPM.saturating_sub(self.optimal),
            )
        };
        // Rates below 2²⁴, parts at most 2²⁰.
        from + (to.saturating_sub(from)) * part / length.max(1)
    }
}

/// The share of `lent` that is `borrowed`, Q32, at most one. Rounded down.
#[must_use]
pub fn utilisation(borrowed: u64, lent: u64) -> u64 {
    if borrowed >= lent {
        return u64::from(borrowed != 0) << UTILISATION_BITS;
    }
    // Both lose the digits that `borrowed` has beyond 32; what is lost of `lent` rounds up.
    let excess = (u64::BITS - borrowed.leading_zeros()).saturating_sub(UTILISATION_BITS);
    let lost = u64::from(lent & ((1 << excess) - 1) != 0);
    ((borrowed >> excess) << UTILISATION_BITS) / ((lent >> excess) + lost)
}

/// Interest per unit of balance since the beginning, 2⁻⁴⁸.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indices {
    /// Given to balances above zero.
    pub lenders: i64,
    /// Charged to balances below zero.
    pub borrowers: i64,
}

impl Indices {
    /// After `seconds` with so much lent and borrowed. The lenders' index grows by the borrowers' times the utilisation
    /// less the fee, rounded down, so that `lent x growth <= borrowed x growth` to the last bit.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] after more than three thousand years at the highest rate.
    pub fn after(
        self,
        params: &InterestParams,
        (lent, borrowed): (u64, u64),
        seconds: u64,
    ) -> Result<Self, RiskError> {
        if borrowed == 0 || seconds == 0 {
            return Ok(self);
        }
        let used = utilisation(borrowed, lent);
        // 2²⁴ x 2⁶⁴ x 2²⁰ at most.
        let charged = (u128::from(params.rate(used)) * u128::from(seconds) * PER_PPM_SECOND) >> 16;
        let charged = i64::try_from(charged).map_err(|_| RiskError::Overflow)?;
        // The kept share in Q32, rounded down, at most one.
        let kept = (PPM.saturating_sub(params.fee) << UTILISATION_BITS) / PPM;
        let share = (u128::from(used) * u128::from(kept)) >> UTILISATION_BITS;
        // The charge is below 2⁶³, the share at most 2³².
        let given = (u128::from(charged.unsigned_abs()) * share) >> UTILISATION_BITS;
        let given = i64::try_from(given).map_err(|_| RiskError::Overflow)?;
        let sum = |index: i64, growth| index.checked_add(growth).ok_or(RiskError::Overflow);
        Ok(Self {
            lenders: sum(self.lenders, given)?,
            borrowers: sum(self.borrowers, charged)?,
        })
    }

    /// The index that a balance follows.
    #[must_use]
    pub const fn of(&self, balance: i64) -> i64 {
        if balance < 0 {
            self.borrowers
        } else {
            self.lenders
        }
    }

    /// What a balance earned (or, negative, owes) since its index stood at `entry`. Rounded down: a lender gets less, a
    /// borrower owes more.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn interest(&self, balance: i64, entry: i64) -> Result<i64, RiskError> {
        // Both factors below 2⁶⁴.
        let exact = i128::from(balance) * (i128::from(self.of(balance)) - i128::from(entry));
        i64::try_from(exact >> INDEX_BITS).map_err(|_| RiskError::Overflow)
    }
}

/// Cash, and the part of it that is interest and bears none. Micro-USD, both positive for a lender and negative for a
/// borrower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub cash: i64,
    /// Of the sign of the rest or zero.
    pub interest: i64,
}

impl Balance {
    /// What bears interest.
    #[must_use]
    pub const fn principal(self) -> i64 {
        // Of one sign, so no larger than the cash.
        self.cash.saturating_sub(self.interest)
    }

    /// After it took `interest` and then changed by `change`. As everywhere with simple interest, what is paid pays
    /// interest first: what leaves a lender or comes in from a borrower comes out of the interest, and only the rest of
    /// it out of the principal.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn after(self, interest: i64, change: i64) -> Result<Self, RiskError> {
        let sum = |a: i64, b: i64| a.checked_add(b).ok_or(RiskError::Overflow);
        let taken = sum(self.interest, interest)?;
        let left = match (taken.signum(), change.signum()) {
            // The sum is between the two.
            (1, -1) => taken.saturating_add(change).max(0),
            (-1, 1) => taken.saturating_add(change).min(0),
            _ => taken,
        };
        Ok(Self {
            cash: sum(sum(self.cash, interest)?, change)?,
            interest: left,
        })
    }
}

#[cfg(test)]
mod tests {
    use {super::*, crate::SECONDS_PER_YEAR, proptest::prelude::*};

    const PARAMS: InterestParams = InterestParams {
        rate_zero: 0,
        rate_optimal: 80_000,
        rate_full: 1_000_000,
        optimal: 800_000,
        fee: 100_000,
    };

    fn q32(ppm: u64) -> u64 {
        (ppm << 32).div_ceil(PPM)
    }

    #[test]
    fn the_rate_rises_to_the_kink_and_steeply_beyond_it() {
        for (used, rate) in [
            (0, 0),
            (400_000, 40_000),
            (800_000, 80_000),
            (900_000, 540_000),
            (1_000_000, 1_000_000),
        ] {
            assert_eq!(PARAMS.rate(q32(used)), rate, "at {used}");
        }
        assert_eq!(PARAMS.rate(u64::MAX), 1_000_000);
    }

    #[test]
    fn a_year_at_the_optimum_charges_eight_per_cent_and_gives_ninety_per_cent_of_it() {
        let after = Indices::default()
            .after(&PARAMS, (1_000_000, 800_000), SECONDS_PER_YEAR)
            .unwrap();
        let borrower = after.interest(-1_000_000_000_000, 0).unwrap();
        let lender = after.interest(1_000_000_000_000, 0).unwrap();
        // 80,000 and 57,600 USD on a million, to the rounding of the rate.
        assert!(
            (-80_000_000_000..-79_998_000_000).contains(&borrower),
            "{borrower}"
        );
        assert!(
            (57_598_000_000..57_600_000_000).contains(&lender),
            "{lender}"
        );
    }

    #[test]
    fn nothing_borrowed_earns_nothing_and_time_zero_changes_nothing() {
        let start = Indices {
            lenders: 5,
            borrowers: 7,
        };
        assert_eq!(start.after(&PARAMS, (1_000, 0), 1_000), Ok(start));
        assert_eq!(start.after(&PARAMS, (1_000, 500), 0), Ok(start));
    }

    #[test]
    fn without_lenders_the_pool_keeps_all() {
        let after = Indices::default().after(&PARAMS, (0, 500), 1_000).unwrap();
        assert!(after.borrowers > 0);
        assert!(after.interest(-500, 0).unwrap() < 0);
    }

    proptest! {
        #[test]
        fn lenders_are_never_owed_more_than_borrowers_owe(
            lent in 0..=u64::MAX >> 1, borrowed in 0..=u64::MAX >> 1, seconds in 0u64..100_000_000,
            fee in 0..=PPM,
        ) {
            let params = InterestParams { fee, ..PARAMS };
            let after = Indices::default().after(&params, (lent, borrowed), seconds).unwrap();
            let given = u128::from(lent) * u128::from(after.lenders.unsigned_abs());
            let charged = u128::from(borrowed) * u128::from(after.borrowers.unsigned_abs());
            prop_assert!(given <= charged);
            prop_assert!(after.lenders >= 0 && after.borrowers >= 0);
        }

        #[test]
        fn utilisation_is_rounded_down_and_close(borrowed in 1..=u64::MAX >> 1, more in 0..=u64::MAX >> 1) {
            let lent = borrowed + more;
            let exact = (u128::from(borrowed) << 32) / u128::from(lent);
            let got = u128::from(utilisation(borrowed, lent));
            prop_assert!(got <= exact && exact - got <= 4, "{got} of {exact}");
        }

        #[test]
        fn interest_is_of_the_sign_of_the_principal_and_no_payment_changes_the_sum(
            changes in prop::collection::vec((-1_000_000i64..1_000_000, 0i64..100_000), 1..40),
        ) {
            let (mut balance, mut sum) = (Balance::default(), 0);
            for (change, rate) in changes {
                let interest = balance.principal() * rate / 1_000_000;
                let next = balance.after(interest, change).unwrap();
                sum += interest + change;
                prop_assert_eq!(next.cash, sum);
                prop_assert!(next.interest == 0 || next.interest.signum() == next.principal().signum());
                // A payment that interest covers leaves the principal.
                if next.interest != 0 && change.signum() == -next.interest.signum() {
                    prop_assert_eq!(next.principal(), balance.principal());
                }
                balance = next;
            }
        }

        #[test]
        fn dividing_a_balance_gains_nothing(a in 0i64..1 << 50, b in 0i64..1 << 50, growth in 0i64..1 << 50) {
            let at = Indices { lenders: growth, borrowers: growth };
            let of = |balance| at.interest(balance, 0).unwrap();
            prop_assert!(of(a) + of(b) <= of(a + b));
            prop_assert!(of(-a) + of(-b) <= of(-a - b));
            prop_assert!(of(a) <= -of(-a));
        }
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(PARAMS.check(), Ok(()));
        for bad in [
            InterestParams {
                rate_zero: 80_001,
                ..PARAMS
            },
            InterestParams {
                rate_optimal: 1_000_001,
                ..PARAMS
            },
            InterestParams {
                rate_full: 10_000_001,
                ..PARAMS
            },
            InterestParams {
                optimal: 0,
                ..PARAMS
            },
            InterestParams {
                optimal: PPM,
                ..PARAMS
            },
            InterestParams {
                fee: PPM + 1,
                ..PARAMS
            },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }
}
