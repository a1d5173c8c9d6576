//! Many paths, and what they come to.

use {
    crate::{
        config::Game,
        play::{Outcome, Strategy, play_with},
        statistics::{Estimate, quantile},
    },
    anyhow::{Result, anyhow},
    std::thread,
};

/// Plays paths `0..paths` of `seed`, in this order whatever the number of threads.
///
/// # Errors
/// What `cep_risk` refuses.
pub fn sample(game: &Game, threshold: f64, seed: u64, paths: u64) -> Result<Vec<Outcome>> {
    sample_with(game, Strategy::symmetric(threshold), seed, paths)
}

pub(crate) fn sample_with(
    game: &Game,
    how: Strategy,
    seed: u64,
    paths: u64,
) -> Result<Vec<Outcome>> {
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let part = paths.div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = (0..paths)
            .step_by(part as usize)
            .map(|from| {
                let to = (from + part).min(paths);
                scope.spawn(move || {
                    (from..to)
                        .map(|path| play_with(game, how, seed, path))
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::new();
        for part in parts {
            all.extend(part.join().map_err(|_| anyhow!("a thread ended early"))??);
        }
        Ok(all)
    })
}

/// What a game comes to over many paths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Seconds from opening to the first bid: median.
    pub first_bid: f64,
    /// Seconds an account stays open: median and 95th percentile.
    pub open: [f64; 2],
    /// What solvent accounts give away, over the value they sell and over the equity of all accounts at their opening.
    pub given_of_sold: Estimate,
    pub given_of_equity: Estimate,
    /// USD per account that was opened.
    pub bad_debt: Estimate,
    /// Share of opened accounts that owed more than they had while open.
    pub insolvent: Estimate,
    /// Gains of all bidders after hedging and fees, USD per opened account.
    pub net: Estimate,
}

/// Sums up paths.
#[must_use]
pub fn summarise(outcomes: &[Outcome]) -> Summary {
    let column = |f: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(f).collect::<Vec<f64>>();
    let opened = column(&|o| o.opened);
    let (given, sold) = (column(&|o| o.given), column(&|o| o.sold));
    let seconds = |f: &dyn Fn(&Outcome) -> &Vec<f64>, part| {
        let mut all: Vec<f64> = outcomes.iter().flat_map(|o| f(o).clone()).collect();
        quantile(&mut all, part)
    };
    Summary {
        first_bid: seconds(&|o| &o.first_bid, 0.5),
        open: [0.5, 0.95].map(|part| seconds(&|o| &o.open_seconds, part)),
        given_of_sold: Estimate::ratio(&given, &sold),
        given_of_equity: Estimate::ratio(&given, &column(&|o| o.equity)),
        bad_debt: Estimate::ratio(&column(&Outcome::bad_debt), &opened),
        insolvent: Estimate::ratio(&column(&|o| o.insolvent), &opened),
        net: Estimate::ratio(&column(&|o| o.net.iter().sum()), &opened),
    }
}
