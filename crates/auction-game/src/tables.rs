//! The tables of docs/liquidation-game.md, as markdown.

use {
    crate::plots::{Bars, Lines, write_bars, write_lines},
    anyhow::Result,
    cep_auction_game::{
        Deviation, Estimate, Game, Mechanism, PROPOSED, Regime, SHIPPED, SHIPPED_PACE, STEEP,
        Summary, sample, solve, summarise, waiting,
    },
    indicatif::ProgressBar,
    std::{fmt::Write, path::Path},
};

/// Draws of the search and of what is reported: never the same ones.
const SEARCH_SEED: u64 = 20_251_010;
const REPORT_SEED: u64 = 20_251_011;
const DELAYS: [i64; 10] = [-60, -30, -10, -5, -2, 2, 5, 10, 30, 60];

/// How many paths.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Of a regime with one account: searched with, reported.
    pub single: [u64; 2],
    /// Of one with many, and the same among the sensitivities.
    pub crowd: [u64; 2],
    pub aside: [u64; 2],
}

pub struct Run<'a> {
    pub effort: Effort,
    pub progress: &'a ProgressBar,
}

const fn auction(params: cep_risk::auction::AuctionParams, paced: bool) -> Mechanism {
    let pace = if paced { Some(SHIPPED_PACE) } else { None };
    Mechanism::Auction { params, pace }
}

fn percent(e: Estimate) -> String {
    format!("{:.1} ± {:.1} %", 100.0 * e.mean, 100.0 * e.error)
}

fn usd(e: Estimate) -> String {
    format!("{:.0} ± {:.0}", e.mean, e.error)
}

fn cells(s: &Summary) -> String {
    format!(
        "{:.0} | {:.0} / {:.0} | {} | {} | {} | {} | {} |",
        s.first_bid,
        s.open[0],
        s.open[1],
        percent(s.given_of_sold),
        percent(s.given_of_equity),
        percent(s.insolvent),
        usd(s.bad_debt),
        usd(s.net),
    )
}

const HEAD: &str = "mark-up, bp of notional | first bid, s | open, s: median / 95th | lost, of the slice's value | lost, of equity | became insolvent | bad debt, USD per account | bidders' profit, USD per account |\n";

impl Run<'_> {
    fn paths(&self, game: &Game, aside: bool) -> [u64; 2] {
        match game.regime.accounts {
            1 => self.effort.single,
            _ if aside => self.effort.aside,
            _ => self.effort.crowd,
        }
    }

    /// The equilibrium's threshold and what it comes to.
    fn settle(&self, game: &Game, what: &str, aside: bool) -> Result<(f64, Summary)> {
        self.progress
            .set_message(format!("{}: {what}", game.regime.name));
        let [search, report] = self.paths(game, aside);
        let threshold = match game.mechanism {
            Mechanism::Auction { .. } => solve(game, SEARCH_SEED, search)?,
            // A bonus that does not grow is not waited for.
            Mechanism::BonusOnNotional | Mechanism::BonusOnEquity => 0.0,
        };
        let outcomes = sample(game, threshold, REPORT_SEED, report)?;
        self.progress.inc(1);
        Ok((threshold, summarise(&outcomes)))
    }

    /// Mechanisms against each other, by regime; also which the plots show.
    pub fn mechanisms(&self, out: &mut String, figures: &Path) -> Result<Vec<(Game, f64)>> {
        let rows = [
            ("shipped", auction(SHIPPED, true)),
            ("shipped, pace 1", auction(SHIPPED, false)),
            ("0.98", auction(PROPOSED, true)),
            ("0.98, pace 1", auction(PROPOSED, false)),
            ("0.98, steep", auction(STEEP, true)),
            ("bonus on notional", Mechanism::BonusOnNotional),
            ("bonus on equity", Mechanism::BonusOnEquity),
        ];
        let mut solved = Vec::new();
        let mut lost: Vec<(String, Vec<f64>)> = Vec::new();
        let mut debt: Vec<(String, Vec<f64>)> = Vec::new();
        for regime in Regime::ALL {
            writeln!(
                out,
                "### {}\n\n| rules | {HEAD}|{}",
                regime.name,
                "---|".repeat(9)
            )?;
            for (i, (name, mechanism)) in rows.into_iter().enumerate() {
                let game = Game::new(regime).with(mechanism);
                let (threshold, s) = self.settle(&game, name, false)?;
                writeln!(out, "| {name} | {:.1} | {}", threshold * 1e4, cells(&s))?;
                if matches!(i, 0 | 2) {
                    solved.push((game, threshold));
                }
                if matches!(i, 0 | 2 | 3 | 4 | 5) {
                    for (all, value) in [
                        (&mut lost, 100.0 * s.given_of_equity.mean),
                        (&mut debt, s.bad_debt.mean),
                    ] {
                        match all.iter_mut().find(|(known, _)| known == name) {
                            Some((_, values)) => values.push(value),
                            None => all.push((name.to_owned(), vec![value])),
                        }
                    }
                }
            }
            out.push('\n');
        }
        let groups: Vec<String> = Regime::ALL.iter().map(|r| r.name.to_owned()).collect();
        for (series, y_label, file) in [
            (lost, "given away, % of equity at opening", "lost.svg"),
            (debt, "bad debt, USD per account", "bad-debt.svg"),
        ] {
            let plot = Bars {
                y_label,
                groups: groups.clone(),
                series,
            };
            write_bars(&plot, &figures.join(file))?;
        }
        Ok(solved)
    }

    /// One bidder acting earlier or later than all others.
    pub fn waiting(&self, out: &mut String, solved: &[(Game, f64)], figures: &Path) -> Result<()> {
        let columns = DELAYS.map(|d| format!("{d:+} s"));
        writeln!(
            out,
            "| regime, rules | profit at equilibrium | {} |\n|{}",
            columns.join(" | "),
            "---|".repeat(2 + DELAYS.len())
        )?;
        let mut series = Vec::new();
        for (game, threshold) in solved {
            let shipped = game.mechanism == Mechanism::STANDARD;
            let name = format!(
                "{}, {}",
                game.regime.name,
                if shipped { "shipped" } else { "0.98" }
            );
            self.progress.set_message(format!("{name}: waiting"));
            let report = self.paths(game, false)[1];
            let mut delays = vec![0];
            delays.extend(DELAYS);
            let all = waiting(game, *threshold, &delays, REPORT_SEED, report)?;
            self.progress.inc(1);
            let Some((base, rest)) = all.split_first() else {
                continue;
            };
            let cell = |d: &Deviation| match d.difference.mean.abs() < 1_000.0 {
                true => format!("{:+.1} ± {:.1}", d.difference.mean, d.difference.error),
                false => format!("{:+.0} ± {:.0}", d.difference.mean, d.difference.error),
            };
            let cells: Vec<String> = rest.iter().map(cell).collect();
            writeln!(
                out,
                "| {name} | {:.1} ± {:.1} | {} |",
                base.profit.mean,
                base.profit.error,
                cells.join(" | ")
            )?;
            let points = |d: &Deviation| {
                let share = 100.0 * d.profit.mean / base.profit.mean;
                (d.seconds as f64, share)
            };
            let mut line: Vec<(f64, f64)> = all.iter().map(points).collect();
            line.sort_by(|a, b| a.0.total_cmp(&b.0));
            if !(shipped && game.regime.name == "volatile") && series.len() < 6 {
                series.push((name, line));
            }
        }
        let plot = Lines {
            x_label: "seconds later than all others",
            y_label: "profit, % of that at equilibrium",
            y_range: [-20.0, 130.0],
            series,
        };
        write_lines(&plot, &figures.join("waiting.svg"))
    }

    /// From one bidder to eight, slower ones, poorer ones.
    pub fn sensitivities(&self, out: &mut String) -> Result<()> {
        for (what, params) in [("shipped", SHIPPED), ("0.98", PROPOSED)] {
            writeln!(
                out,
                "### {what}\n\n| regime, change | {HEAD}|{}",
                "---|".repeat(9)
            )?;
            for regime in [Regime::VOLATILE, Regime::CRASH, Regime::GAP] {
                let base = Game::new(regime).with(auction(params, true));
                let mut games: Vec<(String, Game)> = Vec::new();
                for bidders in [1, 2, 8] {
                    let mut game = Game { bidders, ..base };
                    if bidders == 1 && regime.accounts == 1 {
                        // Alone it may wait through the whole price path.
                        game.step = 10;
                        game.regime.horizon = params.fast_seconds + params.slow_seconds;
                    }
                    games.push((format!("{bidders} bidders"), game));
                }
                for latency in [1, 10] {
                    games.push((format!("latency {latency} s"), Game { latency, ..base }));
                }
                for capital in [10_000.0, 1_000_000.0] {
                    let name = format!("{capital:.0} USD each");
                    games.push((name, Game { capital, ..base }));
                }
                for (name, game) in games {
                    let (threshold, s) = self.settle(&game, &name, true)?;
                    let name = name.replace("1 bidders", "1 bidder");
                    let markup = threshold * 1e4;
                    writeln!(
                        out,
                        "| {}, {name} | {markup:.1} | {}",
                        regime.name,
                        cells(&s)
                    )?;
                }
            }
            out.push('\n');
        }
        Ok(())
    }
}
