//! Prints the figures of the README: `cargo run --release -p cep-scenarios --example measure -- PRICES [SYMBOL...]`.

use std::path::Path;
use std::process::ExitCode;

use cep_scenarios::measure::{Agreement, Cloud, agreement, plain_sample};
use cep_scenarios::{Basis, BuildParams, Population, PriceHistory, ScenarioSet, Symbol, build};

const BOOKS: u32 = 1_000;
/// Not the builder's seed: the books are not the directions it selected by.
const BOOK_SEED: u64 = 20_251_010;
/// Daily volatility of every column for books in simple returns.
const SIGMA: f64 = 0.05;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((prices, symbols)) = arguments.split_first() else {
        eprintln!("usage: measure PRICES [SYMBOL...]");
        return ExitCode::from(2);
    };
    match run(Path::new(prices), symbols) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(prices: &Path, names: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let history = PriceHistory::open(prices)?;
    let shipped = ["BTC", "ETH", "SOL"].map(str::to_owned);
    let names = if names.is_empty() { &shipped } else { names };
    let symbols: Vec<Symbol> = names.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    let params = BuildParams::default();
    let population = Population::filter(&history, &symbols, &params)?;
    let count = |basis| population.draws.iter().filter(|d| d.basis == basis).count();
    println!(
        "{} joint days, {} draws: {} to the lows, {} to the highs; raw sd {:.4?}",
        population.days,
        population.draws.len(),
        count(Basis::Low),
        count(Basis::High),
        population.raw_sd
    );
    let closes = BuildParams {
        excursion_ppm: 100_000_000,
        ..params.clone()
    };
    let closes = Population::filter(&history, &symbols, &closes)?;
    println!("raw sd with closes only {:.4?}", closes.raw_sd);
    println!("ES of unit positions in EWMA volatilities: from lows and highs, from closes only");
    for (column, symbol) in symbols.iter().enumerate() {
        for (name, sign) in [("long", 1.0), ("short", -1.0)] {
            let es = |population: &Population, tail| {
                let mut book = vec![0.0; symbols.len()];
                book[column] = sign * population.raw_sd[column];
                Cloud::from(population).expected_shortfall(&book, tail)
            };
            println!(
                "  {name} {symbol}: 97.5 {:.2} and {:.2}, 99 {:.2} and {:.2}",
                es(&population, 0.025),
                es(&closes, 0.025),
                es(&population, 0.01),
                es(&closes, 0.01)
            );
        }
    }
    let truth = Cloud::from(&population);
    println!("rows  tail  |  linear in z: median, worst, understated  |  in simple returns");
    for rows in [128, 256, 384, 512] {
        let set = build(&history, &symbols, &params.clone().with_rows(rows))?;
        for tail in [0.025, 0.01] {
            report(&format!("{rows} tilted"), &set.cloud(), &truth, tail);
        }
    }
    for seed in 1..=3 {
        for tail in [0.025, 0.01] {
            report(
                "512 plain",
                &plain_sample(&population, 512, seed),
                &truth,
                tail,
            );
        }
    }
    describe(&build(&history, &symbols, &params)?, &truth);
    Ok(())
}

fn report(name: &str, set: &Cloud, truth: &Cloud, tail: f64) {
    let text = |a: Agreement| {
        format!(
            "{:.3} % {:.3} % {:.3} %",
            a.median * 100.0,
            a.worst * 100.0,
            a.worst_understatement * 100.0
        )
    };
    let sigma = vec![SIGMA; truth.points[0].len()];
    let in_z = agreement(set, truth, tail, BOOKS, BOOK_SEED);
    let (set, truth) = (set.simple_returns(&sigma), truth.simple_returns(&sigma));
    let in_returns = agreement(&set, &truth, tail, BOOKS, BOOK_SEED);
    println!("{name}  {tail}  |  {}  |  {}", text(in_z), text(in_returns));
}

fn describe(set: &ScenarioSet, truth: &Cloud) {
    let moments = set.moments();
    println!("hash {}", set.hash_hex());
    println!(
        "mean {:.1e}",
        moments.mean.iter().fold(0.0f64, |w, m| w.max(m.abs()))
    );
    let columns = set.symbols().len();
    let sd = (0..columns)
        .map(|c| (moments.sd(c) - 1.0).abs())
        .fold(0.0f64, f64::max);
    println!("sd within {sd:.1e} of 1");
    let correlation = moments.correlation();
    for i in 0..columns {
        for j in 0..i {
            let pair = (set.symbols()[j], set.symbols()[i]);
            println!(
                "correlation {}-{} {:.4}",
                pair.0,
                pair.1,
                correlation.at(i, j)
            );
        }
    }
    let level =
        |d: &cep_scenarios::Draw| f64::from(d.level) / f64::from(cep_scenarios::shape::LEVEL_ONE);
    let levels: Vec<f64> = set.draws().iter().map(level).collect();
    println!(
        "level {:.4} to {:.4}",
        levels.iter().copied().fold(f64::INFINITY, f64::min),
        levels.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    );
    for (column, symbol) in set.symbols().iter().enumerate() {
        for (name, sign) in [("long", 1.0), ("short", -1.0)] {
            let mut book = vec![0.0; columns];
            book[column] = sign;
            let es = |cloud: &Cloud, tail| cloud.expected_shortfall(&book, tail);
            println!(
                "{name} {symbol}: ES 97.5 {:.3} (whole {:.3}), ES 99 {:.3} (whole {:.3})",
                es(&set.cloud(), 0.025),
                es(truth, 0.025),
                es(&set.cloud(), 0.01),
                es(truth, 0.01)
            );
        }
    }
}
