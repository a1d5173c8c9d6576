//! Which plots the report has, from the recording.

use {
    super::{
        facts::{beginning, worst},
        plots::{Bars, COLOURS, Lines, Series, bars, lines},
    },
    crate::{
        actors::{ROLES, Role},
        prices::{PRINT_SECONDS, SYMBOLS},
        replay::{Recording, Sample},
    },
    anyhow::Result,
    cep_sdk::{health::Health, units::usd},
};

pub struct Chart {
    pub title: &'static str,
    pub note: &'static str,
    pub svg: String,
}

/// Health factors are drawn between these; those beyond the upper one side by side above it.
const FACTORS: (f64, f64) = (-1.5, 4.0);
/// Distance between the lines drawn above the upper bound.
const LANE: f64 = 0.08;
/// The hours around the low, 10 October 19:00 to 23:00 UTC.
const CRASH: (i64, i64) = (1_760_122_800, 1_760_137_200);

pub fn all(recording: &Recording) -> Result<Vec<Chart>> {
    let samples = &recording.samples;
    let whole = range(samples);
    let crash = (CRASH.0 as f64, CRASH.1 as f64);
    Ok(vec![
        Chart {
            title: "Prices through the crash",
            note: "Each price as a percentage of where it stood before the first hour. Four prints an hour: open, the two \
                   extremes, close.",
            svg: lines(&Lines {
                y_label: "price, % of start",
                y_range: price_range(samples),
                x_range: whole,
                every_hours: 6,
                level: None,
                series: prices(samples),
                marks: None,
            })?,
        },
        Chart {
            title: "Health factors through the crash",
            note: "Equity over maintenance margin. Below 1 an account can be liquidated, below 0 it owes more than it has. \
                   Factors above 4 are drawn as flat lines at the top. A line starts with the account's first \
                   position and ends when it has none left.",
            svg: lines(&health(recording, whole, 6))?,
        },
        Chart {
            title: "The same, around the low",
            note: "Every print has two points: as the new price found the account, and, shortly after, as the keeper \
                   left it. A jump upward is a liquidation that restored the account, an end one that took all of it.",
            svg: lines(&health(recording, crash, 1))?,
        },
        Chart {
            title: "Initial margin: jointly against one by one",
            note: "When each account opened its positions. The difference is what portfolio margin leaves free.",
            svg: margin(recording)?,
        },
        Chart {
            title: "Insurance fund",
            note: "It pays when an account is worth less than nothing and somebody has to be paid to take it.",
            svg: lines(&Lines {
                y_label: "balance, thousand USD",
                y_range: (0.0, insurance_top(samples)),
                x_range: whole,
                every_hours: 6,
                level: None,
                series: vec![Series {
                    name: "insurance fund".into(),
                    colour: COLOURS[0],
                    points: samples
                        .iter()
                        .map(|s| (s.time as f64, usd(s.insurance) / 1_000.0))
                        .collect(),
                }],
                marks: None,
            })?,
        },
    ])
}

fn range(samples: &[Sample]) -> (f64, f64) {
    let at = |sample: Option<&Sample>| sample.map_or(0.0, |s| s.time as f64);
    (
        at(samples.first()),
        at(samples.last()) + PRINT_SECONDS as f64,
    )
}

fn insurance_top(samples: &[Sample]) -> f64 {
    let top = samples.iter().map(|s| usd(s.insurance)).fold(1.0, f64::max);
    top * 1.1 / 1_000.0
}

fn relative(samples: &[Sample], symbol: usize) -> impl Iterator<Item = (f64, f64)> {
    let start = samples.first().map_or(1.0, |s| s.prices[symbol]);
    samples
        .iter()
        .map(move |s| (s.time as f64, 100.0 * s.prices[symbol] / start))
}

fn prices(samples: &[Sample]) -> Vec<Series> {
    SYMBOLS
        .iter()
        .zip(COLOURS)
        .enumerate()
        .map(|(i, (name, colour))| Series {
            name: (*name).to_owned(),
            colour,
            points: relative(samples, i).collect(),
        })
        .collect()
}

fn price_range(samples: &[Sample]) -> (f64, f64) {
    let all = (0..SYMBOLS.len()).flat_map(|symbol| relative(samples, symbol));
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), (_, y)| {
        (low.min(y), high.max(y))
    });
    (low - 2.0, high + 2.0)
}

fn health(recording: &Recording, x_range: (f64, f64), every_hours: usize) -> Lines<'static> {
    let name = |actor: usize, role: &Role| {
        let lowest = worst(recording, actor)?.health.factor()?;
        Some(format!("{} (lowest {lowest:.2})", role.name()))
    };
    let series = ROLES.iter().zip(COLOURS).enumerate();
    let series = series.filter_map(|(actor, (role, colour))| {
        Some(Series {
            name: name(actor, role)?,
            colour,
            points: factors(&recording.samples, actor, x_range),
        })
    });
    // Where the line of the account is at the print that breached.
    let opened = recording.chronicle.liquidations.iter().filter_map(|l| {
        let sample = recording.samples.iter().find(|s| s.time == l.breach)?;
        Some((
            l.breach as f64,
            shown(sample.at_print.get(l.actor)?, l.actor)?,
        ))
    });
    Lines {
        y_label: "equity / maintenance margin",
        y_range: (FACTORS.0, FACTORS.1 + 0.6),
        x_range,
        every_hours,
        level: Some((1.0, "liquidation below")),
        series: series.filter(|series| !series.points.is_empty()).collect(),
        marks: Some(("auction opened", opened.collect())),
    }
}

fn factors(samples: &[Sample], actor: usize, x_range: (f64, f64)) -> Vec<(f64, f64)> {
    let inside = samples
        .iter()
        .filter(|s| (x_range.0..=x_range.1).contains(&(s.time as f64)));
    let both = inside.flat_map(|s| {
        // The keeper needs seconds; a few minutes make its work visible.
        let later = s.time as f64 + 240.0;
        [
            (s.time as f64, s.at_print.get(actor)),
            (later, s.after.get(actor)),
        ]
    });
    both.filter(|(t, _)| *t <= x_range.1)
        .filter_map(|(t, health)| Some((t, shown(health?, actor)?)))
        .collect()
}

fn shown(health: &Health, actor: usize) -> Option<f64> {
    // An account that holds next to nothing has no health to speak of.
    let factor = (health.maintenance.requirement > 1_000_000)
        .then(|| health.factor())
        .flatten()?;
    let top = FACTORS.1 + LANE * actor as f64;
    Some(factor.clamp(FACTORS.0, top))
}

fn margin(recording: &Recording) -> Result<String> {
    let groups = ROLES.iter().enumerate().filter_map(|(actor, role)| {
        let health = beginning(recording, actor)?.health;
        let thousands = |micro: i64| usd(micro) / 1_000.0;
        let pair = [
            thousands(health.initial.requirement),
            thousands(health.isolated_initial),
        ];
        Some((role.name().to_owned(), pair))
    });
    bars(&Bars {
        y_label: "initial margin, thousand USD",
        names: ["jointly", "one by one"],
        groups: groups.collect(),
    })
}
