//! Prints the figures of the README: `cargo run --release -p cep-scenarios --example measure -- PRICES.csv... [SYMBOL...]`.

use std::process::ExitCode;

use cep_scenarios::measure::options::OptionBook;
use cep_scenarios::measure::{Agreement, Cloud, agreement, plain_sample};
use cep_scenarios::{
    Basis, BuildParams, Population, PriceHistory, Role, ScenarioSet, Symbol, build,
};

const BOOKS: u32 = 1_000;
/// Not the builder's seed: the books are not the directions it selected by.
const BOOK_SEED: u64 = 20_251_010;
const OPTION_BOOKS: u64 = 40;
/// Daily volatilities of the option books' underlyings.
const SIGMA: [f64; 8] = [0.025, 0.035, 0.045, 0.03, 0.03, 0.03, 0.03, 0.03];

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1);
    let (files, symbols): (Vec<String>, Vec<String>) = arguments.partition(|a| a.ends_with(".csv"));
    if files.is_empty() {
        eprintln!("usage: measure PRICES.csv... [SYMBOL...]");
        return ExitCode::from(2);
    }
    match run(&files, &symbols) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(files: &[String], names: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let history = PriceHistory::open_all(files)?;
    let params = BuildParams::default();
    let symbols: Vec<Symbol> = if names.is_empty() {
        params.available(&history, &ScenarioSet::shipped_symbols())
    } else {
        names.iter().map(|n| n.parse()).collect::<Result<_, _>>()?
    };
    let population = Population::filter(&history, &symbols, &params)?;
    describe_population(&history, &symbols, &population, &params)?;
    let truth = Cloud::from(&population);
    let markets: Vec<usize> = (0..symbols.len())
        .filter(|c| population.roles[*c] == Role::Market)
        .collect();
    println!("\nlinear books: rows, tail | median, worst, understated");
    for rows in [128, 256, 384, 512] {
        let set = build(&history, &symbols, &params.clone().with_rows(rows))?;
        for tail in [0.025, 0.01] {
            report(
                &format!("{rows} tilted {tail}"),
                &set.cloud(),
                &truth,
                &markets,
                tail,
            );
        }
    }
    for seed in 1..=3 {
        for tail in [0.025, 0.01] {
            let plain = plain_sample(&population, 512, seed);
            report(&format!("512 plain {tail}"), &plain, &truth, &markets, tail);
        }
    }
    println!(
        "\noption books of markets, ES 97.5: body rows, decay | RMSE, understated, overstated"
    );
    for body_rows in [64, 96, 112, 128, 192] {
        let set = build(
            &history,
            &symbols,
            &BuildParams {
                body_rows,
                ..params.clone()
            },
        )?;
        for decay in [0.0, 1.0] {
            report_options(&set, &population, &markets, decay);
        }
    }
    describe(&build(&history, &symbols, &params)?, &population);
    Ok(())
}

fn describe_population(
    history: &PriceHistory,
    symbols: &[Symbol],
    population: &Population,
    params: &BuildParams,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = |basis| population.draws.iter().filter(|d| d.basis == basis).count();
    println!(
        "{} joint days, {} draws: {} to the lows, {} to the highs, {} off the peg",
        population.days,
        population.draws.len(),
        count(Basis::Low),
        count(Basis::High),
        count(Basis::Peg)
    );
    let closes = BuildParams {
        excursion_ppm: 100_000_000,
        ..params.clone()
    };
    let closes = Population::filter(history, symbols, &closes)?;
    for (column, symbol) in symbols.iter().enumerate() {
        println!(
            "{symbol}: {:?}, long-run {:.5}, raw sd {:.4} (closes only {:.4}), {} filled, bad prints {:?}",
            population.roles[column],
            population.long_run[column],
            population.raw_sd[column],
            closes.raw_sd[column],
            population.filled[column],
            population.bad_prints[column]
                .iter()
                .map(|d| d.to_string())
                .collect::<Vec<_>>()
        );
        for (name, sign) in [("long", 1.0), ("short", -1.0)] {
            let es = |population: &Population, tail| {
                let mut book = vec![0.0; symbols.len()];
                book[column] = sign * population.raw_sd[column];
                Cloud::from(population).expected_shortfall(&book, tail)
            };
            println!(
                "  {name}: ES in volatilities, 97.5 {:.2} (closes {:.2}), 99 {:.2} (closes {:.2})",
                es(population, 0.025),
                es(&closes, 0.025),
                es(population, 0.01),
                es(&closes, 0.01)
            );
        }
    }
    let mut levels = population.levels();
    levels.sort_by(f64::total_cmp);
    let at = |share: f64| levels[(share * (levels.len() - 1) as f64) as usize];
    println!(
        "levels: least {:.3}, 97.5 % {:.3}, 99 % {:.3}",
        at(0.0),
        at(0.975),
        at(0.99)
    );
    Ok(())
}

fn cut(cloud: &Cloud, columns: &[usize]) -> Cloud {
    let keep = |p: &Vec<f64>| columns.iter().map(|c| p[*c]).collect();
    Cloud {
        points: cloud.points.iter().map(keep).collect(),
        weights: cloud.weights.clone(),
    }
}

fn report(name: &str, set: &Cloud, truth: &Cloud, markets: &[usize], tail: f64) {
    let text = |a: Agreement| {
        format!(
            "{:.3} % {:.3} % {:.3} %",
            a.median * 100.0,
            a.worst * 100.0,
            a.worst_understatement * 100.0
        )
    };
    let (own, own_truth) = (cut(set, markets), cut(truth, markets));
    let sigma = &SIGMA[..markets.len()];
    let simple = (own.simple_returns(sigma), own_truth.simple_returns(sigma));
    let books = |set: &Cloud, truth: &Cloud| text(agreement(set, truth, tail, BOOKS, BOOK_SEED));
    println!(
        "{name} | markets {} | in simple returns {} | all columns {}",
        books(&own, &own_truth),
        books(&simple.0, &simple.1),
        books(set, truth)
    );
}

fn report_options(set: &ScenarioSet, population: &Population, markets: &[usize], decay: f64) {
    let (rows, truth) = (
        cut(&set.cloud(), markets),
        cut(&Cloud::from(population), markets),
    );
    let (levels, true_levels) = (set.levels(), population.levels());
    let error = |book: &OptionBook| {
        book.expected_shortfall(&rows, &levels, 0.025)
            / book.expected_shortfall(&truth, &true_levels, 0.025)
            - 1.0
    };
    let sigma = &SIGMA[..markets.len()];
    let errors: Vec<f64> = (0..OPTION_BOOKS)
        .map(|seed| error(&OptionBook::random(sigma, decay, 1_000 + seed)))
        .collect();
    let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    let straddle = |quantity| 100.0 * error(&OptionBook::straddles(sigma, quantity, 14.0, decay));
    println!(
        "{} rows, {decay} days | {:.2} % {:.2} % {:.2} % | long straddles {:.2} %, short {:.2} %",
        set.provenance().params.body_rows,
        rmse * 100.0,
        errors.iter().fold(0.0f64, |w, e| w.max(-e)) * 100.0,
        errors.iter().fold(0.0f64, |w, e| w.max(*e)) * 100.0,
        straddle(1.0),
        straddle(-1.0)
    );
}

fn describe(set: &ScenarioSet, population: &Population) {
    let moments = set.moments();
    println!("\nhash {}", set.hash_hex());
    let mean = moments.mean.iter().fold(0.0f64, |w, m| w.max(m.abs()));
    let columns = set.symbols().len();
    let sd = (0..columns)
        .map(|c| (moments.sd(c) - 1.0).abs())
        .fold(0.0f64, f64::max);
    println!("mean within {mean:.1e} of 0, sd within {sd:.1e} of 1");
    let correlation = moments.correlation();
    for i in 0..columns {
        for j in 0..i {
            let pair = (set.symbols()[j], set.symbols()[i]);
            print!("{}-{} {:.3}  ", pair.0, pair.1, correlation.at(i, j));
        }
    }
    println!();
    let levels = set.levels();
    println!(
        "level {:.4} to {:.4}, largest |z| {:.1}",
        levels.iter().copied().fold(f64::INFINITY, f64::min),
        levels.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        set.cloud()
            .points
            .iter()
            .flatten()
            .fold(0.0f64, |w, z| w.max(z.abs()))
    );
    let truth = Cloud::from(population);
    for (column, symbol) in set.symbols().iter().enumerate() {
        for (name, sign) in [("long", 1.0), ("short", -1.0)] {
            let mut book = vec![0.0; columns];
            book[column] = sign;
            let es = |cloud: &Cloud, tail| cloud.expected_shortfall(&book, tail);
            println!(
                "{name} {symbol}: ES 97.5 {:.3} (whole {:.3}), ES 99 {:.3} (whole {:.3})",
                es(&set.cloud(), 0.025),
                es(&truth, 0.025),
                es(&set.cloud(), 0.01),
                es(&truth, 0.01)
            );
        }
    }
}
