use {
    crate::{
        observation::{Observation, Realised},
        statistics::{Christoffersen, Kupiec, Tail, Z2, christoffersen, kupiec, z2},
        time::Time,
        walk::Walk,
    },
    cep_risk::SECONDS_PER_DAY,
    serde::Serialize,
};

/// What a walk found. Counts and tests are over horizons that do not overlap, unless they say so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Confidence of the requirement.
    pub confidence: f64,
    /// Horizon, hours.
    pub horizon_hours: u32,
    /// First observation.
    pub from: Time,
    /// Last observation.
    pub to: Time,
    /// Horizons that do not overlap.
    pub observations: u64,
    /// Losses above the requirement that the protocol charges, Expected Shortfall at the confidence. Its Kupiec test asks for
    /// *coverage* of the confidence: far fewer exceptions than expected are what ES is charged for.
    #[serde(flatten)]
    pub requirement: Series,
    /// Losses above Value at Risk at the confidence, by the same scenarios: a test of the model. Here too few count against
    /// it as well.
    pub var: Series,
    /// Acerbi and Szekely's second test of ES, on the same Value at Risk.
    pub z2: Z2,
    /// How far the requirement swings.
    #[serde(flatten)]
    pub procyclicality: Procyclicality,
    /// Horizons in which the loss at the worst moment (upper bound for mixed books) was above the requirement.
    pub intra_horizon_exceptions: u64,
    /// All horizons, one starting at every bar: they overlap, so nothing is tested on them.
    pub overlapping: Overlapping,
    /// Scenario sets built, and how many of them had fewer rows than the chain takes.
    pub sets: [usize; 2],
}

/// One series of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Losses above the measure.
    pub exceptions: u64,
    /// Proportion of failures.
    pub kupiec: Kupiec,
    /// Independence and conditional coverage.
    pub christoffersen: Christoffersen,
}

/// Procyclicality of the requirement per USD of gross notional, over every bar (measures of Murphy, Vasios and Vause 2014,
/// Bank of England Financial Stability Paper 29).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Procyclicality {
    /// Smallest requirement, as a fraction of gross notional.
    pub trough: f64,
    /// Largest.
    pub peak: f64,
    /// Largest over smallest.
    pub peak_to_trough: f64,
    /// Largest rise within a day, as a fraction of what was required before.
    pub rise_1d: f64,
    /// Largest rise within five days.
    pub rise_5d: f64,
}

/// Horizons that start at every bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Overlapping {
    /// How many.
    pub observations: u64,
    /// Losses above the requirement.
    pub exceptions: u64,
    /// The most such losses among the walks that start at one bar of the horizon and go on without overlap.
    pub most_exceptions_of_a_phase: u64,
    /// The same for losses above Value at Risk.
    pub most_var_exceptions_of_a_phase: u64,
    /// The horizon with the largest loss for its requirement.
    pub worst: Option<Extreme>,
    /// The horizon with the largest loss inside it for its requirement.
    pub worst_inside: Option<Extreme>,
}

/// One horizon that stands out. Fractions of gross notional at its start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Extreme {
    /// Its start.
    pub at: Time,
    /// Required.
    pub requirement: f64,
    /// Loss from close to close.
    pub loss: f64,
    /// Loss at the worst moment, an upper bound for mixed books.
    pub worst: f64,
}

impl Report {
    /// Tests a walk. A walk has at least one observation with a loss, or it would have been refused.
    #[must_use]
    pub fn of(walk: &Walk) -> Self {
        let confidence = walk.config.confidence;
        let chosen = walk.independent();
        let realised: Vec<(&Observation, Realised)> = chosen
            .iter()
            .filter_map(|o| Some((*o, o.realised?)))
            .collect();
        let series = |above: &dyn Fn(&Observation, Realised) -> bool| {
            let hits: Vec<bool> = realised.iter().map(|(o, r)| above(o, *r)).collect();
            let exceptions = count(&hits);
            Series {
                exceptions,
                kupiec: kupiec(hits.len() as u64, exceptions, confidence),
                christoffersen: christoffersen(&hits, confidence),
            }
        };
        let inside: Vec<bool> = realised
            .iter()
            .map(|(o, r)| r.worst > o.requirement.es)
            .collect();
        let tails: Vec<&Tail> = realised.iter().map(|(o, _)| &o.requirement.tail).collect();
        let losses: Vec<f64> = realised.iter().map(|(_, r)| r.loss).collect();
        let at = |o: Option<&&Observation>| o.map_or(Time::from_unix(0), |o| o.at);
        Self {
            confidence,
            horizon_hours: walk.config.horizon_hours,
            from: at(chosen.first()),
            to: at(chosen.last()),
            observations: realised.len() as u64,
            requirement: series(&above_requirement),
            var: series(&above_var),
            z2: z2(&tails, &losses, confidence),
            procyclicality: Procyclicality::of(walk),
            intra_horizon_exceptions: count(&inside),
            overlapping: Overlapping::of(walk),
            sets: [walk.sets, walk.early_sets],
        }
    }
}

fn count(hits: &[bool]) -> u64 {
    hits.iter().filter(|hit| **hit).count() as u64
}

fn above_requirement(o: &Observation, r: Realised) -> bool {
    r.loss > o.requirement.es
}

fn above_var(o: &Observation, r: Realised) -> bool {
    r.loss > o.requirement.var
}

impl Procyclicality {
    fn of(walk: &Walk) -> Self {
        // A book that happens to be flat for a moment asks for nothing and has no ratio.
        let path: Vec<(Time, f64)> = walk
            .observations
            .iter()
            .filter(|o| o.notional > 0.0 && o.requirement.es > 0.0)
            .map(|o| (o.at, o.requirement.es / o.notional))
            .collect();
        let trough = path.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
        let peak = path.iter().map(|p| p.1).fold(0.0, f64::max);
        if path.is_empty() {
            return Self {
                trough: 0.0,
                peak: 0.0,
                peak_to_trough: 1.0,
                rise_1d: 0.0,
                rise_5d: 0.0,
            };
        }
        Self {
            trough,
            peak,
            peak_to_trough: peak / trough,
            rise_1d: largest_rise(&path, 1),
            rise_5d: largest_rise(&path, 5),
        }
    }
}

/// Largest relative rise from any point to a later one at most `days` after it; zero where it never rises.
fn largest_rise(path: &[(Time, f64)], days: i64) -> f64 {
    let window = days * SECONDS_PER_DAY as i64;
    let mut largest = 0.0f64;
    // The lowest values of the window so far, rising from front to back (a monotone queue).
    let mut lowest: std::collections::VecDeque<(Time, f64)> = std::collections::VecDeque::new();
    for (at, value) in path {
        while lowest
            .front()
            .is_some_and(|(from, _)| from.plus(window) < *at)
        {
            lowest.pop_front();
        }
        if let Some((_, low)) = lowest.front() {
            largest = largest.max(value / low - 1.0);
        }
        while lowest.back().is_some_and(|(_, last)| last >= value) {
            lowest.pop_back();
        }
        lowest.push_back((*at, *value));
    }
    largest
}

impl Overlapping {
    fn of(walk: &Walk) -> Self {
        let mut phases = vec![[0u64; 2]; walk.bars];
        let mut all = Self {
            observations: 0,
            exceptions: 0,
            most_exceptions_of_a_phase: 0,
            most_var_exceptions_of_a_phase: 0,
            worst: None,
            worst_inside: None,
        };
        let (mut largest, mut largest_inside) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for o in &walk.observations {
            let Some(r) = o.realised else { continue };
            let phase = &mut phases[o.index % walk.bars];
            phase[0] += u64::from(above_requirement(o, r));
            phase[1] += u64::from(above_var(o, r));
            all.observations += 1;
            all.exceptions += u64::from(above_requirement(o, r));
            if o.requirement.es <= 0.0 || o.notional <= 0.0 {
                continue;
            }
            let extreme = Extreme {
                at: o.at,
                requirement: o.requirement.es / o.notional,
                loss: r.loss / o.notional,
                worst: r.worst / o.notional,
            };
            if r.loss / o.requirement.es > largest {
                largest = r.loss / o.requirement.es;
                all.worst = Some(extreme);
            }
            if r.worst / o.requirement.es > largest_inside {
                largest_inside = r.worst / o.requirement.es;
                all.worst_inside = Some(extreme);
            }
        }
        all.most_exceptions_of_a_phase = phases.iter().map(|p| p[0]).max().unwrap_or(0);
        all.most_var_exceptions_of_a_phase = phases.iter().map(|p| p[1]).max().unwrap_or(0);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_rise_looks_back_no_further_than_its_window() {
        let hour = |h: i64| Time::from_unix(h * 3_600);
        let path =
            [(0, 4.0), (10, 2.0), (30, 3.0), (40, 3.3), (200, 8.0)].map(|(h, v)| (hour(h), v));
        // Within a day: 2.0 to 3.0, twenty hours. Within five: 2.0 to 3.3. The 8.0 comes after more than five days.
        assert!((largest_rise(&path, 1) - 0.5).abs() < 1e-12);
        assert!((largest_rise(&path, 5) - 0.65).abs() < 1e-12);
        assert_eq!(largest_rise(&path[..2], 5), 0.0);
    }
}
