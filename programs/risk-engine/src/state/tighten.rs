use {super::RiskParams, crate::error::RiskEngineError, anchor_lang::prelude::*};

/// Which way a parameter may go at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stricter {
    /// Only up.
    Higher,
    /// Only down, and not below this.
    Lower(u64),
    /// Neither way is stricter for everybody: only by proposal.
    Neither,
}

/// Shortest `max_price_age` that can be set at once, seconds. Below it a price is too old before a transaction that
/// uses it lands, and then nothing is liquidated either.
pub const SHORTEST_PRICE_AGE: u64 = 15;

/// Least `max_deviation` that can be set at once, ppm. Honest sources of one market lie within half a per cent; below
/// it they would disagree for good, and what disagrees neither moves to their midpoint nor settles an expiry.
pub const LEAST_DEVIATION: u64 = 5_000;

/// One line of [`RiskParams::strictness`].
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub name: &'static str,
    pub now: u64,
    pub next: u64,
    pub stricter: Stricter,
}

impl Line {
    /// Whether `next` is at least as strict as `now`.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        match self.stricter {
            Stricter::Higher => self.next >= self.now,
            Stricter::Lower(least) => {
                self.next == self.now || (self.next < self.now && self.next >= least)
            }
            Stricter::Neither => self.next == self.now,
        }
    }
}

impl RiskParams {
    /// What stricter means, field by field. Stricter is what lets less new risk in and less value out; never what
    /// liquidates anybody sooner, and never what holds a liquidation up.
    #[must_use]
    #[rustfmt::skip]
    pub const fn strictness(&self, next: &Self) -> [Line; 27] {
        use Stricter::{Higher, Lower, Neither};
        let (n, x) = (self, next);
        [
            // An older price counts for less.
            line("max_price_age", n.max_price_age, x.max_price_age, Lower(SHORTEST_PRICE_AGE)),
            // Sooner liquidates at a last price, later holds liquidation up.
            line("dead_price_age", n.dead_price_age, x.dead_price_age, Neither),
            line("silence_delay", n.silence_delay, x.silence_delay, Neither),
            // Less makes a live oracle silent while the cluster's clock is late.
            line("max_clock_skew", n.max_clock_skew, x.max_clock_skew, Neither),
            // Sources that are further apart are in doubt sooner.
            line("max_deviation", n.max_deviation, x.max_deviation, Lower(LEAST_DEVIATION)),
            // More would liquidate sooner.
            line("maintenance_interval", n.maintenance_interval, x.maintenance_interval, Neither),
            // A slower price stops wrong moves and true ones; one leg of a hedge held back can liquidate its owner.
            line("step_burst", n.step_burst, x.step_burst, Neither),
            line("step_rate", n.step_rate, x.step_rate, Neither),
            // Charged in initial margin only.
            line("doubt", n.doubt, x.doubt, Higher),
            // Slower or faster, the average is once above and once below the other.
            line("volatility_tau", n.volatility_tau, x.volatility_tau, Neither),
            line("volatility_interval", n.volatility_interval, x.volatility_interval, Neither),
            // Maintenance margin follows it at once, without the published rate.
            line("horizon_hours", n.horizon_hours, x.horizon_hours, Neither),
            // It multiplies what the price's own move may add to maintenance beyond the published rate.
            line("volatility_scale", n.volatility_scale, x.volatility_scale, Neither),
            // Raises the target alone: initial margin at once, maintenance at the published rate.
            line("implied_weight", n.implied_weight, x.implied_weight, Higher),
            // Faster would liquidate sooner.
            line("rise_per_hour", n.rise_per_hour, x.rise_per_hour, Lower(0)),
            // With no feed recent enough the last values stand: shorter would keep volatility where it is.
            line("implied_max_age", n.implied_max_age, x.implied_max_age, Neither),
            // A stale curve blocks new risk, never reducing or liquidating.
            line("curve_max_age", n.curve_max_age, x.curve_max_age, Lower(0)),
            line("curve_centre_band", n.curve_centre_band, x.curve_centre_band, Lower(0)),
            line("curve_volatility_band", n.curve_volatility_band, x.curve_volatility_band, Lower(0)),
            // Sooner or later, they hold liquidation up or let it use an old curve.
            line("curve_grace", n.curve_grace, x.curve_grace, Neither),
            line("curve_timeout", n.curve_timeout, x.curve_timeout, Neither),
            // What is dear for one side of an option is cheap for the other.
            line("level_response", n.level_response, x.level_response, Neither),
            // Fewer postings, or more of them needed, or smaller steps: option values move less by anybody's word.
            line("surface_max_age", n.surface_max_age, x.surface_max_age, Lower(0)),
            line("surface_quorum", n.surface_quorum, x.surface_quorum, Higher),
            line("surface_max_step", n.surface_max_step, x.surface_max_step, Lower(0)),
            // A new scenario set must be nearer to the one in force.
            line("scenario_max_change", n.scenario_max_change, x.scenario_max_change, Lower(0)),
            // Users have longer to leave.
            line("timelock", n.timelock, x.timelock, Higher),
        ]
    }

    /// [`RiskEngineError::NotTighter`] unless every field of `next` is at least as strict as now.
    pub fn check_tighter(&self, next: &Self) -> Result<()> {
        for line in self.strictness(next) {
            if !line.is_kept() {
                msg!("{}: {} to {}", line.name, line.now, line.next);
                return err!(RiskEngineError::NotTighter);
            }
        }
        Ok(())
    }
}

const fn line(name: &'static str, now: u64, next: u64, stricter: Stricter) -> Line {
    Line {
        name,
        now,
        next,
        stricter,
    }
}

#[cfg(test)]
mod tests {
    use {super::*, std::mem::offset_of};

    const FIELDS: usize = size_of::<RiskParams>() / 8;

    /// Above every bound in the table.
    const NOW: u64 = 10_000;

    /// Field `at` of the struct's memory is `value`, the others [`NOW`].
    fn with(at: usize, value: u64) -> RiskParams {
        let mut fields = [NOW; FIELDS];
        fields[at] = value;
        bytemuck::cast(fields)
    }

    #[test]
    fn the_table_has_one_line_for_each_field_in_order() {
        let now = with(0, NOW);
        let declared = include_str!("params.rs")
            .split("pub struct RiskParams {")
            .nth(1)
            .unwrap()
            .split("\n}")
            .next()
            .unwrap()
            .lines()
            .filter_map(|l| l.trim().strip_prefix("pub ")?.strip_suffix(": u64,"));
        let lines = now.strictness(&now).map(|l| l.name);
        assert_eq!(declared.collect::<Vec<_>>(), lines);
        for at in 0..FIELDS {
            let lines = now.strictness(&with(at, NOW + 1));
            let moved: Vec<usize> = (0..FIELDS).filter(|i| lines[*i].next == NOW + 1).collect();
            assert_eq!(
                moved,
                [at],
                "{} compares another field's values",
                lines[at].name
            );
            assert_eq!(lines[at].now, NOW);
        }
    }

    #[test]
    fn a_field_goes_its_strict_way_only() {
        let now = with(0, NOW);
        assert!(now.check_tighter(&now).is_ok());
        for (at, line) in now.strictness(&now).iter().enumerate() {
            let up = now.check_tighter(&with(at, NOW + 1)).is_ok();
            let down = now.check_tighter(&with(at, NOW - 1)).is_ok();
            let expected = match line.stricter {
                Stricter::Higher => (true, false),
                Stricter::Lower(_) => (false, true),
                Stricter::Neither => (false, false),
            };
            assert_eq!((up, down), expected, "{}", line.name);
        }
    }

    #[test]
    fn nothing_that_brings_liquidation_forward_moves_at_once() {
        let now = with(0, NOW);
        let lines = now.strictness(&now);
        let of = |name| lines.iter().find(|l| l.name == name).unwrap().stricter;
        for name in [
            "dead_price_age",
            "silence_delay",
            "max_clock_skew",
            "maintenance_interval",
            "curve_grace",
            "curve_timeout",
            "volatility_tau",
            "volatility_interval",
            "volatility_scale",
            "level_response",
            "horizon_hours",
        ] {
            assert_eq!(of(name), Stricter::Neither, "{name}");
        }
        assert_eq!(of("rise_per_hour"), Stricter::Lower(0));
        assert_eq!(of("timelock"), Stricter::Higher);
    }

    #[test]
    fn prices_are_not_called_old_before_they_can_be_used() {
        let now = with(0, NOW);
        assert!(now.check_tighter(&with(0, SHORTEST_PRICE_AGE)).is_ok());
        assert!(now.check_tighter(&with(0, SHORTEST_PRICE_AGE - 1)).is_err());
        // Where a proposal has gone below, the rest can still be tightened.
        let below = with(0, 10);
        assert!(below.check_tighter(&below).is_ok());
        assert!(below.check_tighter(&with(0, 9)).is_err());
    }

    #[test]
    fn honest_sources_are_not_called_contradictory() {
        let at = offset_of!(RiskParams, max_deviation) / 8;
        let now = with(at, NOW);
        assert!(now.check_tighter(&with(at, LEAST_DEVIATION)).is_ok());
        assert!(now.check_tighter(&with(at, LEAST_DEVIATION - 1)).is_err());
    }
}
