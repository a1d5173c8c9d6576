//! A limit on what leaves in a time: a leaky bucket of tokens that refuses what does not fit. It slows a drain until
//! somebody can look; it does not decide whose tokens they are.

/// So much at once from rest, and so much again in every window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowLimit {
    /// Smallest unit of the token; what is above 2⁶³ - 1 counts as that. Zero: no limit.
    pub limit: u64,
    /// Seconds in which `limit` runs free again; zero counts as one.
    pub window: u64,
}

/// What left lately less what came in, as it stood at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Positive: more left. Between `-limit` and `limit`, unless the limit was lowered since.
    pub used: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

impl OutflowLimit {
    /// What `seconds` grant, rounded down: `limit x seconds / window`, and no more than 2⁶⁴ - 1.
    fn granted(&self, seconds: u64) -> u64 {
        let (limit, window) = (self.most().unsigned_abs(), self.window.max(1));
        let whole = limit.saturating_mul(seconds / window);
        let rest = seconds % window;
        // limit x rest / window without its product: `rest` is below the window, so the first term is below the limit, and
        // a window of any use is far below 2³², so the second product fits; beyond that it saturates, which grants less.
        let part =
            (limit / window * rest).saturating_add((limit % window).saturating_mul(rest) / window);
        whole.saturating_add(part)
    }

    /// The limit as a signed number.
    fn most(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX)
    }

    /// The flow as it is at `now`: it ran toward zero by `limit` a window. What left runs off rounded down, what came in rounded
    /// up, so that no more than the limit's rate is ever granted; a call that grants nothing does not reset the clock, so that
    /// frequent calls cost at most half of the rate.
    #[must_use]
    pub fn at(&self, flow: Flow, now: i64) -> Flow {
        let seconds = u64::try_from(now.saturating_sub(flow.updated_at)).unwrap_or(0);
        if seconds == 0 {
            return flow;
        }
        let granted = self.granted(seconds);
        let size = flow.used.unsigned_abs();
        if flow.used > 0 && granted == 0 {
            return flow;
        }
        // A size of at least zero and at most 2⁶³ - 1: `used` is never below its limit's opposite.
        let left = i64::try_from(if flow.used > 0 {
            size.saturating_sub(granted)
        } else {
            size.saturating_sub(granted.saturating_add(1))
        })
        .unwrap_or(i64::MAX);
        Flow {
            used: if flow.used > 0 { left } else { -left },
            updated_at: now,
        }
    }

    /// After `amount` came in at `now`: it makes room, for at most one limit beyond rest.
    #[must_use]
    pub fn deposit(&self, flow: Flow, amount: u64, now: i64) -> Flow {
        if self.limit == 0 {
            return flow;
        }
        let flow = self.at(flow, now);
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        Flow {
            used: flow.used.saturating_sub(amount).max(-self.most()),
            updated_at: flow.updated_at,
        }
    }

    /// After `amount` left at `now`; `None` when it does not fit.
    ///
    /// - From rest, what left less what came in over any time `t` is at most `limit x (1 + t / window)`.
    /// - In any window whatever, what left is at most three limits and what came in during it: one that earlier
    ///   deposits made room for, one at once, one that runs free.
    #[must_use]
    pub fn withdraw(&self, flow: Flow, amount: u64, now: i64) -> Option<Flow> {
        if self.limit == 0 {
            return Some(flow);
        }
        let flow = self.at(flow, now);
        let used = flow.used.checked_add(i64::try_from(amount).ok()?)?;
        (used <= self.most()).then_some(Flow {
            used,
            updated_at: flow.updated_at,
        })
    }

    /// Seconds from `now` until `amount` fits, if nothing else leaves or comes in; `None` when it never will, being above
    /// the limit. Rounded up.
    #[must_use]
    pub fn wait(&self, flow: Flow, amount: u64, now: i64) -> Option<u64> {
        if self.withdraw(flow, amount, now).is_some() {
            return Some(0);
        }
        let most = self.most().unsigned_abs();
        let over = amount.checked_add(u64::try_from(self.at(flow, now).used.max(0)).ok()?)?;
        let over = over.checked_sub(most)?;
        if amount > most {
            return None;
        }
        // Seconds that grant so much: over x window / limit, rounded up.
        let product = u128::from(over) * u128::from(self.window.max(1));
        u64::try_from(product.div_ceil(u128::from(most))).ok()
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const DAY: u64 = 86_400;
    const LIMIT: OutflowLimit = OutflowLimit {
        limit: 864_000,
        window: DAY,
    };

    const fn flow(used: i64, updated_at: i64) -> Flow {
        Flow { used, updated_at }
    }

    #[derive(Clone, Copy, Debug)]
    enum Move {
        In(u64),
        Out(u64),
    }

    prop_compose! {
        fn limit()(limit in prop_oneof![1..1_000u64, 1..1u64 << 40, 1..=u64::MAX], window in 3_600..=604_800u64) -> OutflowLimit {
            OutflowLimit { limit, window }
        }
    }

    /// Amounts around the limit, at irregular times.
    fn moves(limit: u64) -> impl Strategy<Value = Vec<(Move, u64)>> {
        let most = limit.min(1 << 62);
        let amount = prop_oneof![0..=most, 0..=most / 7 + 1, 0..=most.saturating_mul(3)];
        let step = (
            any::<bool>(),
            amount,
            prop_oneof![Just(0u64), 1..100u64, 1..40_000u64],
        );
        prop::collection::vec(
            step.prop_map(|(out, amount, seconds)| {
                (
                    if out {
                        Move::Out(amount)
                    } else {
                        Move::In(amount)
                    },
                    seconds,
                )
            }),
            1..40,
        )
    }

    /// What was let out and what came in, with when.
    fn run(limit: OutflowLimit, moves: &[(Move, u64)]) -> Vec<(i64, u128, u128)> {
        let (mut state, mut now, mut log) = (flow(0, 0), 0, Vec::new());
        for (step, seconds) in moves {
            now += i64::try_from(*seconds).unwrap();
            match *step {
                Move::In(amount) => {
                    state = limit.deposit(state, amount, now);
                    log.push((now, 0, u128::from(amount)));
                }
                Move::Out(amount) => {
                    if let Some(after) = limit.withdraw(state, amount, now) {
                        state = after;
                        log.push((now, u128::from(amount), 0));
                    }
                }
            }
            let most = i64::try_from(limit.limit).unwrap_or(i64::MAX);
            assert!((-most..=most).contains(&state.used));
        }
        log
    }

    proptest! {
        #[test]
        fn from_rest_no_more_leaves_than_the_limit_and_its_rate(
            (limit, moves) in limit().prop_flat_map(|l| (Just(l), moves(l.limit)))
        ) {
            let (mut out, mut back) = (0u128, 0u128);
            for (now, left, came) in run(limit, &moves) {
                (out, back) = (out + left, back + came);
                let most = u128::from(limit.limit);
                let bound = most + most * u128::try_from(now).unwrap() / u128::from(limit.window);
                prop_assert!(out <= bound + back, "{out} of {bound} and {back} after {now} s");
            }
        }

        #[test]
        fn in_any_window_at_most_three_limits_and_what_came_in_leave(
            (limit, moves) in limit().prop_flat_map(|l| (Just(l), moves(l.limit)))
        ) {
            let log = run(limit, &moves);
            for (i, (start, ..)) in log.iter().enumerate() {
                let end = start + i64::try_from(limit.window).unwrap();
                let inside = || log[i..].iter().take_while(|(at, ..)| *at < end);
                let out: u128 = inside().map(|(_, left, _)| left).sum();
                let back: u128 = inside().map(|(_, _, came)| came).sum();
                prop_assert!(out <= 3 * u128::from(limit.limit) + back);
            }
        }

        #[test]
        fn what_left_runs_off_at_half_the_rate_at_least_however_often_anyone_looks(
            limit in limit(), looks in prop::collection::vec(1..5_000i64, 1..60),
        ) {
            let most = i64::try_from(limit.limit).unwrap_or(i64::MAX);
            let (mut state, mut now) = (flow(most, 0), 0);
            for pause in looks {
                now += pause;
                state = limit.at(state, now);
                let left = u128::from(state.used.unsigned_abs());
                // A look may come just before a unit is granted: it is missing until the next.
                let gone = u128::from(most.unsigned_abs()) * u128::try_from(now).unwrap()
                    / u128::from(limit.window) / 2;
                prop_assert!(left <= u128::from(most.unsigned_abs()).saturating_sub(gone) + 1);
            }
        }

        #[test]
        fn what_is_refused_fits_after_the_wait_and_not_before(
            limit in limit(), used: i64, amount: u64,
        ) {
            let most = limit.most();
            let state = flow(used.clamp(-most, most), 0);
            match limit.wait(state, amount, 0) {
                Some(seconds) => {
                    let then = i64::try_from(seconds).unwrap();
                    prop_assert!(limit.withdraw(state, amount, then).is_some());
                    let before = then - 1;
                    prop_assert!(seconds == 0 || limit.withdraw(state, amount, before).is_none());
                }
                None => {
                    prop_assert!(amount > limit.limit.min(most.unsigned_abs()));
                    prop_assert!(limit.withdraw(flow(0, 0), amount, i64::MAX).is_none());
                }
            }
        }
    }

    #[test]
    fn the_limit_leaves_at_once_and_a_unit_more_waits() {
        let full = LIMIT.withdraw(flow(0, 0), 864_000, 1_000).unwrap();
        assert_eq!(full, flow(864_000, 1_000));
        assert_eq!(LIMIT.withdraw(full, 1, 1_000), None);
        // Ten units run free a second.
        assert_eq!(LIMIT.wait(full, 11, 1_000), Some(2));
        assert_eq!(LIMIT.withdraw(full, 11, 1_001), None);
        assert_eq!(LIMIT.withdraw(full, 11, 1_002), Some(flow(863_991, 1_002)));
    }

    #[test]
    fn deposits_make_room_for_one_limit_and_it_runs_off() {
        let rich = LIMIT.deposit(flow(0, 0), u64::MAX, 0);
        assert_eq!(rich, flow(-864_000, 0));
        assert_eq!(LIMIT.withdraw(rich, 1_728_000, 0), Some(flow(864_000, 0)));
        // Ten units and one, rounded against what came in.
        assert_eq!(LIMIT.at(rich, 1), flow(-863_989, 1));
        assert_eq!(LIMIT.at(rich, 86_400), flow(0, 86_400));
    }

    #[test]
    fn more_than_the_limit_never_leaves_at_once_and_no_limit_refuses_nothing() {
        assert_eq!(LIMIT.wait(flow(0, 0), 864_001, 0), None);
        let free = OutflowLimit { limit: 0, ..LIMIT };
        assert_eq!(free.withdraw(flow(5, 7), u64::MAX, 9), Some(flow(5, 7)));
        assert_eq!(free.deposit(flow(5, 7), 3, 9), flow(5, 7));
        assert_eq!(free.wait(flow(5, 7), u64::MAX, 9), Some(0));
    }

    #[test]
    fn a_limit_lowered_below_what_is_used_lets_nothing_out_until_it_ran_off() {
        let state = flow(8_640_000, 0);
        assert_eq!(LIMIT.withdraw(state, 0, 0), None);
        assert_eq!(LIMIT.wait(state, 864_000, 0), Some(10 * DAY));
        assert_eq!(
            LIMIT.withdraw(state, 864_000, 864_000),
            Some(flow(864_000, 864_000))
        );
    }

    #[test]
    fn time_that_runs_backward_grants_nothing() {
        assert_eq!(LIMIT.at(flow(50, 100), 90), flow(50, 100));
        assert_eq!(LIMIT.at(flow(50, i64::MAX), i64::MIN), flow(50, i64::MAX));
    }
}
