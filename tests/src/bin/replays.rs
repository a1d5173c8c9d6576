//! `replays`: what three crashes did to two hundred accounts at their initial margin. Prints the tables of docs/replays.md;
//! `replays crowds` those of other crowds.
// A replay that breaks a rule stops with the reason, as a test does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use {
    cep_risk::allocation::cover,
    cep_sdk::units::usd,
    cep_tests::replay::{
        crowd::{Scene, set_the_scene},
        record::quantile,
        run::{Plan, Report, run},
        tape::{ALL, Crash},
    },
    std::{sync::Mutex, thread},
};

const SEED: u64 = 1;
const FUND: f64 = 1_000_000.0;
const MINUTE: f64 = 60.0;

/// Prices walk or jump; the fund is full or empty; liquidators look every ten seconds, minute, six minutes.
fn plans() -> Vec<Plan> {
    let mut plans = Vec::new();
    for jumps in [false, true] {
        let plan = |slots, fund, makers_bid| Plan {
            slots,
            fund,
            makers_bid,
            jumps,
        };
        plans.extend([25, 150, 900].map(|slots| plan(slots, FUND, false)));
        plans.extend([150, 900].map(|slots| plan(slots, 0.0, false)));
        plans.push(plan(150, 0.0, true));
    }
    plans
}

/// Other crowds under what was worst for the first: one slow look, and one quick.
const CROWDS: std::ops::RangeInclusive<u64> = 1..=6;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("crowds") {
        return crowds();
    }
    for crash in ALL {
        let Some(scene) = set_the_scene(&crash, SEED) else {
            return;
        };
        let reports = play(&scene, plans());
        describe(&crash, &reports);
    }
}

fn crowds() {
    println!(
        "| crash | prices | look every | beyond margin, least to most | two largest, most | all, most | of initial margin |"
    );
    println!("|---|---|---|---|---|---|---|");
    for crash in ALL {
        let scenes: Option<Vec<Scene>> = CROWDS.map(|seed| set_the_scene(&crash, seed)).collect();
        let Some(scenes) = scenes else {
            return;
        };
        let few: Vec<Plan> = [(60, false), (360, false), (60, true), (360, true)]
            .map(|(seconds, jumps)| Plan {
                slots: seconds * 5 / 2,
                fund: FUND,
                makers_bid: false,
                jumps,
            })
            .to_vec();
        let played: Vec<_> = scenes
            .iter()
            .map(|scene| play(scene, few.clone()))
            .collect();
        for (i, plan) in few.iter().enumerate() {
            let reports: Vec<&Report> = played.iter().map(|reports| &reports[i].1).collect();
            let shortfalls: Vec<Vec<i64>> = reports.iter().map(|r| r.record.shortfalls()).collect();
            let mut sums: Vec<i64> = shortfalls.iter().map(|s| s.iter().sum()).collect();
            sums.sort_unstable();
            let covered = |k| usd(i64::try_from(cover(&shortfalls, k).unwrap()).unwrap());
            let of_margin = |r: &&Report| {
                let sum: i64 = r.record.shortfalls().iter().sum();
                100.0 * sum as f64 / r.initial_margin as f64
            };
            let most = reports.iter().map(of_margin).fold(0.0, f64::max);
            println!(
                "| {} | {} | {} s | {} to {} | {} | {} | {most:.2} % |",
                crash.name,
                if plan.jumps { "jump" } else { "walk" },
                plan.slots * 2 / 5,
                money(usd(sums[0])),
                money(usd(*sums.last().unwrap())),
                money(covered(2)),
                money(covered(usize::MAX)),
            );
        }
    }
}

/// All plans, two at a time.
fn play(scene: &Scene, plans: Vec<Plan>) -> Vec<(Plan, Report)> {
    let todo = Mutex::new(plans.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            let scene = scene.clone();
            let (todo, done) = (&todo, &done);
            scope.spawn(move || {
                loop {
                    let Some((i, plan)) = todo.lock().unwrap().next() else {
                        return;
                    };
                    let report = run(&scene, plan);
                    done.lock().unwrap().push((i, plan, report));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_unstable_by_key(|(i, ..)| *i);
    done.into_iter()
        .map(|(_, plan, report)| (plan, report))
        .collect()
}

fn describe(crash: &Crash, reports: &[(Plan, Report)]) {
    let first = &reports[0].1;
    let (margin, interest) = (usd(first.initial_margin), usd(first.open_interest));
    println!("### {}\n", crash.name);
    println!(
        "Open interest {}, initial margin of the 200 accounts {}, their equity {}.\n",
        money(interest),
        money(margin),
        money(usd(first.equity.values().sum()))
    );
    println!(
        "| prices | look every | fund | liquidated | auctions | open, median / 95 % | to discounts | beyond margin | \
         from the fund | from profits | from cash | reduced: cost / closed | fund left |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (plan, report) in reports {
        row(plan, report);
    }
    let differs = reports.iter().any(|(_, r)| r.difference != 0);
    let stuck: usize = reports.iter().map(|(_, r)| r.stuck.len()).sum();
    let alarms: usize = reports.iter().map(|(_, r)| r.false_alarms).sum();
    let sent: usize = reports.iter().map(|(_, r)| r.transactions).sum();
    let professionals: usize = reports.iter().map(|(_, r)| r.professionals).sum();
    let tail = reports
        .iter()
        .map(|(_, r)| r.tail)
        .max()
        .unwrap_or_default();
    println!(
        "\nVault less books: {}. Auctions that nobody could end: {stuck}. Attempts on healthy accounts, all refused: {alarms}. \
         Liquidators or makers liquidated: {professionals}. Transactions: {sent}. Last auction ended {} minutes after the last \
         price at the latest.\n",
        if differs {
            "NOT ZERO"
        } else {
            "0 in every run"
        },
        tail / 60,
    );
    println!(
        "| fund that covers | USD | of open interest | of initial margin |\n|---|---|---|---|"
    );
    for (path, jumps) in [("walk", false), ("jump", true)] {
        let of_path = reports
            .iter()
            .filter(|(p, _)| p.jumps == jumps && p.fund > 0.0);
        let scenarios: Vec<Vec<i64>> = of_path.map(|(_, r)| r.record.shortfalls()).collect();
        for (k, name) in [(2, "the two largest"), (usize::MAX, "all")] {
            let needed = usd(i64::try_from(cover(&scenarios, k).unwrap()).unwrap());
            println!(
                "| {name}, prices {path} | {} | {:.2} % | {:.2} % |",
                money(needed),
                100.0 * needed / interest,
                100.0 * needed / margin
            );
        }
    }
    println!();
}

fn row(plan: &Plan, report: &Report) {
    let record = &report.record;
    let times = record.open_times();
    let minutes = |ppm| quantile(&times, ppm) as f64 / MINUTE;
    let discounts: i64 = record.defaulters.values().map(|d| d.discounts).sum();
    let equity = record
        .defaulters
        .keys()
        .filter_map(|k| report.equity.get(k));
    let equity: i64 = equity.sum();
    let shortfall: i64 = record.shortfalls().iter().sum();
    let fund = match (plan.fund > 0.0, plan.makers_bid) {
        (true, _) => "full",
        (false, false) => "empty",
        (false, true) => "empty, makers bid",
    };
    println!(
        "| {} | {} s | {fund} | {} | {} | {:.0} / {:.0} min | {} ({:.1} %) | {} | {} | {} | {} | {} / {} | {} |",
        if plan.jumps { "jump" } else { "walk" },
        plan.slots * 2 / 5,
        record.defaulters.len(),
        times.len(),
        minutes(500_000),
        minutes(950_000),
        money(usd(discounts)),
        100.0 * discounts as f64 / equity.max(1) as f64,
        money(usd(shortfall)),
        money(usd(record.covered.fund)),
        money(usd(record.covered.profits)),
        money(usd(record.covered.cash)),
        money(usd(record.by_reduction)),
        money(usd(report.reduced)),
        money(usd(report.fund_left)),
    );
}

/// USD with thousands apart.
fn money(amount: f64) -> String {
    let digits = format!("{:.0}", amount.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
