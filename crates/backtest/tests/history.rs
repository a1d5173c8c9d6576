//! The requirement against what really happened. The data lies beside the repository; a clone without it skips and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use {
    cep_backtest::{Config, PriceSeries, Report, walk},
    cep_scenarios::PriceHistory,
    common::{BOOKS, DAILY, HOURLY, OCTOBER_2025, shared, symbols, usd},
    std::{path::Path, thread},
};

/// Walks all books, two at a time. Sets are rebuilt once a quarter to save time; docs/backtest.md has them monthly.
fn reports(file: &Path, history: Option<&PriceHistory>) -> Vec<(&'static str, Report)> {
    let series = PriceSeries::open(file, &symbols(&["BTC", "ETH", "SOL"])).unwrap();
    let config = Config {
        rebuild_days: 90,
        ..Config::default()
    };
    let report = |(name, book): &(&'static str, &[(&str, f64)])| {
        (
            *name,
            Report::of(&walk(&series, history, &usd(book), &config).unwrap()),
        )
    };
    let (first, second) = BOOKS.split_at(BOOKS.len() / 2);
    thread::scope(|scope| {
        let second = scope.spawn(|| second.iter().map(report).collect::<Vec<_>>());
        let mut all: Vec<_> = first.iter().map(report).collect();
        all.extend(second.join().unwrap());
        all
    })
}

/// No more exceptions than Kupiec's test allows at 95 %, neither above the requirement nor above Value at Risk.
fn assert_covered(reports: &[(&str, Report)]) {
    for (name, r) in reports {
        println!(
            "{name:14} {} {:4} horizons: {} above requirement, {} above VaR, {} allowed; Z2 {:.2} p {:.3}; peak-to-trough {:.1}",
            r.from.day(),
            r.observations,
            r.requirement.exceptions,
            r.var.exceptions,
            r.var.kupiec.most_allowed,
            r.z2.statistic,
            r.z2.p_value,
            r.procyclicality.peak_to_trough,
        );
    }
    for (name, r) in reports {
        let allowed = r.var.kupiec.most_allowed;
        assert!(
            r.requirement.exceptions <= allowed,
            "{name}: {:?}",
            r.requirement
        );
        assert!(r.var.exceptions <= allowed, "{name}: {:?}", r.var);
        assert!(r.z2.p_value >= 0.05, "{name}: {:?}", r.z2);
    }
}

#[test]
fn no_book_exceeds_its_requirement_more_often_than_kupiec_allows_over_daily_history() {
    let Some(daily) = shared(DAILY) else { return };
    let reports = reports(&daily, None);
    assert_covered(&reports);
    // Long enough for the tests to mean something, and the fall of March 2020 is in it.
    assert!(reports.iter().all(|(_, r)| r.observations > 1_300));
    assert_eq!(
        reports[0].1.overlapping.worst.unwrap().at.to_string(),
        "2020-03-12T00:00Z"
    );
}

#[test]
fn nor_over_hourly_history() {
    let (Some(daily), Some(hourly)) = (shared(DAILY), shared(HOURLY)) else {
        return;
    };
    let reports = reports(&hourly, Some(&PriceHistory::open(&daily).unwrap()));
    assert_covered(&reports);
    assert!(reports.iter().all(|(_, r)| r.observations > 1_200));
}

#[test]
fn october_2025_is_walked_hour_by_hour() {
    let (Some(daily), Some(october)) = (shared(DAILY), shared(OCTOBER_2025)) else {
        return;
    };
    let reports = reports(&october, Some(&PriceHistory::open(&daily).unwrap()));
    assert_covered(&reports);
    for (name, r) in &reports {
        let inside = r.overlapping.worst_inside.unwrap();
        assert_eq!(
            inside.at.day().to_string(),
            "2025-10-10",
            "{name}: {inside:?}"
        );
    }
}
