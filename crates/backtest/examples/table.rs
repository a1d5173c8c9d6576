//! Prints the tables of docs/backtest.md: `cargo run --release -p cep-backtest --example table -- DATA_DIR`.

#[path = "../tests/common/mod.rs"]
mod common;

use {
    cep_backtest::{
        BacktestError, Config, DailyHistory, Extreme, Model, PriceSeries, Report, Series, Time,
        Walk, chain::OptionChain, walk,
    },
    cep_risk::Notional,
    cep_scenarios::{PriceHistory, Symbol, build},
    common::{BOOKS, DAILY, HOURLY, Named, OCTOBER_2025, symbols, usd},
    std::{error::Error, path::Path, process::ExitCode},
};

const ALL: [&str; 3] = ["BTC", "ETH", "SOL"];
const M: f64 = 1e6;
/// The other side of every book of the table.
const MIRRORED: [Named; 6] = [
    ("short BTC", &[("BTC", -M)]),
    ("short ETH", &[("ETH", -M)]),
    ("short SOL", &[("SOL", -M)]),
    (
        "short equal weights",
        &[("BTC", -M), ("ETH", -M), ("SOL", -M)],
    ),
    ("ETH/BTC pair", &[("ETH", M), ("BTC", -M)]),
    ("BTC/SOL pair", &[("BTC", M), ("SOL", -M)]),
];
const CHAINS: [(&str, &str); 3] = [
    ("2026-02-04T21:33Z", "deribit_chain_20260204T213308Z.csv"),
    ("2026-02-05T15:51Z", "deribit_chain_20260205T155132Z.csv"),
    ("2026-02-05T21:29Z", "deribit_chain_20260205T212937Z.csv"),
];
/// A half-life of four days.
const FAST_TAU: u64 = 498_600;

fn main() -> ExitCode {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("usage: table DATA_DIR");
        return ExitCode::from(2);
    };
    match run(Path::new(&directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    let history = PriceHistory::open(&directory.join(DAILY))?;
    let series = |name: &str| PriceSeries::open(&directory.join(name), &symbols(&ALL));
    let (daily, hourly, october) = (series(DAILY)?, series(HOURLY)?, series(OCTOBER_2025)?);
    let standard = Config::default();
    for (name, series, before) in [("Daily", &daily, None), ("Hourly", &hourly, Some(&history))] {
        for (side, books) in [("", &BOOKS), (", other side", &MIRRORED)] {
            println!("### {name}{side}\n");
            let reports = reports(series, before, books, &standard)?;
            tests_table(&reports);
            swings_table(&reports);
        }
    }
    println!("### Daily with the chain's own set: three columns, 512 rows, nothing smaller\n");
    let config = Config {
        early_rows: None,
        columns: Some(symbols(&ALL)),
        ..Config::default()
    };
    tests_table(&reports(&daily, None, &BOOKS, &config)?);
    println!("### Daily at 97.5 %\n");
    let config = Config {
        confidence: 0.975,
        ..Config::default()
    };
    tests_table(&reports(&daily, None, &BOOKS, &config)?);
    println!("### Daily with the volatility unscaled\n");
    let config = Config {
        volatility_scale: 1_000_000,
        ..Config::default()
    };
    tests_table(&reports(&daily, None, &BOOKS, &config)?);
    println!("### Daily with a second average of four days' half-life\n");
    let config = Config {
        fast_tau: Some(FAST_TAU),
        ..Config::default()
    };
    let fast = reports(&daily, None, &BOOKS, &config)?;
    tests_table(&fast);
    swings_table(&fast);
    println!("### October 2025\n");
    october_table(&october, &history)?;
    println!("### February 2026\n");
    february_table(directory, &october, &history)?;
    Ok(())
}

type Reported = (&'static str, Report);

fn reports(
    series: &PriceSeries,
    before: Option<&PriceHistory>,
    books: &[Named],
    config: &Config,
) -> Result<Vec<Reported>, BacktestError> {
    let report = |(name, book): &Named| {
        Ok((
            *name,
            Report::of(&walk(series, before, &usd(book), config)?),
        ))
    };
    books.iter().map(report).collect()
}

fn tests_table(reports: &[Reported]) {
    println!(
        "| book | from | horizons | above requirement | above VaR | most allowed | Kupiec p: requirement, VaR | Christoffersen p of VaR: independence, coverage | Z2 (p) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, r) in reports {
        let (
            Series {
                exceptions, kupiec, ..
            },
            var,
        ) = (r.requirement, r.var);
        println!(
            "| {name} | {} | {} | {exceptions} | {} | {} | {}, {} | {}, {} | {:.2} ({:.3}) |",
            r.from.day(),
            r.observations,
            var.exceptions,
            kupiec.most_allowed,
            p(kupiec.p_value),
            p(var.kupiec.p_value),
            p(var.christoffersen.independence.p_value),
            p(var.christoffersen.conditional_coverage.p_value),
            r.z2.statistic,
            r.z2.p_value,
        );
    }
    println!();
}

fn p(value: f64) -> String {
    if value < 0.0001 {
        "< 0.0001".into()
    } else {
        format!("{value:.4}")
    }
}

fn swings_table(reports: &[Reported]) {
    println!(
        "| book | requirement, % of gross notional | peak-to-trough | largest rise in 1 and 5 days | above requirement inside the horizon | most of any starting hour: requirement, VaR | worst horizon (start: required, lost, lost inside) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, r) in reports {
        let all = r.overlapping;
        println!(
            "| {name} | {:.1} to {:.1} | {:.1} | +{:.0} %, +{:.0} % | {} | {}, {} | {} |",
            r.procyclicality.trough * 100.0,
            r.procyclicality.peak * 100.0,
            r.procyclicality.peak_to_trough,
            r.procyclicality.rise_1d * 100.0,
            r.procyclicality.rise_5d * 100.0,
            r.intra_horizon_exceptions,
            all.most_exceptions_of_a_phase,
            all.most_var_exceptions_of_a_phase,
            extreme(all.worst),
        );
    }
    println!();
}

fn extreme(extreme: Option<Extreme>) -> String {
    extreme.map_or_else(String::new, |e| {
        format!(
            "{}: {:.1} %, {:.1} %, {:.1} %",
            e.at,
            e.requirement * 100.0,
            e.loss * 100.0,
            e.worst * 100.0
        )
    })
}

/// The last hour before the fall, and what every hour of the file gives.
fn october_table(october: &PriceSeries, history: &PriceHistory) -> Result<(), Box<dyn Error>> {
    let before: Time = "2025-10-10T21:00Z".parse()?;
    println!(
        "| book | hours | of these above requirement, VaR (they overlap) | 24 h from {before}: required, lost, lost inside | worst by closes | worst inside |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, book) in BOOKS.iter().chain(&MIRRORED) {
        let walk: Walk = walk(october, Some(history), &usd(book), &Config::default())?;
        let r = Report::of(&walk);
        let known = || {
            walk.observations
                .iter()
                .filter_map(|o| Some((o, o.realised?)))
        };
        let above_var = known().filter(|(o, l)| l.loss > o.requirement.var).count();
        let at = known().find(|(o, _)| o.at == before).map(|(o, l)| Extreme {
            at: o.at,
            requirement: o.requirement.es / o.notional,
            loss: l.loss / o.notional,
            worst: l.worst / o.notional,
        });
        let at = extreme(at);
        println!(
            "| {name} | {} | {}, {above_var} | {} | {} | {} |",
            r.overlapping.observations,
            r.overlapping.exceptions,
            at.split_once(": ").map_or("", |(_, rest)| rest),
            extreme(r.overlapping.worst),
            extreme(r.overlapping.worst_inside),
        );
    }
    println!();
    Ok(())
}

/// From one option chain to the next: index prices, volatility at the money, scenarios from everything before 2026.
fn february_table(
    directory: &Path,
    october: &PriceSeries,
    history: &PriceHistory,
) -> Result<(), Box<dyn Error>> {
    println!(
        "| book | from | 30-day volatility | required for 24 h | at that volatility unscaled | lost by {} | lost by {} |",
        CHAINS[1].0, CHAINS[2].0
    );
    println!("|---|---|---|---|---|---|---|");
    let books: [&[(&str, f64)]; 5] = [
        &[("BTC", 1.0)],
        &[("ETH", 1.0)],
        &[("BTC", 1.0), ("ETH", -1.0)],
        &[("BTC", -1.0), ("ETH", 1.0)],
        &[("BTC", -1.0)],
    ];
    for book in books {
        let names: Vec<&str> = book.iter().map(|(name, _)| *name).collect();
        let columns = symbols(&names);
        let daily = DailyHistory::new(october, Some(history), &columns)?.first(usize::MAX)?;
        let model = Model::of(&build(&daily, &columns, &Config::default().build)?);
        let mut chains = Vec::new();
        for (_, file) in CHAINS {
            let open = |symbol: &Symbol| OptionChain::open(&directory.join(file), *symbol);
            chains.push(columns.iter().map(open).collect::<Result<Vec<_>, _>>()?);
        }
        let gross: f64 = book.iter().map(|(_, side)| side.abs()).sum();
        let exposures: Vec<Notional> = book
            .iter()
            .map(|(_, side)| Notional((side * M * 1e12) as i128))
            .collect();
        for start in 0..2 {
            let variances: Vec<u64> = chains[start].iter().map(OptionChain::variance).collect();
            let required = |volatility_scale| {
                let config = Config {
                    volatility_scale,
                    ..Config::default()
                };
                let found = model.requirement(&columns, &exposures, &variances, &config);
                found.map(|r| r.es / gross / M * 100.0)
            };
            let lost = |end: usize| {
                if end <= start {
                    return String::new();
                }
                let moves = chains[start].iter().zip(&chains[end]).zip(book);
                let loss: f64 = moves
                    .map(|((a, b), (_, side))| -side * (b.index / a.index - 1.0))
                    .sum();
                format!("{:.2} %", loss / gross * 100.0)
            };
            let ivs: Vec<String> = chains[start]
                .iter()
                .map(|c| format!("{:.1} %", c.at_the_money(30.0) * 100.0))
                .collect();
            let name: Vec<String> = book
                .iter()
                .map(|(n, side)| format!("{} {n}", if *side > 0.0 { "long" } else { "short" }))
                .collect();
            println!(
                "| {} | {} | {} | {:.2} % | {:.2} % | {} | {} |",
                name.join(", "),
                CHAINS[start].0,
                ivs.join(", "),
                required(Config::default().volatility_scale)?,
                required(1_000_000)?,
                lost(1),
                lost(2),
            );
        }
    }
    println!();
    Ok(())
}
