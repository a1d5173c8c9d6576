//! A limit on what leaves in a time: a leaky bucket that counts, for each account, what it took out
//! beyond what it brought in. It slows a drain until somebody can look; what an account brought in
//! lately and takes out again is no drain and counts for nothing, however large it is.
//!
//! Per token there is one shared [`Flow`], and per account and token one signed number, its own flow:
//! above zero what the account took out and the shared flow counts, below zero what it brought in and
//! may take out again. The shared flow is at least the sum of all own flows above zero, so what comes
//! back is taken out of it again, and no order of flows that cancel leaves it changed.

/// Most at once from rest, and as much again in every window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowLimit {
    /// Smallest unit of the token. Zero: no limit, and nothing is counted.
    pub limit: u64,
    /// Seconds in which `limit` runs free again; zero counts as one.
    pub window: u64,
}

/// What left lately beyond what the same accounts brought in, as it stood at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Smallest unit; at most `limit`, unless that was lowered since.
    pub used: u64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl OutflowLimit {
    /// What runs free between two moments, exactly `limit` in a window and within a unit of its part
    /// in any other time: the difference of one function of time, so that however many steps it is
    /// taken in, it is the same. At most 2⁶⁴ - 1.
    fn granted(&self, from: i64, to: i64) -> u64 {
        let window = self.window.max(1);
        let at = |time: i64| {
            let time = time.max(0).unsigned_abs();
            let (whole, rest) = (time / window, time % window);
            // limit x rest / window without its product: `rest` is below the window, so the first
            // term is at most the limit; a window of any use is far below 2³², so the second product
            // fits, and beyond that it saturates, which grants less.
            let part = (self.limit / window * rest)
                .saturating_add((self.limit % window).saturating_mul(rest) / window);
            (whole, part)
        };
        let ((whole, part), (was_whole, was_part)) = (at(to), at(from));
        self.limit
            .saturating_mul(whole.saturating_sub(was_whole))
            .saturating_add(part)
            .saturating_sub(was_part)
    }

    /// The shared flow as it is at `now`: it ran off by `limit` a window.
    #[must_use]
    pub fn at(&self, flow: Flow, now: i64) -> Flow {
        if now <= flow.updated_at {
            return flow;
        }
        Flow {
            used: flow.used.saturating_sub(self.granted(flow.updated_at, now)),
            updated_at: now,
        }
    }

    /// An account's own flow at `now`, which was `own` when anything last moved in the account, at
    /// `since`. What it took out runs off as fast as the shared flow does, so that the shared flow
    /// always counts it. What it brought in counts until a window has passed without any flow.
    #[must_use]
    pub fn own_at(&self, own: i64, since: i64, now: i64) -> i64 {
        if own > 0 {
            let left = own.unsigned_abs().saturating_sub(self.granted(since, now));
            return i64::try_from(left).unwrap_or(0);
        }
        let seconds = u64::try_from(now.saturating_sub(since)).unwrap_or(0);
        if seconds >= self.window { 0 } else { own }
    }

    /// The shared and the account's own flow after `amount` came in; both were brought to the same
    /// moment before. What the account had taken out comes back first.
    #[must_use]
    pub fn deposit(&self, flow: Flow, own: i64, amount: u64) -> (Flow, i64) {
        let after = own.saturating_sub(i64::try_from(amount).unwrap_or(i64::MAX));
        let back = counted(own).saturating_sub(counted(after));
        let used = flow.used.saturating_sub(back);
        (Flow { used, ..flow }, after)
    }

    /// The same after `amount` left; `None` when it does not fit. What the account brought in goes
    /// first and counts for nothing.
    ///
    /// - From rest, what left less what came in is at most `limit x (1 + t / window)` and a unit after
    ///   any time `t`.
    /// - In any window, what left less what came in is at most two limits, and what accounts had
    ///   brought in before it and could still take out.
    #[must_use]
    pub fn withdraw(&self, flow: Flow, own: i64, amount: u64) -> Option<(Flow, i64)> {
        let after = own.checked_add(i64::try_from(amount).ok()?)?;
        if self.limit == 0 {
            // Nothing is counted, so nothing may come back.
            return Some((flow, after.min(0)));
        }
        let counts = counted(after).saturating_sub(counted(own));
        let used = flow.used.checked_add(counts)?;
        (counts == 0 || used <= self.limit).then_some((Flow { used, ..flow }, after))
    }

    /// Seconds from `now` until `amount` fits, if nothing else leaves or comes in; `None` when it never
    /// will, being above the limit beyond what the account brought in. The account's own flow is that of
    /// `now`. At most two seconds too many.
    #[must_use]
    pub fn wait(&self, flow: Flow, own: i64, amount: u64, now: i64) -> Option<u64> {
        let flow = self.at(flow, now);
        if self.withdraw(flow, own, amount).is_some() {
            return Some(0);
        }
        let counts = amount.saturating_sub(own.min(0).unsigned_abs());
        if counts > self.limit {
            return None;
        }
        let over = flow.used.checked_add(counts)?.checked_sub(self.limit)?;
        // Seconds that grant as much, rounded up, and one more for the second in which the unit that
        // is missing falls due.
        let product = u128::from(over) * u128::from(self.window.max(1));
        let seconds = u64::try_from(product.div_ceil(u128::from(self.limit.max(1)))).ok()?;
        seconds.checked_add(1)
    }
}

/// What of an own flow the shared one counts.
fn counted(own: i64) -> u64 {
    own.max(0).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const DAY: u64 = 86_400;
    const LIMIT: OutflowLimit = OutflowLimit {
        limit: 864_000,
        window: DAY,
    };

    const fn flow(used: u64, updated_at: i64) -> Flow {
        Flow { used, updated_at }
    }

    #[derive(Clone, Copy, Debug)]
    enum Move {
        In(u64),
        Out(u64),
    }

    /// A token with accounts, each with its own flow and when anything last moved in it.
    #[derive(Clone, Debug)]
    struct House {
        limit: OutflowLimit,
        shared: Flow,
        own: [(i64, i64); 3],
    }

    impl House {
        const fn new(limit: OutflowLimit) -> Self {
            Self {
                limit,
                shared: flow(0, 0),
                own: [(0, 0); 3],
            }
        }

        /// Whether it was let through.
        fn step(&mut self, who: usize, step: Move, now: i64) -> bool {
            let (own, since) = self.own[who];
            let own = self.limit.own_at(own, since, now);
            let shared = self.limit.at(self.shared, now);
            let after = match step {
                Move::In(amount) => Some(self.limit.deposit(shared, own, amount)),
                Move::Out(amount) => self.limit.withdraw(shared, own, amount),
            };
            let Some((shared, own)) = after else {
                return false;
            };
            self.shared = shared;
            self.own[who] = (own, now);
            true
        }

        /// What the shared flow counts covers every account's own.
        fn check(&self, now: i64) {
            let counted = |(own, since)| counted(self.limit.own_at(own, since, now));
            let sum: u128 = self.own.map(counted).into_iter().map(u128::from).sum();
            let used = self.limit.at(self.shared, now).used;
            assert!(sum <= u128::from(used), "{self:?} at {now}");
            assert!(used <= self.limit.limit);
        }
    }

    prop_compose! {
        fn limit()(limit in prop_oneof![1..1_000u64, 1..1u64 << 40, 1..=u64::MAX >> 1], window in 3_600..=604_800u64) -> OutflowLimit {
            OutflowLimit { limit, window }
        }
    }

    /// Amounts around the limit, at irregular times, by three accounts.
    fn moves(limit: u64) -> impl Strategy<Value = Vec<(usize, Move, u64)>> {
        // Sums of what an account brings in stay far from where they saturate, which lets less out.
        let most = limit.min(1 << 50);
        let amount = prop_oneof![0..=most, 0..=most / 7 + 1, 0..=most.saturating_mul(3)];
        let step = (
            0..3usize,
            any::<bool>(),
            amount,
            prop_oneof![Just(0u64), 1..100u64, 1..40_000u64],
        );
        prop::collection::vec(
            step.prop_map(|(who, out, amount, seconds)| {
                let step = if out {
                    Move::Out(amount)
                } else {
                    Move::In(amount)
                };
                (who, step, seconds)
            }),
            1..40,
        )
    }

    fn with_moves() -> impl Strategy<Value = (OutflowLimit, Vec<(usize, Move, u64)>)> {
        limit().prop_flat_map(|l| (Just(l), moves(l.limit)))
    }

    proptest! {
        #[test]
        fn from_rest_no_more_leaves_than_came_in_and_the_limit_and_its_rate((limit, moves) in with_moves()) {
            let (mut house, mut now) = (House::new(limit), 0i64);
            let (mut out, mut back) = (0u128, 0u128);
            for (who, step, seconds) in moves {
                now += i64::try_from(seconds).unwrap();
                if house.step(who, step, now) {
                    match step {
                        Move::In(amount) => back += u128::from(amount),
                        Move::Out(amount) => out += u128::from(amount),
                    }
                }
                house.check(now);
                let most = u128::from(limit.limit);
                let bound = most + most * u128::try_from(now).unwrap() / u128::from(limit.window) + 1;
                prop_assert!(out <= bound + back, "{out} of {bound} and {back} after {now} s");
            }
        }

        #[test]
        fn in_any_window_two_limits_and_what_could_be_taken_out_again_leave_at_most((limit, moves) in with_moves()) {
            let (mut house, mut now) = (House::new(limit), 0i64);
            // When, what left less what came in by then, and what accounts could take out again before it.
            let mut log = vec![(0i64, 0i128, 0i128)];
            for (who, step, seconds) in moves {
                now += i64::try_from(seconds).unwrap();
                let own = |(own, since)| i128::from(limit.own_at(own, since, now).min(0));
                let before: i128 = house.own.map(own).into_iter().sum();
                let net = log.last().unwrap().1;
                if house.step(who, step, now) {
                    let moved = match step {
                        Move::In(amount) => -i128::from(amount),
                        Move::Out(amount) => i128::from(amount),
                    };
                    log.push((now, net + moved, -before));
                }
            }
            for (i, (start, _, credit)) in log.iter().enumerate().skip(1) {
                let end = start + i64::try_from(limit.window).unwrap();
                let from = log[i - 1].1;
                for (_, net, _) in log[i..].iter().take_while(|(at, ..)| *at < end) {
                    prop_assert!(net - from <= 2 * i128::from(limit.limit) + 1 + credit);
                }
            }
        }

        #[test]
        fn what_came_in_and_leaves_again_changes_nothing_whatever_was_before(
            (limit, moves) in with_moves(), amount in 0..=u64::MAX >> 4, wait in 0..3_600i64, who in 0..3usize,
        ) {
            let (mut house, mut now) = (House::new(limit), 0i64);
            for (who, step, seconds) in moves {
                now += i64::try_from(seconds).unwrap();
                house.step(who, step, now);
            }
            let undisturbed = house.clone();
            // In, and out again within the window: the same shared flow as if nothing had happened.
            let (own, since) = house.own[who];
            let own = limit.own_at(own, since, now);
            prop_assume!(own <= 0);
            prop_assert!(house.step(who, Move::In(amount), now));
            let later = now + wait.min(i64::try_from(limit.window).unwrap() - 1);
            prop_assert!(house.step(who, Move::Out(amount), later));
            prop_assert_eq!(limit.at(house.shared, later), limit.at(undisturbed.shared, later));
            house.check(later);
        }

        #[test]
        fn what_cancels_at_once_in_either_order_changes_nothing(
            (limit, moves) in with_moves(), amount in 0..=u64::MAX >> 4, who in 0..3usize,
        ) {
            let (mut house, mut now) = (House::new(limit), 0i64);
            for (who, step, seconds) in moves {
                now += i64::try_from(seconds).unwrap();
                house.step(who, step, now);
            }
            for order in [[Move::In(amount), Move::Out(amount)], [Move::Out(amount), Move::In(amount)]] {
                let mut trial = house.clone();
                if order.map(|step| trial.step(who, step, now)) == [true; 2] {
                    prop_assert_eq!(limit.at(trial.shared, now), limit.at(house.shared, now));
                    let (own, since) = house.own[who];
                    prop_assert_eq!(trial.own[who].0, limit.own_at(own, since, now));
                } else {
                    // Only what leaves first may not fit.
                    prop_assert!(matches!(order[0], Move::Out(_)));
                }
            }
        }

        #[test]
        fn what_runs_off_is_the_same_however_often_anyone_looks(
            limit in limit(), used: u64, looks in prop::collection::vec(1..5_000i64, 1..60),
        ) {
            let start = flow(used.min(limit.limit), 1_000);
            let (mut state, mut now) = (start, 1_000);
            for pause in looks {
                now += pause;
                state = limit.at(state, now);
            }
            prop_assert_eq!(state, limit.at(start, now));
        }

        #[test]
        fn what_is_refused_fits_after_the_wait_and_not_long_before(
            limit in limit(), used: u64, own in -1_000..0i64, amount: u64, now in 0..1i64 << 33,
        ) {
            let state = flow(used.min(limit.limit), now);
            match limit.wait(state, own, amount, now) {
                Some(seconds) => {
                    let at = |seconds: u64| limit.at(state, now.saturating_add(i64::try_from(seconds).unwrap()));
                    prop_assert!(limit.withdraw(at(seconds), own, amount).is_some());
                    prop_assert!(seconds < 3 || limit.withdraw(at(seconds - 3), own, amount).is_none());
                }
                None => {
                    prop_assert!(amount > limit.limit);
                    prop_assert!(limit.withdraw(flow(0, 0), own, amount).is_none());
                }
            }
        }
    }

    #[test]
    fn the_limit_leaves_at_once_and_a_unit_more_waits() {
        let (full, own) = LIMIT.withdraw(flow(0, 1_000), 0, 864_000).unwrap();
        assert_eq!((full, own), (flow(864_000, 1_000), 864_000));
        assert_eq!(LIMIT.withdraw(full, own, 1), None);
        // Ten units run free a second.
        assert_eq!(LIMIT.wait(full, own, 11, 1_000), Some(3));
        let at = |now| LIMIT.withdraw(LIMIT.at(full, now), LIMIT.own_at(own, 1_000, now), 11);
        assert_eq!(at(1_001), None);
        assert_eq!(at(1_002), Some((flow(863_991, 1_002), 863_991)));
    }

    #[test]
    fn what_came_in_leaves_again_for_a_window_after_the_last_flow() {
        let (shared, own) = LIMIT.deposit(flow(9, 0), 0, 5_000_000);
        assert_eq!((shared, own), (flow(9, 0), -5_000_000));
        let out = |now| LIMIT.withdraw(LIMIT.at(shared, now), LIMIT.own_at(own, 0, now), 5_000_000);
        assert_eq!(out(0), Some((flow(9, 0), 0)));
        assert_eq!(out(86_399), Some((flow(0, 86_399), 0)));
        assert_eq!(out(86_400), None, "it counts as anything else");
    }

    #[test]
    fn what_left_and_comes_back_makes_its_own_room_and_no_more() {
        let (shared, own) = LIMIT.withdraw(flow(100_000, 0), 0, 300_000).unwrap();
        let later = (LIMIT.at(shared, 20_000), LIMIT.own_at(own, 0, 20_000));
        assert_eq!(later, (flow(200_000, 20_000), 100_000));
        // Somebody else's 100,000 stay counted, and the rest may leave again.
        let (shared, own) = LIMIT.deposit(later.0, later.1, 300_000);
        assert_eq!((shared.used, own), (100_000, -200_000));
    }

    #[test]
    fn more_than_the_limit_never_leaves_at_once_and_no_limit_refuses_nothing() {
        assert_eq!(LIMIT.wait(flow(0, 0), 0, 864_001, 0), None);
        assert_eq!(LIMIT.wait(flow(0, 0), -1, 864_001, 0), Some(0));
        let free = OutflowLimit { limit: 0, ..LIMIT };
        let most = u64::MAX >> 1;
        assert_eq!(free.withdraw(flow(5, 7), 0, most), Some((flow(5, 7), 0)));
        assert_eq!(free.deposit(flow(5, 7), 0, 3), (flow(5, 7), -3));
    }

    #[test]
    fn a_limit_lowered_below_what_is_used_lets_nothing_more_out_until_it_ran_off() {
        let state = flow(8_640_000, 0);
        assert_eq!(LIMIT.withdraw(state, 0, 1), None);
        assert_eq!(LIMIT.wait(state, 0, 864_000, 0), Some(10 * DAY + 1));
        let later = LIMIT.at(state, 864_000);
        assert_eq!(
            LIMIT.withdraw(later, 0, 864_000),
            Some((flow(864_000, 864_000), 864_000))
        );
        // What was brought in leaves all the same.
        assert_eq!(LIMIT.withdraw(state, -7, 7), Some((state, 0)));
    }

    #[test]
    fn time_that_runs_backward_grants_nothing() {
        assert_eq!(LIMIT.at(flow(50, 100), 90), flow(50, 100));
        assert_eq!(LIMIT.at(flow(50, i64::MAX), i64::MIN), flow(50, i64::MAX));
        assert_eq!(LIMIT.own_at(50, 100, 90), 50);
        assert_eq!(LIMIT.own_at(-50, 100, i64::MIN), -50);
    }
}
