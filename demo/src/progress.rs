//! What a person sees while the demo runs: stages, then a line for every hour of the crash.

use {
    crate::{
        actors::{ROLES, Role},
        keeper::Tally,
        prices::Print,
        replay::Recording,
        report::words,
    },
    cep_migrations::Progress as Migration,
    indicatif::{ProgressBar, ProgressStyle},
    std::time::{Duration, Instant},
};

pub struct Progress {
    bar: ProgressBar,
    began: Instant,
    /// The keeper's work in the hour so far.
    hour: Tally,
    lowest: Option<(Role, f64)>,
}

impl Progress {
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            bar,
            began: Instant::now(),
            hour: Tally::new(),
            lowest: None,
        }
    }

    /// A line that stays, on a terminal and in a file.
    fn say(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }

    pub fn stage(&self, what: &str) {
        self.say(&format!(
            "{:>6.1} s  {what}",
            self.began.elapsed().as_secs_f64()
        ));
        self.bar.set_message(what.to_owned());
    }

    /// Deployment and initialisation: uploads move the bar, only programs leave a line.
    pub fn migration(&self, progress: &Migration) {
        match progress {
            Migration::Done { what }
            | Migration::Next { what }
            | Migration::Skipped { what }
            | Migration::Waiting { what, .. } => {
                self.bar.set_message(what.clone());
            }
            Migration::Uploaded { what, parts, of } => {
                self.bar
                    .set_message(format!("{what}: {parts} of {of} parts on chain"));
            }
        }
    }

    pub fn start_replay(&self, prints: usize) {
        self.bar
            .set_length(u64::try_from(prints).unwrap_or(u64::MAX));
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} prints {wide_bar} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style);
        self.say(&format!(
            "\n{:<13}{:>9}{:>8}{:>8}  {:<30}keeper",
            "UTC", "BTC", "ETH", "SOL", "lowest health in the hour"
        ));
    }

    pub fn print(&mut self, print: &Print, recording: &Recording, tally: &Tally) {
        for (event, count) in tally {
            *self.hour.entry(event.clone()).or_default() += count;
        }
        if let Some(sample) = recording.samples.last() {
            for (role, health) in ROLES.iter().zip(&sample.at_print) {
                if let Some(factor) = health.factor()
                    && self.lowest.is_none_or(|(_, lowest)| factor < lowest)
                {
                    self.lowest = Some((*role, factor));
                }
            }
        }
        self.bar.inc(1);
        self.bar.set_message(words::time(print.time));
        // The close of the hour.
        if print.time % 3_600 == 2_700 {
            self.hour_line(print);
        }
    }

    fn hour_line(&mut self, print: &Print) {
        let [btc, eth, sol] = print.prices;
        let lowest = self
            .lowest
            .take()
            .map_or_else(String::new, |(role, factor)| {
                format!("{} {factor:.2}", role.name())
            });
        let counted = |event: &str, word: &str| {
            let count = self.hour.get(event).copied().unwrap_or_default();
            (count > 0).then(|| format!("{count} {word}"))
        };
        let work: Vec<String> = [
            counted("refreshed", "refreshes"),
            counted("scenarios", "rescaled"),
            counted("opened", "auctions opened"),
            counted("bid", "bids"),
            counted("closed", "closed"),
            counted("settled", "settled"),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.say(&format!(
            "{:<13}{btc:>9.0}{eth:>8.0}{sol:>8.2}  {lowest:<30}{}",
            words::time(print.time - 2_700),
            work.join(", ")
        ));
        self.hour.clear();
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}
