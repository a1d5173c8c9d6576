//! What happens later never changes what was asked for before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use {
    cep_backtest::{BacktestError, Book, Config, PriceSeries, Walk, walk},
    cep_scenarios::{BuildParams, PriceHistory, Symbol},
    std::fmt::Write as _,
};

/// Two correlated symbols in bars of `step` hours; from bar `changed` on every price but the open is another.
fn prices(bars: u32, step: u32, changed: u32) -> String {
    let mut state = 4_711u64;
    let mut noise = move || {
        (0..4)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
            })
            .sum::<f64>()
    };
    let mut text = String::from("time,aaa_high,aaa_low,aaa_close,bbb_high,bbb_low,bbb_close\n");
    let mut close = [100.0f64, 50.0];
    for bar in 0..bars {
        let hours = bar * step;
        let day = cep_scenarios::Date::from_days(18_000 + (hours / 24) as i32);
        write!(text, "{day}T{:02}:00Z", hours % 24).unwrap();
        let common = noise();
        for price in &mut close {
            let size = 0.02 * (f64::from(step) / 24.0).sqrt();
            let shock = if bar >= changed { 3.0 } else { 1.0 };
            let open = *price;
            *price *= (size * shock * (common + 0.5 * noise())).exp();
            let (high, low) = (open.max(*price) * 1.002, open.min(*price) * 0.998);
            write!(text, ",{high},{low},{price}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn symbols() -> Vec<Symbol> {
    vec![Symbol::new("AAA").unwrap(), Symbol::new("BBB").unwrap()]
}

fn config() -> Config {
    Config {
        rebuild_days: 7,
        early_rows: None,
        build: BuildParams {
            directions: 50,
            seed_days: 20,
            ..BuildParams::default()
        }
        .with_rows(64),
        ..Config::default()
    }
}

fn run(text: &str) -> Walk {
    let book = Book::contracts([("AAA", 1.0), ("BBB", -1.5)]).unwrap();
    let series = PriceSeries::parse(text, &symbols()).unwrap();
    walk(&series, None, &book, &config()).unwrap()
}

#[test]
fn later_prices_change_no_earlier_requirement() {
    for (bars, step, changed) in [(200, 24, 150), (24 * 110, 1, 24 * 100 + 5)] {
        let (before, after) = (
            run(&prices(bars, step, u32::MAX)),
            run(&prices(bars, step, changed)),
        );
        assert_eq!(before.observations.len(), after.observations.len());
        let (mut same, mut other) = (0, 0);
        for (a, b) in before.observations.iter().zip(&after.observations) {
            if a.index < changed as usize {
                assert_eq!(
                    (a.at, &a.requirement),
                    (b.at, &b.requirement),
                    "step {step}, bar {}",
                    a.index
                );
                same += 1;
            } else {
                other += usize::from(a.requirement.es != b.requirement.es);
            }
        }
        // The change was one that shows, as soon as it was known.
        assert!(
            same > 20 && other as u32 == bars - changed,
            "{same} {other}"
        );
    }
}

#[test]
fn cutting_the_file_short_changes_nothing_before_the_cut() {
    let text = prices(200, 24, u32::MAX);
    let short: Vec<&str> = text.lines().take(161).collect();
    let (whole, cut) = (run(&text), run(&short.join("\n")));
    for (a, b) in whole.observations.iter().zip(&cut.observations) {
        assert_eq!((a.at, &a.requirement), (b.at, &b.requirement));
    }
    let last = cut.observations.last().unwrap();
    assert_eq!((last.index, last.realised), (159, None));
}

#[test]
fn daily_history_beside_the_series_counts_only_from_the_end_of_each_day() {
    // The same days once as history, once as hours: requirements at midnight agree with those of the daily walk.
    let daily = prices(200, 24, u32::MAX).replace("T00:00Z", "");
    let mut with_open = String::from(
        "date,aaa_open,aaa_high,aaa_low,aaa_close,bbb_open,bbb_high,bbb_low,bbb_close\n",
    );
    for line in daily.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [day, h1, l1, c1, h2, l2, c2] = cells[..] else {
            panic!("{line}")
        };
        writeln!(with_open, "{day},{c1},{h1},{l1},{c1},{c2},{h2},{l2},{c2}").unwrap();
    }
    let history = PriceHistory::parse(&with_open).unwrap();
    let series = PriceSeries::parse(&daily, &symbols()).unwrap();
    let book = Book::usd([("AAA", 1e6)]).unwrap();
    let alone = walk(&series, None, &book, &config()).unwrap();
    let beside = walk(&series, Some(&history), &book, &config()).unwrap();
    assert_eq!(alone.observations.len(), beside.observations.len());
    for (a, b) in alone.observations.iter().zip(&beside.observations) {
        assert_eq!(a.requirement, b.requirement);
    }
}

#[test]
fn horizons_do_not_overlap_and_losses_are_those_of_the_book() {
    let walk = run(&prices(24 * 110, 1, u32::MAX));
    let chosen = walk.independent();
    assert!(
        chosen
            .windows(2)
            .all(|pair| pair[1].index == pair[0].index + 24)
    );
    let series = PriceSeries::parse(&prices(24 * 110, 1, u32::MAX), &symbols()).unwrap();
    let close = |name: &str, at: usize| {
        series.bars(Symbol::new(name).unwrap()).unwrap()[at]
            .unwrap()
            .close
    };
    for o in chosen {
        let change = |name| close(name, o.index + 24) - close(name, o.index);
        let want = -(change("AAA") - 1.5 * change("BBB"));
        let got = o.realised.unwrap();
        assert!((got.loss - want).abs() < 1e-3, "{got:?} {want}");
        assert!(got.worst >= got.loss - 1e-9);
    }
}

#[test]
fn what_cannot_be_walked_is_refused() {
    let series = PriceSeries::parse(&prices(60, 24, u32::MAX), &symbols()).unwrap();
    let book = Book::contracts([("AAA", 1.0)]).unwrap();
    let refused = |config: &Config| walk(&series, None, &book, config).unwrap_err();
    assert_eq!(
        refused(&config()),
        BacktestError::NoObservation { days: 60, rows: 64 }
    );
    let hours = |horizon_hours| Config {
        horizon_hours,
        ..config()
    };
    assert!(matches!(
        refused(&hours(36)),
        BacktestError::Horizon { hours: 36, .. }
    ));
    assert!(matches!(refused(&hours(0)), BacktestError::Horizon { .. }));
    assert!(matches!(
        refused(&Config {
            confidence: 1.5,
            ..config()
        }),
        BacktestError::Confidence(_)
    ));
}
