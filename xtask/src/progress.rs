//! One line per stage of work: a spinner on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

pub struct Stage {
    name: String,
    start: Instant,
    bar: Option<ProgressBar>,
}

impl Stage {
    pub fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(name.clone());
            let style = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            eprintln!("  {name} ...");
        }
        Self {
            name,
            start: Instant::now(),
            bar,
        }
    }

    /// What is happening right now (shown on terminals only).
    pub fn note(&self, note: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {note}", self.name));
        }
    }

    pub fn done(mut self, result: &str) {
        let result = if result.is_empty() {
            String::new()
        } else {
            format!(": {result}")
        };
        self.clear();
        eprintln!(
            "  {}{result} ({})",
            self.name,
            seconds(self.start.elapsed())
        );
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A stage that ends in an error must not leave its spinner above the message.
impl Drop for Stage {
    fn drop(&mut self) {
        self.clear();
    }
}

pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        s if s >= 60 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}
