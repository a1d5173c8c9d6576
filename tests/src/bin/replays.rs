//! `replays`: what three crashes did to two hundred accounts at their initial margin, as the tables of docs/replays.md.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cep_tests::replay::{
    crowd::set_the_scene,
    run::{Plan, run},
    tape::ALL,
};

fn main() {
    let which: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let crash = ALL[which];
    let scene = set_the_scene(&crash, 1).unwrap();
    for slots in [150, 900] {
        for fund in [1_000_000.0, 0.0] {
            for (jumps, makers_bid) in [(true, false), (false, false), (true, true)] {
                let plan = Plan {
                    slots,
                    fund,
                    makers_bid,
                    jumps,
                };
                let t = std::time::Instant::now();
                let r = run(&scene, plan);
                println!(
                    "{} {plan:?} {:?} tx {} IM {} OI {}",
                    crash.name,
                    t.elapsed(),
                    r.transactions,
                    r.initial_margin / 1_000_000,
                    r.open_interest / 1_000_000
                );
                println!(
                    "  liquidated {} pros {} bids {} insolvent {} covered {:?} red {} {} woff {} refusals {:?} stuck {:?} tail {} diff {} fund {}->{}",
                    r.record.defaulters.len(),
                    r.professionals,
                    r.record.bids,
                    r.record.bids_on_insolvent,
                    r.record.covered,
                    r.record.by_reduction,
                    r.reduced,
                    r.record.written_off,
                    r.record.refusals,
                    r.stuck,
                    r.tail,
                    r.difference,
                    r.fund,
                    r.fund_left
                );
                let disc: i64 = r.record.defaulters.values().map(|d| d.discounts).sum();
                let short: i64 = r.record.shortfalls().iter().sum();
                println!(
                    "  discounts {} shortfall {} open {:?}",
                    disc / 1_000_000,
                    short / 1_000_000,
                    r.record.open_times().len()
                );
            }
        }
    }
}
