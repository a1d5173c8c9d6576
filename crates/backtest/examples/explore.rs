use cep_backtest::*;
use cep_scenarios::{PriceHistory, Symbol};
use std::path::Path;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = Path::new(&args[1]);
    let daily = dir.join("daily_btc_eth_sol_usdc_usdt_steth_2018_2024.csv");
    let hourly = dir.join("hourly_btc_eth_sol_2020-10_2024-06.csv");
    let perp = dir.join("hourly_btc_eth_sol_perp_2025-09_2025-10.csv");
    let s = |n: &str| Symbol::new(n).unwrap();
    let hist = PriceHistory::open(&daily).unwrap();
    let books: Vec<(&str, Vec<(&str, f64)>)> = vec![
        ("long BTC", vec![("BTC", 1e6)]),
        ("long ETH", vec![("ETH", 1e6)]),
        ("long SOL", vec![("SOL", 1e6)]),
        ("equal", vec![("BTC", 1e6), ("ETH", 1e6), ("SOL", 1e6)]),
        ("BTC/ETH", vec![("BTC", 1e6), ("ETH", -1e6)]),
        ("SOL/BTC", vec![("SOL", 1e6), ("BTC", -1e6)]),
        ("short BTC", vec![("BTC", -1e6)]),
        ("short ETH", vec![("ETH", -1e6)]),
        ("short SOL", vec![("SOL", -1e6)]),
        (
            "short equal",
            vec![("BTC", -1e6), ("ETH", -1e6), ("SOL", -1e6)],
        ),
        ("ETH/BTC", vec![("BTC", -1e6), ("ETH", 1e6)]),
        ("BTC/SOL", vec![("SOL", -1e6), ("BTC", 1e6)]),
    ];
    let all = [s("BTC"), s("ETH"), s("SOL")];
    let mode: Vec<&str> = args[2..].iter().map(|s| s.as_str()).collect();
    for (file, name) in [(&daily, "daily"), (&hourly, "hourly"), (&perp, "perp")] {
        if mode.iter().any(|m| ["daily", "hourly", "perp"].contains(m)) && !mode.contains(&name) {
            continue;
        }
        let series = PriceSeries::open(file, &all).unwrap();
        for (bn, b) in &books {
            let book = Book::usd(b.iter().copied()).unwrap();
            let mut config = Config::default();
            if mode.contains(&"c975") {
                config.confidence = 0.975;
            }
            if mode.contains(&"full") {
                config.early_rows = None;
            }
            if mode.contains(&"all") {
                config.columns = Some(all.to_vec());
            }
            if mode.contains(&"fast") {
                config.fast_tau = Some(500_000);
            }
            if mode.contains(&"r90") {
                config.rebuild_days = 90;
            }
            if mode.contains(&"nofloor") {
                config.floors.clear();
            }
            let t = std::time::Instant::now();
            let before = (name != "daily").then_some(&hist);
            match walk(&series, before, &book, &config) {
                Err(e) => println!("{name} {bn}: {e}"),
                Ok(w) => {
                    let t1 = t.elapsed();
                    let r = Report::of(&w);
                    let q = r.requirement;
                    let v = r.var;
                    println!(
                        "{name} {bn}: {}..{} n {} | ES exc {} (<= {}) kup {:.3} ind {:.3} cc {:.3} | VaR exc {} kup {:.3} ind {:.3} cc {:.3} | Z2 {:.2} p {:.3} crit {:.2} | intra {} | ptt {:.2} ({:.1}%-{:.1}%) 1d {:.2} 5d {:.2} | all {} exc {} phase {} var {} | sets {:?} {:?}",
                        r.from.day(),
                        r.to.day(),
                        r.observations,
                        q.exceptions,
                        q.kupiec.most_allowed,
                        q.kupiec.p_value,
                        q.christoffersen.independence.p_value,
                        q.christoffersen.conditional_coverage.p_value,
                        v.exceptions,
                        v.kupiec.p_value,
                        v.christoffersen.independence.p_value,
                        v.christoffersen.conditional_coverage.p_value,
                        r.z2.statistic,
                        r.z2.p_value,
                        r.z2.critical,
                        r.intra_horizon_exceptions,
                        r.procyclicality.peak_to_trough,
                        r.procyclicality.trough * 100.,
                        r.procyclicality.peak * 100.,
                        r.procyclicality.rise_1d,
                        r.procyclicality.rise_5d,
                        r.overlapping.observations,
                        r.overlapping.exceptions,
                        r.overlapping.most_exceptions_of_a_phase,
                        r.overlapping.most_var_exceptions_of_a_phase,
                        r.sets,
                        (t1, t.elapsed() - t1)
                    );
                    for (n, e) in [
                        ("close", r.overlapping.worst),
                        ("inside", r.overlapping.worst_inside),
                    ] {
                        if let Some(e) = e {
                            println!(
                                "      worst {n} {} req {:.2}% loss {:.2}% inside {:.2}%",
                                e.at,
                                e.requirement * 100.,
                                e.loss * 100.,
                                e.worst * 100.
                            );
                        }
                    }
                }
            }
        }
    }
}
