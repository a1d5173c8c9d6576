//! The hours of a crash, and the path that prices take through each.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// USD, by index of the underlying: BTC, ETH, SOL.
pub type Prices = [f64; 3];

/// Between two points of the path.
pub const STEP_SECONDS: i64 = 1_200;
const HOUR: i64 = 3_600;

/// A replay: which file, from when on, how many hours.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    pub name: &'static str,
    pub file: &'static str,
    /// The first hour replayed, as the file writes it.
    pub start: &'static str,
    pub hours: usize,
}

pub const OCTOBER_2025: Crash = Crash {
    name: "10-11 October 2025",
    file: "hourly_btc_eth_sol_perp_2025-09_2025-10.csv",
    start: "2025-10-10T18:00",
    hours: 12,
};
pub const MAY_2021: Crash = Crash {
    name: "19 May 2021",
    file: "hourly_btc_eth_sol_2020-10_2024-06.csv",
    start: "2021-05-19T06:00",
    hours: 12,
};
pub const NOVEMBER_2022: Crash = Crash {
    name: "8-9 November 2022",
    file: "hourly_btc_eth_sol_2020-10_2024-06.csv",
    start: "2022-11-08T15:00",
    hours: 26,
};
pub const ALL: [Crash; 3] = [OCTOBER_2025, MAY_2021, NOVEMBER_2022];

#[derive(Clone, Copy, Debug)]
pub struct Bar {
    pub open: Prices,
    pub high: Prices,
    pub low: Prices,
    pub close: Prices,
}

pub struct Tape {
    /// Hourly closes of up to sixty days before, oldest first; the last is the price at the start.
    pub before: Vec<Prices>,
    pub bars: Vec<Bar>,
}

/// `None` with a sentence on what is skipped when the file is not beside the repository.
#[must_use]
pub fn load(crash: &Crash) -> Option<Tape> {
    let path = file(crash.file);
    if !path.exists() {
        println!("skipped: {} is not beside this clone", crash.file);
        return None;
    }
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| names.iter().position(|n| *n == name);
    let columns = |what: &str| ["btc", "eth", "sol"].map(|s| column(&format!("{s}_{what}")));
    let (opens, highs, lows, closes) = (
        columns("open"),
        columns("high"),
        columns("low"),
        columns("close"),
    );
    let mut tape = Tape {
        before: Vec::new(),
        bars: Vec::new(),
    };
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let value = |at: Option<usize>| cells[at.unwrap()].parse::<f64>().unwrap();
        let close = closes.map(value);
        if tape.bars.is_empty() && !cells[0].starts_with(crash.start) {
            tape.before.push(close);
            continue;
        }
        let last = tape
            .bars
            .last()
            .map_or_else(|| *tape.before.last().unwrap(), |b: &Bar| b.close);
        // The older file has no opens: an hour opens where the one before closed.
        let open = if opens[0].is_some() {
            opens.map(value)
        } else {
            last
        };
        tape.bars.push(Bar {
            open,
            high: highs.map(value),
            low: lows.map(value),
            close,
        });
        if tape.bars.len() == crash.hours {
            break;
        }
    }
    assert_eq!(tape.bars.len(), crash.hours, "{} ends early", crash.file);
    let days = tape.before.len().saturating_sub(60 * 24);
    tape.before.drain(..days);
    Some(tape)
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name)
}

impl Tape {
    /// Where prices stand at the start and after every step of [`STEP_SECONDS`]: through each hour from open over both extremes
    /// to close. A falling hour rises first. All three stand at their extremes together, as no market did: that is the worst.
    #[must_use]
    pub fn points(&self) -> Vec<Prices> {
        let mut points = vec![self.bars[0].open];
        for bar in &self.bars {
            let change: f64 = (0..3).map(|i| (bar.close[i] / bar.open[i]).ln()).sum();
            let extremes = if change < 0.0 {
                [bar.high, bar.low]
            } else {
                [bar.low, bar.high]
            };
            points.extend(extremes);
            points.push(bar.close);
        }
        points
    }

    /// Variance per day, exponentially weighted over the hours before with this time constant (seconds): what the books of a
    /// deployment that has been running would show.
    #[must_use]
    pub fn daily_volatility(&self, tau: u64) -> Prices {
        let decay = (-(HOUR as f64) / tau as f64).exp();
        [0, 1, 2].map(|i| {
            let mut moves = self
                .before
                .windows(2)
                .map(|w| (w[1][i] / w[0][i]).ln().powi(2));
            // From the mean of the first week on.
            let first: Vec<f64> = moves.by_ref().take(168).collect();
            let start = first.iter().sum::<f64>() / first.len() as f64;
            let hourly = moves.fold(start, |v, x| decay * v + (1.0 - decay) * x);
            (hourly * 24.0).sqrt()
        })
    }
}

/// Part of the way (0 to 1) from one point to the next, by the same factor every second.
#[must_use]
pub fn between(from: &Prices, to: &Prices, part: f64) -> Prices {
    [0, 1, 2].map(|i| from[i] * (to[i] / from[i]).powf(part))
}
